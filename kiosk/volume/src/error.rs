//! Why a volume cannot be read.

use std::io;

use wire::{Finding, Gap, Source, Tier};

use crate::sectors::{is_gone, unreadable_sectors};

/// Why a volume, or one content of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The medium gave an error, or a structure points past its end: [`gap_of`] tells which.
    #[error("cannot read the volume")]
    Read(#[from] io::Error),
    /// A structure without which nothing can be read contradicts itself.
    #[error("malformed {kind} volume: {what}")]
    Malformed {
        /// What the volume was recognised as.
        kind: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// It uses a feature that is not read here.
    #[error("{kind} volume with a feature that is not read: {what}")]
    Feature {
        /// What the volume was recognised as.
        kind: &'static str,
        /// Which feature.
        what: String,
    },
    /// There is no reader for this kind, or it needs a key.
    #[error("no reader for {kind}")]
    NoReader {
        /// What the volume was recognised as.
        kind: &'static str,
        /// Which gap that leaves.
        gap: Gap,
    },
    /// One content is encrypted.
    #[error("content is encrypted")]
    Encrypted,
    /// The item's locator is of another kind of volume, or points at what no longer fits it.
    #[error("item does not belong to this volume")]
    Foreign,
}

impl VolumeError {
    /// The gap that this leaves in the examination.
    #[must_use]
    pub fn gap(&self) -> Gap {
        match self {
            Self::Read(error) => gap_of(error),
            Self::Malformed { .. } | Self::Foreign => Gap::Damaged,
            Self::Feature { .. } => Gap::Unsupported,
            Self::NoReader { gap, .. } => *gap,
            Self::Encrypted => Gap::Encrypted,
        }
    }

    /// The finding that records this for its volume; it keeps the medium from PASS.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let rule = match self {
            Self::Read(error) => match gap_of(error) {
                Gap::Damaged => "volume_truncated",
                Gap::Encrypted
                | Gap::Unreadable
                | Gap::Unsupported
                | Gap::Limit
                | Gap::Timeout
                | Gap::Changed
                | Gap::Removed => "volume_unreadable",
            },
            Self::Malformed { .. } => "volume_malformed",
            Self::Feature { .. } => "volume_feature",
            Self::NoReader {
                gap: Gap::Encrypted,
                ..
            }
            | Self::Encrypted => "volume_encrypted",
            Self::NoReader { .. } => "volume_unsupported",
            Self::Foreign => "item_foreign",
        };
        let mut detail = self.to_string();
        if let Self::Read(error) = self
            && let Some(sectors) = unreadable_sectors(error)
        {
            detail = format!("{detail}: {sectors}");
        }
        Finding::own(rule, Source::Volume, Tier::Incomplete, detail)
    }
}

/// The gap that a failed read leaves: see the crate's description.
#[must_use]
pub fn gap_of(error: &io::Error) -> Gap {
    let kind = error.kind();
    if is_gone(error) {
        Gap::Removed
    } else if matches!(
        kind,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
    ) {
        Gap::Damaged
    } else if kind == io::ErrorKind::Unsupported {
        Gap::Unsupported
    } else if kind == io::ErrorKind::PermissionDenied {
        Gap::Encrypted
    } else {
        Gap::Unreadable
    }
}

/// Why a read failed, in words for staff: the sectors when they are known.
pub(crate) fn reason(error: &io::Error) -> String {
    unreadable_sectors(error).unwrap_or_else(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_and_medium_are_told_apart() {
        assert_eq!(gap_of(&io::ErrorKind::UnexpectedEof.into()), Gap::Damaged);
        assert_eq!(gap_of(&io::ErrorKind::InvalidData.into()), Gap::Damaged);
        assert_eq!(gap_of(&io::Error::from_raw_os_error(5)), Gap::Unreadable);
        assert_eq!(gap_of(&io::ErrorKind::Unsupported.into()), Gap::Unsupported);
    }

    #[test]
    fn a_device_that_was_pulled_out_is_not_called_damaged_or_unreadable() {
        for code in [6, 19, 123] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(gap_of(&error), Gap::Removed, "{code}");
        }
    }

    #[test]
    fn the_finding_of_a_volume_names_the_sectors() {
        let eio = io::Error::from_raw_os_error(5);
        let error = crate::sectors::error(eio.kind(), false, 20480..20488);
        assert_eq!(gap_of(&error), Gap::Unreadable);
        let finding = VolumeError::Read(error).finding();
        assert_eq!(finding.rule, "volume_unreadable");
        let detail = "cannot read the volume: sectors 20480 to 20487 cannot be read";
        assert_eq!(finding.detail, detail);
    }

    #[test]
    fn no_error_leaves_a_finding_that_allows_pass() {
        let errors = [
            VolumeError::Read(io::ErrorKind::UnexpectedEof.into()),
            VolumeError::Malformed {
                kind: "fat32",
                what: "no clusters",
            },
            VolumeError::Feature {
                kind: "ext4",
                what: "encryption".to_owned(),
            },
            VolumeError::NoReader {
                kind: "luks",
                gap: Gap::Encrypted,
            },
            VolumeError::Encrypted,
            VolumeError::Foreign,
        ];
        for error in errors {
            assert_eq!(error.finding().tier, Tier::Incomplete, "{error}");
        }
    }
}
