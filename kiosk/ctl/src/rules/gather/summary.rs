//! What was made of the sources, for whoever asked for it.

use std::collections::BTreeMap;
use std::path::Path;

use nix::sys::resource::{UsageWho, getrusage};
use wire::rules::{LeftOut, LeftOutReason, RuleTier};

use super::clean::Clean;
use super::gate::{Gated, spelled};
use super::set::Set;
use super::shown;
use crate::print;
use crate::report;

/// Lines of a list that are shown; the whole of it is in the set.
const LISTED: usize = 20;

/// Everything that is worth a line.
pub(super) struct Summary<'s> {
    pub(super) set: &'s Set,
    /// Rules that can find something.
    pub(super) rules: u64,
    /// Names of which something was said and that were left out.
    pub(super) unmet: &'s [String],
    pub(super) gated: &'s [Gated],
    pub(super) clean: &'s Clean,
    pub(super) compiled_seconds: f64,
    pub(super) seconds: f64,
}

impl Summary<'_> {
    /// Prints it, lists cut.
    pub(super) fn print(&self, output: &Path) {
        self.left_out();
        for name in self.unmet {
            print::line(&format!("overrides: {name} was left out"));
        }
        self.tried();
        let asks = self.set.dropped.asks_empty.len();
        if 0 < asks {
            print::line(&format!(
                "{asks} rules ask for what is always empty here and may never find anything \
                 (dropped.toml names them)"
            ));
        }
        print::line(&format!(
            "{}: {} files, {} rules, {} of them can find something",
            shown(output),
            self.set.files.len(),
            self.set.rules(),
            self.rules
        ));
        print::line(&format!(
            "{:.1} s ({:.1} to sort, {:.1} on the clean set), {} MB of memory in one process",
            self.seconds,
            self.compiled_seconds,
            self.clean.seconds,
            memory_megabytes()
        ));
    }

    fn left_out(&self) {
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for one in &self.set.dropped.left_out {
            let count = reasons.entry(report::spelled(&one.reason)).or_default();
            *count = count.saturating_add(1);
        }
        let counts = reasons
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"));
        let counts: Vec<String> = counts.collect();
        let all = self.set.dropped.left_out.len();
        print::line(&format!("left out: {all} ({})", counts.join(", ")));
        // Files of nothing but includes would fill the list.
        let mut listed: Vec<&LeftOut> = self.set.dropped.left_out.iter().collect();
        listed.sort_by_key(|one| one.reason == LeftOutReason::Include);
        for one in listed.into_iter().take(LISTED) {
            let what = one.rule.as_deref().unwrap_or("-");
            let reason = report::spelled(&one.reason);
            let (file, line) = (&one.file, one.line);
            print::line(&format!("  {file}:{line} {what} {reason}: {}", one.message));
        }
        more(all, "dropped.toml");
    }

    fn tried(&self) {
        if self.clean.contents == 0 {
            print::line("tried on nothing: give clean folders with --clean");
            return;
        }
        let unchecked: u64 = self.clean.unchecked.values().sum();
        print::line(&format!(
            "tried on {} clean contents, {} bytes, {unchecked} not examined",
            self.clean.contents, self.clean.bytes
        ));
        for (gap, count) in &self.clean.unchecked {
            print::line(&format!("  {} {count}", report::spelled(gap)));
        }
        for (tier, what) in [
            (RuleTier::Notice, "lowered to notice"),
            (RuleTier::Off, "off"),
        ] {
            let gated: Vec<&Gated> = self.gated.iter().filter(|one| one.tier == tier).collect();
            print::line(&format!("{what}: {}", gated.len()));
            for one in gated.iter().take(LISTED) {
                let rule = spelled(&one.rule);
                print::line(&format!(
                    "  {rule} {} times, first in {}",
                    one.contents, one.first
                ));
            }
            more(gated.len(), "overrides.toml");
        }
    }
}

fn more(all: usize, file: &str) {
    let rest = all.saturating_sub(LISTED);
    if 0 < rest {
        print::line(&format!("  and {rest} more in {file}"));
    }
}

/// The most that this process or one that it started has held, in megabytes.
fn memory_megabytes() -> i64 {
    let most = |who| getrusage(who).map_or(0, |usage| usage.max_rss());
    let kibibytes = most(UsageWho::RUSAGE_SELF).max(most(UsageWho::RUSAGE_CHILDREN));
    kibibytes
        .saturating_mul(1024)
        .checked_div(1_000_000)
        .unwrap_or(0)
}
