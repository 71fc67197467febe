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

pub(crate) use data::HEAD_BYTES_MAX;

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

/// Whether anything is found in the content.
pub(crate) fn begins(content: &[u8]) -> bool {
    Search::new(content).next(0).is_some()
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
    Body::of(content, gap)
}

/// The search through one content.
struct Search<'a> {
    content: &'a [u8],
    /// What a byte means, by its value: bits of [`LETTER`], [`FIRST`] and [`SECOND`].
    classes: [u8; 256],
    /// Up to here no data URI without escapes is looked at again: it lies in another one.
    plain_until: usize,
    /// Up to here hexadecimal digits are known to be too few.
    short_until: usize,
}

/// One of the letters of base64.
const LETTER: u8 = 1;
/// The second byte of a pair with which something begins: `4D`, the end of `data:`, the first
/// byte of a line that announces something.
const SECOND: [(u8, &[u8]); 3] = [(2, b"dD"), (4, b":"), (8, b"b=(-")];
/// The first byte of such a pair: its bit is three places above that of the second.
const FIRST: [(u8, &[u8]); 3] = [(16, b"4"), (32, b"aA"), (64, b"\r\n")];
/// All bits of [`SECOND`].
const SECOND_BITS: u8 = 14;

impl<'a> Search<'a> {
    fn new(content: &'a [u8]) -> Self {
        let classes = std::array::from_fn(|byte| {
            let byte = u8::try_from(byte).unwrap_or_default();
            let letter = if is_value(byte) { LETTER } else { 0 };
            let pairs = FIRST.iter().chain(&SECOND);
            pairs
                .filter(|(_, bytes)| bytes.contains(&byte))
                .fold(letter, |class, (bit, _)| class | bit)
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
        if from == 0
            && let Some(find) = self.at_line(0)
        {
            return Some(find);
        }
        // How many letters end at `at`.
        let mut letters: usize = 0;
        while let Some(place) = self.event(at, &mut letters) {
            at = place.saturating_add(1);
            if content
                .get(place)
                .is_some_and(|byte| matches!(byte, b'd' | b'D'))
                && let Some(find) = self.hexadecimal(place.saturating_sub(1))
            {
                return Some(find);
            }
            if letters == WORD_BYTES_MIN {
                match self.word(at.saturating_sub(letters)) {
                    Word::Found(find) => return Some(find),
                    Word::SkipTo(next) => at = next.max(at),
                }
                letters = 0;
                continue;
            }
            let find = match content.get(place) {
                Some(b'd' | b'D') => None,
                Some(b':') => self.uri(place),
                Some(_) | None => self.at_line(place),
            };
            if find.is_some() {
                return find;
            }
        }
        None
    }

    /// The first place at or behind `from` where something may begin. It is nearly never the
    /// next one, so that going on is what costs.
    fn event(&self, from: usize, letters: &mut usize) -> Option<usize> {
        let rest = self.content.get(from..)?;
        let class_of = |byte: &u8| self.classes.get(usize::from(*byte)).copied();
        let before = from.checked_sub(1).and_then(|at| self.content.get(at));
        let mut before = before.and_then(class_of).unwrap_or_default();
        let mut count = *letters;
        for (offset, byte) in rest.iter().enumerate() {
            let class = class_of(byte)?;
            count = count.wrapping_add(1) & usize::from(class & LETTER).wrapping_neg();
            let is_pair = (before >> 3) & class & SECOND_BITS != 0;
            before = class;
            if is_pair || count == WORD_BYTES_MIN {
                *letters = count;
                return from.checked_add(offset);
            }
        }
        None
    }

    fn uri(&mut self, colon: usize) -> Option<Find> {
        let uri = data::Uri::at(self.content, colon, &mut self.plain_until)?;
        Some(Find {
            begin: uri.begin(),
            form: Form::Data(uri),
        })
    }

    fn hexadecimal(&mut self, at: usize) -> Option<Find> {
        hex::is_program(self.content, at, &mut self.short_until).then_some(Find {
            begin: at,
            form: Form::Hex,
        })
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

    /// A piece that begins with the letters at `begin`.
    fn word(&mut self, begin: usize) -> Word {
        let content = self.content;
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
            None => run::hex_lines(content, begin, run_end)
                .find_map(|at| self.hexadecimal(at))
                .map_or(Word::SkipTo(run_end), Word::Found),
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
