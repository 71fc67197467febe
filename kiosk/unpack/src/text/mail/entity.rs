//! The header of a mail or of a part of one, and what it says about the body.

use super::super::lines::{Line, lines, starts};
use super::field::{Field, add};

/// Largest number of different readings of one field that are followed.
pub(crate) const READINGS_MAX: usize = 4;

/// Longest field that is taken apart, in bytes.
pub(crate) const FIELD_BYTES_MAX: usize = 64 * 1024;

/// How the body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As it is.
    Identity,
    Base64,
    QuotedPrintable,
    /// A name that is not known.
    Unknown,
}

/// A part with its header read.
#[derive(Debug)]
pub(crate) struct Entity<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) body: &'a [u8],
    /// Where the body begins to a reader who takes a line of spaces for the header's end.
    pub(crate) other_body: Option<&'a [u8]>,
    /// `Content-Type`, each that is different.
    pub(crate) types: Vec<Field>,
    /// `Content-Transfer-Encoding`, each that is different.
    pub(crate) encodings: Vec<Encoding>,
    /// `filename` and `name`, each that is different.
    pub(crate) names: Vec<Vec<u8>>,
    /// Why two readers may see two things.
    pub(crate) ambiguity: Option<&'static str>,
}

impl<'a> Entity<'a> {
    /// Reads the header at the beginning of `content`.
    pub(crate) fn read(content: &'a [u8]) -> Self {
        let mut entity = Self {
            header: content,
            body: &[],
            other_body: None,
            types: Vec::new(),
            encodings: Vec::new(),
            names: Vec::new(),
            ambiguity: None,
        };
        let mut raw_types: Vec<&[u8]> = Vec::new();
        let mut name_sources = Vec::new();
        let mut at: usize = 0;
        // Where the body begins to readers for whom the first line that is no field ends the
        // header.
        let mut odd_at = None;
        let mut is_ended = false;
        while let Some(line) = Line::at(content, at) {
            let text = line.text(content);
            if text.is_empty() {
                entity.header = content.get(..line.begin).unwrap_or_default();
                entity.body = content.get(line.next..).unwrap_or_default();
                is_ended = true;
                break;
            }
            let end = folded_end(content, line);
            at = end;
            let raw = content.get(line.begin..end).unwrap_or_default();
            if entity.other_body.is_none() {
                let blank = lines(raw, 0).find(|line| is_blank(line.text(raw)));
                entity.other_body =
                    blank.and_then(|blank| content.get(line.begin.saturating_add(blank.next)..));
            }
            if is_field(raw) {
                entity.take(raw, &mut raw_types, &mut name_sources);
                continue;
            }
            odd_at = odd_at.or(Some(line.begin));
            if !raw_types.is_empty() || !name_sources.is_empty() || !entity.encodings.is_empty() {
                entity.ambiguity = Some("a line of a mail header that is no field");
            }
        }
        if let (false, Some(begin)) = (is_ended, odd_at) {
            entity.header = content.get(..begin).unwrap_or_default();
            entity.body = content.get(begin..).unwrap_or_default();
            if begin == 0 {
                // Then nothing is a header, and what resembles fields is text.
                if !raw_types.is_empty() || !entity.encodings.is_empty() {
                    entity.ambiguity = Some("fields behind a line that is none");
                }
                raw_types.clear();
                name_sources.clear();
                entity.encodings.clear();
            }
        }
        entity.finish(&raw_types, &name_sources);
        entity
    }

    /// Takes the fields apart, when all of them are known.
    fn finish(&mut self, types: &[&[u8]], names: &[(bool, &[u8])]) {
        // A line of spaces as the last one before the body changes nothing.
        let body_bytes = self.body.len();
        self.other_body = self
            .other_body
            .filter(|other| !is_blank(other) && body_bytes < other.len());
        if self.other_body.is_some() {
            self.ambiguity = Some("a line of spaces in a mail header");
        }
        for raw in types {
            self.types.push(Field::read(raw));
        }
        if 1 < self.types.len() || 1 < self.encodings.len() {
            self.ambiguity = Some("a part says twice what it is");
        }
        if self.types.iter().any(|field| field.is_cut) {
            self.ambiguity = Some("a header field has too many parameters");
        }
        // The disposition's name first: it is what readers offer for saving.
        for (is_disposition, raw) in names {
            let parameter: &[u8] = if *is_disposition {
                b"filename"
            } else {
                b"name"
            };
            for name in Field::read(raw).names(parameter) {
                if !name.is_empty() && self.names.len() < READINGS_MAX {
                    add(&mut self.names, name);
                }
            }
        }
    }

    fn take(
        &mut self,
        raw: &'a [u8],
        types: &mut Vec<&'a [u8]>,
        names: &mut Vec<(bool, &'a [u8])>,
    ) {
        let Some(colon) = raw.iter().position(|byte| *byte == b':') else {
            return;
        };
        let name = raw.get(..colon).unwrap_or_default();
        let value = raw.get(colon.saturating_add(1)..).unwrap_or_default();
        let short = value.get(..FIELD_BYTES_MAX).unwrap_or(value);
        let trimmed = name.trim_ascii();
        let is_type = trimmed.eq_ignore_ascii_case(b"content-type");
        let is_disposition = trimmed.eq_ignore_ascii_case(b"content-disposition");
        let is_encoding = trimmed.eq_ignore_ascii_case(b"content-transfer-encoding");
        if !is_type && !is_disposition && !is_encoding {
            return;
        }
        if trimmed.len() != name.len() {
            self.ambiguity = Some("a space before the colon of a mail header");
        }
        if short.len() < value.len() {
            self.ambiguity = Some("a header field is too long");
        }
        if is_encoding {
            let (encoding, is_plain) = encoding(short);
            if self.encodings.len() < READINGS_MAX {
                add(&mut self.encodings, encoding);
            }
            if !is_plain {
                add(&mut self.encodings, Encoding::Identity);
            }
            return;
        }
        let readings = types.len().max(names.len());
        if READINGS_MAX.saturating_mul(2) <= readings {
            self.ambiguity = Some("a part says too often what it is");
            return;
        }
        if is_type
            && !types
                .iter()
                .any(|other| other.trim_ascii() == short.trim_ascii())
        {
            types.push(short);
        }
        if is_disposition {
            names.insert(0, (true, short));
        } else {
            names.push((false, short));
        }
    }

    /// Whether any reading of the type is `wanted`, or begins with it when that ends in a slash.
    pub(crate) fn is_type(&self, wanted: &[u8]) -> bool {
        self.types.iter().any(|field| {
            if wanted.ends_with(b"/") {
                field.value.starts_with(wanted)
            } else {
                field.value == wanted
            }
        })
    }

    /// Every reading of a parameter of the type.
    pub(crate) fn type_parameter(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut readings = Vec::new();
        for field in &self.types {
            for reading in field.parameter(name) {
                add(&mut readings, reading);
            }
        }
        readings
    }

    /// The encodings to follow: none given is the identity.
    pub(crate) fn readings(&self) -> Vec<Encoding> {
        if self.encodings.is_empty() {
            vec![Encoding::Identity]
        } else {
            self.encodings.clone()
        }
    }
}

/// Where a field ends that begins with `line`: lines that begin with white space go on with it.
fn folded_end(content: &[u8], line: Line) -> usize {
    lines(content, line.next)
        .take_while(|next| {
            let text = next.text(content);
            text.first()
                .is_some_and(|byte| matches!(byte, b' ' | b'\t'))
        })
        .last()
        .map_or(line.next, |last| last.next)
}

/// Whether a line begins with a name and a colon.
fn is_field(raw: &[u8]) -> bool {
    let colon = raw.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| {
        let name = raw.get(..colon).unwrap_or_default().trim_ascii_end();
        !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
    })
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

/// The encoding that a field names, and whether it names it as the standard has it.
fn encoding(value: &[u8]) -> (Encoding, bool) {
    let field = Field::read(value);
    let is_plain = value.trim_ascii().eq_ignore_ascii_case(&field.value);
    let encoding = match field.value.as_slice() {
        b"base64" => Encoding::Base64,
        b"quoted-printable" => Encoding::QuotedPrintable,
        // What these carry tells itself in the text and is looked for there.
        b"" | b"7bit" | b"8bit" | b"binary" | b"uuencode" | b"x-uuencode" | b"x-uue" | b"uue"
        | b"x-uu" | b"mac-binhex40" | b"x-binhex40" | b"binhex40" | b"x-yenc" | b"yenc" => {
            Encoding::Identity
        }
        _ => Encoding::Unknown,
    };
    (encoding, is_plain || encoding == Encoding::Identity)
}

/// How much of a content is looked at for a mail's header, in bytes. Readers take headers of any
/// length; the largest that servers let pass are a few hundred KiB.
pub(crate) const HEADER_LOOK_BYTES: usize = 1024 * 1024;

/// Most bytes of a header that no text has. None is usual, but some readers let them pass.
pub(crate) const CONTROLS_MAX: usize = 16;

fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | 0x1b)
}

/// Fields that nearly every mail has.
const USUAL: [&[u8]; 14] = [
    b"from",
    b"to",
    b"subject",
    b"date",
    b"received",
    b"return-path",
    b"message-id",
    b"delivered-to",
    b"reply-to",
    b"sender",
    b"cc",
    b"x-mailer",
    b"in-reply-to",
    b"x-originating-ip",
];

/// Whether a mail's header stands at `begin`: enough of its usual fields before the first empty
/// line, whatever else stands between them.
pub(crate) fn is_header(content: &[u8], begin: usize) -> bool {
    let end = begin.saturating_add(HEADER_LOOK_BYTES).min(content.len());
    let content = content.get(..end).unwrap_or_default();
    let mut usual: u64 = 0;
    let mut mime: u64 = 0;
    let mut named = [false; USUAL.len()];
    let mut controls: usize = 0;
    for line in lines(content, begin) {
        let text = line.text(content);
        // Compiled translations have such fields in the middle of binary data.
        controls = controls.saturating_add(text.iter().filter(|byte| is_control(**byte)).count());
        if text.is_empty() || CONTROLS_MAX < controls {
            break;
        }
        let Some(colon) = text.iter().take(80).position(|byte| *byte == b':') else {
            continue;
        };
        let name = text.get(..colon).unwrap_or_default().trim_ascii_end();
        let value = text.get(colon.saturating_add(1)..).unwrap_or_default();
        let value = value.trim_ascii();
        let index = USUAL.iter().position(|own| own.eq_ignore_ascii_case(name));
        if let Some(seen) = index.and_then(|index| named.get_mut(index)) {
            // Each counts once: a list of "To:" lines is none.
            usual = usual.saturating_add(u64::from(!*seen));
            *seen = true;
        }
        let is_mime = name.eq_ignore_ascii_case(b"mime-version")
            || (name.eq_ignore_ascii_case(b"content-type") && value.contains(&b'/'));
        mime = mime.saturating_add(u64::from(is_mime));
        let is_sure = name.eq_ignore_ascii_case(b"content-transfer-encoding")
            || (name.eq_ignore_ascii_case(b"content-type") && starts(value, b"multipart/"));
        mime = mime.saturating_add(if is_sure { 2 } else { 0 });
        if 2 <= mime || 3 <= usual || (1 <= mime && 1 <= usual) {
            return true;
        }
    }
    false
}
