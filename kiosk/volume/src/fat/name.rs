//! Short and long names of FAT.

use crate::clusters::RECORD_BYTES;
use crate::number::{array, u8_at, u16_at};
use crate::text::{from_utf16, units_le};

/// Entries that the longest name needs: 255 units, 13 in each.
const PIECES_MAX: u8 = 20;

/// A volume label as bytes; see [`short`] about those that are not ASCII.
pub(crate) fn label(record: &[u8; RECORD_BYTES]) -> Vec<u8> {
    let mut name = trimmed(&array::<11>(record, 0));
    restore(&mut name);
    name
}

/// Without the spaces that fill it up.
pub(crate) fn trimmed(name: &[u8]) -> Vec<u8> {
    name.trim_ascii_end().to_vec()
}

/// 0xE5 marks a deleted entry, so a name that begins with it is stored with 0x05.
fn restore(name: &mut [u8]) {
    if let Some(first @ 0x05) = name.first_mut() {
        *first = 0xE5;
    }
}

/// A short name: `NAME.EXT`, in lower case where Windows NT's two case bits say so. Bytes
/// above ASCII belong to a code page that the medium does not name; they are kept as they are.
pub(crate) fn short(record: &[u8; RECORD_BYTES]) -> Vec<u8> {
    let case = u8_at(record, 12);
    let mut name = trimmed(&array::<8>(record, 0));
    restore(&mut name);
    if case & 0x08 != 0 {
        name.make_ascii_lowercase();
    }
    let mut extension = trimmed(&array::<3>(record, 8));
    if case & 0x10 != 0 {
        extension.make_ascii_lowercase();
    }
    if !extension.is_empty() {
        name.push(b'.');
        name.append(&mut extension);
    }
    name
}

/// Whether a name holds a byte that no name may hold, or nothing.
pub(crate) fn is_bad(name: &[u8]) -> bool {
    name.is_empty()
        || name == b"."
        || name == b".."
        || name.iter().any(|byte| matches!(byte, 0 | b'/'))
}

/// The checksum that ties a long name to its short one.
pub(crate) fn checksum(record: &[u8; RECORD_BYTES]) -> u8 {
    array::<11>(record, 0)
        .iter()
        .fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// The text of one piece of a long name, as it is stored.
fn piece_of(record: &[u8; RECORD_BYTES]) -> [u8; 26] {
    let mut piece = [0; 26];
    let bytes = [
        record.get(1..11).unwrap_or_default(),
        record.get(14..26).unwrap_or_default(),
        record.get(28..32).unwrap_or_default(),
    ];
    for (to, from) in piece.iter_mut().zip(bytes.concat()) {
        *to = from;
    }
    piece
}

/// The text of pieces that arrived last piece first.
fn text_of(mut pieces: Vec<[u8; 26]>) -> Vec<u8> {
    pieces.reverse();
    let mut units = units_le(&pieces.concat());
    if let Some(end) = units.iter().position(|unit| *unit == 0) {
        units.truncate(end);
    }
    from_utf16(&units)
}

/// The name of a deleted file, as far as it is still there: the mark overwrites the number of
/// each piece, and the first letter of the short name.
#[derive(Default)]
pub(crate) struct Gone {
    pieces: Vec<[u8; 26]>,
    checksum: u8,
}

impl Gone {
    /// Takes one more piece. Those with another checksum belong to another file.
    pub(crate) fn add(&mut self, record: &[u8; RECORD_BYTES]) {
        let checksum = u8_at(record, 13);
        if checksum != self.checksum {
            self.pieces.clear();
            self.checksum = checksum;
        }
        if self.pieces.len() < usize::from(PIECES_MAX) {
            self.pieces.push(piece_of(record));
        }
    }

    /// The name for this short entry. Nothing waits afterwards.
    pub(crate) fn take(&mut self, record: &[u8; RECORD_BYTES]) -> Vec<u8> {
        let name = text_of(std::mem::take(&mut self.pieces));
        if !is_bad(&name) {
            return name;
        }
        let mut record = *record;
        if let Some(first) = record.first_mut() {
            *first = b'_';
        }
        short(&record)
    }
}

/// A long name while its pieces arrive, last piece first.
#[derive(Default)]
pub(crate) struct Long {
    pieces: Vec<[u8; 26]>,
    /// Number of the piece that must come next; 0 when it is complete or there is none.
    expected: u8,
    checksum: u8,
}

/// Whether a long name belongs to the short entry after it.
pub(crate) enum Taken {
    /// There was none.
    None,
    /// It does.
    Name(Vec<u8>),
    /// It is incomplete or has another checksum.
    Mismatch,
}

impl Long {
    /// Whether pieces wait for their short entry.
    pub(crate) fn is_pending(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Takes one more piece; `false` when it does not follow the one before, which is lost.
    pub(crate) fn add(&mut self, record: &[u8; RECORD_BYTES]) -> bool {
        let order = u8_at(record, 0);
        let number = order & 0x3F;
        let is_first = order & 0x40 != 0;
        let mut fits = true;
        if is_first {
            fits = !self.is_pending();
            self.pieces.clear();
            self.checksum = u8_at(record, 13);
        } else {
            fits = fits && number == self.expected && self.checksum == u8_at(record, 13);
        }
        fits = fits && (1..=PIECES_MAX).contains(&number) && u16_at(record, 26) == 0;
        if self.pieces.len() <= usize::from(PIECES_MAX) {
            self.pieces.push(piece_of(record));
        }
        // A piece out of order leaves a number that no short entry accepts.
        self.expected = if fits {
            number.saturating_sub(1)
        } else {
            u8::MAX
        };
        fits
    }

    /// The name for the short entry with `checksum`. Nothing waits afterwards.
    pub(crate) fn take(&mut self, checksum: u8) -> Taken {
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return Taken::None;
        }
        if self.expected != 0 || self.checksum != checksum {
            return Taken::Mismatch;
        }
        Taken::Name(text_of(pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &[u8; 11], case: u8) -> [u8; 32] {
        let mut record = [0; 32];
        record[..11].copy_from_slice(name);
        record[12] = case;
        record
    }

    #[test]
    fn case_bits_are_honoured_and_no_byte_is_lost() {
        assert_eq!(short(&record(b"README  TXT", 0)), b"README.TXT");
        assert_eq!(short(&record(b"README  TXT", 0x18)), b"readme.txt");
        assert_eq!(short(&record(b"README  TXT", 0x08)), b"readme.TXT");
        assert_eq!(short(&record(b"NOEXT      ", 0x10)), b"NOEXT");
        assert_eq!(short(&record(b"\x05AB     C  ", 0)), b"\xE5AB.C");
        assert_eq!(
            short(&record(b"\x93_\x8C\x9F    TXT", 0)),
            b"\x93_\x8C\x9F.TXT"
        );
    }

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        // "README  TXT", computed by hand from the specification's ChkSum().
        let by_rule = b"README  TXT".iter().fold(0_u8, |sum, byte| {
            ((sum & 1) << 7).wrapping_add(sum >> 1).wrapping_add(*byte)
        });
        assert_eq!(checksum(&record(b"README  TXT", 0)), by_rule);
    }

    fn piece(order: u8, sum: u8, text: &str) -> [u8; 32] {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        if units.len() < 13 {
            units.push(0);
        }
        units.resize(13, 0xFFFF);
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut record = [0; 32];
        record[0] = order;
        record[11] = 0x0F;
        record[13] = sum;
        record[1..11].copy_from_slice(&bytes[..10]);
        record[14..26].copy_from_slice(&bytes[10..22]);
        record[28..32].copy_from_slice(&bytes[22..]);
        record
    }

    #[test]
    fn pieces_in_order_are_a_name_and_others_are_not() {
        let whole = |records: &[[u8; 32]], sum| {
            let mut long = Long::default();
            let fit = records
                .iter()
                .map(|one| long.add(one))
                .filter(|fits| !fits)
                .count();
            (fit, long.take(sum))
        };
        let (wrong, taken) = whole(
            &[piece(0x42, 7, "検査.txt"), piece(1, 7, "1234567890123")],
            7,
        );
        assert_eq!(wrong, 0);
        assert!(matches!(taken, Taken::Name(name) if name == "1234567890123検査.txt".as_bytes()));
        for records in [
            vec![piece(0x43, 7, "c"), piece(1, 7, "a")],
            vec![piece(0x42, 7, "c"), piece(1, 8, "a")],
            vec![piece(0x41, 8, "c")],
            vec![piece(1, 7, "c")],
            vec![piece(0x55, 7, "c")],
            vec![piece(0x42, 7, "c")],
        ] {
            assert!(matches!(whole(&records, 7).1, Taken::Mismatch));
        }
        assert!(matches!(whole(&[], 7).1, Taken::None));
    }
}
