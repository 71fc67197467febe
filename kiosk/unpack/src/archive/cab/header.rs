//! The lists at the beginning of a cabinet (`CFHEADER`, `CFFOLDER`, `CFFILE`).

use crate::bytes::{has, part, rest, span, u16_at, u32_at};

/// Begins a cabinet.
const SIGNATURE: &[u8] = b"MSCF";

/// The fixed parts of the header, a folder and a file.
pub(super) const HEADER_BYTES: usize = 36;
const FOLDER_BYTES: usize = 8;
const FILE_BYTES: usize = 16;

/// Flags of the header.
const HAS_PREVIOUS: u16 = 1;
const HAS_NEXT: u16 = 2;
const HAS_RESERVES: u16 = 4;

/// Whether a content begins as a cabinet. Writers set the field behind the signature to zero,
/// but not all readers look at it; they look at the version.
pub(super) fn begins(content: &[u8]) -> bool {
    let is_first_version = content.get(25) == Some(&1);
    has(content, 0, SIGNATURE) && (has(content, 4, &[0; 4]) || is_first_version)
}

/// A cabinet's header.
pub(super) struct Cabinet {
    /// The size of the whole.
    pub(super) bytes: usize,
    pub(super) folders: usize,
    pub(super) files: usize,
    pub(super) files_at: usize,
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
    /// What each folder and each block has beside what the format says.
    folder_reserve_bytes: usize,
    pub(super) block_reserve_bytes: usize,
    folders_at: usize,
    /// Where the list of folders ends.
    pub(super) end: usize,
}

/// Where a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this folder.
    Folder(usize),
    /// In the first folder, and begins in the cabinet before.
    Before,
    /// In the last folder, and goes on in the cabinet behind.
    Behind,
    /// Both.
    Around,
}

/// A file of the list.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) bytes: u64,
    /// Where in its folder it begins.
    pub(super) begin: u64,
    pub(super) place: Place,
    pub(super) name: &'a [u8],
}

/// A folder of the list.
pub(super) struct Folder {
    /// Where its first block is.
    pub(super) begin: usize,
    pub(super) blocks: usize,
    pub(super) method: u16,
}

impl Cabinet {
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        let flags = u16_at(content, 30)?;
        let mut at = HEADER_BYTES;
        let mut folder_reserve_bytes = 0;
        let mut block_reserve_bytes = 0;
        if flags & HAS_RESERVES != 0 {
            let own = usize::from(u16_at(content, at)?);
            folder_reserve_bytes = usize::from(*content.get(at.checked_add(2)?)?);
            block_reserve_bytes = usize::from(*content.get(at.checked_add(3)?)?);
            at = at.checked_add(4)?.checked_add(own)?;
        }
        // The names of the cabinet and of the disk before, and of those behind.
        for flag in [HAS_PREVIOUS, HAS_PREVIOUS, HAS_NEXT, HAS_NEXT] {
            if flags & flag != 0 {
                at = text_end(content, at)?;
            }
        }
        let folders = usize::from(u16_at(content, 26)?);
        let folder_bytes = FOLDER_BYTES.checked_add(folder_reserve_bytes)?;
        Some(Self {
            bytes: span(u64::from(u32_at(content, 8)?)),
            folders,
            files: usize::from(u16_at(content, 28)?),
            files_at: span(u64::from(u32_at(content, 16)?)),
            has_previous: flags & HAS_PREVIOUS != 0,
            has_next: flags & HAS_NEXT != 0,
            folder_reserve_bytes,
            block_reserve_bytes,
            folders_at: at,
            end: at.checked_add(folders.checked_mul(folder_bytes)?)?,
        })
    }

    /// The files of the list at `at`, and where the list ends.
    pub(super) fn list<'a>(&self, content: &'a [u8], at: usize) -> (Vec<File<'a>>, usize) {
        let mut files = Vec::new();
        let mut at = at;
        while files.len() < self.files {
            let Some((file, end)) = File::read(content, at) else {
                break;
            };
            files.push(file);
            at = end;
        }
        (files, at)
    }

    /// The number of the folder that a file is in.
    pub(super) fn index(&self, file: &File<'_>) -> usize {
        match file.place {
            Place::Folder(index) => index,
            Place::Before => 0,
            // In a folder that reaches through this cabinet.
            Place::Behind | Place::Around => self.folders.saturating_sub(1),
        }
    }

    /// The folder with this number.
    pub(super) fn folder(&self, content: &[u8], index: usize) -> Option<Folder> {
        let step = FOLDER_BYTES.checked_add(self.folder_reserve_bytes)?;
        let at = self.folders_at.checked_add(index.checked_mul(step)?)?;
        let folder = part(content, at, FOLDER_BYTES)?;
        Some(Folder {
            begin: span(u64::from(u32_at(folder, 0)?)),
            blocks: usize::from(u16_at(folder, 4)?),
            method: u16_at(folder, 6)?,
        })
    }
}

impl<'a> File<'a> {
    fn read(content: &'a [u8], at: usize) -> Option<(Self, usize)> {
        let fixed = part(content, at, FILE_BYTES)?;
        let name_at = at.checked_add(FILE_BYTES)?;
        let end = text_end(content, name_at)?;
        let name_bytes = end.checked_sub(name_at)?.checked_sub(1)?;
        let file = Self {
            bytes: u64::from(u32_at(fixed, 0)?),
            begin: u64::from(u32_at(fixed, 4)?),
            place: match u16_at(fixed, 8)? {
                0xfffd => Place::Before,
                0xfffe => Place::Behind,
                0xffff => Place::Around,
                index => Place::Folder(usize::from(index)),
            },
            name: part(content, name_at, name_bytes)?,
        };
        Some((file, end))
    }
}

/// Where the text at `at` ends, behind its zero byte.
fn text_end(content: &[u8], at: usize) -> Option<usize> {
    let tail = rest(content, at, usize::MAX);
    let bytes = tail.iter().position(|byte| *byte == 0)?;
    at.checked_add(bytes)?.checked_add(1)
}
