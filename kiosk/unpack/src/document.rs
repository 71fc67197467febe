//! Documents that carry others: compound files, PDF, RTF.

mod pkcs7;

use crate::format::{Format, Sort};

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[Format {
    name: "pkcs7",
    sort: Sort::Document,
    begins: pkcs7::begins,
    open: pkcs7::open,
}];
