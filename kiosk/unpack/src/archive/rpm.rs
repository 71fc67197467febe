//! RPM packages (rpm's own "RPM Package Format"): a lead, two headers and a payload.
//!
//! The headers lie open in the package and are matched with its bytes. The payload is handed
//! out as it is, compressed, and opens as the stream that it is.

use std::borrow::Cow;

use wire::Gap;

use crate::bytes::{be_u32, has, length, part, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// Begins the lead.
const LEAD: &[u8] = b"\xed\xab\xee\xdb";
const LEAD_BYTES: usize = 96;

/// Begins a header, of the only version there is.
const HEADER: &[u8] = b"\x8e\xad\xe8\x01";
const INTRODUCTION_BYTES: usize = 16;
const ENTRY_BYTES: usize = 16;

/// Tags: how large header and payload together are, in 32 and in 64 bits; what the payload is.
const TAG_SIZE: u32 = 1000;
const TAG_LONG_SIZE: u32 = 270;
const TAG_FORMAT: u32 = 1124;

/// Whether the content begins as an rpm.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, LEAD)
}

/// Hands out the payload.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(signature) = Header::read(content, LEAD_BYTES) else {
        walk.damaged("the signature header is malformed or cut off");
        return walk.stray(
            rest(content, LEAD_BYTES, usize::MAX),
            "bytes that belong to no member",
        );
    };
    let at = signature.end.checked_next_multiple_of(8);
    let at = at.unwrap_or(usize::MAX);
    let Some(header) = Header::read(content, at) else {
        walk.damaged("the header is malformed or cut off");
        return walk.stray(
            rest(content, at, usize::MAX),
            "bytes that belong to no member",
        );
    };
    if header
        .text(TAG_FORMAT)
        .is_some_and(|format| format != b"cpio")
    {
        walk.unsupported("the payload is not cpio");
    }
    let payload = rest(content, header.end, usize::MAX);
    let stated = signature.size().map(|bytes| {
        let header_bytes = length(header.end.saturating_sub(at));
        bytes.checked_sub(header_bytes).unwrap_or(u64::MAX)
    });
    let kept = rest(payload, 0, stated.map_or(usize::MAX, span));
    walk.admit()?;
    let fault = if stated.is_some_and(|bytes| length(kept.len()) < bytes) || kept.is_empty() {
        Some((Gap::Damaged, "payload is cut off"))
    } else if crate::recognise(kept).is_empty() && crate::unopenable(kept).is_none() {
        // Nobody would open it, so that it would pass for plain content.
        Some((Gap::Unsupported, "payload is compressed in an unknown way"))
    } else {
        None
    };
    let body = match (walk.stored(kept), fault) {
        (Body::Content(content), Some((gap, why))) => partial(content, gap, why),
        (body, _) => body,
    };
    let (name, findings) = walk.names.judge(b"payload", &[], Kind::File);
    walk.hand_out(name, findings, body)?;
    let behind = rest(payload, kept.len(), usize::MAX);
    walk.stray(behind, "bytes after the payload")
}

fn partial<'a>(content: Cow<'a, [u8]>, gap: Gap, why: &'static str) -> Body<'a> {
    Body::Partial { content, gap, why }
}

/// One header: an index of entries and the store that these point into.
struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
    end: usize,
}

impl<'a> Header<'a> {
    fn read(content: &'a [u8], at: usize) -> Option<Self> {
        if !has(content, at, HEADER) {
            return None;
        }
        let entries = span(u64::from(be_u32(content, at.checked_add(8)?)?));
        let store_bytes = span(u64::from(be_u32(content, at.checked_add(12)?)?));
        let index_at = at.checked_add(INTRODUCTION_BYTES)?;
        let index = part(content, index_at, entries.checked_mul(ENTRY_BYTES)?)?;
        let store_at = index_at.checked_add(index.len())?;
        let store = part(content, store_at, store_bytes)?;
        Some(Self {
            index,
            store,
            end: store_at.checked_add(store_bytes)?,
        })
    }

    /// Where in the store the value of `tag` begins.
    fn value(&self, tag: u32) -> Option<&'a [u8]> {
        let mut entries = self.index.chunks_exact(ENTRY_BYTES);
        let entry = entries.find(|entry| be_u32(entry, 0) == Some(tag))?;
        self.store.get(span(u64::from(be_u32(entry, 8)?))..)
    }

    fn text(&self, tag: u32) -> Option<&'a [u8]> {
        self.value(tag)?.split(|byte| *byte == 0).next()
    }

    /// The size that the signature states.
    fn size(&self) -> Option<u64> {
        let long = self.value(TAG_LONG_SIZE).and_then(|value| {
            let high = u64::from(be_u32(value, 0)?);
            Some(high.checked_shl(32)? | u64::from(be_u32(value, 4)?))
        });
        long.or_else(|| be_u32(self.value(TAG_SIZE)?, 0).map(u64::from))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::Gap;

    use crate::testing::{What, gzipped, kinds, made_by_shell, opened};

    /// A header with one entry of 32 bits for each tag, or of a text.
    fn header(entries: &[(u32, &[u8])]) -> Vec<u8> {
        let mut store = Vec::new();
        let mut index = Vec::new();
        for (tag, value) in entries {
            let at = u32::try_from(store.len()).unwrap();
            for number in [*tag, 4, at, 1] {
                index.extend_from_slice(&number.to_be_bytes());
            }
            store.extend_from_slice(value);
        }
        let mut bytes = b"\x8e\xad\xe8\x01\0\0\0\0".to_vec();
        bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(store.len()).unwrap().to_be_bytes());
        bytes.extend(index);
        bytes.extend(store);
        bytes
    }

    fn package(format: &[u8], payload: &[u8]) -> Vec<u8> {
        let main = header(&[(1124, format)]);
        let size = u32::try_from(main.len() + payload.len()).unwrap();
        let mut bytes = b"\xed\xab\xee\xdb\x03\0".to_vec();
        bytes.resize(96, 0);
        bytes.extend(header(&[(1000, &size.to_be_bytes())]));
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        [bytes, main, payload.to_vec()].concat()
    }

    #[test]
    fn a_package_of_rpmbuild_opens_down_to_its_files() {
        let content = made_by_shell(
            "mkdir r; printf 'Name: p\\nVersion: 1\\nRelease: 1\\nSummary: s\\nLicense: l\\nBuildArch: noarch\\n%%description\\nd\\n%%install\\nmkdir -p %%{buildroot}/etc\\nprintf alpha > %%{buildroot}/etc/点検\\n%%files\\n/etc/点検\\n' > p.spec; rpmbuild -bb --quiet --define \"_topdir $PWD/r\" --define '_binary_payload w9.gzdio' p.spec 2>err || { cat err >&2; exit 1; }; mv r/RPMS/noarch/*.rpm out",
        );
        assert_eq!(kinds(&content), ["rpm"]);
        let rpm = opened(&content);
        assert!(!rpm.is_suspect() && rpm.rules.is_empty(), "{rpm:?}");
        let cpio = opened(&opened(rpm.contents("payload")[0]).members[0].content);
        assert_eq!(cpio.contents("./etc/点検"), [b"alpha"]);
        assert!(!cpio.is_suspect(), "{cpio:?}");
    }

    #[test]
    fn a_package_cut_anywhere_is_never_whole() {
        let content = package(b"cpio\0", &gzipped(b"alpha"));
        assert!(!opened(&content).is_suspect());
        for end in 4..content.len() {
            let rpm = opened(&content[..end]);
            assert!(rpm.is_suspect(), "cut at {end}: {rpm:?}");
        }
    }

    #[test]
    fn a_payload_that_nobody_opens_is_not_whole() {
        let rpm = opened(&package(b"cpio\0", b"unknown compression"));
        assert_eq!(rpm.members[0].what, What::Partial(Gap::Unsupported));
        assert_eq!(rpm.members[0].content, b"unknown compression");
        let rpm = opened(&package(b"drpm\0", &gzipped(b"alpha")));
        assert_eq!(rpm.gap, Some(Gap::Unsupported));
    }

    #[test]
    fn data_behind_the_payload_is_told() {
        let hidden = gzipped(b"hidden");
        let rpm = opened(&[package(b"cpio\0", &gzipped(b"alpha")), hidden.clone()].concat());
        assert!(rpm.has_rule("container_extra_data"));
        assert_eq!(rpm.members[1].content, hidden);
    }

    #[test]
    fn hostile_sizes_in_headers_are_damaged() {
        for at in [96, 104, 108, 136, 136 + 8, 136 + 12] {
            let mut content = package(b"cpio\0", &gzipped(b"alpha"));
            content[at..at + 4].fill(0xff);
            assert_eq!(opened(&content).gap, Some(Gap::Damaged), "at {at}");
        }
        // A stated size below that of the header.
        let mut content = package(b"cpio\0", &gzipped(b"alpha"));
        content[96 + 32..96 + 36].fill(0);
        assert!(opened(&content).is_suspect());
    }
}
