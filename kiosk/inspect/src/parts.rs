//! Parts of an archive that was divided into several files.
//!
//! The first part begins like the archive and is damaged by itself. The others are bytes without any
//! form: on the plant's computers they are put together again, so that a medium with one of them
//! holds something that was not looked into.

use wire::{Finding, Source, Tier};

use crate::names::Name;

/// The finding about such a part.
pub const SPLIT_PART: &str = "split_archive_part";

/// What stands before the number of a part: archives, and what is divided to be carried.
const DIVIDED: [&str; 24] = [
    "7z", "zip", "rar", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lzh", "lha", "cab",
    "arj", "iso", "img", "vhd", "vhdx", "vmdk", "exe", "msi", "wim", "ace",
];

/// Longest number of a part, in digits: 7-Zip counts to 999 and goes on.
pub(crate) const NUMBER_DIGITS_MAX: usize = 5;

/// Shortest one, in digits: `.7z.1` is a copy.
pub(crate) const NUMBER_DIGITS_MIN: usize = 2;

/// What a name says of a part.
pub(crate) fn judge(name: &Name) -> Option<Finding> {
    let ending = name.ending();
    let is_part = match ending.as_bytes() {
        // WinZip and Info-ZIP. Parts of RAR, ARJ and ACE say themselves what they are.
        [b'z', digits @ ..] => digits.len() == 2 && is_number(digits),
        digits => {
            NUMBER_DIGITS_MIN <= digits.len()
                && is_number(digits)
                && name
                    .inner_ending()
                    .is_some_and(|inner| DIVIDED.contains(&inner.as_str()))
        }
    };
    let detail = "a part of an archive that was divided; the parts are not put together here";
    is_part.then(|| Finding::own(SPLIT_PART, Source::Structure, Tier::Incomplete, detail))
}

fn is_number(digits: &[u8]) -> bool {
    digits.len() <= NUMBER_DIGITS_MAX && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_divided_archives_are_named() {
        let is_part = |name: &str| judge(&Name::new(name.as_bytes())).is_some();
        for name in [
            "a.7z.001",
            "b/a.zip.2",
            "A.ZIP.002",
            "a.z01",
            "setup.exe.003",
            "a.tar.gz.01",
        ] {
            assert_eq!(is_part(name), name != "b/a.zip.2", "{name}");
        }
        for name in [
            "log.001",
            "trend.txt.001",
            "a.z80",
            "a.z1",
            "x.7z",
            "v1.0.001",
            "c64",
            "a.r00",
        ] {
            assert_eq!(is_part(name), name == "a.z80", "{name}");
        }
        assert!("b/a.zip.2".len() < "b/a.zip.".len() + NUMBER_DIGITS_MIN);
        let long = |digits: usize| format!("a.7z.{}", "1".repeat(digits));
        assert!(is_part(&long(NUMBER_DIGITS_MAX)));
        assert!(!is_part(&long(NUMBER_DIGITS_MAX + 1)));
    }
}
