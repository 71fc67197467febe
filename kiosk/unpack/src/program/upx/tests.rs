//! Small programs that UPX 4.2.2 packed, for Linux and for Windows.

use crate::testing::{What, opened};

const PACKED: [(&str, &[u8]); 6] = [
    ("elf nrv2b", include_bytes!("samples/k64-nrv2b")),
    ("elf nrv2d", include_bytes!("samples/k64-nrv2d")),
    ("elf nrv2e", include_bytes!("samples/k64-nrv2e")),
    ("elf lzma", include_bytes!("samples/k64-lzma")),
    ("pe nrv2e", include_bytes!("samples/k32.exe-nrv2e")),
    ("pe of 64 bits lzma", include_bytes!("samples/k64.exe-lzma")),
];

const SENTENCE: &[u8] = b"a sentence that stands in the program before it is packed";

fn says(content: &[u8]) -> bool {
    content.windows(SENTENCE.len()).any(|part| part == SENTENCE)
}

#[test]
fn what_upx_packed_comes_out() {
    for (name, packed) in PACKED {
        assert!(!says(packed), "{name}");
        let done = opened(packed);
        assert!(done.has_rule("program_packed"), "{name}");
        let mut whole = done.members.iter().filter(|one| one.what == What::Content);
        assert!(whole.any(|one| says(&one.content)), "{name}");
    }
}

#[test]
fn what_was_changed_by_hand_is_said_to_be_packed() {
    for (name, packed) in PACKED {
        let mut changed = packed.to_vec();
        let middle = changed.len() / 2;
        changed[middle..middle + 16].fill(0xa5);
        let done = opened(&changed);
        assert!(done.has_rule("program_packed"), "{name}");
    }
}
