//! ActiveMime: what Office saves beside a page, mostly its macros. A compound file, compressed.

use std::borrow::Cow;

use wire::Gap;

use super::zlib;
use crate::bytes::{has, rest};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// Begins it.
const SIGNATURE: &[u8] = b"ActiveMime";

/// How far behind the beginning the data may begin, in bytes: usually at 50, behind a header
/// whose length changes between versions.
const HEADER_BYTES_MAX: usize = 1024;

/// Whether the content begins as one.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out the one content. The header is not documented: the data is where zlib begins.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut places = SIGNATURE.len()..HEADER_BYTES_MAX.min(content.len());
    let unpacked = places.find_map(|at| {
        let packed = rest(content, at, usize::MAX);
        let unpacked = zlib::begins(packed).then(|| zlib::unpack(packed, walk.budget));
        unpacked.filter(|(content, _)| !content.is_empty())
    });
    let (unpacked, gap) = unpacked.unwrap_or_else(|| {
        let why = "compressed data is not found";
        (Vec::new(), Some((Gap::Damaged, why)))
    });
    let (name, findings) = walk.names.judge(b"content", &[], Kind::File);
    let unpacked = Cow::Owned(unpacked);
    let body = Body::of(unpacked, gap);
    walk.hand_out(name, findings, body)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use std::io::Write as _;

    use wire::Gap;

    use super::{HEADER_BYTES_MAX, SIGNATURE};
    use crate::document::compound::maker::Maker;
    use crate::testing::{What, kinds, opened};

    fn packed(content: &[u8], at: usize) -> Vec<u8> {
        let level = flate2::Compression::default();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(content).unwrap();
        let mut packed = SIGNATURE.to_vec();
        packed.resize(at, 0);
        packed.extend(zlib.finish().unwrap());
        packed
    }

    #[test]
    fn the_compound_file_comes_out() {
        let inner = Maker::new(512).with("VBA/x", b"alpha").bytes();
        for at in [50, 0x22a, HEADER_BYTES_MAX - 1] {
            let content = packed(&inner, at);
            assert_eq!(kinds(&content), ["activemime"]);
            let found = opened(&content);
            assert_eq!(found.contents("content"), [&*inner]);
            assert!(!found.is_suspect() && found.rules.is_empty());
        }
        let far = opened(&packed(&inner, HEADER_BYTES_MAX));
        assert_eq!(far.members[0].what, What::Partial(Gap::Damaged));
    }

    #[test]
    fn one_cut_or_changed_anywhere_is_never_whole() {
        let content = packed(b"what changes in it changes what comes out", 50);
        for end in SIGNATURE.len()..content.len() {
            assert!(opened(&content[..end]).is_suspect(), "cut at {end}");
        }
        for at in 50..content.len() {
            let mut changed = content.clone();
            changed[at] ^= 4;
            assert!(opened(&changed).is_suspect(), "changed at {at}");
        }
    }

    #[test]
    fn zeros_end_at_the_limit() {
        let found = opened(&packed(&vec![0; 80 << 20], 50));
        assert_eq!(found.members[0].what, What::Partial(Gap::Limit));
    }
}
