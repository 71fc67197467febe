//! Base64 that stands in a text and declares nothing, or only armour (RFC 7468, RFC 9580).

use super::super::base64::{self, decoded as short, is_value};
use super::super::lines::{Line, lines, starts};
use super::super::worth::{is_strong, is_worth_decoded};
use crate::member::Body;
use crate::walk::Walk;
use wire::Gap;

/// Shortest run that is decoded without being declared, in bytes of text. The smallest usual
/// programs have 1 KiB, which is 1368 letters; shorter runs are keys, hashes and names.
pub(crate) const RUN_BYTES_MIN: usize = 1024;

/// Shortest word that is taken for text in UTF-16, in bytes: nine letters.
const WIDE_BYTES_MIN: usize = 24;

/// Longest way back from a word to its option, in bytes.
const OPTION_LOOK_BYTES: usize = 40;

/// Longest way back from a word to the name of the shell, in bytes.
const SHELL_LOOK_BYTES: usize = 256;

/// Most header lines of armour.
pub(crate) const ARMOUR_LINES_MAX: usize = 50;

/// Where the run that begins at `begin` ends: words of base64, each the only one of its line.
pub(crate) fn end(content: &[u8], begin: usize) -> usize {
    let mut at = begin;
    loop {
        at = word_end(content, at);
        let Some(next) = next_line(content, at) else {
            return at;
        };
        let next_end = word_end(content, next);
        if next_end == next || !is_alone(content, next_end) {
            return at;
        }
        at = next;
    }
}

/// Whether nothing but the end of a string follows a word in its line.
fn is_alone(content: &[u8], end: usize) -> bool {
    let rest = content.get(end..).unwrap_or_default();
    let after = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    let is_closed = matches!(rest.first(), Some(b'"' | b'\'' | b'<'));
    is_closed || matches!(after, None | Some(b'\r' | b'\n'))
}

/// Where a word with its padding ends.
fn word_end(content: &[u8], begin: usize) -> usize {
    let rest = content.get(begin..).unwrap_or_default();
    let letters = base64::values(rest);
    let padding = rest.iter().skip(letters).take(2);
    let padding = padding.take_while(|byte| **byte == b'=').count();
    let padding = if letters == 0 { 0 } else { padding };
    begin.saturating_add(letters).saturating_add(padding)
}

/// Where the text of the next line begins when a line ends at `at`.
fn next_line(content: &[u8], at: usize) -> Option<usize> {
    let rest = content.get(at..)?;
    let trailing = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let rest = rest.get(trailing..)?;
    let breaks = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return None,
    };
    let rest = rest.get(breaks..)?;
    let indent = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    [at, trailing, breaks, indent]
        .iter()
        .copied()
        .reduce(usize::saturating_add)
}

/// Where in the run from `begin` to `end` something begins that is worth handing out: at its
/// beginning, or at a line that begins like a program or a container.
pub(crate) fn worth(content: &[u8], begin: usize, end: usize) -> Option<usize> {
    let text = content.get(begin..end)?;
    if text.len() < RUN_BYTES_MIN {
        return None;
    }
    if is_worth_decoded(text) {
        return Some(begin);
    }
    lines(text, 0)
        .skip(1)
        .find(|line| {
            let own = line.text(text).trim_ascii_start();
            is_strong(&short(own.get(..8).unwrap_or_default()))
        })
        .map(|line| begin.saturating_add(line.begin))
        .filter(|at| RUN_BYTES_MIN <= end.saturating_sub(*at))
}

/// Where lines of the run from `begin` to `end` begin that may be a program in hexadecimal.
pub(crate) fn hex_lines(content: &[u8], begin: usize, end: usize) -> impl Iterator<Item = usize> {
    let text = content.get(..end).unwrap_or_default();
    lines(text, begin).skip(1).filter_map(move |line| {
        let own = line.text(text);
        let indent = own.len().saturating_sub(own.trim_ascii_start().len());
        let at = line.begin.saturating_add(indent);
        starts(text.get(at..)?, b"4d5a").then_some(at)
    })
}

/// Whether the word from `begin` to `end` is a command for PowerShell: it is said to be one, or
/// it is plainly text in UTF-16.
pub(crate) fn is_command(content: &[u8], begin: usize, end: usize) -> bool {
    let text = content.get(begin..end).unwrap_or_default();
    is_wide(text) || is_option_before(content, begin, text)
}

/// Whether a word decodes to Latin letters in UTF-16, least significant byte first.
fn is_wide(text: &[u8]) -> bool {
    let Some(head) = text.get(..WIDE_BYTES_MIN) else {
        return false;
    };
    // Zero bytes begin and end every second group.
    let is_possible = head.get(4) == Some(&b'A') && head.get(7) == Some(&b'A');
    is_possible
        && short(head)
            .chunks_exact(2)
            .all(|pair| matches!(pair, [b' '..=b'~' | b'\t' | b'\r' | b'\n', 0]))
}

/// Whether `-EncodedCommand`, in any of its short forms, stands before the word.
fn is_option_before(content: &[u8], begin: usize, text: &[u8]) -> bool {
    const OPTION: &[u8] = b"encodedcommand";
    let from = begin.saturating_sub(OPTION_LOOK_BYTES);
    let before = content.get(from..begin).unwrap_or_default();
    let whole = before.len();
    let before = trimmed_end(before, b"\"'`^ \t\r\n\\");
    let is_apart = before.len() < whole;
    let letters = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let split = before.len().saturating_sub(letters);
    let (start, option) = before.split_at_checked(split).unwrap_or_default();
    // `JSON-encoded` is a word.
    let first = start.len().saturating_sub(1);
    let is_word = start
        .get(..first)
        .and_then(<[u8]>::last)
        .is_some_and(u8::is_ascii_alphanumeric);
    // The shell takes an en dash and its like for a hyphen, too.
    let is_dashed = matches!(start.last(), Some(b'-' | b'/'))
        || [b"\xe2\x80\x93".as_slice(), b"\xe2\x80\x94", b"\xe2\x80\x95"]
            .iter()
            .any(|dash| start.ends_with(dash));
    let is_option = starts(OPTION, option) || option.eq_ignore_ascii_case(b"ec");
    if option.is_empty() || !is_apart || is_word || !is_dashed || !is_option {
        return false;
    }
    let shell_from = begin.saturating_sub(SHELL_LOOK_BYTES);
    let line = content.get(shell_from..begin).unwrap_or_default();
    let is_shell = super::super::lines::place(line, b"powershell").is_some()
        || super::super::lines::place(line, b"pwsh").is_some();
    let letters = text.iter().filter(|byte| is_value(**byte)).count();
    let is_whole = letters % 4 != 1 && short(text).len().is_multiple_of(2);
    // A slash begins paths as well.
    let is_plain = start.last() != Some(&b'/') && 3 < option.len();
    is_whole && (is_shell || is_plain)
}

fn trimmed_end<'a>(text: &'a [u8], letters: &[u8]) -> &'a [u8] {
    let surplus = text
        .iter()
        .rev()
        .take_while(|byte| letters.contains(byte))
        .count();
    text.get(..text.len().saturating_sub(surplus))
        .unwrap_or_default()
}

/// Armour: a line that announces it, perhaps a header, and the base64 between `begin` and `end`.
#[derive(Debug)]
pub(crate) struct Armour {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    is_pgp: bool,
}

impl Armour {
    /// The armour whose first line is at `at`.
    pub(crate) fn at(content: &[u8], at: usize) -> Option<Self> {
        const BEGIN: &[u8] = b"-----BEGIN ";
        if !content.get(at..)?.starts_with(BEGIN) {
            return None;
        }
        let first = Line::at(content, at)?;
        let label = first
            .text(content)
            .trim_ascii_end()
            .strip_suffix(b"-----")?;
        let mut begin = first.next;
        for line in lines(content, first.next).take(ARMOUR_LINES_MAX) {
            let text = line.text(content).trim_ascii();
            if !text.is_empty() && !text.contains(&b':') {
                begin = line.begin;
                break;
            }
        }
        let indent = content.get(begin..)?;
        let indent = indent
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        let begin = begin.saturating_add(indent.count());
        let end = end(content, begin);
        (begin < end).then_some(Self {
            begin,
            end,
            is_pgp: label.ends_with(b"PGP MESSAGE"),
        })
    }

    /// Whether it is a message of OpenPGP, as its first byte tells, too.
    pub(crate) fn is_pgp_message(&self, content: &[u8]) -> bool {
        let text = content.get(self.begin..self.end).unwrap_or_default();
        let first = short(text.get(..4).unwrap_or_default());
        self.is_pgp
            && RUN_PGP_BYTES_MIN <= text.len()
            && first.first().is_some_and(|byte| 0x80 <= *byte)
    }
}

/// Shortest message of OpenPGP, in bytes of text: shorter ones are examples with dots.
const RUN_PGP_BYTES_MIN: usize = 64;

/// What a run decodes to.
pub(crate) fn decoded(text: &[u8], walk: &mut Walk<'_>) -> Body<'static> {
    let mut output = Vec::new();
    let result = base64::decode(text, &mut output, walk.budget);
    super::ended(output, result.err().map(|why| (Gap::Limit, why)))
}
