//! The side file of an image in the virtual bay: `stick.img` + `stick.claim.toml`, in place
//! of the descriptors that a real device would show.

use serde::Deserialize;
use toml::Spanned;
use wire::{Claim, MediumName};

use crate::source::{ListError, Text};

/// Longest side file, in bytes: one entry with comments.
pub const CLAIM_BYTES_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    vid: Spanned<String>,
    pid: Spanned<String>,
    serial: Option<Spanned<String>>,
    manufacturer: Option<Spanned<String>>,
    product: Option<Spanned<String>>,
    interfaces: Spanned<Vec<Spanned<String>>>,
    capacity_bytes: Option<Spanned<u64>>,
}

/// The claim in the text of a side file. Its strings are taken as they are, hidden
/// characters included: a real device may show any. Without `capacity_bytes` the medium
/// claims the size of its image.
///
/// # Errors
/// [`ListError`] with the first place that is wrong.
pub fn parse(text: &str, image_size_bytes: u64) -> Result<Claim, ListError> {
    let (source, raw) = Text::read::<RawClaim>(text, CLAIM_BYTES_MAX)?;
    let string = |value: Option<&Spanned<String>>| {
        value
            .map(|value| {
                MediumName::new(value.get_ref().as_bytes())
                    .map_err(|error| source.refuse(value, error.to_string(), "shorten it"))
            })
            .transpose()
    };
    Ok(Claim {
        vid: source.usb_id(&raw.vid)?,
        pid: source.usb_id(&raw.pid)?,
        serial: string(raw.serial.as_ref())?,
        manufacturer: string(raw.manufacturer.as_ref())?.unwrap_or_default(),
        product: string(raw.product.as_ref())?.unwrap_or_default(),
        interfaces: source.interfaces(&raw.interfaces)?,
        capacity_bytes: raw
            .capacity_bytes
            .as_ref()
            .map_or(Ok(image_size_bytes), |value| source.number(value, u64::MAX))
            .map(Some)?,
        usb: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STICK: &str = "vid = \"0951\"\npid = \"1666\"\nserial = \"S-1\"\n\
                         product = \"DataTraveler\"\ninterfaces = [\"08:06:50\"]\n";

    #[test]
    fn a_claim_reads_as_it_is_written_and_takes_the_size_of_its_image() {
        let claim = parse(STICK, 512).unwrap();
        assert_eq!(
            (claim.vid, claim.pid, claim.capacity_bytes),
            (0x0951, 0x1666, Some(512))
        );
        assert_eq!(claim.serial.unwrap().as_text(), Some("S-1"));
        assert_eq!(claim.product.as_text(), Some("DataTraveler"));
        assert!(claim.manufacturer.is_empty());
    }

    #[test]
    fn a_stick_may_lie_about_its_size_and_have_no_serial() {
        let text = STICK.replace("serial = \"S-1\"", "capacity_bytes = 64000000000");
        let claim = parse(&text, 512).unwrap();
        assert_eq!(
            (claim.serial, claim.capacity_bytes),
            (None, Some(64_000_000_000))
        );
    }

    #[test]
    fn hostile_strings_are_kept_as_bytes() {
        let text = STICK.replace("S-1", "\\u001b[2J%n\\u202e");
        let serial = parse(&text, 1).unwrap().serial.unwrap();
        assert_eq!(serial.as_bytes(), "\u{1b}[2J%n\u{202e}".as_bytes());
    }

    #[test]
    fn a_wrong_claim_is_refused_with_its_place() {
        let place = |from: &str, to: &str| {
            let error = parse(&STICK.replace(from, to), 1).expect_err(to);
            (error.at().line, error.at().column)
        };
        assert_eq!(place("\"0951\"", "2385"), (1, 7));
        assert_eq!(place("[\"08:06:50\"]", "[]"), (5, 14));
        assert_eq!(place("product", "prodct"), (4, 1));
        assert_eq!(
            place("S-1", &"x".repeat(wire::name::NAME_BYTES_MAX + 1)),
            (3, 10)
        );
        assert_eq!(
            place("vid = \"0951\"", "capacity_bytes = 0\nvid = \"0951\""),
            (1, 18)
        );
    }

    #[test]
    fn a_side_file_past_its_limit_is_not_read() {
        let long = format!("#{}", "x".repeat(CLAIM_BYTES_MAX));
        assert!(matches!(parse(&long, 1), Err(ListError::TooLong { .. })));
    }
}
