//! Documents that carry others: compound files, PDF, RTF.

use crate::format::Format;

/// The documents that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[];
