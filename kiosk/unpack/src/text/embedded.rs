//! Contents that lie encoded in the middle of a text: uuencode, yEnc, BinHex, base64, data URIs,
//! commands for PowerShell, programs in hexadecimal.
//!
//! One pass finds where such a piece begins; each form then reads its own. What only resembles
//! one is no fault of the text: the text is matched as it is in any case. Damaged is only what
//! declares itself beyond doubt and is cut off.

mod data;
mod hex;
mod run;
mod uu;
mod yenc;

use std::borrow::Cow;

use wire::{Gap, MediumName};

use super::base64::is_value;
use crate::member::Body;
use crate::walk::{Halt, Walk};

/// Shortest word of base64 letters that is looked at, in bytes.
const WORD_BYTES_MIN: usize = 16;

/// A piece that was found.
#[derive(Debug)]
pub(crate) struct Find {
    /// Where it begins.
    pub(crate) begin: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Uu(uu::Block),
    Yenc(yenc::Block),
    /// From the line that announces BinHex on.
    BinHex,
    /// Base64 that nothing declares: how it is named, and where it ends.
    Run {
        name: &'static str,
        end: usize,
    },
    /// An OpenPGP message in armour, which ends here.
    Pgp {
        end: usize,
    },
    Data(data::Uri),
    /// Hexadecimal digits.
    Hex,
}

#[cfg(test)]
impl Form {
    /// For the report about false finds.
    fn name(&self) -> &'static str {
        match self {
            Self::Uu(_) => "uuencode",
            Self::Yenc(_) => "yenc",
            Self::BinHex => "binhex in text",
            Self::Run { name, .. } => name,
            Self::Pgp { .. } => "pgp",
            Self::Data(_) => "data uri",
            Self::Hex => "hex",
        }
    }
}

/// Whether anything is found in the content.
pub(crate) fn begins(content: &[u8]) -> bool {
    Search::new(content).next(0).is_some()
}

/// What kind of piece is found first.
#[cfg(test)]
pub(crate) fn first_form(content: &[u8]) -> Option<&'static str> {
    Search::new(content).next(0).map(|find| find.form.name())
}

/// Hands out every piece.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut search = Search::new(content);
    let mut at: usize = 0;
    let mut number: u64 = 0;
    while let Some(find) = search.next(at) {
        number = number.saturating_add(1);
        walk.admit()?;
        let end = hand_out(content, &find, number, walk)?;
        // Every piece has at least one byte.
        at = end.max(find.begin.saturating_add(1));
    }
    Ok(())
}

/// Hands out one piece and tells where the search goes on.
fn hand_out(content: &[u8], find: &Find, number: u64, walk: &mut Walk<'_>) -> Result<usize, Halt> {
    match &find.form {
        Form::Uu(block) => block.hand_out(content, walk),
        Form::Yenc(block) => block.hand_out(content, walk),
        Form::BinHex => {
            let rest = content.get(find.begin..).unwrap_or_default();
            let length = crate::archive::binhex::text_bytes(rest);
            let body = walk.stored(rest.get(..length).unwrap_or_default());
            named(&format!("(binhex {number})"), body, walk)?;
            Ok(find.begin.saturating_add(length))
        }
        Form::Run { name, end } => {
            let text = content.get(find.begin..*end).unwrap_or_default();
            let body = run::decoded(text, walk);
            named(&format!("({name} {number})"), body, walk)?;
            Ok(*end)
        }
        Form::Pgp { end } => {
            let body = Body::Unchecked {
                gap: Gap::Encrypted,
                size_bytes: crate::bytes::length(end.saturating_sub(find.begin)),
                why: "an encrypted message of OpenPGP",
            };
            named(&format!("(pgp message {number})"), body, walk)?;
            Ok(*end)
        }
        Form::Data(uri) => uri.hand_out(content, number, walk),
        Form::Hex => {
            let mut output = Vec::new();
            let (end, result) = hex::decode(content, find.begin, &mut output, walk.budget);
            let body = ended(output, result.err().map(|why| (Gap::Limit, why)));
            named(&format!("(hexadecimal {number})"), body, walk)?;
            Ok(end)
        }
    }
}

/// Hands out a member that has no name of its own.
fn named(name: &str, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.hand_out(MediumName::cut(name.as_bytes()).0, Vec::new(), body)
}

/// What came out, and what keeps it from being whole.
fn ended(content: Vec<u8>, gap: Option<(Gap, &'static str)>) -> Body<'static> {
    let content = Cow::Owned(content);
    match gap {
        None => Body::Content(content),
        Some((gap, why)) => Body::Partial { content, gap, why },
    }
}

/// The search through one content.
struct Search<'a> {
    content: &'a [u8],
    /// What a byte means, by its value.
    classes: [Class; 256],
    /// Up to here no data URI without escapes is looked at again: it lies in another one.
    plain_until: usize,
    /// Up to here hexadecimal digits are known to be too few.
    short_until: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// One of the letters of base64.
    Letter,
    /// Ends a line.
    Break,
    /// Stands behind the scheme of a URI.
    Colon,
    Other,
}

impl<'a> Search<'a> {
    fn new(content: &'a [u8]) -> Self {
        let classes = std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or_default() {
            b'\n' | b'\r' => Class::Break,
            b':' => Class::Colon,
            byte if is_value(byte) => Class::Letter,
            _ => Class::Other,
        });
        Self {
            content,
            classes,
            plain_until: 0,
            short_until: 0,
        }
    }

    /// The first piece that begins at `from` or behind it.
    fn next(&mut self, from: usize) -> Option<Find> {
        let content = self.content;
        let mut at = from;
        let before = from.checked_sub(1).and_then(|before| content.get(before));
        if matches!(before, None | Some(b'\n' | b'\r'))
            && let Some(find) = self.at_line(from)
        {
            return Some(find);
        }
        while let Some(byte) = content.get(at) {
            let class = self.classes.get(usize::from(*byte))?;
            match class {
                Class::Letter => {
                    let rest = content.get(at..)?;
                    let length = rest
                        .iter()
                        .position(|byte| {
                            self.classes.get(usize::from(*byte)) != Some(&Class::Letter)
                        })
                        .unwrap_or(rest.len());
                    let end = at.saturating_add(length);
                    match self.word(at, end) {
                        Word::Found(find) => return Some(find),
                        Word::SkipTo(next) => at = next.max(end),
                    }
                }
                Class::Break => {
                    at = at.saturating_add(1);
                    if let Some(find) = self.at_line(at) {
                        return Some(find);
                    }
                }
                Class::Colon => {
                    if let Some(uri) = data::Uri::at(content, at, &mut self.plain_until) {
                        return Some(Find {
                            begin: uri.begin(),
                            form: Form::Data(uri),
                        });
                    }
                    at = at.saturating_add(1);
                }
                Class::Other => at = at.saturating_add(1),
            }
        }
        None
    }

    /// A piece that begins with a whole line at `begin`.
    fn at_line(&self, begin: usize) -> Option<Find> {
        let content = self.content;
        let form = match content.get(begin)? {
            b'b' => uu::Block::at(content, begin).map(Form::Uu),
            b'=' => yenc::Block::at(content, begin).map(Form::Yenc),
            b'(' => crate::archive::binhex::begins(content.get(begin..)?).then_some(Form::BinHex),
            b'-' => return self.armour(begin),
            _ => None,
        };
        form.map(|form| Find { begin, form })
    }

    fn armour(&self, begin: usize) -> Option<Find> {
        let armour = run::Armour::at(self.content, begin)?;
        let end = armour.end;
        let text = self.content.get(armour.begin..end)?;
        if armour.is_pgp_message(self.content) {
            let form = Form::Pgp { end };
            return Some(Find { begin, form });
        }
        let name = "armour";
        super::worth::is_worth_decoded(text).then_some(Find {
            begin: armour.begin,
            form: Form::Run { name, end },
        })
    }

    /// A piece that begins with the letters from `begin` to `end`.
    fn word(&mut self, begin: usize, end: usize) -> Word {
        let content = self.content;
        if let Some(at) = hex::begin(content, begin, end, &mut self.short_until) {
            return Word::Found(Find {
                begin: at,
                form: Form::Hex,
            });
        }
        if end.saturating_sub(begin) < WORD_BYTES_MIN {
            return Word::SkipTo(end);
        }
        let run_end = run::end(content, begin);
        let found = |name, begin, end| {
            Word::Found(Find {
                begin,
                form: Form::Run { name, end },
            })
        };
        if run::is_command(content, begin, run_end) {
            return found("command", begin, run_end);
        }
        match run::worth(content, begin, run_end) {
            Some(begin) => found("base64", begin, run_end),
            None => Word::SkipTo(run_end),
        }
    }
}

/// What comes of a word.
enum Word {
    Found(Find),
    /// Nothing; the search goes on here.
    SkipTo(usize),
}

#[cfg(test)]
mod tests;
