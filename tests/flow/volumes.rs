//! Every path and every SHA-256 of every file system equals the truth.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kiosk::Root;
use crate::media::{self, TrueFile, TrueVolume};
use crate::report::Report;

#[track_caller]
fn check(image: &str) {
    // `big` is how many files of at least 300 MB it holds.
    let cases = media::cases(include_str!("scenarios/volumes.toml"), &["image", "big"]);
    let case = cases.iter().find(|case| case["image"] == image).unwrap();
    let path = media::corpus(image);
    let (scheme, truth) = media::truth(&path);
    let report = Root::new().scan(&path, &[]);
    assert_eq!(report.volumes().len(), truth.len(), "{}", report.summary());
    let mut big = 0;
    for (index, volume) in truth.iter().enumerate() {
        check_volume(&report, index, volume);
        big += volume
            .files
            .values()
            .filter(|file| 300_000_000 <= file.size)
            .count();
    }
    // A boot sector a volume, and the partition table.
    let boot = report
        .rows()
        .iter()
        .filter(|row| row["kind"] == "boot")
        .count();
    assert_eq!(
        boot,
        truth.len() + usize::from(scheme != "none"),
        "{}",
        report.summary()
    );
    assert_eq!(case["big"], big, "the truth itself");
    report.answers("pass", 0);
    assert_eq!(report.json["target"]["kind"], "image");
    assert_eq!(
        report.json["target"]["size_bytes"],
        std::fs::metadata(&path).unwrap().len()
    );
    assert!(report.json["entry"].is_null());
}

#[track_caller]
fn check_volume(report: &Report, index: usize, truth: &TrueVolume) {
    let volume = &report.volumes()[index];
    assert_eq!(
        (&volume["index"], &volume["kind"]),
        (&index.into(), &truth.kind.as_str().into())
    );
    if let Some(label) = &truth.label {
        assert_eq!(volume["label"], label.as_str());
    }
    same(&report.seen(index, "file"), &truth.files, &truth.kind);
    same(&report.seen(index, "stream"), &truth.streams, &truth.kind);
}

impl Report {
    /// The rows of one kind on one volume, by path. A path twice is a failure.
    #[track_caller]
    fn seen(&self, volume: usize, kind: &str) -> BTreeMap<String, TrueFile> {
        let mut seen = BTreeMap::new();
        for row in self
            .rows()
            .iter()
            .filter(|row| row["volume"] == volume && row["kind"] == kind)
        {
            let Value::String(path) = &row["path"] else {
                panic!("odd path: {row}")
            };
            let file = TrueFile {
                size: row["size_bytes"].as_u64().unwrap(),
                sha256: row["sha256"].as_str().unwrap_or_default().to_owned(),
            };
            assert!(seen.insert(path.clone(), file).is_none(), "twice: {path}");
        }
        seen
    }
}

#[track_caller]
fn same(seen: &BTreeMap<String, TrueFile>, truth: &BTreeMap<String, TrueFile>, kind: &str) {
    let lost: Vec<_> = truth
        .keys()
        .filter(|path| !seen.contains_key(*path))
        .collect();
    let invented: Vec<_> = seen
        .keys()
        .filter(|path| !truth.contains_key(*path))
        .collect();
    let wrong: Vec<_> = truth
        .iter()
        .filter(|(path, file)| seen.get(*path).is_some_and(|s| s != *file))
        .collect();
    assert!(
        lost.is_empty() && invented.is_empty() && wrong.is_empty(),
        "{kind}: of {} files {} lost {:?}, {} invented {:?}, {} wrong {:?}",
        truth.len(),
        lost.len(),
        lost.iter().take(3).collect::<Vec<_>>(),
        invented.len(),
        invented.iter().take(3).collect::<Vec<_>>(),
        wrong.len(),
        wrong.iter().take(3).collect::<Vec<_>>(),
    );
}

#[test]
fn every_file_on_fat12_is_read_as_it_is() {
    check("fat12.img");
}

#[test]
fn every_file_on_fat16_is_read_as_it_is() {
    check("fat16.img");
}

#[test]
fn every_file_on_fat32_is_read_as_it_is() {
    check("fat32.img");
}

#[test]
fn every_file_on_exfat_is_read_as_it_is() {
    check("exfat.img");
}

#[test]
fn every_file_and_stream_on_ntfs_is_read_as_it_is() {
    check("ntfs.img");
}

#[test]
fn every_file_on_ext4_is_read_as_it_is() {
    check("ext4.img");
}

#[test]
fn every_file_on_a_cd_is_read_once_as_it_is() {
    check("iso.iso");
}

#[test]
fn every_file_in_primary_and_logical_partitions_is_read_as_it_is() {
    check("mbr-logical.img");
}

#[test]
fn every_file_in_gpt_partitions_is_read_as_it_is() {
    check("gpt.img");
}

#[test]
fn a_scan_changes_no_byte_of_the_medium() {
    let copy = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let before = std::fs::read(media::sample("1-clean")).unwrap();
    std::fs::write(copy.path(), &before).unwrap();
    assert_eq!(Root::new().scan(copy.path(), &[]).status, 0);
    assert!(std::fs::read(copy.path()).unwrap() == before);
}
