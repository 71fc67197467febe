//! Entries for systemd's journal, in its native protocol: one datagram an entry, each field as
//! `NAME=value` and a line feed, or, when the value has a line feed in it, as the name, a line
//! feed, the value's length as 64 bits, little-endian, the value, and a line feed.

use crate::cef;
use crate::line::Line;
use crate::syslog;

/// Longest name of a field, in bytes, that journald takes.
const FIELD_BYTES_MAX: usize = 64;

/// In which form a line is the entry's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The whole line of CEF.
    Cef,
    /// The sentence; what the line of RFC 5424 says beside it are fields.
    Syslog,
}

/// One datagram.
#[must_use]
pub fn datagram(line: &Line, form: Form) -> Vec<u8> {
    let message = match form {
        Form::Cef => cef::spelled(line),
        Form::Syslog => line.message(),
    };
    let mut bytes = Vec::new();
    let mut add = |name: &str, value: &str| field(&mut bytes, name, value.as_bytes());
    add("MESSAGE", &message);
    add("PRIORITY", &syslog::severity(line.level).to_string());
    add("SYSLOG_FACILITY", "13");
    add("SYSLOG_IDENTIFIER", "media-kiosk");
    add("KIOSK_ENTRY", &line.number.to_string());
    add("KIOSK_RECORDED_UTC", &line.at.to_string());
    add("KIOSK_EVENT", &line.event);
    add("KIOSK_HOST", &line.host);
    add("KIOSK_LEAF_SHA256", &line.leaf_sha256.to_string());
    for (name, value) in &line.values {
        add(&field_name(name), value);
    }
    bytes
}

/// A name that journald takes: capital letters, digits and underscores.
fn field_name(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_uppercase(),
        _ => '_',
    });
    let mut name: String = "KIOSK_".chars().chain(letters).collect();
    name.truncate(FIELD_BYTES_MAX);
    name
}

fn field(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        bytes.push(b'\n');
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
    } else {
        bytes.push(b'=');
    }
    bytes.extend_from_slice(value);
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes a datagram apart as journald does.
    fn read(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
            let (line, rest) = bytes.split_at(end);
            let rest = rest.split_first().unwrap().1;
            if let Some(equals) = line.iter().position(|byte| *byte == b'=') {
                let (name, value) = line.split_at(equals);
                let value = value.split_first().unwrap().1.to_vec();
                fields.push((String::from_utf8(name.to_vec()).unwrap(), value));
                bytes = rest;
            } else {
                let (length, rest) = rest.split_first_chunk::<8>().unwrap();
                let length = usize::try_from(u64::from_le_bytes(*length)).unwrap();
                let (value, rest) = rest.split_at(length);
                fields.push((String::from_utf8(line.to_vec()).unwrap(), value.to_vec()));
                bytes = rest.strip_prefix(b"\n").unwrap();
            }
        }
        fields
    }

    proptest! {
        #[test]
        fn every_value_arrives_as_it_is_whatever_is_in_it(
            values in proptest::collection::vec("[\n=A-C\\PC]{0,20}", 0..5)
        ) {
            let mut bytes = Vec::new();
            for value in &values {
                field(&mut bytes, "KIOSK_X", value.as_bytes());
            }
            let wanted = values.iter().map(|value| ("KIOSK_X".to_owned(), value.clone().into_bytes()));
            prop_assert_eq!(read(&bytes), wanted.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_name_of_a_field_is_one_that_journald_takes() {
        assert_eq!(field_name("by.login_user"), "KIOSK_BY_LOGIN_USER");
        assert_eq!(field_name("検"), "KIOSK__");
        assert_eq!(
            field_name(&"x".repeat(FIELD_BYTES_MAX)).len(),
            FIELD_BYTES_MAX
        );
    }
}
