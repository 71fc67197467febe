//! What comes out of a container.

use std::borrow::Cow;

use wire::{Finding, Gap, MediumName, Tier};

use crate::bytes::finding;

/// One member of a container.
#[derive(Debug)]
pub struct Member<'a> {
    /// Its name as the container spells it.
    pub name: MediumName,
    /// What is wrong with its name or its headers.
    pub findings: Vec<Finding>,
    /// What it holds.
    pub body: Body<'a>,
}

/// What a member holds.
#[derive(Debug)]
pub enum Body<'a> {
    /// All of its content, checked against the container's checksum where there is one.
    /// Borrowed where the container stores it as it is.
    Content(Cow<'a, [u8]>),
    /// Some of its content, or content that fails its checksum: worth matching, and
    /// unchecked for the reason given whatever the match says.
    Partial {
        /// What came out.
        content: Cow<'a, [u8]>,
        /// Why it is not all.
        gap: Gap,
        /// For staff.
        why: &'static str,
    },
    /// None of its content can be had.
    Unchecked {
        /// Why.
        gap: Gap,
        /// Its size as the container gives it, in bytes.
        size_bytes: u64,
        /// For staff.
        why: &'static str,
    },
    /// A symbolic or hard link. Readers without links write the target as a file, so its
    /// bytes are to be examined like content.
    Link(MediumName),
    /// A folder.
    Folder,
    /// A device node, a pipe or a volume label: a name without content.
    Special,
}

impl<'a> Body<'a> {
    /// All of a content, or what of it came out before `fault`, which says why and for staff how.
    pub(crate) fn of(content: Cow<'a, [u8]>, fault: Option<(Gap, &'static str)>) -> Self {
        match fault {
            None => Self::Content(content),
            Some((gap, why)) => Self::Partial { content, gap, why },
        }
    }
}

/// Why not everything in a container was handed out.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Problem {
    /// The gap that the container itself has.
    pub gap: Gap,
    /// For staff: what exactly.
    pub why: &'static str,
    /// What else is wrong with the container.
    pub findings: Vec<Finding>,
}

impl Problem {
    /// The problem itself as a finding about the container.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let rule = match self.gap {
            Gap::Limit => "container_limit",
            Gap::Encrypted => "container_encrypted",
            Gap::Unsupported => "container_unsupported",
            Gap::Damaged | Gap::Unreadable | Gap::Timeout | Gap::Changed | Gap::Removed => {
                "container_damaged"
            }
        };
        finding(rule, Tier::Incomplete, self.why)
    }

    /// All that is wrong with the container: [`Problem::finding`] first, then the rest.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        let own = self.finding();
        std::iter::once(own).chain(self.findings).collect()
    }
}
