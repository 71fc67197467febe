//! Lists of hashes: what is on a block list stops the medium wherever it lies, and what is on a
//! known-good list changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kiosk::{Done, Root, run};
use crate::media;
use crate::report::Report;

const CONTENT: &[u8] = b"a content that no rule knows and a list does\n";
const TOOLS: [&str; 3] = ["sha256sum", "sha1sum", "md5sum"];

/// Runs a program and gives what it says.
fn said(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{error}");
    String::from_utf8(done.stdout).unwrap()
}

/// A folder for one test: rules with lists, media, and what they are made of.
struct Bench {
    root: Root,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            root: Root::new(),
            folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
        };
        let rules = bench.path("rules/lists");
        fs::create_dir_all(&rules).unwrap();
        let rule = "rule never { strings: $a = \"nowhere-to-be-found-97531\" condition: $a }";
        fs::write(bench.path("rules/never.yar"), rule).unwrap();
        fs::write(bench.path("listed.bin"), CONTENT).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Builds `lists/NAME.hashes` of what `tool` says of `file`.
    fn list(&self, tool: &str, file: &Path, sort: &str, name: &str) {
        let digests = said(Command::new(tool).arg(file));
        self.list_of(&digests, sort, name);
    }

    fn list_of(&self, text: &str, sort: &str, name: &str) {
        let source = self.path(&format!("{name}.txt"));
        fs::write(&source, text).unwrap();
        let mut command = self.root.kioskctl();
        let done = run(command
            .args(["rules", "list", sort, "--name", name, "-o"])
            .arg(self.path(&format!("rules/lists/{name}.hashes")))
            .arg(source));
        done.exits(0);
        assert!(
            done.stdout.contains(&format!("{name}.hashes: ")),
            "{}",
            done.stdout
        );
    }

    fn scan(&self, target: &Path) -> Report {
        let rules = self.path("rules");
        self.root
            .scan(target, &["--rules", rules.to_str().unwrap()])
    }

    /// Fails unless a scan says that it could not be done, and why.
    #[track_caller]
    fn does_not_scan(&self, target: &Path, why: &str) -> Done {
        let mut command = self.root.kioskctl();
        command
            .arg("scan")
            .arg(target)
            .args(["--json", "--no-ledger", "--rules"]);
        let done = run(command.arg(self.path("rules")));
        done.exits(2);
        assert!(done.stderr.contains(why), "{}", done.stderr);
        done
    }

    /// A FAT image with these files in its root folder.
    fn image(&self, files: &[&Path]) -> PathBuf {
        let image = self.path("medium.img");
        fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        said(Command::new("mkfs.fat").arg("-F16").arg(&image));
        let mut command = Command::new("mcopy");
        command.arg("-i").arg(&image).args(files).arg("::");
        said(&mut command);
        image
    }
}

#[track_caller]
fn stopped(report: &Report, path: &str, detail: &str) {
    let said = report.summary();
    report.answers("stop", 1);
    assert_eq!(report.reasons(), ["matched"], "{said}");
    let row = report.row(path);
    assert_eq!(row["outcome"], "matched", "{said}");
    let finding = &row["findings"][0];
    assert_eq!(finding["rule"], "hash_blocked", "{said}");
    assert_eq!(finding["source"], "list", "{said}");
    assert_eq!(finding["tier"], "block", "{said}");
    assert_eq!(finding["detail"], detail, "{said}");
}

#[test]
fn a_listed_file_on_an_image_and_in_a_zip_is_stopped_by_any_digest_and_the_list_is_named() {
    for tool in TOOLS {
        let bench = Bench::new();
        let listed = bench.path("listed.bin");
        bench.list(tool, &listed, "--block", "worms");
        let word = tool.trim_end_matches("sum");
        let detail = format!("list worms: {} ({word})", listed.display());
        let zip = bench.path("a.zip");
        let mut command = Command::new("python3");
        command
            .args(["-m", "zipfile", "-c"])
            .arg(&zip)
            .arg("listed.bin");
        said(command.current_dir(bench.folder.path()));
        let report = bench.scan(&bench.image(&[&listed]));
        stopped(&report, "listed.bin", &detail);
        let report = bench.scan(&bench.image(&[&zip]));
        stopped(&report, "listed.bin", &detail);
        assert_eq!(report.row("listed.bin")["within"][0], "a.zip");
        assert_eq!(report.row("a.zip")["outcome"], "matched");
        // One byte more, and it is another content.
        fs::write(&listed, [CONTENT, b"!"].concat()).unwrap();
        let report = bench.scan(&bench.image(&[&listed]));
        assert_eq!(report.verdict(), "pass", "{}", report.summary());
    }
}

#[test]
fn a_listed_stream_and_a_listed_archive_are_stopped() {
    let bench = Bench::new();
    let image = media::corpus("ntfs.img");
    let (_, volumes) = media::truth(&image);
    let streams = volumes.iter().flat_map(|volume| &volume.streams);
    let (path, stream) = streams.max_by_key(|(_, stream)| stream.size).unwrap();
    bench.list_of(
        &format!("{} a stream\n", stream.sha256),
        "--block",
        "streams",
    );
    let report = bench.scan(&image);
    let row = report.row(path);
    assert_eq!(row["kind"], "stream");
    assert_eq!(row["outcome"], "matched", "{}", report.summary());
    assert_eq!(
        row["findings"][0]["detail"],
        "list streams: a stream (sha256)"
    );

    // A container is a content too: it is found as it is, whatever is in it.
    let bench = Bench::new();
    let zip = bench.path("a.zip");
    let mut command = Command::new("python3");
    command
        .args(["-m", "zipfile", "-c"])
        .arg(&zip)
        .arg("listed.bin");
    said(command.current_dir(bench.folder.path()));
    bench.list("md5sum", &zip, "--block", "kits");
    let detail = format!("list kits: {} (md5)", zip.display());
    stopped(&bench.scan(&bench.image(&[&zip])), "a.zip", &detail);
}

#[test]
fn a_known_content_is_noted_and_what_a_rule_finds_in_it_still_stops() {
    let bench = Bench::new();
    let (listed, found) = (bench.path("listed.bin"), bench.path("found.com"));
    fs::write(&found, media::eicar()).unwrap();
    let rules = media::repository().join("signatures/eicar");
    said(
        Command::new("cp")
            .arg("-R")
            .arg(rules)
            .arg(bench.path("rules")),
    );
    let both = said(Command::new("sha1sum").arg(&listed).arg(&found));
    bench.list_of(&both, "--known", "vendor");
    let report = bench.scan(&bench.image(&[&listed]));
    report.answers("pass", 0);
    let known = &report.row("listed.bin")["findings"][0];
    assert_eq!(
        (&known["rule"], &known["tier"]),
        (&"hash_known".into(), &"notice".into())
    );
    assert_eq!(
        known["detail"],
        format!("list vendor: {} (sha1)", listed.display())
    );

    let report = bench.scan(&bench.image(&[&listed, &found]));
    report.answers("stop", 1);
    let rules = report.row("found.com")["findings"].as_array().unwrap();
    let rules: Vec<_> = rules
        .iter()
        .map(|finding| finding["source"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["yara", "list"]);
    // An archive that cannot be opened stays unchecked, however well known it is.
    let locked = media::sample("4-encrypted");
    let mut names = Vec::new();
    for row in bench.scan(&locked).rows() {
        names.extend(row["sha256"].as_str().map(str::to_owned));
    }
    bench.list_of(&names.join("\n"), "--known", "everything");
    let report = bench.scan(&locked);
    report.answers("incomplete", 4);
}

#[test]
fn a_list_without_rows_changes_nothing_but_the_fingerprint_of_the_rules() {
    let bench = Bench::new();
    let image = bench.image(&[&bench.path("listed.bin")]);
    let before = bench.scan(&image);
    bench.list_of("# none today\n", "--block", "none");
    let after = bench.scan(&image);
    assert_eq!(after.verdict(), "pass", "{}", after.summary());
    assert_eq!(before.json["files"], after.json["files"]);
    assert_ne!(
        before.json["rules"]["sha256"],
        after.json["rules"]["sha256"]
    );
}

#[test]
fn a_broken_list_gives_status_2_and_names_the_file() {
    let bench = Bench::new();
    let image = bench.image(&[&bench.path("listed.bin")]);
    bench.list("sha256sum", &bench.path("listed.bin"), "--block", "worms");
    let list = bench.path("rules/lists/worms.hashes");
    let good = fs::read(&list).unwrap();
    let changed = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        bytes
    };
    let (row, end) = (4096, good.len() - 1);
    for bad in [
        changed(0),
        changed(row),
        changed(end),
        good[..row].to_vec(),
        Vec::new(),
    ] {
        fs::write(&list, bad).unwrap();
        let done = bench.does_not_scan(&image, "lists/worms.hashes");
        assert_eq!(done.stdout, "");
    }
    fs::rename(bench.path("worms.txt"), bench.path("rules/lists/worms.txt")).unwrap();
    fs::write(&list, &good).unwrap();
    bench.does_not_scan(&image, "worms.txt: it is no compiled list");
}

#[test]
fn a_source_that_is_no_list_gives_status_2_with_its_line_and_makes_nothing() {
    let bench = Bench::new();
    let source = bench.path("source.txt");
    fs::write(&source, "# today's\nsetup.exe\n").unwrap();
    let build = |more: &[&str], output: &str| {
        let mut command = bench.root.kioskctl();
        command.args(["rules", "list", "--name", "worms", "-o"]);
        run(command.arg(bench.path(output)).args(more).arg(&source))
    };
    let done = build(&["--block"], "worms.hashes");
    done.exits(2);
    assert!(
        done.stderr.contains("source.txt:2: no digest"),
        "{}",
        done.stderr
    );
    assert!(!bench.path("worms.hashes").exists());
    fs::write(&source, "").unwrap();
    build(&["--block"], "worms.list").exits(2);
    build(&[], "worms.hashes").exits(2);
    build(&["--block", "--known"], "worms.hashes").exits(2);
    build(&["--known"], "worms.hashes").exits(0);
}
