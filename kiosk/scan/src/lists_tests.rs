use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bundle::lists::{Plan, build};

use super::*;

/// Builds a list of these lines and opens it for reading only.
fn list(folder: &Path, sort: Sort, title: &str, text: &str) -> OwnedFd {
    let (source, into) = (folder.join("source"), folder.join(title));
    std::fs::write(&source, text).unwrap();
    build(&Plan {
        sort,
        title,
        sources: &[source],
        into: &into,
    })
    .unwrap();
    File::open(into).unwrap().into()
}

const MD5: &str = "5d41402abc4b2a76b9719d911017c592";
const SHA1: &str = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
const SHA256: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn said(lists: &Lists<impl ReadAt>) -> (Vec<(String, Tier, String)>, Option<Gap>) {
    let said = lists.look_up(Some(&Digests::of(b"hello", lists.wanted)));
    let findings = said.findings.into_iter();
    let findings = findings.inspect(|finding| assert_eq!(finding.source, Source::List));
    let findings = findings.map(|finding| (finding.rule, finding.tier, finding.detail));
    (findings.collect(), said.gap)
}

fn blocked(detail: &str) -> (String, Tier, String) {
    ("hash_blocked".to_owned(), Tier::Block, detail.to_owned())
}

#[test]
fn a_content_is_found_by_any_digest_and_each_list_names_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![
        list(
            folder.path(),
            Sort::Block,
            "worms",
            &format!("{MD5} worm.a\n{SHA1} worm.b\n"),
        ),
        list(folder.path(), Sort::Known, "nsrl", &format!("{SHA256}\n")),
        list(folder.path(), Sort::Block, "empty", ""),
    ];
    let names = ["worms", "nsrl", "empty"].map(str::to_owned);
    let lists = Lists::open(&names, files).unwrap();
    let known = (
        "hash_known".to_owned(),
        Tier::Notice,
        "list nsrl (sha256)".to_owned(),
    );
    let both = vec![blocked("list worms: worm.b (sha1)"), known];
    assert_eq!(said(&lists), (both, None));
    let other = lists.look_up(Some(&Digests::of(b"hellO", lists.wanted)));
    assert!(other.findings.is_empty() && other.gap.is_none());
    assert!(lists.look_up(None).findings.is_empty());
}

#[test]
fn only_digests_that_a_list_holds_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = |text: &str| {
        let file = list(folder.path(), Sort::Block, "l", text);
        Lists::open(&["l".to_owned()], vec![file]).unwrap().wanted
    };
    let none = Wanted::default();
    assert_eq!(wanted(SHA256), none);
    assert_eq!(wanted(SHA1), Wanted { sha1: true, ..none });
    assert_eq!(wanted(MD5), Wanted { md5: true, ..none });
}

#[test]
fn what_can_be_written_or_is_no_file_is_no_list() {
    let folder = tempfile::tempdir().unwrap();
    drop(list(folder.path(), Sort::Block, "l", SHA256));
    let bytes = std::fs::read(folder.path().join("l")).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let written = options
        .read(true)
        .write(true)
        .open(folder.path().join("l"))
        .unwrap();
    let folder_itself = options
        .write(false)
        .custom_flags(0)
        .open(folder.path())
        .unwrap();
    let (pipe, _end) = io::pipe().unwrap();
    let zero = File::open("/dev/zero").unwrap();
    let open = jail::memory::writable("l").unwrap();
    for bad in [
        written.into(),
        folder_itself.into(),
        pipe.into(),
        zero.into(),
        open.into(),
    ] {
        let refused = Lists::open(&["worms".to_owned()], vec![bad]).err().unwrap();
        let refused = refused.to_string();
        assert!(
            refused.contains("worms") && refused.contains("reading only"),
            "{refused}"
        );
    }
    let sealed = jail::memory::sealed("l", &bytes).unwrap();
    assert_eq!(
        said(&Lists::open(&["l".to_owned()], vec![sealed]).unwrap()).0,
        [blocked("list l (sha256)")]
    );
    let damaged = jail::memory::sealed("l", &bytes[1..]).unwrap();
    let refused = Lists::open(&["l".to_owned()], vec![damaged]).err().unwrap();
    assert!(refused.to_string().contains("damaged"), "{refused}");
}

#[test]
fn a_list_that_cannot_be_read_leaves_every_content_unchecked() {
    struct Failing(File);
    impl ReadAt for Failing {
        fn size_bytes(&self) -> io::Result<u64> {
            self.0.size_bytes()
        }
        fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
            // The second page is the first of rows.
            if offset_bytes == 4096 {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.0.read_at(offset_bytes, buffer)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), Sort::Known, "nsrl", SHA256);
    let lists = Lists::of(vec![List::open(Failing(File::from(file))).unwrap()]);
    let (findings, gap) = said(&lists);
    assert_eq!(gap, Some(Gap::Unreadable));
    assert_eq!(findings[0].0, "hash_list_unreadable");
    assert_eq!(findings[0].1, Tier::Incomplete);
    assert!(
        findings[0].2.contains("list nsrl: the list cannot be read"),
        "{}",
        findings[0].2
    );
}
