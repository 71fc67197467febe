//! Pbzx, in which Apple's packages have their payload: pieces of xz, or as they are.

use wire::Gap;

use super::single;
use super::sink::{End, Unpacked, begin, push};
use super::xz::{self, xz};
use crate::budget::Budget;
use crate::bytes::{be_u64, has, rest, span};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"pbzx\0\0\0\0";
const HEADER_BYTES: usize = 12;

/// Set in the flags of every piece but the last.
const HAS_MORE: u64 = 1 << 24;

/// Whether the content begins so: the size of its pieces is below 4 GiB.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out the one content.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    single::open(content, walk, pbzx)
}

/// Unpacks all pieces to the end of `output`.
fn pbzx(content: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut at = HEADER_BYTES;
    let mut flags = be_u64(content, 4).unwrap_or(0);
    while flags & HAS_MORE != 0 {
        let header = be_u64(content, at).zip(be_u64(content, at.saturating_add(8)));
        let Some((next, bytes)) = header else {
            return Unpacked::damaged(at, "compressed data is cut off");
        };
        flags = next;
        let data = rest(content, at.saturating_add(16), span(bytes));
        if let Err(why) = begin(budget) {
            return Unpacked::cut(at, Gap::Limit, why);
        }
        let end = if xz::begins(data) {
            xz(data, output, budget).end
        } else {
            match push(output, data, budget) {
                Ok(()) => End::Complete,
                Err(why) => End::Cut(Gap::Limit, why),
            }
        };
        at = at.saturating_add(16).saturating_add(data.len());
        if let End::Cut(gap, why) = end {
            return Unpacked::cut(at, gap, why);
        }
        if data.len() < span(bytes) {
            return Unpacked::damaged(at, "compressed data is cut off");
        }
    }
    Unpacked::whole(at)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::Gap;

    use crate::testing::{What, made, opened};

    fn sample() -> Vec<u8> {
        made(
            "
import lzma, struct
more = 1 << 24
a, b = lzma.compress(b'alpha' * 1000), b'beta'
open('out', 'wb').write(b'pbzx' + struct.pack('>Q', more) + struct.pack('>QQ', more, len(a)) + a
    + struct.pack('>QQ', 0, len(b)) + b)
",
        )
    }

    #[test]
    fn pieces_are_one_content() {
        let done = opened(&sample());
        let wanted = [b"alpha".repeat(1000), b"beta".to_vec()].concat();
        assert_eq!(done.contents("content"), [wanted]);
        assert!(!done.is_suspect());
        let behind = opened(&[sample().as_slice(), b"behind"].concat());
        assert!(behind.has_rule("container_extra_data"));
    }

    #[test]
    fn what_is_cut_off_is_damaged() {
        let whole = sample();
        for end in [12, 20, 60, whole.len() - 6, whole.len() - 1] {
            let done = opened(&whole[..end]);
            assert_eq!(done.members[0].what, What::Partial(Gap::Damaged), "{end}");
        }
    }
}
