//! Images of media. The guest has all of them in `/library`, for its gadgets.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::machine::nameless;

/// Size of the library's disk: more than all images, and what is empty costs nothing.
const LIBRARY_BYTES: u64 = 1 << 30;

/// An image of `tests/media/ports.py`, without `.img`. In the guest it is `/library/NAME.img`.
pub(crate) fn image(name: &str) -> PathBuf {
    let image = folder().join(format!("{name}.img"));
    assert!(image.exists(), "ports.py makes no {name}");
    image
}

/// What lies where on the images.
pub(crate) fn places() -> serde_json::Value {
    let text = std::fs::read_to_string(folder().join("places.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The list by which the guest's kiosk knows the images.
pub(crate) fn allowlist() -> PathBuf {
    folder().join("allowlist.toml")
}

/// A disk with a file system that holds every image.
pub(crate) fn library() -> File {
    let disk = nameless();
    disk.set_len(LIBRARY_BYTES).unwrap();
    let made = Command::new("/usr/sbin/mkfs.ext4")
        .args(["-q", "-F", "-O", "^has_journal", "-d"])
        .arg(folder())
        .arg(format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            disk.as_raw_fd()
        ))
        .output()
        .expect("mkfs.ext4 runs");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "mkfs.ext4 failed: {said}");
    disk
}

fn folder() -> &'static Path {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("media/ports");
        let done = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/ports.py"))
            .arg(&out)
            .output()
            .expect("python3 runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "ports.py failed: {said}");
        out
    })
}
