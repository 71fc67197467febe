//! The compressed section: LZX that begins anew at equal distances, with a table of where each
//! frame lies.

use wire::Gap;

use crate::archive::codec::lzx::{FRAME_BYTES, Lzx};
use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, span, u32_at, u64_at};
use crate::stream::sink::{Cut, push};

/// Largest window of LZX, in bits: the method has no codes for farther copies.
pub(crate) const HELP_WINDOW_BITS_MAX: u32 = 21;

/// Most sections of a file. Every writer makes two: one of them holds what is not compressed.
pub(crate) const HELP_SECTIONS_MAX: usize = 16;

/// What comes out of a section.
pub(super) struct Unpacked {
    pub(super) content: Vec<u8>,
    /// Which bytes of it could not be had, and stand as zeros: begin and end, in order.
    pub(super) torn: Vec<(usize, usize)>,
    /// Why it ends before its end.
    pub(super) cut: Option<Cut>,
}

impl Unpacked {
    /// Nothing, for this reason.
    pub(super) fn none(gap: Gap, why: &'static str) -> Self {
        Self {
            content: Vec::new(),
            torn: Vec::new(),
            cut: Some((gap, why)),
        }
    }
}

/// How the section is compressed.
struct Control {
    window_bits: u32,
    /// How many frames there are from one beginning to the next.
    interval: usize,
}

impl Control {
    /// From the file `ControlData`; sizes are in frames from version 2 on.
    fn read(data: &[u8]) -> Option<Self> {
        let field = |index: usize| u32_at(data, index.checked_mul(4)?).map(|n| span(n.into()));
        let unit = match field(2)? {
            1 => 1,
            2 => FRAME_BYTES,
            _ => return None,
        };
        let interval = field(3)?.checked_mul(unit)?.checked_div(FRAME_BYTES)?;
        let window = field(4)?.checked_mul(unit)?;
        let window_bits = window.checked_ilog2()?;
        let is_known =
            window.is_power_of_two() && (15..=HELP_WINDOW_BITS_MAX).contains(&window_bits);
        (has(data, 4, b"LZXC") && is_known && 0 < interval).then_some(Self {
            window_bits,
            interval,
        })
    }
}

/// Where the frames lie.
struct Table<'a> {
    unpacked_bytes: u64,
    packed_bytes: usize,
    places: &'a [u8],
}

impl<'a> Table<'a> {
    /// From the file `ResetTable`.
    fn read(data: &'a [u8]) -> Option<Self> {
        let count = span(u32_at(data, 4)?.into());
        let is_known = u32_at(data, 8)? == 8 && u64_at(data, 32)? == length(FRAME_BYTES);
        let places_at = span(u32_at(data, 12)?.into());
        let places = part(data, places_at, count.checked_mul(8)?)?;
        is_known.then_some(Self {
            unpacked_bytes: u64_at(data, 16)?,
            packed_bytes: span(u64_at(data, 24)?),
            places,
        })
    }

    /// The packed bytes of one frame.
    fn frame<'p>(&self, packed: &'p [u8], index: usize) -> Option<&'p [u8]> {
        let place = |index: usize| u64_at(self.places, index.checked_mul(8)?).map(span);
        let begin = place(index)?;
        let end = place(index.checked_add(1)?).unwrap_or(self.packed_bytes);
        packed.get(begin..end)
    }
}

/// Unpacks the section `packed`.
pub(super) fn unpack(
    packed: &[u8],
    control: &[u8],
    table: Option<&[u8]>,
    budget: &mut Budget,
) -> Unpacked {
    let Some(control) = Control::read(control) else {
        return Unpacked::none(Gap::Unsupported, "compressed by an unknown method");
    };
    let Some(table) = table.and_then(Table::read) else {
        return Unpacked::none(
            Gap::Damaged,
            "no table says where the compressed frames are",
        );
    };
    let mut done = Unpacked {
        content: Vec::new(),
        torn: Vec::new(),
        cut: None,
    };
    if let Err(why) = budget.take_input(packed.len()) {
        return Unpacked::none(Gap::Limit, why);
    }
    let frames = span(table.unpacked_bytes.div_ceil(length(FRAME_BYTES)));
    let mut state = Lzx::new(control.window_bits);
    let mut is_lost = false;
    for index in 0..frames {
        // What a table counts and does not have is not there: nothing is made for it.
        let Some(data) = table.frame(packed, index) else {
            done.cut = Some((Gap::Damaged, "compressed data is cut off"));
            break;
        };
        if index.checked_rem(control.interval) == Some(0) {
            state = Lzx::new(control.window_bits);
            is_lost = false;
        }
        let left = table
            .unpacked_bytes
            .saturating_sub(length(done.content.len()));
        let bytes = span(left).min(FRAME_BYTES);
        let fresh = match is_lost {
            true => None,
            false => state
                .unpack(data, bytes, budget)
                .ok()
                .map(|(fresh, _)| fresh),
        };
        is_lost = fresh.is_none();
        if is_lost {
            let begin = done.content.len();
            done.torn.push((begin, begin.saturating_add(bytes)));
        }
        let fresh = fresh.unwrap_or_else(|| vec![0; bytes]);
        if let Err(why) = push(&mut done.content, &fresh, budget) {
            done.cut = Some((Gap::Limit, why));
            break;
        }
    }
    done
}

/// Where the files that belong to the section of this name are, by how their names end.
pub(super) fn is_of(name: &[u8], section: &[u8], file: &[u8]) -> bool {
    let inner = name
        .strip_prefix(b"::DataSpace/Storage/")
        .and_then(|name| name.strip_prefix(section))
        .and_then(|name| name.strip_prefix(b"/"));
    inner.is_some_and(|inner| inner == file || file == RESET && inner.ends_with(RESET))
}

/// The table, in a folder that is named after the method's number.
pub(super) const RESET: &[u8] = b"/InstanceData/ResetTable";

/// The names of the sections: a length in words, a count, and for each its length and its text.
pub(super) fn names(list: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    let mut at: usize = 4;
    while let Some(letters) = crate::bytes::u16_at(list, at) {
        let bytes = usize::from(letters).saturating_mul(2);
        let text = rest(list, at.saturating_add(2), bytes);
        names.push(text.iter().copied().step_by(2).collect());
        at = at.saturating_add(4).saturating_add(bytes);
    }
    names
}
