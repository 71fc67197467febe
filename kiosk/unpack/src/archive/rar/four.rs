//! The container of RAR 1.5 to 4.x.

use crate::walk::{Halt, Walk};

pub(super) fn open(_content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.unsupported("rar of an old version");
    Ok(())
}
