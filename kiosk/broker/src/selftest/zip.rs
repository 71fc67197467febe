//! A zip archive in memory, every member deflated: only written, never read.
//!
//! The packed form is the plainest that RFC 1951 knows, one block of fixed codes without
//! repetitions. It does not pack; it makes whoever unpacks it do so.

use super::medium::FIRST_DAY;

/// A member.
pub(super) struct Member<'m> {
    pub(super) name: &'m str,
    pub(super) bytes: &'m [u8],
}

/// An archive of these members; `None` past what a zip without extensions holds.
pub(super) fn archive(members: &[Member<'_>]) -> Option<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let packed = deflated(member.bytes);
        let about = about(member, packed.len())?;
        let offset = u32::try_from(archive.len()).ok()?;
        archive.extend(b"PK\x03\x04");
        archive.extend(&about);
        archive.extend(member.name.as_bytes());
        archive.extend(packed);
        // Made by and for version 2.0; after the common part no comment, first disk, no
        // attributes.
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(member.name.as_bytes());
    }
    let begin = u32::try_from(archive.len()).ok()?.to_le_bytes();
    let length = u32::try_from(directory.len()).ok()?.to_le_bytes();
    let count = u16::try_from(members.len()).ok()?.to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend(count);
    archive.extend(count);
    archive.extend(length);
    archive.extend(begin);
    archive.extend([0, 0]);
    Some(archive)
}

/// What a member's own header and its line in the directory both say.
fn about(member: &Member<'_>, packed: usize) -> Option<Vec<u8>> {
    // Version 2.0, no flags, deflated, midnight.
    let mut about = vec![20, 0, 0, 0, 8, 0, 0, 0];
    about.extend(FIRST_DAY.to_le_bytes());
    about.extend(crc32fast::hash(member.bytes).to_le_bytes());
    about.extend(u32::try_from(packed).ok()?.to_le_bytes());
    about.extend(u32::try_from(member.bytes.len()).ok()?.to_le_bytes());
    about.extend(u16::try_from(member.name.len()).ok()?.to_le_bytes());
    about.extend([0, 0]);
    Some(about)
}

/// Bits in the order of RFC 1951: numbers from their lowest bit, codes from their highest.
#[derive(Default)]
struct Bits {
    done: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    /// Appends a code of at most 9 bits.
    fn code(&mut self, code: u16, length: u32) {
        let turned = u32::from(code).reverse_bits();
        let turned = turned.wrapping_shr(32_u32.saturating_sub(length));
        self.held |= turned.wrapping_shl(self.count);
        self.count = self.count.saturating_add(length);
        while 8 <= self.count {
            let [lowest, ..] = self.held.to_le_bytes();
            self.done.push(lowest);
            self.held >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // Enough zeros to push the last bits out.
        self.code(0, 7);
        self.done
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, then fixed codes: 1, and 01 from its lowest bit.
    bits.code(0b110, 3);
    for &byte in bytes {
        let literal = u16::from(byte);
        match literal.checked_sub(144) {
            None => bits.code(literal.saturating_add(0b0011_0000), 8),
            Some(above) => bits.code(above.saturating_add(0b1_1001_0000), 9),
        }
    }
    // The end of the block.
    bits.code(0, 7);
    bits.finish()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn another_program_unpacks_every_byte_and_tests_the_archive_as_sound() {
        let every: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let contents = [Vec::new(), vec![0], vec![143, 144, 255], every];
        let names = ["A", "B", "C", "INNER.ZIP"];
        let members: Vec<_> = names
            .iter()
            .zip(&contents)
            .map(|(name, bytes)| Member { name, bytes })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.zip");
        std::fs::write(&path, archive(&members).unwrap()).unwrap();
        let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); \
            assert z.testzip() is None; print(*(z.read(i).hex() or '-' for i in z.infolist()))";
        let done = Command::new("python3")
            .args(["-c", script])
            .arg(&path)
            .output()
            .unwrap();
        let hex = |bytes: &Vec<u8>| match bytes.len() {
            0 => "-".to_owned(),
            _ => wire::name::hex(bytes),
        };
        let wanted: Vec<_> = contents.iter().map(hex).collect();
        let said = String::from_utf8_lossy(&done.stdout);
        let error = String::from_utf8_lossy(&done.stderr);
        assert_eq!(said.trim(), wanted.join(" "), "{error}");
    }
}
