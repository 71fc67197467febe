//! Programs: what lies in their resources, in their sections and behind their end.
//!
//! A program is matched as a whole by the caller. What is handed out here is what another program
//! would take out of it and use by itself: programs and containers that it carries, and what
//! installers pack. Its structure is never trusted: what leads nowhere is passed over, for it
//! hides nothing that is not matched with the whole.

mod inno;
mod installer;
#[cfg(test)]
mod maker;
mod nrv;
mod nsis;
mod packed;
mod pe;
mod python;
mod resource;
#[cfg(test)]
mod tests;
mod upx;
mod within;

use crate::format::{Format, Sort};
use crate::walk::{Halt, Walk};

#[cfg(test)]
pub(crate) use tests::sample;

/// The programs that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format::new("pe", Sort::Program, pe::begins, open_pe),
    Format::new("elf", Sort::Program, within::begins_elf, open_other),
    Format::new("mach-o", Sort::Program, within::begins_mach, open_other),
];

/// A program for Windows.
fn open_pe(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(image) = pe::Image::read(content) else {
        return Ok(());
    };
    if image.has_more_sections {
        walk.limit("more sections than are looked at");
    }
    if !upx::open(content, walk)? {
        packed::tell(&image, walk);
    }
    let resources = resource::open(&image, walk)?;
    installer::open(&image, &resources, walk)?;
    within::open(content, image.end, &resources.taken, walk)?;
    within::overlay(&image, walk)
}

/// A program for other systems.
fn open_other(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if !upx::open(content, walk)? {
        packed::tell_other(content, walk);
    }
    python::open(content, 0, walk)?;
    let end = within::length_of(content).unwrap_or(content.len());
    within::open(content, end, &within::Taken::new(), walk)?;
    within::behind(content, end, walk)
}
