//! Archives: members with names, one beside the other.

pub(crate) mod binhex;
mod mac;
pub(crate) mod tar;
mod tnef;
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
        name: "tar",
        sort: Sort::Archive,
        begins: tar::begins,
        open: tar::open,
    },
    Format {
        name: "tnef",
        sort: Sort::Archive,
        begins: tnef::begins,
        open: tnef::open,
    },
    Format {
        name: "binhex",
        sort: Sort::Archive,
        begins: binhex::begins,
        open: binhex::open,
    },
    Format {
        name: "macbinary",
        sort: Sort::Archive,
        begins: mac::is_macbinary,
        open: mac::open_macbinary,
    },
    Format {
        name: "applesingle",
        sort: Sort::Archive,
        begins: mac::is_apple,
        open: mac::open_apple,
    },
];
