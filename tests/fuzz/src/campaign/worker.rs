//! The process that runs cases.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use super::Trial;
use super::judge::Judged;
use super::supervise::cpu_ms;

/// Runs `count` cases from `first` on, and says of each what became of it: its number, its time
/// in milliseconds, the most memory in bytes, a word, and an explanation.
///
/// # Errors
/// When nobody listens.
pub fn work(base: &dyn Trial, first: u64, count: u64, out: &mut dyn Write) -> std::io::Result<()> {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = said.clone();
    std::panic::set_hook(Box::new(move |panic| {
        if let Ok(mut heard) = heard.lock() {
            *heard = panic.to_string().replace(['\n', '\t'], " ");
        }
    }));
    for seed in (first..).take(crate::medium::narrow(count)) {
        // Tells the kernel to begin anew with the most memory; where it may not be told, the
        // most of all cases so far is an upper bound.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let begun = cpu_ms("/proc/self/stat").unwrap_or(0);
        let judged = catch_unwind(AssertUnwindSafe(|| base.judge(seed)));
        let used = cpu_ms("/proc/self/stat").unwrap_or(0).saturating_sub(begun);
        let (what, words) = match judged {
            Ok(Judged {
                silent: true,
                words,
                ..
            }) => ("silent", words),
            Ok(Judged {
                passing: true,
                words,
                ..
            }) => ("passing", words),
            Ok(_) => ("fine", String::new()),
            Err(_) => {
                let said = said.lock().map(|said| said.clone());
                ("panic", said.unwrap_or_default())
            }
        };
        let words = words.replace(['\n', '\t'], " ");
        writeln!(out, "{seed}\t{used}\t{}\t{what}\t{words}", most_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// The most memory that this process had.
fn most_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}
