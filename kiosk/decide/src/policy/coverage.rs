//! What a site wants examined beside everything that is allocated.

use serde::Deserialize;
use toml::Spanned;
use wire::scan::Spare;

use super::BYTES_LIMIT_MAX;
use crate::source::{ListError, Text};

/// Largest medium whose free space is examined unless the site says otherwise, in bytes: 32 GiB
/// is most sticks, and is read in five minutes over USB 3.
pub const UNALLOCATED_MEDIUM_BYTES: u64 = 32 << 30;

/// What is examined beside what is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// What is done with free space.
    pub unallocated: Treatment,
    /// Largest medium whose free space is examined, in bytes; that of larger ones is counted.
    pub unallocated_medium_bytes_max: u64,
    /// What is done with files that are marked deleted.
    pub deleted: Treatment,
}

/// What is done with something that no file owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Read and matched.
    Scan,
    /// Counted, and said to be there.
    Count,
}

impl Coverage {
    /// Both are examined.
    pub(super) fn builtin() -> Self {
        Self {
            unallocated: Treatment::Scan,
            unallocated_medium_bytes_max: UNALLOCATED_MEDIUM_BYTES,
            deleted: Treatment::Scan,
        }
    }

    /// What that means for a medium of `size_bytes`.
    pub(super) fn spare(&self, size_bytes: u64) -> Spare {
        let fits = size_bytes <= self.unallocated_medium_bytes_max;
        Spare {
            unallocated: fits && self.unallocated == Treatment::Scan,
            deleted: self.deleted == Treatment::Scan,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCoverage {
    unallocated: Option<Treatment>,
    unallocated_medium_bytes_max: Option<Spanned<u64>>,
    deleted: Option<Treatment>,
}

/// What the site says, and the built-in where it says nothing.
pub(super) fn check(source: &Text<'_>, raw: Option<&RawCoverage>) -> Result<Coverage, ListError> {
    let builtin = Coverage::builtin();
    let Some(raw) = raw else {
        return Ok(builtin);
    };
    let most = raw.unallocated_medium_bytes_max.as_ref();
    let most = most.map(|value| source.number(value, BYTES_LIMIT_MAX));
    Ok(Coverage {
        unallocated: raw.unallocated.unwrap_or(builtin.unallocated),
        unallocated_medium_bytes_max: most
            .transpose()?
            .unwrap_or(builtin.unallocated_medium_bytes_max),
        deleted: raw.deleted.unwrap_or(builtin.deleted),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Policy, parse};
    use super::*;

    const SITE: &str = "[site]\nname_ja = \"門\"\nname_en = \"g\"\ntime_zone = \"+09:00\"\n";

    fn spare(unallocated: bool, deleted: bool) -> Spare {
        Spare {
            unallocated,
            deleted,
        }
    }

    #[test]
    fn free_space_is_examined_up_to_a_size_and_deleted_files_always() {
        let policy = parse(SITE).unwrap();
        assert_eq!(policy.coverage, Policy::builtin().coverage);
        assert_eq!(policy.spare(UNALLOCATED_MEDIUM_BYTES), spare(true, true));
        let larger = UNALLOCATED_MEDIUM_BYTES.saturating_add(1);
        assert_eq!(policy.spare(larger), spare(false, true));
    }

    #[test]
    fn a_site_can_set_both() {
        let with = |lines: &str| parse(&format!("{SITE}[coverage]\n{lines}\n"));
        let policy = with("unallocated = \"count\"\ndeleted = \"count\"").unwrap();
        assert_eq!(policy.spare(1), spare(false, false));
        let policy = with("unallocated_medium_bytes_max = 1000").unwrap();
        assert_eq!(policy.spare(1000), spare(true, true));
        assert_eq!(policy.spare(1001), spare(false, true));
        for wrong in [
            "unallocated = \"skip\"",
            "unallocated = true",
            "unallocated_medium_bytes_max = -1",
            "slack = \"count\"",
        ] {
            let error = with(wrong).unwrap_err().in_file("kiosk.toml").to_string();
            assert!(error.contains("kiosk.toml:6"), "{error}");
        }
    }
}
