//! Rock Ridge: POSIX names, links and relocated folders in the system use area.

use super::descriptor::Disc;
use super::record::{Extent32, Record};
use crate::blocks::{Blocks, head};
use crate::content::Extent;
use crate::number::{array, narrow, u8_at, u32_at};

/// Most continuation areas of one record. Long names and links need one or two.
const CONTINUATIONS_MAX: usize = 16;

/// Longest continuation area read, in bytes: a block is the usual limit.
const CONTINUATION_BYTES_MAX: usize = 64 << 10;

/// What Rock Ridge says of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rock {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Option<Vec<u8>>,
    /// POSIX mode; 0 when it is not given.
    pub(crate) mode: u32,
    /// Block of the folder that this record stands for.
    pub(crate) child: Option<u64>,
    /// Whether the folder is shown elsewhere.
    pub(crate) is_relocated: bool,
    /// Whether the content is compressed.
    pub(crate) is_compressed: bool,
    /// Areas outside the record that it continues in.
    pub(crate) areas: Vec<Extent>,
    /// Whether something could not be followed.
    pub(crate) is_broken: bool,
}

/// Whether the root says that Rock Ridge is used, and how many bytes it skips in each record.
pub(crate) fn detect(blocks: &dyn Blocks, disc: &Disc, root: Extent32) -> Option<usize> {
    let offset = root.block.saturating_mul(disc.block_bytes);
    let sector = head(blocks, offset, 2048).ok()?;
    let record = Record::parse(&sector)?.ok()?;
    let area = record.system_use();
    let is_susp = array::<2>(area, 0) == *b"SP" && array::<2>(area, 4) == [0xBE, 0xEF];
    is_susp.then(|| usize::from(u8_at(area, 6)))
}

impl Rock {
    /// Reads what belongs to `record`.
    pub(crate) fn read(blocks: &dyn Blocks, disc: &Disc, record: &Record) -> Self {
        let mut rock = Self::default();
        let mut link = Link::default();
        let area = record.system_use();
        let mut area = area.get(disc.susp_skip..).unwrap_or_default().to_vec();
        for _ in 0..=CONTINUATIONS_MAX {
            let Some(next) = rock.area(&area, &mut link) else {
                rock.link = link.finish();
                return rock;
            };
            let offset = u64::from(next.block)
                .saturating_mul(disc.block_bytes)
                .saturating_add(u64::from(next.offset));
            let length = narrow(u64::from(next.length));
            let bytes = head(blocks, offset, length.min(CONTINUATION_BYTES_MAX));
            match bytes {
                Ok(bytes) if bytes.len() == length => area = bytes,
                Ok(_) | Err(_) => break,
            }
            rock.areas.push(Extent {
                offset_bytes: Some(offset),
                size_bytes: u64::from(next.length),
            });
        }
        rock.link = link.finish();
        rock.is_broken = true;
        rock
    }

    /// Reads one area; gives the one that it continues in.
    fn area(&mut self, area: &[u8], link: &mut Link) -> Option<Continuation> {
        let mut rest = area;
        let mut next = None;
        while 4 <= rest.len() && u8_at(rest, 0) != 0 {
            let length = usize::from(u8_at(rest, 2));
            let Some(field) = rest.get(..length).filter(|_| 4 <= length) else {
                self.is_broken = true;
                break;
            };
            match &array::<2>(field, 0) {
                b"CE" => {
                    next = Some(Continuation {
                        block: u32_at(field, 4),
                        offset: u32_at(field, 12),
                        length: u32_at(field, 20),
                    });
                }
                b"ST" => return next,
                b"NM" if u8_at(field, 4) & 6 == 0 => {
                    self.name
                        .extend_from_slice(field.get(5..).unwrap_or_default());
                }
                b"SL" => link.add(field.get(5..).unwrap_or_default()),
                b"PX" => self.mode = u32_at(field, 4),
                b"CL" => self.child = Some(u64::from(u32_at(field, 4))),
                b"RE" => self.is_relocated = true,
                b"ZF" => self.is_compressed = true,
                _ => {}
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        next
    }
}

struct Continuation {
    block: u32,
    offset: u32,
    length: u32,
}

/// A link's target while its components arrive.
#[derive(Default)]
struct Link {
    target: Vec<u8>,
    any: bool,
    /// The component is continued in the next one.
    open: bool,
}

impl Link {
    fn add(&mut self, mut components: &[u8]) {
        self.any = true;
        while let [flags, length, rest @ ..] = components {
            let text = rest.get(..usize::from(*length)).unwrap_or(rest);
            if !self.open && !self.target.is_empty() && !self.target.ends_with(b"/") {
                self.target.push(b'/');
            }
            match flags & 0x0E {
                0x02 => self.target.push(b'.'),
                0x04 => self.target.extend_from_slice(b".."),
                0x08 => self.target.push(b'/'),
                _ => self.target.extend_from_slice(text),
            }
            self.open = flags & 1 != 0;
            components = rest.get(usize::from(*length)..).unwrap_or_default();
        }
    }

    fn finish(self) -> Option<Vec<u8>> {
        self.any.then_some(self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_components_become_a_path() {
        let mut link = Link::default();
        link.add(&[8, 0, 0, 3, b'u', b's', b'r', 4, 0, 1, 2, b'a', b'b']);
        link.add(&[0, 1, b'c', 2, 0]);
        assert_eq!(link.finish().unwrap(), b"/usr/../abc/.");
        assert_eq!(Link::default().finish(), None);
    }

    #[test]
    fn a_field_that_does_not_fit_is_noticed() {
        let mut rock = Rock::default();
        let area = b"NM\x07\x01\x00ab\x4E\x4D\x09\x01\x00c";
        assert!(rock.area(area, &mut Link::default()).is_none());
        assert!(rock.is_broken);
        assert_eq!(rock.name, b"ab");
    }
}
