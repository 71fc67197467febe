//! Programs: what is in their resources and behind their end.

use crate::format::Format;

/// The programs that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[];
