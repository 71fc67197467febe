//! The shortest rows of `make formats`: the kiosk, what was written, and readers of other
//! people's making say the same of a medium.

use std::path::Path;
use std::process::Command;

use crate::kiosk;
use crate::media;

#[test]
fn other_readers_find_the_same_files_on_a_medium_of_each_format() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats");
    let mut table = Command::new(media::repository().join("tests/formats/table"));
    table
        .arg("--quick")
        .arg(env!("CARGO_BIN_EXE_kioskctl"))
        .arg(out);
    let done = kiosk::run(&mut table);
    done.exits(0);
    assert!(done.stdout.contains(" images right"), "{}", done.stdout);
}
