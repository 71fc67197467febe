//! Documents that carry others: compound files, PDF, RTF.

pub(crate) mod pdf;

use crate::format::{Format, Sort};

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[Format {
    name: pdf::NAME,
    sort: Sort::Document,
    begins: pdf::begins,
    open: pdf::open,
}];
