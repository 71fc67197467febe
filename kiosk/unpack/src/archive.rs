//! Archives: members with names, one beside the other.

pub(crate) mod rar;
pub(crate) mod tar;
pub(crate) mod zip;

use crate::format::{Format, Sort};

/// The archives that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        name: zip::NAME,
        sort: Sort::Archive,
        begins: zip::begins,
        open: zip::open,
    },
    Format {
        name: rar::NAME,
        sort: Sort::Archive,
        begins: rar::begins,
        open: rar::open,
    },
    Format {
        name: "tar",
        sort: Sort::Archive,
        begins: tar::begins,
        open: tar::open,
    },
];
