//! See `fuzz::target`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fuzz::target::run("stream", input);
});
