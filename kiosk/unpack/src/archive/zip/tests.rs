mod methods;
mod old;

use wire::Gap;
use wire::scan::Limits;

use crate::testing::kinds;
use crate::testing::{What, made, made_by_shell, opened, opened_within};

/// Two members, one stored and one deflated.
const TWO: &str = "
import zipfile
z = zipfile.ZipFile('out', 'w')
z.writestr('a.txt', b'alpha')
z.writestr('d/b.txt', b'beta ' * 100, zipfile.ZIP_DEFLATED)
z.close()
";

fn names(content: &[u8]) -> Vec<(String, What)> {
    opened(content)
        .members
        .into_iter()
        .map(|member| (member.name, member.what))
        .collect()
}

fn position(content: &[u8], part: &[u8]) -> usize {
    content
        .windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

#[test]
fn every_member_comes_out_whole() {
    let content = made(TWO);
    assert_eq!(kinds(&content), ["zip"]);
    let zip = opened(&content);
    assert_eq!(zip.contents("a.txt"), [b"alpha"]);
    assert_eq!(zip.contents("d/b.txt"), [b"beta ".repeat(100)]);
    assert!(!zip.is_suspect() && zip.rules.is_empty(), "{zip:?}");
    assert_eq!(zip.members.len(), 2);
}

#[test]
fn archives_of_the_usual_tools_have_no_findings() {
    for line in [
        "mkdir d; echo x > d/x; : > d/empty; zip -qr out.zip d; mv out.zip out",
        "echo x | zip -q > out",
        "echo x > x; zip -q -fz out.zip x; mv out.zip out",
        "echo x > x; zip -q -0 - x > out",
        "echo x > x; zip -q out.zip x; echo comment | zip -qz out.zip; mv out.zip out",
    ] {
        let zip = opened(&made_by_shell(line));
        assert!(!zip.is_suspect() && zip.rules.is_empty(), "{line}: {zip:?}");
        let content = zip.members.iter().any(|member| member.content == b"x\n");
        assert!(content, "{line}: {zip:?}");
    }
}

#[test]
fn an_empty_zip_is_whole() {
    let zip = opened(&made("import zipfile; zipfile.ZipFile('out', 'w').close()"));
    assert!(zip.members.is_empty() && !zip.is_suspect(), "{zip:?}");
}

#[test]
fn data_around_the_archive_hides_nothing_and_is_told() {
    let plain = made(TWO);
    let stub = [
        b"MZ program with PK\x03\x04 in it ".repeat(50),
        plain.clone(),
    ]
    .concat();
    let tail = [plain.clone(), b"trailing".repeat(20_000)].concat();
    let both = [b"stub".to_vec(), plain.clone(), b"tail".to_vec()].concat();
    for content in [stub, tail, both] {
        let zip = opened(&content);
        assert_eq!(zip.contents("a.txt"), [b"alpha"], "{zip:?}");
        assert_eq!(zip.contents("d/b.txt").len(), 1);
        assert_eq!(zip.members.len(), 2);
        assert_eq!(zip.rules, ["container_extra_data"]);
        assert_eq!(zip.gap, None);
    }
}

#[test]
fn data_between_members_is_told_and_a_container_there_is_handed_out() {
    let content = made(
        "
import zipfile, gzip
z = zipfile.ZipFile('out', 'w')
z.writestr('a', b'alpha')
z.fp.write(gzip.compress(b'between'))
z.start_dir = z.fp.tell()
z.writestr('b', b'beta')
z.close()
",
    );
    let zip = opened(&content);
    assert_eq!(zip.rules, ["container_extra_data"]);
    assert_eq!(zip.members.len(), 3);
    assert_eq!(kinds(&zip.members[2].content), ["gzip"], "{zip:?}");
}

#[test]
fn a_container_that_is_not_opened_before_the_archive_is_not_lost() {
    let content = [b"zPQ\x02\x01 and more".to_vec(), made(TWO)].concat();
    assert_eq!(kinds(&content), ["zip"]);
    let zip = opened(&content);
    let stray = zip
        .members
        .iter()
        .find(|member| member.name.starts_with('('))
        .unwrap();
    assert_eq!(crate::unopenable(&stray.content), Some("zpaq"));
}

#[test]
fn names_that_leave_the_archive_are_told_with_their_content() {
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
for name in ['../../x', '/abs', 'C:\\\\w', 'a\\\\..\\\\..\\\\x']:
    z.writestr(name, b'content')
z.close()
",
    );
    let zip = opened(&content);
    assert_eq!(zip.members.len(), 4);
    for member in zip.members {
        assert_eq!(member.rules, ["archive_path_escapes"], "{}", member.name);
        assert_eq!(member.content, b"content");
    }
}

#[test]
fn a_link_is_told_with_its_target_and_what_lies_behind_it_is_found() {
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
def link(name, target):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    z.writestr(info, target)
link('in', 'd/f')
link('out', '../../etc')
z.writestr('in/x', b'content')
link('long', 'x' * 5000)
z.close()
",
    );
    let zip = opened(&content);
    let what: Vec<_> = zip
        .members
        .iter()
        .map(|m| (m.what, m.rules.join(" ")))
        .collect();
    assert_eq!(
        what,
        [
            (What::Link, String::new()),
            (What::Link, "archive_path_escapes".to_owned()),
            (What::Content, "archive_path_through_link".to_owned()),
            // Longer than any target: it is content, whatever it says.
            (What::Content, String::new()),
        ]
    );
}

#[test]
fn the_unicode_name_is_shown_and_both_names_are_judged() {
    let program = |raw: &str, unicode: &str| {
        format!("
import zipfile, struct, zlib
z = zipfile.ZipFile('out', 'w')
info = zipfile.ZipInfo('{raw}')
info.extra = struct.pack('<HHBI', 0x7075, 5 + len('{unicode}'.encode()), 1, zlib.crc32(b'{raw}')) + '{unicode}'.encode()
z.writestr(info, b'content')
z.close()
")
    };
    let zip = opened(&made(&program("tenken.txt", "点検.txt")));
    assert_eq!(zip.contents("点検.txt"), [b"content"]);
    assert!(!zip.is_suspect());
    for (raw, unicode) in [("../x", "x"), ("x", "../x")] {
        let zip = opened(&made(&program(raw, unicode)));
        assert_eq!(zip.members[0].rules, ["archive_path_escapes"]);
    }
}

#[test]
fn encrypted_members_are_named_and_unchecked() {
    let content = made_by_shell("echo secret > s; zip -q -P pw out.zip s; mv out.zip out");
    assert_eq!(
        names(&content),
        [("s".to_owned(), What::Unchecked(Gap::Encrypted))]
    );
    // WinZip AES is method 99; the flag is set as well.
    let mut content = made(TWO);
    let listed = position(&content, b"PK\x01\x02");
    for at in [6, listed + 8] {
        content[at] |= 1;
        content[at + 2] = 99;
    }
    assert_eq!(
        names(&content)[0],
        ("a.txt".to_owned(), What::Unchecked(Gap::Encrypted))
    );
    assert_eq!(names(&content)[1], ("d/b.txt".to_owned(), What::Content));
}

#[test]
fn a_wrong_checksum_makes_a_member_damaged_and_its_bytes_are_still_matched() {
    let mut content = made(TWO);
    let at = position(&content, b"alpha");
    content[at] = b'A';
    let zip = opened(&content);
    assert_eq!(zip.members[0].what, What::Partial(Gap::Damaged));
    assert_eq!(zip.members[0].content, b"Alpha");
    assert_eq!(zip.members[1].what, What::Content);
}

#[test]
fn an_archive_cut_anywhere_is_never_whole() {
    let content = made(TWO);
    for end in 4..content.len() {
        let zip = opened(&content[..end]);
        assert!(zip.is_suspect(), "cut at {end}: {zip:?}");
    }
    let zip = opened(&content[..position(&content, b"PK\x01\x02")]);
    assert_eq!(zip.contents("a.txt"), [b"alpha"]);
    assert_eq!(zip.contents("d/b.txt").len(), 1);
    assert_eq!(zip.gap, Some(Gap::Damaged));
}

#[test]
fn a_cut_archive_with_an_archive_inside_is_damaged() {
    let content = made(
        "
import zipfile, io
inner = io.BytesIO()
z = zipfile.ZipFile(inner, 'w'); z.writestr('in', b'inner'); z.close()
z = zipfile.ZipFile('out', 'w')
z.writestr('a', b'alpha'); z.writestr('i.zip', inner.getvalue()); z.close()
whole = open('out', 'rb').read()
open('out', 'wb').write(whole[:z.start_dir])
",
    );
    let zip = opened(&content);
    assert_eq!(zip.gap, Some(Gap::Damaged));
    assert_eq!(zip.contents("a"), [b"alpha"]);
}

#[test]
fn a_member_with_two_names_is_handed_out_under_both() {
    let mut content = made(TWO);
    let at = position(&content, b"a.txt");
    content[at] = b'X';
    let zip = opened(&content);
    assert_eq!(zip.contents("a.txt"), [b"alpha"]);
    assert_eq!(zip.contents("X.txt"), [b"alpha"]);
    assert!(zip.has_rule("zip_header_mismatch") && zip.is_withheld);
}

#[test]
fn members_that_only_their_own_header_shows_are_handed_out() {
    // The directory lists only the first member; the second is found by walking.
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
z.writestr('a', b'alpha'); z.writestr('hidden', b'hidden ' * 9, zipfile.ZIP_DEFLATED)
del z.filelist[1]; z.close()
",
    );
    let zip = opened(&content);
    assert_eq!(zip.contents("hidden"), [b"hidden ".repeat(9)]);
    assert!(zip.has_rule("zip_unlisted_member"));
    // The directory says that the first member holds all that follows.
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
z.writestr('a', b'alpha'); z.writestr('hidden', b'hidden ' * 9, zipfile.ZIP_DEFLATED)
z.filelist[0].compress_size = z.filelist[0].file_size = z.start_dir - 31
del z.filelist[1]; z.close()
",
    );
    let zip = opened(&content);
    assert_eq!(zip.contents("hidden"), [b"hidden ".repeat(9)], "{zip:?}");
    assert!(zip.has_rule("zip_header_mismatch") && zip.is_withheld);
}

#[test]
fn an_unlisted_member_without_sizes_is_unpacked_to_its_end() {
    let content = made(
        "
import zipfile, io
class Pipe(io.RawIOBase):
    def __init__(self): self.data = b''
    def writable(self): return True
    def write(self, b): self.data += bytes(b); return len(b)
p = Pipe()
z = zipfile.ZipFile(p, 'w')
z.writestr('a', b'alpha ' * 99, zipfile.ZIP_DEFLATED)
z.writestr('s', b'stored')
z.writestr('b', b'beta ' * 99, zipfile.ZIP_DEFLATED)
z.filelist.clear(); z.close()
open('out', 'wb').write(p.data)
",
    );
    let zip = opened(&content);
    assert_eq!(zip.contents("a"), [b"alpha ".repeat(99)]);
    assert_eq!(zip.contents("s"), [b"stored"], "{zip:?}");
    assert_eq!(zip.contents("b"), [b"beta ".repeat(99)]);
    assert!(
        zip.members
            .iter()
            .all(|member| member.what == What::Content)
    );
    assert_eq!(zip.gap, Some(Gap::Damaged));
}

#[test]
fn members_of_every_directory_are_handed_out() {
    // The comment of one archive is another archive.
    let content = made("
import zipfile, io
second = io.BytesIO()
z = zipfile.ZipFile(second, 'w'); z.writestr('two', b'second'); z.close()
z = zipfile.ZipFile('out', 'w'); z.writestr('one', b'first'); z.comment = second.getvalue(); z.close()
");
    let zip = opened(&content);
    assert_eq!(zip.contents("one"), [b"first"]);
    assert_eq!(zip.contents("two"), [b"second"], "{zip:?}");
    assert!(zip.has_rule("zip_several_directories") && zip.is_withheld);
}

#[test]
fn end_records_past_the_limit_are_told() {
    let fake = |tail: u16| {
        let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x01\0\0\0\0\0\0\0".to_vec();
        end.extend_from_slice(&tail.to_le_bytes());
        end
    };
    let count = u16::try_from(super::directory::ENDS_MAX).unwrap() + 1;
    let mut content = made(TWO);
    let at = content.len() - 2;
    content[at..].copy_from_slice(&(count * 22).to_le_bytes());
    for left in (0..count).rev() {
        content.extend(fake(left * 22));
    }
    let zip = opened(&content);
    assert!(zip.is_suspect(), "{zip:?}");
    assert_eq!(zip.contents("a.txt"), [b"alpha"]);
}

#[test]
fn a_directory_with_another_count_is_damaged() {
    let mut content = made(TWO);
    let end = position(&content, b"PK\x05\x06");
    content[end + 10] = 3;
    assert_eq!(opened(&content).gap, Some(Gap::Damaged));
}

#[test]
fn a_member_that_is_not_where_the_directory_says_is_unchecked() {
    let mut content = made(TWO);
    let listed = position(&content, b"PK\x01\x02");
    content[listed + 42] = 7;
    let zip = opened(&content);
    assert_eq!(zip.members[0].what, What::Unchecked(Gap::Damaged));
    assert_eq!(zip.contents("a.txt").last(), Some(&b"alpha".as_slice()));
}

#[test]
fn members_that_repeat_a_name_are_both_handed_out() {
    let zip = opened(&made(
        "
import zipfile, warnings
warnings.simplefilter('ignore')
z = zipfile.ZipFile('out', 'w')
z.writestr('a', b'one'); z.writestr('a', b'two'); z.close()
",
    ));
    assert_eq!(zip.contents("a"), [b"one", b"two"]);
    assert_eq!(zip.members[1].rules, ["archive_duplicate_name"]);
}

#[test]
fn a_split_archive_is_unsupported() {
    let mut content = made(TWO);
    let end = position(&content, b"PK\x05\x06");
    content[end + 4] = 1;
    let zip = opened(&content);
    assert_eq!(zip.gap, Some(Gap::Unsupported));
    assert_eq!(zip.members.len(), 2);
}

#[test]
fn zeros_end_at_the_ratio() {
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w', zipfile.ZIP_DEFLATED)
z.writestr('zeros', bytes(100 << 20)); z.writestr('next', b'x'); z.close()
",
    );
    let zip = opened(&content);
    assert_eq!(zip.members.len(), 1);
    assert_eq!(zip.members[0].what, What::Partial(Gap::Limit));
    assert_eq!(zip.gap, Some(Gap::Limit));
    let most = usize::try_from(crate::RATIO_FREE_BYTES).unwrap();
    assert!(
        most < zip.members[0].content.len() + (1 << 20) && zip.members[0].content.len() <= most
    );
}

/// The way of Fifield's bomb: every directory entry leads to the same compressed zeros.
const OVERLAP: &str = "
import zipfile, copy
z = zipfile.ZipFile('out', 'w', zipfile.ZIP_DEFLATED)
z.writestr('zeros', bytes(1 << 20))
for n in range(2000):
    info = copy.copy(z.filelist[0]); info.filename = 'zeros%d' % n; z.filelist.append(info)
z.close()
";

#[test]
fn members_that_share_their_bytes_are_told_and_bounded() {
    let zip = opened(&made(OVERLAP));
    assert_eq!(zip.gap, Some(Gap::Limit));
    let bytes: usize = zip.members.iter().map(|member| member.content.len()).sum();
    assert!(bytes <= usize::try_from(crate::RATIO_FREE_BYTES).unwrap());
    let few = OVERLAP.replace("2000", "3").replace("1 << 20", "1000");
    let zip = opened(&made(&few));
    assert!(zip.has_rule("zip_overlapping_members") && zip.is_withheld);
}

#[test]
fn empty_blocks_that_are_read_again_and_again_end_at_the_input() {
    // A stream of empty stored blocks gives no output, whatever its length.
    let limits = Limits {
        unpacked_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let zip = opened_within(
        &made(
            "
import zipfile, copy
z = zipfile.ZipFile('out', 'w')
z.writestr('a', bytes([0, 0, 0, 255, 255]) * 40000 + bytes([1, 0, 0, 255, 255]))
i = z.filelist[0]; i.compress_type, i.file_size, i.CRC = 8, 0, 0
for n in range(100):
    z.filelist.append(copy.copy(i))
z.close()
data = bytearray(open('out', 'rb').read())
data[8:10], data[14:18], data[22:26] = b'\\x08\\0', bytes(4), bytes(4)
open('out', 'wb').write(data)
",
        ),
        &limits,
    );
    assert!(zip.members.iter().all(|member| member.content.is_empty()));
    assert!(zip.spent && zip.gap == Some(Gap::Limit));
    assert!(zip.members.len() < 20, "{}", zip.members.len());
}

#[test]
fn a_member_larger_than_memory_costs_only_itself() {
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let zip = opened_within(
        &made(
            "
import zipfile
z = zipfile.ZipFile('out', 'w', zipfile.ZIP_DEFLATED)
z.writestr('large', bytes(3 << 20)); z.writestr('next', b'x'); z.close()
",
        ),
        &limits,
    );
    assert_eq!(zip.members[0].what, What::Partial(Gap::Limit));
    assert_eq!(zip.members[1].what, What::Content);
    assert_eq!((zip.gap, zip.spent), (None, false));
}

#[test]
fn members_past_their_number_end_the_walk() {
    let limits = Limits::default();
    let content = made(
        "
import zipfile
z = zipfile.ZipFile('out', 'w')
for n in range(100002): z.writestr(str(n), b'')
z.close()
",
    );
    let zip = opened_within(&content, &limits);
    assert_eq!(
        u64::try_from(zip.members.len()).unwrap(),
        limits.members_max
    );
    assert_eq!(zip.gap, Some(Gap::Limit));
}

#[test]
fn output_past_its_limit_ends_the_walk() {
    let limits = Limits {
        unpacked_bytes_max: 7,
        ..Limits::default()
    };
    let zip = opened_within(&made(TWO), &limits);
    assert_eq!(zip.members[0].what, What::Content);
    assert_eq!(zip.members[1].what, What::Partial(Gap::Limit));
    assert_eq!(zip.gap, Some(Gap::Limit));
}
