//! Mailboxes: mails one behind the other, each with a line `From sender date` before it
//! (RFC 4155 and its relatives).
//!
//! Relatives differ in whether an empty line must stand before that line. Here it need not, but
//! a header must follow: more messages than some reader sees are no harm.

use wire::MediumName;

use super::lines::{Line, lines, text_begin};
use crate::walk::{Halt, Walk};

/// Begins the line before a message.
const FROM: &[u8] = b"From ";

/// Longest such line, in bytes.
const FROM_BYTES_MAX: usize = 1000;

/// Whether the content begins as a mailbox.
pub(crate) fn begins(content: &[u8]) -> bool {
    let begin = text_begin(content);
    content
        .get(begin..)
        .is_some_and(|rest| rest.starts_with(FROM))
        && Line::at(content, begin).is_some_and(|line| is_from(content, line))
}

/// Hands out every message.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut message_at = None;
    let mut number: u64 = 0;
    for line in lines(content, text_begin(content)) {
        if !is_from(content, line) {
            continue;
        }
        if let Some(begin) = message_at {
            number = number.saturating_add(1);
            message(content, begin, line.begin, number, walk)?;
        }
        message_at = Some(line.next);
    }
    match message_at {
        Some(begin) => message(
            content,
            begin,
            content.len(),
            number.saturating_add(1),
            walk,
        ),
        None => Ok(()),
    }
}

fn message(
    content: &[u8],
    begin: usize,
    end: usize,
    number: u64,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    walk.admit()?;
    let (name, _) = MediumName::cut(format!("(message {number})").as_bytes());
    let body = walk.stored(content.get(begin..end).unwrap_or_default());
    walk.hand_out(name, Vec::new(), body)
}

/// Whether a message begins behind `line`: it has a time or a year, and a header field follows.
fn is_from(content: &[u8], line: Line) -> bool {
    let text = line.text(content);
    if !text.starts_with(FROM) || FROM_BYTES_MAX < text.len() {
        return false;
    }
    let digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    let is_dated = text
        .windows(5)
        .any(|five| matches!(five, [a, b, b':', c, d] if digits(&[*a, *b, *c, *d])));
    let Some(next) = Line::at(content, line.next) else {
        // The mailbox is cut off here.
        return is_dated;
    };
    let field = next.text(content);
    let colon = field.iter().position(|byte| *byte == b':');
    let is_field = colon.is_some_and(|colon| {
        let name = field.get(..colon).unwrap_or_default();
        !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
    });
    is_field && (is_dated || super::mail::is_header_at(content, next.begin))
}

#[cfg(test)]
mod tests {
    use crate::testing::{kinds, made, opened};

    #[test]
    fn every_message_of_a_mailbox_is_a_member() {
        let mailbox = made(
            "
import mailbox, email.message
box = mailbox.mbox('out')
for text in ['alpha', 'From the beginning\\nbeta', 'gamma']:
    m = email.message.EmailMessage()
    m['From'] = 'a@example.com'; m['Subject'] = text[:5]
    m.set_content(text + '\\n')
    m.add_attachment(text.encode() * 2, 'application', 'octet-stream', filename='a.bin')
    box.add(m)
box.flush(); box.close()
",
        );
        let box_ = opened(&mailbox);
        assert_eq!(kinds(&mailbox), ["mbox"]);
        let names: Vec<_> = box_.members.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["(message 1)", "(message 2)", "(message 3)"]);
        assert!(!box_.is_suspect() && box_.rules.is_empty());
        let second = opened(&box_.members[1].content);
        assert_eq!(
            second.contents("a.bin"),
            [b"From the beginning\nbeta".repeat(2)]
        );
        assert!(!second.is_suspect(), "{second:?}");
    }

    #[test]
    fn prose_that_begins_so_is_no_mailbox() {
        let prose: [&[u8]; 3] = [
            b"From here to there\nNote: nothing\n",
            b"From 10:30 on\nit rains\n",
            b"Nothing\nFrom x Mon Jan 1 10:00:00 2024\nSubject: x\n",
        ];
        for text in prose {
            assert_eq!(kinds(text), [""; 0]);
        }
        let long = [
            b"From ".to_vec(),
            b"x".repeat(super::FROM_BYTES_MAX),
            b" 10:00\nSubject: x\n".to_vec(),
        ]
        .concat();
        assert_eq!(kinds(&long), [""; 0]);
    }

    #[test]
    fn a_line_without_an_empty_one_before_it_begins_a_message_too() {
        let text = b"\xef\xbb\xbf\nFrom a Mon Jan 1 10:00:00 2024\nSubject: x\n\nalpha\nFrom b Mon Jan 1 10:00:00 2024\nSubject: y\n\nbeta\n";
        assert_eq!(opened(text).members.len(), 2);
    }
}
