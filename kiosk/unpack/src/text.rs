//! Text that carries contents in itself: mail, encodings, pages.

pub(crate) mod base64;
mod charset;
mod embedded;
pub(crate) mod lines;
mod mail;
mod mbox;
mod records;
mod spelled;
mod wide;
mod worth;

pub(crate) use mail::hex_byte;

use crate::format::{Format, Sort};

/// The texts that are opened, in the order in which they are looked for. A mailbox or a mail
/// hands out all of its text, so that the other forms are looked for in its parts.
pub(crate) const FORMATS: &[Format] = &[
    Format::new("mbox", Sort::Text, mbox::begins, mbox::open),
    Format::new("mail", Sort::Text, is_mail, mail::open),
    Format::new(
        "mail inside",
        Sort::Document,
        mail::is_inside,
        mail::open_inside,
    ),
    Format::new("encoded text", Sort::Text, is_encoded, embedded::open),
    Format::new("wide text", Sort::Text, is_wide, wide::open),
    Format::new("hex records", Sort::Text, records::begins, records::open),
    Format::new("spelled text", Sort::Text, is_spelled, spelled::open),
];

fn is_mail(content: &[u8]) -> bool {
    mail::begins(content) && !mbox::begins(content)
}

fn is_encoded(content: &[u8]) -> bool {
    !mbox::begins(content) && !mail::begins(content) && embedded::begins(content)
}

fn is_spelled(content: &[u8]) -> bool {
    !mbox::begins(content) && !mail::begins(content) && spelled::begins(content)
}

fn is_wide(content: &[u8]) -> bool {
    !mbox::begins(content) && !mail::begins(content) && wide::begins(content)
}

/// Whether a media type is one that may stand in a member's name.
fn is_type_name(name: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+-._".contains(byte);
    name.len() <= 80 && name.iter().all(is_letter) && !name.windows(2).any(|two| two == b"..")
}

/// Text in UTF-16, least significant byte first, as UTF-8.
pub(crate) fn wide_to_utf8(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    charset::push_utf16(text, u16::from_le_bytes, &mut output);
    output
}
