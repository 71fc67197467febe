//! Ar: the common, GNU's and BSD's way of names (ar(5) of FreeBSD, bfd's and Microsoft's
//! descriptions). Static libraries are ar, and so are Debian packages.
//!
//! Tables of symbols and of names are members like all others. Where no header stands where one
//! should, the next one is looked for.

use wire::Gap;

use crate::bytes::{has, part, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// Begins the archive.
const SIGNATURE: &[u8] = b"!<arch>\n";

/// A member's header.
const HEADER_BYTES: usize = 60;

/// Where a header's closing mark is.
const MARK_AT: usize = 58;
const MARK: &[u8] = b"`\n";

/// Whether the content begins as an ar.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE)
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut long_names: Option<&[u8]> = None;
    let mut at = SIGNATURE.len();
    while at < content.len() {
        let Some(header) = Header::read(content, at) else {
            at = skip_to_header(content, at, walk)?;
            continue;
        };
        walk.admit()?;
        let data_at = at.saturating_add(HEADER_BYTES);
        let mut data = rest(content, data_at, header.bytes);
        let is_cut = data.len() < header.bytes;
        if header.name == b"//" && long_names.replace(data).is_some() {
            walk.contradiction("ar_several_name_tables", "names may be read from either");
        }
        let name = match header.inner_name_bytes {
            Some(bytes) => {
                let name = rest(data, 0, bytes);
                data = rest(data, bytes, usize::MAX);
                let end = name.iter().rposition(|byte| *byte != 0);
                rest(name, 0, end.map_or(0, |end| end.saturating_add(1)))
            }
            None => match long_name(header.name, long_names) {
                Ok(name) => name,
                Err(why) => {
                    walk.damaged(why);
                    b"(member without a name)"
                }
            },
        };
        let other = match header.name {
            [b'/' | b'#', ..] => name,
            field => field,
        };
        let body = match (walk.stored(data), is_cut) {
            (Body::Content(content), true) => Body::Partial {
                content,
                gap: Gap::Damaged,
                why: "content is cut off",
            },
            (body, _) => body,
        };
        let (name, findings) = walk.names.judge(name, &[other], Kind::File);
        walk.hand_out(name, findings, body)?;
        at = next(content, data_at.saturating_add(header.bytes), walk);
    }
    Ok(())
}

/// A member's header.
struct Header<'a> {
    /// Its name field without what fills it up.
    name: &'a [u8],
    /// How much of the data is BSD's long name.
    inner_name_bytes: Option<usize>,
    /// The size of the data.
    bytes: usize,
}

impl<'a> Header<'a> {
    fn read(content: &'a [u8], at: usize) -> Option<Self> {
        let header = part(content, at, HEADER_BYTES)?;
        if !has(header, MARK_AT, MARK) {
            return None;
        }
        let name = part(header, 0, 16)?.trim_ascii_end();
        let inner_name_bytes = match name.strip_prefix(b"#1/") {
            Some(digits) => Some(span(number(digits)?)),
            None => None,
        };
        Some(Self {
            name,
            inner_name_bytes,
            bytes: span(number(part(header, 48, 10)?)?),
        })
    }
}

/// Decimal digits between spaces.
fn number(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The name that a name field stands for.
fn long_name<'a>(field: &'a [u8], table: Option<&'a [u8]>) -> Result<&'a [u8], &'static str> {
    match field {
        b"//" => return Ok(b"(table of names)"),
        b"/" | b"/SYM64/" => return Ok(b"(table of symbols)"),
        // Further tables of Microsoft's.
        [b'/', b'<', .., b'>', b'/'] => return Ok(b"(table)"),
        _ => {}
    }
    let place = field.strip_prefix(b"/").and_then(number);
    let Some(place) = place else {
        // A slash ends a name of GNU's, so that it can end with spaces.
        return Ok(match field.strip_suffix(b"/") {
            Some(name) if !name.is_empty() => name,
            Some(_) | None => field,
        });
    };
    let name = table
        .and_then(|table| table.get(span(place)..))
        .and_then(|tail| {
            let end = tail.iter().position(|byte| matches!(byte, b'\n' | 0))?;
            tail.get(..end)
        })
        .ok_or("a name is not in the table of names")?;
    Ok(name.strip_suffix(b"/").unwrap_or(name))
}

/// Where the header behind data that ends at `end` is: at an even place, but not all writers
/// fill up to it.
fn next(content: &[u8], end: usize, walk: &mut Walk<'_>) -> usize {
    let even = end.checked_next_multiple_of(2).unwrap_or(usize::MAX);
    if even == end || Header::read(content, end).is_none() {
        return even;
    }
    walk.contradiction("ar_odd_place", "a member begins at an odd place");
    end
}

/// Where the next header is behind something that is none.
fn skip_to_header(content: &[u8], at: usize, walk: &mut Walk<'_>) -> Result<usize, Halt> {
    let marks = rest(content, at.saturating_add(MARK_AT), usize::MAX).windows(MARK.len());
    let next = marks
        .enumerate()
        .filter(|(_, window)| *window == MARK)
        .map(|(skipped, _)| at.saturating_add(skipped))
        .find(|place| Header::read(content, *place).is_some())
        .unwrap_or(content.len());
    let stray = rest(content, at, next.saturating_sub(at));
    if next < content.len() || stray.iter().any(|byte| *byte != 0) {
        walk.damaged("a header of an ar is malformed");
    }
    walk.stray(stray, "bytes that belong to no member")?;
    Ok(next)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::Gap;

    use crate::testing::{What, gzipped, kinds, made_by_shell, opened};

    /// One member as the format has it.
    fn member(name: &str, data: &[u8]) -> Vec<u8> {
        let header = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            data.len()
        );
        let mut bytes = [header.as_bytes(), data].concat();
        if bytes.len() % 2 == 1 {
            bytes.push(b'\n');
        }
        bytes
    }

    fn archive(members: &[Vec<u8>]) -> Vec<u8> {
        [b"!<arch>\n".to_vec(), members.concat()].concat()
    }

    #[test]
    fn archives_of_the_usual_tools_come_out_whole() {
        for line in [
            "ar qS out",
            "bsdtar --format ar -cf out",
            "bsdtar --format arbsd -cf out",
        ] {
            let names = "alpha.o 'a rather long name of a member.txt' 点検.txt";
            let content = made_by_shell(&format!(
                "printf alpha > alpha.o; printf beta > 'a rather long name of a member.txt'; printf gamma > 点検.txt; : > empty; {line} {names} empty"
            ));
            assert_eq!(kinds(&content), ["ar"]);
            let ar = opened(&content);
            assert!(!ar.is_suspect() && ar.rules.is_empty(), "{line}: {ar:?}");
            assert_eq!(ar.contents("alpha.o"), [b"alpha"], "{line}");
            assert_eq!(
                ar.contents("a rather long name of a member.txt"),
                [b"beta"],
                "{line}: {ar:?}"
            );
            assert_eq!(ar.contents("点検.txt"), [b"gamma"], "{line}");
            assert_eq!(ar.contents("empty"), [b""], "{line}");
        }
    }

    #[test]
    fn a_debian_package_opens_down_to_its_files() {
        let content = made_by_shell(
            "mkdir -p p/DEBIAN p/etc; printf alpha > p/etc/a; printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m <m@example.org>\\nDescription: d\\n' > p/DEBIAN/control; dpkg-deb -Zgzip -b p out >/dev/null",
        );
        let deb = opened(&content);
        assert!(!deb.is_suspect(), "{deb:?}");
        let names: Vec<_> = deb.members.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
        let tar = opened(&opened(&deb.members[2].content).members[0].content);
        assert_eq!(tar.contents("./etc/a"), [b"alpha"]);
    }

    #[test]
    fn an_empty_archive_is_whole() {
        let ar = opened(&archive(&[]));
        assert!(ar.members.is_empty() && !ar.is_suspect());
    }

    #[test]
    fn an_archive_cut_anywhere_is_never_whole() {
        let content = archive(&[
            member("//", b"a rather long name/\n"),
            member("/0", b"alpha"),
            member("#1/4", b"nameb"),
            member("c/", b"gamma"),
        ]);
        let whole = opened(&content);
        assert_eq!(whole.contents("a rather long name"), [b"alpha"]);
        assert_eq!(whole.contents("name"), [b"b"]);
        assert!(!whole.is_suspect(), "{whole:?}");
        let mut boundaries = 0;
        for end in 8..content.len() {
            let ar = opened(&content[..end]);
            if ar.is_suspect() {
                continue;
            }
            // Nothing tells how many members there are; the bytes between them are filling.
            boundaries += 1;
            for member in &ar.members {
                assert!(whole.members.contains(member), "cut at {end}: {ar:?}");
            }
        }
        // The beginnings of the four, and the three ends that are filled up.
        assert_eq!(boundaries, 7);
    }

    #[test]
    fn data_between_and_behind_members_is_told() {
        let between = archive(&[
            member("a/", b"alpha"),
            gzipped(b"hidden"),
            member("b/", b"beta"),
        ]);
        let ar = opened(&between);
        assert_eq!(ar.gap, Some(Gap::Damaged));
        assert_eq!(ar.contents("b"), [b"beta"]);
        let stray = &ar.contents("(data outside every member)")[0];
        assert_eq!(kinds(stray), ["gzip"]);
        let behind = archive(&[member("a/", b"alpha"), gzipped(b"hidden")]);
        let ar = opened(&behind);
        assert_eq!((ar.gap, ar.members.len()), (Some(Gap::Damaged), 2));
        let zeros = archive(&[member("a/", b"alpha"), vec![0; 100]]);
        assert!(!opened(&zeros).is_suspect());
    }

    #[test]
    fn hostile_headers_are_told() {
        let mut large = archive(&[member("a/", b"alpha")]);
        large[8 + 48..8 + 58].copy_from_slice(b"9999999999");
        assert_eq!(opened(&large).members[0].what, What::Partial(Gap::Damaged));
        for (name, suspect) in [
            ("/7", true),
            ("/99999999999999", true),
            ("#1/900", false),
            ("..\\x/", true),
        ] {
            let ar = opened(&archive(&[member(name, b"alpha")]));
            assert_eq!(ar.is_suspect(), suspect, "{name}: {ar:?}");
            assert_eq!(ar.members.len(), 1);
        }
        let twice = archive(&[member("//", b"one/\n"), member("//", b"two/\n")]);
        assert!(opened(&twice).has_rule("ar_several_name_tables"));
        let mut odd = archive(&[member("a/", b"alpha"), member("b/", b"beta")]);
        odd.remove(8 + 60 + 5);
        let ar = opened(&odd);
        assert!(ar.has_rule("ar_odd_place") && ar.contents("b") == [b"beta"]);
    }
}
