//! `canary.toml`: what the rules of a family must find, and what they must not.

use serde::Deserialize;

/// Longest `canary.toml`, in bytes. The longest of ours has 4 KiB; a family of a hundred rules
/// stays below a megabyte.
pub const CANARY_TEXT_BYTES_MAX: usize = 1 << 20;

/// Largest specimen, in bytes: past the largest piece of padding that a rule's size check asks
/// for, and small enough that a thousand of them fit an image in memory.
pub const SPECIMEN_BYTES_MAX: usize = 8 << 20;

/// Why a `canary.toml` was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanaryError {
    /// Longer than its limit.
    #[error("the text is longer than {CANARY_TEXT_BYTES_MAX} bytes; split the family")]
    TooLong,
    /// It is not what it should be; says the line and column.
    #[error("{0}")]
    Malformed(String),
    /// A piece's digits are not hexadecimal.
    #[error("a piece of a specimen of {rule} is no row of hexadecimal digits")]
    Hex {
        /// Whose.
        rule: String,
    },
    /// There are more than there is room for.
    #[error("there are more than {0}")]
    Many(String),
    /// A specimen grows past its limit.
    #[error("a specimen of {rule} is larger than {SPECIMEN_BYTES_MAX} bytes; repeat less")]
    Large {
        /// Whose.
        rule: String,
    },
}

/// Whether a rule must find a specimen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// A canary: it must.
    Found,
    /// A near miss: it must not.
    Absent,
}

/// One canary or near miss, put together from its pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specimen {
    /// Whose it is.
    pub rule: String,
    /// Whether the rule must find it.
    pub expected: Expected,
    /// Its content.
    pub bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    #[serde(default)]
    canary: Vec<Raw>,
    #[serde(default)]
    near_miss: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    rule: String,
    pieces: Vec<Piece>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Hex(Hex),
    Wide(Wide),
    Repeat(Repeat),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hex {
    hex: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wide {
    wide: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    repeat: String,
    count: u64,
}

/// The specimens of one family, canaries first.
///
/// # Errors
/// [`CanaryError`] for the first thing that is wrong; nothing of the text is used then.
pub fn canaries(text: &str) -> Result<Vec<Specimen>, CanaryError> {
    canaries_within(text, Room::ENDLESS)
}

/// How many specimens there is room for, and how many bytes in all of them.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Specimens.
    pub specimens: usize,
    /// Bytes in all of them together.
    pub bytes: usize,
}

impl Room {
    const ENDLESS: Self = Self {
        specimens: usize::MAX,
        bytes: usize::MAX,
    };
}

/// [`canaries`] as far as there is room: a text of a megabyte can ask for many gigabytes.
///
/// # Errors
/// [`CanaryError`]; [`CanaryError::Many`] before what has no room is made.
pub fn canaries_within(text: &str, mut room: Room) -> Result<Vec<Specimen>, CanaryError> {
    if CANARY_TEXT_BYTES_MAX < text.len() {
        return Err(CanaryError::TooLong);
    }
    let family: Family =
        toml::from_str(text).map_err(|error| CanaryError::Malformed(error.to_string()))?;
    let canaries = family.canary.iter().map(|raw| (raw, Expected::Found));
    let near_misses = family.near_miss.iter().map(|raw| (raw, Expected::Absent));
    let many = |most: usize, what| CanaryError::Many(format!("{most} {what}"));
    let mut all = Vec::new();
    for (raw, expected) in canaries.chain(near_misses) {
        if room.specimens == 0 {
            return Err(many(all.len(), "specimens"));
        }
        let one = specimen(raw, expected)?;
        room.specimens = room.specimens.saturating_sub(1);
        room.bytes = room
            .bytes
            .checked_sub(one.bytes.len())
            .ok_or_else(|| many(room.bytes, "bytes of specimens"))?;
        all.push(one);
    }
    Ok(all)
}

fn specimen(raw: &Raw, expected: Expected) -> Result<Specimen, CanaryError> {
    let rule = || raw.rule.clone();
    let digits = |digits: &str| {
        let packed: String = digits.split_ascii_whitespace().collect();
        wire::name::unhex(&packed).ok_or_else(|| CanaryError::Hex { rule: rule() })
    };
    let mut bytes = Vec::new();
    for piece in &raw.pieces {
        let (unit, count) = match piece {
            Piece::Text(text) => (text.as_bytes().to_vec(), 1),
            Piece::Hex(hex) => (digits(&hex.hex)?, 1),
            Piece::Wide(wide) => {
                let units = wide.wide.encode_utf16();
                (units.flat_map(u16::to_le_bytes).collect(), 1)
            }
            Piece::Repeat(repeat) => (digits(&repeat.repeat)?, repeat.count),
        };
        let large = || CanaryError::Large { rule: rule() };
        let count = usize::try_from(count).map_err(|_| large())?;
        let grown = unit.len().checked_mul(count);
        let grown = grown.and_then(|grown| grown.checked_add(bytes.len()));
        if grown.is_none_or(|grown| SPECIMEN_BYTES_MAX < grown) {
            return Err(large());
        }
        bytes.extend(unit.repeat(count));
    }
    Ok(Specimen {
        rule: rule(),
        expected,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pieces: &str) -> Result<Vec<Specimen>, CanaryError> {
        canaries(&format!("[[canary]]\nrule = \"r\"\npieces = [{pieces}]\n"))
    }

    #[test]
    fn pieces_of_every_kind_are_put_together_in_their_order() {
        let made =
            one(r#""ab", { hex = "00 FF" }, { wide = "é" }, { repeat = "0D0A", count = 2 }"#);
        let [specimen] = made.unwrap().try_into().unwrap();
        assert_eq!(specimen.bytes, b"ab\x00\xff\xe9\x00\r\n\r\n");
        assert_eq!(
            (specimen.rule.as_str(), specimen.expected),
            ("r", Expected::Found)
        );
    }

    #[test]
    fn near_misses_come_after_the_canaries() {
        let text =
            "[[near_miss]]\nrule = \"r\"\npieces = []\n[[canary]]\nrule = \"r\"\npieces = []\n";
        let made = canaries(text).unwrap();
        let expected: Vec<_> = made.iter().map(|specimen| specimen.expected).collect();
        assert_eq!(expected, [Expected::Found, Expected::Absent]);
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let text = "[[canary]]\nrule = \"r\"\npieces = [\"abc\"]\n".repeat(3);
        let within = |specimens, bytes| canaries_within(&text, Room { specimens, bytes });
        assert_eq!(within(3, 9).unwrap().len(), 3);
        for (specimens, bytes) in [(2, 9), (3, 8)] {
            let refused = within(specimens, bytes);
            assert!(matches!(refused, Err(CanaryError::Many(_))), "{refused:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_place() {
        assert_eq!(
            one("{ hex = \"0\" }"),
            Err(CanaryError::Hex {
                rule: "r".to_owned()
            })
        );
        let Err(CanaryError::Malformed(message)) = one("{ hax = \"00\" }") else {
            panic!("an unknown piece was taken")
        };
        assert!(message.contains("line 3"), "{message}");
        assert!(matches!(
            canaries("[[canry]]"),
            Err(CanaryError::Malformed(_))
        ));
    }

    #[test]
    fn what_grows_past_its_limit_is_refused_before_it_is_made() {
        let large = Err(CanaryError::Large {
            rule: "r".to_owned(),
        });
        let most = SPECIMEN_BYTES_MAX;
        assert_eq!(
            one(&format!("{{ repeat = \"00\", count = {most} }}")).unwrap()[0]
                .bytes
                .len(),
            most
        );
        assert_eq!(
            one(&format!("\"x\", {{ repeat = \"00\", count = {most} }}")),
            large
        );
        assert_eq!(
            one(&format!("{{ repeat = \"0000\", count = {} }}", u64::MAX)),
            large
        );
        let long = " ".repeat(CANARY_TEXT_BYTES_MAX + 1);
        assert_eq!(canaries(&long), Err(CanaryError::TooLong));
    }
}
