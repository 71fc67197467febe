//! The container of RAR 5.0 and 7.0.

pub(super) mod header;
mod quick;

use super::codec::{Decoder, Method, Packed};
use super::member::{Crc, Entry, Sort, stream_name};
use crate::bytes::{length, rest};
use crate::walk::{Halt, Walk};
use header::{File, Header, Kind, Redirection};

/// The signature, with the version.
const SIGNATURE_BYTES: usize = 8;

/// Hands out every member.
pub(super) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut archive = Archive {
        content,
        decoder: Decoder::new(),
        last_name: Vec::new(),
    };
    let mut at = SIGNATURE_BYTES;
    while at < content.len() {
        let header = match Header::read(content, at) {
            Ok(header) => header,
            Err(why) => {
                walk.damaged(why);
                return walk.stray(rest(content, at, usize::MAX), "bytes behind a wrong header");
            }
        };
        let is_cut = length(header.data.len()) < header.data_bytes;
        if is_cut {
            walk.damaged("rar is cut off");
        }
        if header.has_surplus {
            walk.contradiction("rar_header_mismatch", "a header has more than its fields");
        }
        match &header.kind {
            Kind::Main { is_later_volume } => {
                if *is_later_volume {
                    // Its first member may go on with what another volume holds.
                    archive.decoder.lose(wire::Gap::Unsupported);
                }
                archive.stray_data(&header, walk)?;
            }
            Kind::File(file) => archive.file(&header, file, walk)?,
            Kind::Service(file) => archive.service(&header, file, at, walk)?,
            Kind::Encryption => {
                walk.encrypted("rar with an encrypted list of members");
                return Ok(());
            }
            Kind::End => {
                archive.stray_data(&header, walk)?;
                let behind = rest(content, header.end, usize::MAX);
                return walk.stray(behind, "bytes after the end of the archive");
            }
            Kind::Unknown => {
                walk.unsupported("rar header of an unknown kind");
                archive.stray_data(&header, walk)?;
            }
        }
        at = header.end;
    }
    walk.damaged("rar ends without its end mark");
    Ok(())
}

/// What is carried from one header to the next.
struct Archive<'a> {
    content: &'a [u8],
    decoder: Decoder,
    /// Services belong to the file before them.
    last_name: Vec<u8>,
}

impl<'a> Archive<'a> {
    fn file(
        &mut self,
        header: &Header<'a>,
        file: &File<'a>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        self.last_name = file.name.to_vec();
        let sort = match &file.redirection {
            Some(Redirection::Symlink(target)) => Sort::Symlink(target.to_vec()),
            Some(Redirection::Hardlink(target)) => Sort::Hardlink(target.to_vec()),
            None if file.is_folder => Sort::Folder,
            None => Sort::File,
        };
        if matches!(file.redirection, Some(Redirection::Hardlink(_))) && 0 < header.data_bytes {
            // Nothing says which of the two a reader takes.
            walk.contradiction("rar_header_mismatch", "a reference has content of its own");
        }
        let mut decoder = std::mem::replace(&mut self.decoder, Decoder::new());
        let result = entry(header, file, file.name.to_vec(), sort).hand_out(&mut decoder, walk);
        self.decoder = decoder;
        result
    }

    /// Comments and alternate streams are contents; the others are the container's own.
    fn service(
        &mut self,
        header: &Header<'a>,
        file: &File<'a>,
        at: usize,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        let name = match file.name {
            b"QO" if file.method == Method::Stored && !file.is_encrypted => {
                if !quick::agrees(self.content, at, header.data) {
                    walk.contradiction("rar_quick_open_mismatch", "two lists of members differ");
                }
                return Ok(());
            }
            // Reed-Solomon data over the archive: no reader takes content from it.
            b"RR" => return Ok(()),
            b"CMT" => b"(comment)".to_vec(),
            b"STM" => stream_name(&self.last_name, file.service_data.unwrap_or_default()),
            other => [b"(service ", other, b")"].concat(),
        };
        // Services stand outside the solid stream.
        entry(header, file, name, Sort::File).hand_out(&mut Decoder::new(), walk)
    }

    /// Data of a header that should have none, or whose meaning is not known.
    fn stray_data(&self, header: &Header<'a>, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if header.data.is_empty() {
            return Ok(());
        }
        walk.stray(header.data, "data of a header that has no content")
    }
}

fn entry<'a>(header: &Header<'a>, file: &File<'a>, name: Vec<u8>, sort: Sort) -> Entry<'a> {
    let until_zero = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Entry {
        others: vec![until_zero.to_vec()],
        name,
        sort,
        packed: Packed {
            data: header.data,
            method: file.method,
            is_solid: file.is_solid,
            size_bytes: file.size_bytes.unwrap_or_default(),
        },
        is_unsized: file.size_bytes.is_none(),
        packed_bytes: header.data_bytes,
        crc: file.crc.map(Crc::Whole),
        blake2sp: file.blake2sp,
        is_encrypted: file.is_encrypted,
        is_split: header.is_split,
    }
}
