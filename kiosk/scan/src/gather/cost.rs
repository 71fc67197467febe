//! What a rule costs, measured: the compiler knows only some of the slow ones.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::compile;

/// Longest that one rule may take for each probe, in processor time. A public set of 6,000 rules
/// takes a sixth of that for all of them together.
pub(super) const PROBE_MILLIS_MAX: u64 = 60;

/// Length of a probe, in bytes.
const PROBE_BYTES: usize = 1 << 20;

/// How often a probe is scanned; the fastest counts, because something else may have been slow.
const RUNS: usize = 3;

/// Contents like those of a medium: words, noise, and a program's plain parts.
pub(super) struct Probes([Vec<u8>; 3]);

impl Probes {
    pub(super) fn new() -> Self {
        let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
        let words = [
            "the ",
            "setup",
            " http://",
            "cmd.exe",
            "0x41",
            "\r\n",
            "AAAA",
            "Zm9v",
            ".dll ",
            "_",
            "var a = ",
            "(\"",
            "\");",
            "1234",
            "/usr/lib/",
            "C:\\",
        ];
        let mut text = Vec::with_capacity(PROBE_BYTES);
        while text.len() < PROBE_BYTES {
            let word = noise.below(words.len());
            text.extend_from_slice(words.get(word).unwrap_or(&" ").as_bytes());
        }
        text.truncate(PROBE_BYTES);
        let random = (0..PROBE_BYTES).map(|_| noise.byte()).collect();
        let mut plain = b"MZ".to_vec();
        while plain.len() < PROBE_BYTES {
            let byte = noise.byte() & 0x3F;
            plain.extend(std::iter::repeat_n(byte, usize::from(noise.byte() & 0x1F)));
        }
        plain.truncate(PROBE_BYTES);
        Self([text, random, plain])
    }

    /// Processor time that the rules in `text` need for the probe that is hardest for them;
    /// `None` for what does not compile or cannot be run.
    pub(super) fn cost(&self, text: &str, relaxed: bool) -> Option<Duration> {
        let mut compiler = compile::compiler(relaxed);
        compiler.add_source(text).ok()?;
        let rules = compiler.build();
        let mut scanner = yara_x::Scanner::new(&rules);
        scanner.fast_scan(true).use_mmap(false);
        let mut most = Duration::ZERO;
        for probe in &self.0 {
            let mut least: Option<Duration> = None;
            for _ in 0..RUNS {
                let began = used()?;
                scanner.scan(probe).ok()?;
                let took = used()?.saturating_sub(began);
                least = Some(least.map_or(took, |least| least.min(took)));
                if took < Duration::from_millis(PROBE_MILLIS_MAX) {
                    break;
                }
            }
            most = most.max(least.unwrap_or_default());
        }
        Some(most)
    }
}

/// Whether that is more than a rule may take.
pub(super) fn is_too_much(cost: Option<Duration>) -> bool {
    cost.is_none_or(|cost| Duration::from_millis(PROBE_MILLIS_MAX) < cost)
}

/// Processor time of this thread so far.
fn used() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .ok()
        .map(Duration::from)
}

/// The same noise every time (xorshift64).
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [_, _, _, byte, ..] = self.0.to_le_bytes();
        byte
    }

    fn below(&mut self, most: usize) -> usize {
        usize::from(self.byte()).checked_rem(most).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_takes_longer_than_it_may_is_told_from_a_usual_one() {
        let probes = Probes::new();
        assert!(probes.0.iter().all(|probe| probe.len() == PROBE_BYTES));
        let usual = r#"rule a { strings: $a = "needle" condition: $a }"#;
        assert!(!is_too_much(probes.cost(usual, false)));
        let heavy = r#"import "hash"
            rule a { condition: for any i in (1..400) : (hash.sha256(i, filesize - i) == "") }"#;
        assert!(is_too_much(probes.cost(heavy, false)));
        assert!(is_too_much(None));
        assert!(is_too_much(Some(Duration::from_millis(
            PROBE_MILLIS_MAX + 1
        ))));
        assert!(!is_too_much(Some(Duration::from_millis(PROBE_MILLIS_MAX))));
    }
}
