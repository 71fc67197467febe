//! What the guest's root has besides Debian's files: the kiosk, installed as on a kiosk, and
//! `tests/vm/guest` over that.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::machine::nameless;

/// One of the programs of this build; the others are beside it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kioskd");

/// What starts with the guest.
const STARTED: [&str; 5] = [
    "kiosk-record.socket",
    "kiosk-scan.socket",
    "kiosk-compile.socket",
    "kioskd.service",
    "kiosk-show.service",
];

/// The whole initramfs: Debian's part and, behind it, ours. The kernel unpacks one archive
/// after another, and later files replace earlier ones.
pub(crate) fn initrd(base: &Path) -> File {
    let stage = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    furnish(stage.path());
    let mut file = nameless();
    std::io::copy(&mut File::open(base).unwrap(), &mut file).unwrap();
    let packed = Command::new("sh")
        .args(["-c", "find . | cpio --quiet -o -H newc -R 0:0"])
        .current_dir(stage.path())
        .stdin(Stdio::null())
        // Both write where the other stopped.
        .stdout(file.try_clone().unwrap())
        .status();
    assert!(packed.unwrap().success(), "cpio packs the guest's files");
    file
}

fn furnish(stage: &Path) {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let at = |path: &str| {
        let path = stage.join(path);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    run(Command::new(repository.join("systemd/install"))
        .arg(Path::new(PROGRAM).parent().unwrap())
        .env("DESTDIR", stage));
    let wants = at("usr/lib/systemd/system/kiosk-test.target.wants");
    for unit in STARTED {
        symlink(format!("../{unit}"), wants.join(unit)).unwrap();
    }
    run(copy().arg(repository.join("tests/vm/guest/.")).arg(stage));
    let list = at("etc/media-kiosk").join("allowlist.toml");
    std::fs::copy(crate::media::allowlist(), list).unwrap();
}

fn copy() -> Command {
    let mut command = Command::new("cp");
    command.arg("-a");
    command
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}
