//! The container of RAR 1.5 to 4.x.

mod block;
mod name;

use super::codec::{Decoder, Packed};
use super::member::{Crc, Entry, Sort, stream_name};
use crate::bytes::{length, rest, span, u16_at, u32_at};
use crate::walk::{Halt, Walk};
use block::{Block, File, Kind, method};

/// The signature, which is laid out as a block.
const SIGNATURE_BYTES: usize = 7;

/// The first version that puts a mark at the end of every archive, times ten.
const VERSION_WITH_END: u8 = 29;

/// Hands out every member.
pub(super) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut archive = Archive {
        decoder: Decoder::new(),
        last_name: Vec::new(),
        is_solid: false,
        files: 0,
        has_end: false,
    };
    let mut at = SIGNATURE_BYTES;
    while at < content.len() {
        let block = match Block::read(content, at) {
            Ok(block) => block,
            Err(why) => {
                walk.damaged(why);
                return walk.stray(rest(content, at, usize::MAX), "bytes behind a wrong header");
            }
        };
        if length(block.data.len()) < block.data_bytes {
            walk.damaged("rar is cut off");
        }
        if let Kind::End = block.kind {
            stray_data(&block, walk)?;
            let behind = rest(content, block.end, usize::MAX);
            return walk.stray(behind, "bytes after the end of the archive");
        }
        if archive.block(&block, walk)?.is_encrypted {
            walk.encrypted("rar with an encrypted list of members");
            return Ok(());
        }
        at = block.end;
    }
    if archive.has_end || archive.files == 0 {
        walk.damaged("rar ends without its end mark");
    }
    Ok(())
}

/// What is carried from one block to the next.
struct Archive {
    decoder: Decoder,
    /// Blocks of the system's own data belong to the file before them.
    last_name: Vec<u8>,
    /// Before 2.0 only the archive's header tells that it is solid.
    is_solid: bool,
    files: u64,
    /// Whether a version wrote it that ends it with a mark.
    has_end: bool,
}

/// Whether nothing more can be read.
struct Blocked {
    is_encrypted: bool,
}

impl Archive {
    fn block(&mut self, block: &Block<'_>, walk: &mut Walk<'_>) -> Result<Blocked, Halt> {
        match &block.kind {
            Kind::Main(main) => {
                self.is_solid = main.is_solid;
                if main.is_later_volume {
                    // Its first member may go on with what another volume holds.
                    self.decoder.lose(wire::Gap::Unsupported);
                }
                if let Some(comment) = main.comment {
                    self.comment(comment, b"(comment)".to_vec(), walk)?;
                }
                stray_data(block, walk)?;
                return Ok(Blocked {
                    is_encrypted: main.is_encrypted,
                });
            }
            Kind::File(file) => self.file(block, file, walk)?,
            Kind::Service(file) => self.service(block, file, walk)?,
            Kind::Comment => self.comment(block.head, b"(comment)".to_vec(), walk)?,
            Kind::OldService => self.old_service(block, walk)?,
            // Reed-Solomon data over the archive: no reader takes content from it.
            Kind::Recovery | Kind::End => {}
            Kind::Signature => stray_data(block, walk)?,
            Kind::Unknown => {
                walk.unsupported("rar block of an unknown kind");
                stray_data(block, walk)?;
            }
        }
        Ok(Blocked {
            is_encrypted: false,
        })
    }

    fn file(
        &mut self,
        block: &Block<'_>,
        file: &File<'_>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        self.has_end |= VERSION_WITH_END <= file.version;
        let (name, other) = file.names();
        self.last_name.clone_from(&name);
        let is_solid = if file.version < 20 {
            self.is_solid && 0 < self.files
        } else {
            file.is_solid
        };
        self.files = self.files.saturating_add(1);
        let sort = if file.is_folder {
            Sort::Folder
        } else if file.is_unix_link {
            Sort::LinkContent
        } else {
            Sort::File
        };
        let entry = entry(block, file, (name.clone(), other), sort, is_solid);
        entry.hand_out(&mut self.decoder, walk)?;
        match file.comment {
            Some(comment) => {
                self.comment(comment, [&name, b" (comment)".as_slice()].concat(), walk)
            }
            None => Ok(()),
        }
    }

    /// Comments and alternate streams are contents; a recovery record is the container's own.
    fn service(
        &mut self,
        block: &Block<'_>,
        file: &File<'_>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        self.has_end = true;
        let name = match file.name {
            b"RR" => return Ok(()),
            b"CMT" => b"(comment)".to_vec(),
            b"STM" => stream_name(&self.last_name, &name::utf16(file.behind_name)),
            other => [b"(service ", other, b")"].concat(),
        };
        // Services stand outside the solid stream.
        entry(block, file, (name, Vec::new()), Sort::File, false)
            .hand_out(&mut Decoder::new(), walk)
    }

    /// A comment as it stands before 3.0: within its block's header.
    fn comment(&self, head: &[u8], name: Vec<u8>, walk: &mut Walk<'_>) -> Result<(), Halt> {
        /// The fields before the packed text.
        const FIELDS_BYTES: usize = 13;
        let Some(comment) = Comment::read(head) else {
            walk.damaged("a comment is cut off");
            return Ok(());
        };
        let data = rest(head, FIELDS_BYTES, usize::MAX);
        old_entry(name, data, &comment).hand_out(&mut Decoder::new(), walk)
    }

    /// What 2.x keeps of a file beside its content.
    fn old_service(&self, block: &Block<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let packing = |at: usize| {
            Some(Comment {
                size_bytes: u64::from(u32_at(block.head, at)?),
                version: *block.head.get(at.checked_add(4)?)?,
                method: *block.head.get(at.checked_add(5)?)?,
                crc: Crc::Whole(u32_at(block.head, at.checked_add(6)?)?),
            })
        };
        let kind = u16_at(block.head, 11);
        let name = match kind {
            Some(0x105) => {
                let name_bytes = u16_at(block.head, 24).map_or(0, usize::from);
                let stream = rest(block.head, 26, name_bytes);
                stream_name(&self.last_name, stream)
            }
            // Extended attributes of OS/2 and BeOS, access rights of Windows.
            Some(0x100 | 0x103 | 0x104) => [&self.last_name, b" (attributes)".as_slice()].concat(),
            // Owners of Unix and types of the Mac stand in the header.
            Some(0x101 | 0x102) => return stray_data(block, walk),
            Some(_) | None => {
                walk.unsupported("rar block of an unknown kind");
                return stray_data(block, walk);
            }
        };
        let Some(packing) = packing(14) else {
            walk.damaged("a rar header ends before its fields");
            return stray_data(block, walk);
        };
        let mut entry = old_entry(name, block.data, &packing);
        entry.packed_bytes = block.data_bytes;
        entry.hand_out(&mut Decoder::new(), walk)
    }
}

/// How old comments and attributes are packed.
struct Comment {
    size_bytes: u64,
    version: u8,
    method: u8,
    crc: Crc,
}

impl Comment {
    fn read(head: &[u8]) -> Option<Self> {
        Some(Self {
            size_bytes: u64::from(u16_at(head, 7)?),
            version: *head.get(9)?,
            method: *head.get(10)?,
            crc: Crc::Half(u16_at(head, 11)?),
        })
    }
}

fn old_entry<'a>(name: Vec<u8>, data: &'a [u8], packing: &Comment) -> Entry<'a> {
    Entry {
        name,
        others: Vec::new(),
        sort: Sort::File,
        packed: Packed {
            data,
            method: method(packing.version, packing.method),
            is_solid: false,
            size_bytes: packing.size_bytes,
        },
        is_unsized: false,
        packed_bytes: length(data.len()),
        crc: Some(packing.crc),
        blake2sp: None,
        is_encrypted: false,
        is_split: false,
    }
}

fn entry<'a>(
    block: &Block<'a>,
    file: &File<'a>,
    (name, other): (Vec<u8>, Vec<u8>),
    sort: Sort,
    is_solid: bool,
) -> Entry<'a> {
    Entry {
        name,
        others: vec![other],
        sort,
        packed: Packed {
            data: block.data,
            method: method(file.version, file.method),
            is_solid,
            size_bytes: file.size_bytes.unwrap_or_default(),
        },
        is_unsized: file.size_bytes.is_none(),
        packed_bytes: block.data_bytes,
        crc: Some(Crc::Whole(file.crc)),
        blake2sp: None,
        is_encrypted: file.is_encrypted,
        is_split: file.is_split,
    }
}

/// Data of a block that should have none, or whose meaning is not known.
fn stray_data(block: &Block<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    if block.data.is_empty() || span(block.data_bytes) == 0 {
        return Ok(());
    }
    walk.stray(block.data, "data of a header that has no content")
}
