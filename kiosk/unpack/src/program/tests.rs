#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;
use wire::scan::Limits;

use super::maker::{Maker, Name, number};
use super::nrv::{self, Form};
use super::packed::{LIBRARIES_MAX, SECTION_BYTES_MIN, is_even};
use super::pe::SECTIONS_MAX;
use super::resource::{ENTRIES_MAX, OVERLAP_MAX, UNUSUAL_BYTES_MIN};
use super::upx::{HEAD_BYTES, PROGRAM_MARKS_MAX};
use super::within::{OVERLAY_BYTES_MIN, PROGRAMS_MAX};
use crate::stream::check::adler32;
use crate::testing::{What, gzipped, kinds, made, made_by_shell, opened, opened_within};

const RAW: Name = Name::Number(10);
const ICON: Name = Name::Number(3);

/// Bytes that are spread as evenly as compressed ones.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state: u32 = 0x1234_5678;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..bytes).map(|_| next()).collect()
}

fn small() -> Vec<u8> {
    Maker::new().section(".text", true, b"payload").bytes()
}

fn zip() -> Vec<u8> {
    made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w'); z.writestr(zipfile.ZipInfo('a'), b'plain marker'); z.close()
",
    )
}

fn names(content: &[u8]) -> Vec<String> {
    opened(content)
        .members
        .into_iter()
        .map(|one| one.name)
        .collect()
}

#[test]
fn containers_and_programs_in_resources_are_handed_out() {
    for is_wide in [false, true] {
        let maker = if is_wide {
            Maker::new().wide()
        } else {
            Maker::new()
        };
        let content = maker
            .resource(RAW, Name::Number(7), &zip())
            .resource(ICON, Name::Number(1), &small())
            .resource(
                Name::Letters("部品/x"),
                Name::Letters("..\\点検"),
                &noise(UNUSUAL_BYTES_MIN),
            )
            .resource(RAW, Name::Number(8), &noise(UNUSUAL_BYTES_MIN - 1))
            .resource(ICON, Name::Number(2), &noise(5000))
            .resource(RAW, Name::Number(9), &b"some text ".repeat(500))
            .bytes();
        assert!(kinds(&content).contains(&"pe"));
        let found = opened(&content);
        let resources = found.members.iter().map(|one| one.name.as_str());
        assert_eq!(
            resources
                .filter(|name| name.starts_with("resource"))
                .collect::<Vec<_>>(),
            [
                "resource 部品_x/.._点検/1041",
                "resource ICON/1/1041",
                "resource RCDATA/7/1041"
            ]
        );
        assert_eq!(found.contents("resource RCDATA/7/1041"), [zip()]);
        assert_eq!(found.contents("resource ICON/1/1041"), [small()]);
        assert!(!found.is_suspect(), "{found:?}");
    }
}

#[test]
fn what_the_search_finds_in_a_resource_is_not_handed_out_twice() {
    let with = Maker::new().resource(RAW, Name::Number(1), &gzipped(b"alpha"));
    let content = with.bytes();
    let found = opened(&content);
    assert_eq!(found.contents("content"), [b"alpha"]);
    assert_eq!(found.members.len(), 1);
    // Nothing so far behind the beginning is searched for.
    let far = Maker::new().section(".data", false, &vec![1; 17 << 20]);
    let far = far.resource(RAW, Name::Number(1), &gzipped(b"alpha"));
    assert_eq!(names(&far.bytes()), ["resource RCDATA/1/1041"]);
    // A zip at the end may hide the others.
    let both = [content, zip()].concat();
    assert_eq!(kinds(&both), ["zip", "pe"]);
    assert!(names(&both).contains(&"resource RCDATA/1/1041".to_owned()));
}

#[test]
fn lzma_that_the_search_takes_for_chance_is_handed_out() {
    // So short a content may come out of anything: it is not looked for in other data.
    let mut short = made_by_shell("head -c 200 /bin/true | xz --format=lzma > out");
    short[5..13].copy_from_slice(&200_u64.to_le_bytes());
    assert_eq!(kinds(&short), ["lzma"]);
    let with = |alone: &[u8]| Maker::new().resource(ICON, Name::Number(1), alone).bytes();
    let found = opened(&with(&short));
    assert_eq!(found.contents("resource ICON/1/1041"), [short.as_slice()]);
    let behind = [short, noise(OVERLAY_BYTES_MIN)].concat();
    let found = opened(&[small(), behind.clone()].concat());
    assert_eq!(found.contents("(data behind the program)"), [behind]);
    // What the search opens is handed out by it alone.
    let usual = made_by_shell("seq 1 4000 | xz --format=lzma > out");
    assert_eq!(names(&with(&usual)), ["content"]);
    assert_eq!(names(&[small(), usual].concat()), ["content"]);
}

#[test]
fn a_tree_that_leads_in_a_circle_ends() {
    let content = Maker::new()
        .resource(RAW, Name::Number(1), &noise(2000))
        .bytes();
    let root = 1024;
    // The names are the kinds once more.
    let mut changed = content.clone();
    changed[root + 20..root + 24].copy_from_slice(&0x8000_0000_u32.to_le_bytes());
    assert!(opened(&changed).members.is_empty());
    // A directory of as many entries as there may be, each of which is one once more.
    let many = |count: u16| {
        let mut tree = vec![0; 16];
        tree[14..].copy_from_slice(&count.to_le_bytes());
        tree.extend([1, 0, 0, 0, 0, 0, 0, 0x80].repeat(usize::from(count)));
        let mut content = Maker::new().resource(RAW, Name::Number(1), &tree).bytes();
        let at = content
            .windows(16)
            .position(|part| part == &tree[..16])
            .unwrap();
        content.drain(root..at);
        content
    };
    // All levels together.
    assert_eq!(opened(&many(30)).gap, None);
    const { assert!(30 * 31 * 30 < ENTRIES_MAX && ENTRIES_MAX < 45 * 45 * 45) };
    assert_eq!(opened(&many(45)).gap, Some(Gap::Limit));
}

#[test]
fn leaves_that_overlap_are_bounded() {
    let data = b"x".repeat(10_000);
    let mut maker = Maker::new();
    let count = OVERLAP_MAX * 3;
    for index in 0..count {
        maker = maker.resource(RAW, Name::Number(u32::try_from(index).unwrap()), b"");
    }
    let mut content = maker.resource(ICON, Name::Number(99), &data).bytes();
    let leaves = |content: &[u8], index: usize| {
        let _ = content;
        1024 + 16 + 8 * (count + 1) + 64 * index + 48
    };
    let last = leaves(&content, count);
    let address = u32::from_le_bytes(content[last..last + 4].try_into().unwrap());
    for index in 0..count {
        let at = leaves(&content, index);
        let shift = u32::try_from(index).unwrap();
        content[at..at + 4].copy_from_slice(&(address + shift).to_le_bytes());
        content[at + 4..at + 8].copy_from_slice(&number(9000));
    }
    assert_eq!(opened(&content).gap, Some(Gap::Limit));
}

#[test]
fn programs_in_a_program_are_handed_out() {
    let elf = std::fs::read("/bin/true").unwrap();
    let inner = [b"abc".as_slice(), &small(), b"between", &elf].concat();
    let content = Maker::new().section(".data", false, &inner).bytes();
    let found = opened(&content);
    assert_eq!(found.members.len(), 2);
    assert!(found.members[0].content == small() && found.members[1].content == elf);
    assert_eq!(found.rules, ["program_within"]);
    // Behind the end, each with what follows it.
    let other = [small(), b"its own data".to_vec()].concat();
    let content = [small(), other.clone(), elf.clone()].concat();
    let found = opened(&content);
    assert_eq!(found.rules, ["program_overlay", "program_within"]);
    assert!(found.members[0].content == other && found.members[1].content == elf);
    let content = [elf.clone(), other.clone()].concat();
    let found = opened(&content);
    assert!(kinds(&content) == ["elf"] && found.members[0].content == other);
    // What only resembles one is nothing.
    let mut broken = small();
    broken[0x98] = 0;
    let content = Maker::new().section(".data", false, &broken).bytes();
    assert!(opened(&content).members.is_empty() && kinds(&broken).is_empty());
}

#[test]
fn more_programs_and_sections_than_are_looked_at_are_told() {
    let many = |count: usize| small().repeat(count + 1);
    let found = opened(&many(PROGRAMS_MAX));
    assert!(found.members.len() == PROGRAMS_MAX && found.gap.is_none());
    assert_eq!(opened(&many(PROGRAMS_MAX + 1)).gap, Some(Gap::Limit));

    let mut content = small();
    content[0x86] = u8::try_from(SECTIONS_MAX).unwrap();
    assert_eq!(opened(&content).gap, None);
    content[0x86] += 1;
    assert_eq!(opened(&content).gap, Some(Gap::Limit));
}

#[test]
fn a_document_behind_a_program_is_handed_out() {
    let document = crate::document::compound::maker::Maker::new(512)
        .with("a", b"plain marker")
        .bytes();
    let handed = |content: &[u8]| {
        let found = opened(content);
        assert_eq!(
            found.contents("(data behind the program)"),
            [document.as_slice()]
        );
        assert_eq!(found.rules, ["program_overlay"]);
    };
    handed(&[small(), vec![0; 64], document.clone()].concat());
    let signed = Maker::new()
        .section(".text", true, b"x")
        .signed(&[7; 600])
        .bytes();
    assert!(opened(&signed).rules.is_empty());
    handed(&[signed, document.clone()].concat());
    let rest = |bytes: usize| opened(&[small(), vec![1; bytes]].concat()).rules;
    assert!(rest(OVERLAY_BYTES_MIN - 1).is_empty());
    assert_eq!(rest(OVERLAY_BYTES_MIN), ["program_overlay"]);
    let disk = [small(), b"WLPWM\0\0\0".repeat(100)].concat();
    assert_eq!(names(&disk), ["(data behind the program)"]);
}

#[test]
fn old_symbols_are_part_of_the_program() {
    let mut content = small();
    let place = content.len();
    content[0x8c..0x90].copy_from_slice(&number(place));
    content[0x90..0x94].copy_from_slice(&number(100));
    content.extend(vec![5; 1800]);
    content.extend(number(4));
    assert!(opened(&content).rules.is_empty());
}

#[test]
fn packed_programs_are_told() {
    let named = Maker::new()
        .section("UPX0", true, b"")
        .section("UPX1", true, b"x")
        .bytes();
    assert_eq!(opened(&named).rules, ["program_packed"]);
    let made = |bytes: usize| Maker::new().section(".a", true, &noise(bytes)).bytes();
    assert_eq!(opened(&made(SECTION_BYTES_MIN)).rules, ["program_packed"]);
    assert!(opened(&made(SECTION_BYTES_MIN - 512)).rules.is_empty());
    // Data of the same kind does not run.
    let data = Maker::new().section(".a", false, &noise(9000)).bytes();
    assert!(opened(&data).rules.is_empty());
    let code = std::fs::read("/bin/bash").unwrap();
    assert!(!is_even(&code) && is_even(&noise(1 << 16)));
    // Libraries that are named, in the last bytes of a section that is even otherwise.
    let with = |libraries: usize| {
        let mut table: Vec<u8> = [[0; 12].as_slice(), &[1; 8]].concat().repeat(libraries);
        table.resize(table.len() + 20, 0);
        let code = noise(16_384);
        let maker = Maker::new().section(".i", false, &table);
        let mut content = maker.section(".a", true, &code).bytes();
        let imports = 0x98 + 96 + 8;
        content[imports..imports + 4].copy_from_slice(&number(0x1000));
        opened(&content).rules
    };
    assert_eq!(with(LIBRARIES_MAX), ["program_packed"]);
    assert!(with(LIBRARIES_MAX + 1).is_empty());
    let mut elf = std::fs::read("/bin/true").unwrap();
    elf[0x200..0x204].copy_from_slice(b"UPX!");
    assert_eq!(opened(&elf).rules, ["program_packed"]);
}

/// A program as UPX packs it: the packer's header, and the data right behind it.
fn upx(packed: &[u8], plain: &[u8], method: u8) -> Vec<u8> {
    let mut content = Maker::new().section("a", true, packed).bytes();
    let at = 1024 - 32;
    content[at..at + 4].copy_from_slice(b"UPX!");
    content[at + 6] = method;
    content[at + 8..at + 12].copy_from_slice(&adler32(plain).to_le_bytes());
    content[at + 12..at + 16].copy_from_slice(&adler32(packed).to_le_bytes());
    content[at + 16..at + 20].copy_from_slice(&number(plain.len()));
    content[at + 20..at + 24].copy_from_slice(&number(packed.len()));
    content
}

#[test]
fn programs_of_upx_are_unpacked() {
    let text = b"plain marker".repeat(30);
    for (method, form) in [(2, Form::B), (5, Form::D), (8, Form::E)] {
        let (packed, copied) = nrv::testing::packed(&text, form);
        let plain = [text.as_slice(), &b"r".repeat(copied)].concat();
        let content = upx(&packed, &plain, method);
        let found = opened(&content);
        assert_eq!(found.contents("(unpacked)"), [plain.as_slice()]);
        assert_eq!(found.rules, ["program_packed"]);
        // What fails a checksum is not believed.
        for at in [1000, 1004, 1030] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            assert!(opened(&changed).members.is_empty());
        }
        let mut more = content;
        let marks = |count: usize| b"UPX!".repeat(count);
        let at = 0x1c0;
        assert!(PROGRAM_MARKS_MAX * 4 < 1024 - 32 - at && 1024 < HEAD_BYTES);
        more[at..at + 4 * PROGRAM_MARKS_MAX - 4].copy_from_slice(&marks(PROGRAM_MARKS_MAX - 1));
        assert_eq!(opened(&more).members.len(), 1);
        more[at..at + 4 * PROGRAM_MARKS_MAX].copy_from_slice(&marks(PROGRAM_MARKS_MAX));
        assert!(opened(&more).members.is_empty());

        // Blocks of a program for Linux, one of which is stored.
        let mut elf = std::fs::read("/bin/true").unwrap();
        elf.truncate(0x204);
        elf.extend_from_slice(b"UPX!");
        elf.resize(0x204 + 20, 0);
        elf.extend([number(4), number(4), [0; 4]].concat());
        elf.extend_from_slice(b"head");
        elf.extend(
            [
                number(plain.len()),
                number(packed.len()),
                number(method.into()),
            ]
            .concat(),
        );
        elf.extend_from_slice(&packed);
        elf.extend([0; 12]);
        let found = opened(&elf);
        assert_eq!(
            found.contents("(unpacked)"),
            [[b"head".as_slice(), &plain].concat()]
        );
    }
    let lzma = made_by_shell("seq 1 900 | xz --format=raw --lzma1=lc=3,lp=0,pb=2 > out");
    let plain = made_by_shell("seq 1 900 > out");
    let content = upx(&[b"\x1a\x03".as_slice(), &lzma].concat(), &plain, 14);
    assert_eq!(opened(&content).contents("(unpacked)"), [plain.as_slice()]);
    let few = Limits {
        memory_bytes_max: 1000,
        ..Limits::default()
    };
    let found = opened_within(&content, &few);
    assert_eq!(found.members[0].what, What::Partial(Gap::Limit));
}

#[test]
fn installers_that_are_not_opened_are_named() {
    let autoit = [
        b"\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d".as_slice(),
        b"AU3!EA06",
    ]
    .concat();
    let behind: [&[u8]; 5] = [
        b"..Inno Setup Setup Data (6.2.0)",
        b"zlb\x1a",
        b"ISSetupStream\0",
        b"InstallShield\0",
        &autoit,
    ];
    for mark in behind {
        let found = opened(&[small(), mark.to_vec()].concat());
        assert_eq!(found.gap, Some(Gap::Unsupported), "{mark:?}");
    }
    let inno = Maker::new().resource(RAW, Name::Number(11111), b"rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a");
    assert_eq!(opened(&inno.bytes()).gap, Some(Gap::Unsupported));
    let script = Maker::new().resource(RAW, Name::Letters("SCRIPT"), &autoit);
    assert_eq!(opened(&script.bytes()).gap, Some(Gap::Unsupported));
    // Programs that know such installers are none.
    let knows = [
        b"Inno Setup Setup Data (6) ISSetupStream\0AU3!EA06".as_slice(),
        &autoit[..16],
    ];
    let knows = Maker::new()
        .section(".data", false, &knows.concat())
        .bytes();
    assert_eq!(opened(&knows).gap, None);
}

/// An installer of three files.
fn nsis(compressor: &str) -> Vec<u8> {
    made_by_shell(&format!(
        "head -c 40000 /bin/bash > a; seq 1 3000 > b; printf 'plain marker' > c
cat > x.nsi <<END
{compressor}
Name x
OutFile out
Section
SetOutPath \\$TEMP
File a
File b
File c
SectionEnd
END
makensis -V1 x.nsi"
    ))
}

/// A program with one marker in a document in its resources, one in a program behind it, and one
/// that is packed behind that.
pub(crate) fn sample(markers: [&[u8]; 3]) -> Vec<u8> {
    let document = |marker: &[u8]| {
        let maker = crate::document::compound::maker::Maker::new(512);
        maker.with("a", marker).bytes()
    };
    let first = Maker::new()
        .section(".text", true, &small())
        .resource(RAW, Name::Letters("点検"), &document(markers[0]))
        .bytes();
    let second = Maker::new().wide().section(".data", false, markers[1]);
    let files = format!(
        "files = [('c', zlib.compress({:?}), 1)]",
        String::from_utf8_lossy(markers[2])
    );
    let files = files.replace("compress(", "compress(b");
    [first, second.bytes(), python(&files)].concat()
}

#[test]
fn installers_of_nsis_are_opened() {
    let bash = std::fs::read("/bin/bash").unwrap();
    for line in [
        "SetCompressor lzma",
        "SetCompressor /SOLID lzma",
        "SetCompressor zlib",
        "SetCompressor /SOLID zlib",
        "SetCompress off",
    ] {
        let found = opened(&nsis(line));
        assert!(
            found.has_rule("program_installer") && found.gap.is_none(),
            "{line}"
        );
        assert_eq!(
            found.contents("installed file 1"),
            [&bash[..40_000]],
            "{line}"
        );
        assert_eq!(
            found.contents("installed file 3"),
            [b"plain marker"],
            "{line}"
        );
        assert_eq!(found.contents("(installer script)").len(), 1, "{line}");
    }
    for line in ["SetCompressor bzip2", "SetCompressor /SOLID bzip2"] {
        assert_eq!(opened(&nsis(line)).gap, Some(Gap::Unsupported));
    }
}

#[test]
fn an_installer_that_is_cut_off_or_changed_is_never_whole_in_silence() {
    for line in ["SetCompressor lzma", "SetCompressor /SOLID zlib"] {
        let content = nsis(line);
        let begin = content
            .windows(12)
            .position(|part| part == b"NullsoftInst")
            .unwrap();
        for end in (begin + 30..content.len()).step_by(997) {
            assert!(opened(&content[..end]).is_suspect(), "{line} {end}");
        }
        let few = Limits {
            unpacked_bytes_max: 20_000,
            ..Limits::default()
        };
        assert!(opened_within(&content, &few).spent);
    }
}

/// A program of PyInstaller, as its own documents describe it.
fn python(extra: &str) -> Vec<u8> {
    made(&format!(
        "
import struct, zlib
modules = [zlib.compress(b'first module'), zlib.compress(b'second module')]
body = b''.join(modules)
pyz = b'PYZ\\0' + b'cafe' + struct.pack('>I', 17 + len(body)) + b'\\0' * 5 + body + b'list'
files = [('点検', zlib.compress(b'plain marker ' * 9), 1), ('stored', b'as it is', 0), ('PYZ.pyz', pyz, 0)]
{extra}
data, toc = b'', b''
for name, content, flag in files:
    name = name.encode() + b'\\0'
    toc += struct.pack('>IIIIBc', 18 + len(name), len(data), len(content), 1, flag, b'x') + name
    data += content
record = lambda n: b'MEI\\x0c\\x0b\\x0a\\x0b\\x0e' + struct.pack('>IIII', n, len(data), len(toc), 311) + b'libpython'.ljust(64, b'\\0')
out = data + toc + record(len(data) + len(toc) + 88)
open('out', 'wb').write(out)
"
    ))
}

#[test]
fn programs_of_pyinstaller_are_opened() {
    let elf = std::fs::read("/bin/true").unwrap();
    for program in [small(), elf] {
        let content = [program.clone(), python("")].concat();
        let found = opened(&content);
        assert!(
            found.has_rule("program_installer") && !found.is_suspect(),
            "{found:?}"
        );
        assert_eq!(found.contents("点検"), [b"plain marker ".repeat(9)]);
        assert_eq!(found.contents("stored"), [b"as it is"]);
        assert_eq!(found.contents("module 2"), [b"second module"]);
        let changed = |extra: &str| opened(&[program.clone(), python(extra)].concat());
        let encrypted = changed("files[2] = ('PYZ', pyz[:17] + b'x' * len(body) + b'list', 0)");
        assert_eq!(encrypted.gap, Some(Gap::Unsupported));
        let cut = changed("files[0] = ('a', files[0][1][:-1], 1)");
        assert_eq!(cut.members[0].what, What::Partial(Gap::Damaged));
        let cut = changed("files[2] = ('PYZ', pyz[:17] + body[:30] + b'list', 0)");
        assert!(cut.is_suspect());
    }
    // A program that only knows the mark is none.
    let knows = [small(), b"MEI\x0c\x0b\x0a\x0b\x0e".to_vec(), vec![9; 100]].concat();
    assert!(opened(&knows).gap.is_none());
}

#[test]
fn programs_cut_off_anywhere_are_read_within_bounds() {
    let content = Maker::new()
        .section(".text", true, &small())
        .resource(RAW, Name::Letters("a"), &zip())
        .bytes();
    let mut complete = 0;
    for end in 0..=content.len() {
        let part = &content[..end];
        if kinds(part) == ["pe"] {
            complete += usize::from(opened(part).members.len() == 2);
        }
    }
    assert!(0 < complete && complete < content.len() / 2);
    // Every field of the headers at its largest.
    for at in 0..0x200 {
        let mut changed = content.clone();
        changed[at..at + 4].fill(0xff);
        if !crate::recognise(&changed).is_empty() {
            assert!(opened(&changed).members.len() < 9);
        }
    }
}
