//! Sectors that a medium does not give, named in the error of the read that met them.

use std::io;

/// Bytes of one sector as reports count them, whatever the medium's own sectors are: the unit of
/// `badblocks -b 512`, of `dd` and of the kernel's log.
pub(crate) const SECTOR_BYTES: usize = 512;

/// Most runs of sectors that one error names. Eight runs of the longest numbers fit the
/// explanation of a finding; what is beyond is said to be there.
pub(crate) const RUNS_NAMED_MAX: usize = 8;

/// `ENXIO`, `ENODEV` and `ENOMEDIUM` of Linux: what a block device answers that was pulled out,
/// after the reads that were under way have failed with `EIO`.
const GONE: [i32; 3] = [6, 19, 123];

/// Why one read failed: the payload of its [`io::Error`].
#[derive(Debug)]
struct BadSectors {
    /// First and last sector of each run, counted from the beginning of the medium.
    runs: Vec<(u64, u64)>,
    /// There are runs that are not named.
    more: bool,
    /// The device itself is no longer there.
    gone: bool,
}

impl std::fmt::Display for BadSectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut separator = match self.runs.as_slice() {
            [(first, last)] if first == last && !self.more => "sector ",
            [] | [_, ..] => "sectors ",
        };
        for (first, last) in &self.runs {
            if first == last {
                write!(f, "{separator}{first}")?;
            } else {
                write!(f, "{separator}{first} to {last}")?;
            }
            separator = ", ";
        }
        f.write_str(if self.more {
            " and more near them cannot be read"
        } else {
            " cannot be read"
        })
    }
}

impl std::error::Error for BadSectors {}

/// The error of a read that met `sectors`, in rising order and counted from the beginning of
/// the medium. Its kind stays the medium's own, because [`crate::gap_of`] goes by kinds.
pub(crate) fn error(
    kind: io::ErrorKind,
    gone: bool,
    sectors: impl Iterator<Item = u64>,
) -> io::Error {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut more = false;
    for sector in sectors {
        let full = RUNS_NAMED_MAX <= runs.len();
        match runs.last_mut() {
            Some((_, last)) if last.saturating_add(1) == sector => *last = sector,
            Some(_) if full => {
                more = true;
                break;
            }
            Some(_) | None => runs.push((sector, sector)),
        }
    }
    io::Error::new(kind, BadSectors { runs, more, gone })
}

/// Which sectors of the medium made this read fail, in words for staff; `None` when it failed
/// for another reason, or before anything looked at single sectors.
#[must_use]
pub fn unreadable_sectors(error: &io::Error) -> Option<String> {
    let bad = error.get_ref()?.downcast_ref::<BadSectors>()?;
    Some(bad.to_string())
}

/// Whether the device itself is no longer there: pulled out, or its medium was.
#[must_use]
pub fn is_gone(error: &io::Error) -> bool {
    let raw = error
        .raw_os_error()
        .is_some_and(|code| GONE.contains(&code));
    let bad = error.get_ref().and_then(|inner| inner.downcast_ref());
    raw || bad.is_some_and(|bad: &BadSectors| bad.gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sectors: &[u64]) -> String {
        let other = io::ErrorKind::Other;
        unreadable_sectors(&error(other, false, sectors.iter().copied())).unwrap()
    }

    #[test]
    fn sectors_that_follow_each_other_are_one_run() {
        assert_eq!(named(&[7]), "sector 7 cannot be read");
        assert_eq!(named(&[7, 8, 9]), "sectors 7 to 9 cannot be read");
        assert_eq!(
            named(&[1, 7, 8, 20]),
            "sectors 1, 7 to 8, 20 cannot be read"
        );
    }

    #[test]
    fn the_longest_text_fits_a_finding() {
        let far: Vec<u64> = (0..40).map(|n| u64::MAX / 512 - 200 + n * 3).collect();
        let pairs: Vec<u64> = far.iter().flat_map(|n| [*n, n + 1]).collect();
        let text = named(&pairs);
        assert_eq!(text.matches(" to ").count(), RUNS_NAMED_MAX);
        assert!(
            text.ends_with("and more near them cannot be read"),
            "{text}"
        );
        assert!(text.len() <= wire::outcome::DETAIL_BYTES_MAX, "{text}");
    }

    #[test]
    fn a_device_that_is_gone_is_told_from_one_that_fails() {
        for code in GONE {
            assert!(is_gone(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(!is_gone(&io::Error::from_raw_os_error(5)));
        assert!(!is_gone(&io::ErrorKind::UnexpectedEof.into()));
        let other = io::ErrorKind::Other;
        assert!(is_gone(&error(other, true, std::iter::once(1))));
        assert!(!is_gone(&error(other, false, std::iter::once(1))));
        assert_eq!(unreadable_sectors(&io::Error::from_raw_os_error(5)), None);
    }
}
