//! Folders and single files: nothing outside is read, nothing inside is passed over.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::kiosk::{Root, run};
use crate::media;
use crate::report::Report;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn row<'a>(report: &'a Report, path: &str) -> &'a Value {
    let found = report
        .rows()
        .iter()
        .find(|row| row["path"] == path && row["kind"] == "file");
    found.unwrap_or_else(|| panic!("no row for {path}: {}", report.summary()))
}

#[test]
fn every_file_of_a_folder_is_read() {
    let folder = folder();
    std::fs::create_dir_all(folder.path().join("点検記録/ﾊﾞｯｸｱｯﾌﾟ")).unwrap();
    std::fs::write(folder.path().join("点検記録/ﾊﾞｯｸｱｯﾌﾟ/a.txt"), "a\n").unwrap();
    std::fs::write(folder.path().join("空.txt"), "").unwrap();
    let report = Root::new().scan(folder.path(), &[]);
    report.answers("pass", 0);
    assert_eq!(report.json["target"]["kind"], "folder");
    assert_eq!(report.rows().len(), 2);
    assert_eq!(
        row(&report, "点検記録/ﾊﾞｯｸｱｯﾌﾟ/a.txt")["sha256"],
        "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    );
    assert_eq!(
        row(&report, "空.txt")["sha256"],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert!(row(&report, "空.txt")["volume"].is_null());
}

#[test]
fn an_empty_folder_passes_with_no_rows() {
    let folder = folder();
    let report = Root::new().scan(folder.path(), &[]);
    assert_eq!(
        (report.verdict(), report.rows().len()),
        ("pass", 0),
        "{}",
        report.summary()
    );
}

#[test]
fn a_single_file_is_a_folder_with_one_file() {
    let folder = folder();
    let file = folder.path().join("test.com");
    std::fs::write(&file, media::eicar()).unwrap();
    let report = Root::new().scan(&file, &[]);
    report.answers("stop", 1);
    assert_eq!(report.json["target"]["kind"], "file");
    assert_eq!(row(&report, "test.com")["outcome"], "matched");
    std::fs::write(&file, "harmless").unwrap();
    let report = Root::new().scan(&file, &[]);
    assert_eq!(report.verdict(), "pass", "{}", report.summary());
}

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let (folder, outside) = (folder(), folder());
    std::fs::write(outside.path().join("x.com"), media::eicar()).unwrap();
    symlink(outside.path().join("x.com"), folder.path().join("file")).unwrap();
    symlink(outside.path(), folder.path().join("tree")).unwrap();
    symlink("/", folder.path().join("root")).unwrap();
    std::fs::write(folder.path().join("ok.txt"), "ok").unwrap();
    let report = Root::new().scan(folder.path(), &[]);
    assert_eq!(report.verdict(), "pass", "{}", report.summary());
    // The content of a link is where it leads to.
    for name in ["file", "tree", "root", "ok.txt"] {
        assert_eq!(
            row(&report, name)["outcome"],
            "clean",
            "{}",
            report.summary()
        );
    }
    assert_eq!(row(&report, "root")["size_bytes"], 1);
    assert_eq!(report.rows().len(), 4, "{}", report.summary());
}

#[test]
fn what_is_no_plain_file_is_not_read_and_withholds_pass() {
    let folder = folder();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let report = Root::new().scan(folder.path(), &[]);
    report.answers("incomplete", 4);
    for name in ["fifo", "socket"] {
        assert_eq!(
            row(&report, name)["outcome"],
            "unchecked",
            "{}",
            report.summary()
        );
    }
}

/// `kioskctl` run by somebody who is not root, to whom nothing may be closed. Root's own home
/// may be closed to others, so the programs are taken to where everybody can reach them.
fn by_somebody(root: &Root) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return root.kioskctl();
    }
    let programs = root.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    for program in [
        env!("CARGO_BIN_EXE_kioskctl"),
        env!("CARGO_BIN_EXE_kiosk-scan"),
    ] {
        let name = Path::new(program).file_name().unwrap();
        std::fs::copy(program, programs.join(name)).unwrap();
    }
    let given = Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(root.path())
        .status();
    assert!(given.unwrap().success());
    let mut command = Command::new(programs.join("kioskctl"));
    command
        .env("MEDIA_KIOSK_ROOT", root.path())
        .uid(65534)
        .gid(65534);
    command
}

#[test]
fn a_file_and_a_folder_that_may_not_be_read_withhold_pass() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["locked.txt", "readable.txt"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    std::fs::create_dir(folder.path().join("locked")).unwrap();
    std::fs::write(folder.path().join("locked/hidden.txt"), "hidden").unwrap();
    let mode = |path: &str, bits| {
        let permissions = std::fs::Permissions::from_mode(bits);
        std::fs::set_permissions(folder.path().join(path), permissions).unwrap();
    };
    mode("", 0o755);
    mode("locked.txt", 0);
    mode("locked", 0);
    let root = Root::for_everybody();
    let mut command = by_somebody(&root);
    command
        .arg("scan")
        .arg(folder.path())
        .args(["--json", "--no-ledger"]);
    let report = Report::checked(&run(&mut command));
    // Otherwise the folder cannot be removed.
    mode("locked", 0o755);
    report.answers("incomplete", 4);
    assert!(
        report.reasons().contains(&"unreadable"),
        "{}",
        report.summary()
    );
    assert_eq!(row(&report, "locked.txt")["outcome"], "unchecked");
    assert_eq!(row(&report, "readable.txt")["outcome"], "clean");
    let named = report.rows().iter().any(|row| row["path"] == "locked");
    assert!(named, "{}", report.summary());
}

#[test]
fn a_chain_of_ten_thousand_folders_ends_at_a_limit() {
    let folder = folder();
    let script = media::repository().join("tests/media/hostile.py");
    let made = Command::new("python3")
        .arg(script)
        .arg("--deep")
        .arg(folder.path())
        .status();
    assert!(made.unwrap().success());
    std::fs::write(folder.path().join("ok.txt"), "ok").unwrap();
    let report = Root::new().scan(folder.path(), &[]);
    remove(folder.path());
    report.answers("incomplete", 4);
    assert!(report.reasons().contains(&"limit"), "{}", report.summary());
    assert_eq!(row(&report, "ok.txt")["outcome"], "clean");
}

/// The standard library holds a descriptor for every level that it removes; rm does not.
fn remove(folder: &Path) {
    assert!(
        Command::new("rm")
            .arg("-rf")
            .arg(folder.join("d"))
            .status()
            .unwrap()
            .success()
    );
}
