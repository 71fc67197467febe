//! Text that carries contents in itself: mail, encodings, pages.

use crate::format::Format;

/// The texts that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[];
