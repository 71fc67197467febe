//! An installation of rules that is killed at any of its steps leaves the old set in force or
//! the new one, whole, and never one that the ledger does not know of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bundles::Plant;
use crate::kiosk::run;

/// The calls by which a process changes something outside itself: files, links, the ledger, its
/// answer. Those that this machine does not have are left out by strace.
const CALLS: [&str; 21] = [
    "write",
    "pwrite64",
    "sendmsg",
    "sendto",
    "fsync",
    "fdatasync",
    "syncfs",
    "rename",
    "renameat",
    "renameat2",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "chmod",
    "fchmod",
    "fchmodat",
    "ftruncate",
];

/// A plant with version 1, then 2, installed; versions 3 and 4 are signed and lie ready.
struct Stage {
    plant: Plant,
    rules: PathBuf,
    kept: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let plant = Plant::new();
        for version in 1..=4 {
            plant.made(version);
        }
        for version in 1..=2 {
            plant
                .rules(&["install", &format!("trial-{version}.bundle")])
                .exits(0);
        }
        let rules = plant.root.path().join("var/lib/media-kiosk/rules");
        let kept = plant.at("kept");
        copy(&rules, &kept);
        Self { plant, rules, kept }
    }

    /// Puts the installed rules back as they were. The ledger goes on.
    fn reset(&self) {
        fs::remove_dir_all(&self.rules).unwrap();
        copy(&self.kept, &self.rules);
    }

    /// The command under strace.
    fn traced(&self, options: &[&str], command: &[&str]) -> Command {
        let mut strace = Command::new("strace");
        strace
            .arg("-qq")
            .args(options)
            .arg("--")
            .arg(env!("CARGO_BIN_EXE_kioskctl"));
        strace.arg("rules").args(command);
        strace.env("MEDIA_KIOSK_ROOT", self.plant.root.path());
        strace.current_dir(self.plant.at(""));
        strace
    }

    /// How often the command makes each call when nothing happens to it.
    fn calls(&self, command: &[&str]) -> BTreeMap<String, usize> {
        self.reset();
        let log = self.plant.at("strace");
        let trace: Vec<String> = CALLS.iter().map(|call| format!("?{call}")).collect();
        let trace = format!("trace={}", trace.join(","));
        let log_name = log.to_str().unwrap();
        run(&mut self.traced(&["-o", log_name, "-e", &trace], command)).exits(0);
        let mut calls = BTreeMap::new();
        for line in fs::read_to_string(log).unwrap().lines() {
            if let Some((name, _)) = line.split_once('(') {
                *calls.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        calls
    }

    fn entries(&self, since: u64) -> Vec<Value> {
        let mut command = self.plant.root.kioskctl();
        let done = run(command.args(["log", "list", "--json", "--since", &since.to_string()]));
        done.exits(0);
        done.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Kills the command at one of its calls, and looks at what is left. Gives the version
    /// that is in force then. What this command put into force, it has told the ledger before.
    fn kill(&self, command: &[&str], call: &str, number: usize, since: u64, new: u64) -> u64 {
        self.reset();
        let place = format!("{} at {call} {number}", command[0]);
        let trace = format!("trace={call}");
        let inject = format!("inject={call}:signal=KILL:when={number}");
        let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
        let killed = run(&mut self.traced(&options, command));
        assert_eq!(killed.signal, Some(9), "{place}: {}", killed.stderr);

        let status = self.plant.status();
        let (active, previous) = (&status["active"], &status["previous"]);
        assert_eq!(active["usable"], true, "{place}: {status}");
        assert_eq!(previous["usable"], true, "{place}: {status}");
        let since = if active["version"] == new { since } else { 1 };
        let known = self.entries(since).iter().any(|entry| {
            let set = &entry["event"]["set"];
            set.is_object() && set["manifest_sha256"] == active["manifest_sha256"]
        });
        assert!(known, "{place}: the ledger does not know of {active}");
        active["version"].as_u64().unwrap()
    }

    /// The next installation works, clears everything away, and says in the ledger what became
    /// of the one that was killed.
    fn goes_on(&self, place: &str, since: u64, killed_version: u64, in_force: bool) {
        self.plant.rules(&["install", "trial-4.bundle"]).exits(0);
        let status = self.plant.status();
        assert_eq!(status["active"]["version"], 4, "{place}: {status}");
        assert_eq!(status["broken_off"], false, "{place}: {status}");
        let mut names: Vec<String> = fs::read_dir(&self.rules)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["active", "lock", "previous", "sets", "versions.toml"],
            "{place}"
        );
        assert_eq!(
            fs::read_dir(self.rules.join("sets")).unwrap().count(),
            2,
            "{place}"
        );
        let told = |event: &str| {
            let entries = self.entries(since);
            let count = entries.iter().filter(|entry| {
                let event_told = &entry["event"];
                let version = event_told["set"]["version"].as_u64();
                let version = version.or(event_told["version"].as_u64());
                event_told["event"] == event && version == Some(killed_version)
            });
            count.count()
        };
        // A claim that did not come true is taken back.
        if !in_force {
            let claimed = told("rules_installed") + told("rules_rolled_back");
            assert!(claimed <= told("rules_refused"), "{place}");
        }
    }

    fn head(&self) -> u64 {
        self.entries(1).last().unwrap()["number"].as_u64().unwrap()
    }

    /// Kills the command at each call that changes something, one after the other.
    fn kill_everywhere(&self, command: &[&str], old: u64, new: u64) -> usize {
        let calls = self.calls(command);
        for needed in ["write", "fsync", "rename", "symlink", "unlink", "sendmsg"] {
            assert!(
                calls.keys().any(|call| call.starts_with(needed)),
                "{needed}: {calls:?}"
            );
        }
        let (mut points, mut left_old, mut left_new) = (0, 0, 0);
        for (call, count) in &calls {
            for number in 1..=*count {
                let since = self.head() + 1;
                let version = self.kill(command, call, number, since, new);
                let place = format!("{} at {call} {number}", command[0]);
                assert!([old, new].contains(&version), "{place}: {version}");
                self.goes_on(&place, since, new, version == new);
                points += 1;
                left_old += usize::from(version == old);
                left_new += usize::from(version == new);
            }
        }
        println!(
            "{}: killed at {points} calls {calls:?}; the old set stayed {left_old} times, the new \
             one {left_new} times",
            command[0]
        );
        assert!(0 < left_old && 0 < left_new);
        points
    }
}

/// With links as they are.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.unwrap().success());
}

#[test]
fn an_installation_killed_at_any_step_leaves_the_old_rules_or_the_new() {
    let stage = Stage::new();
    let points = stage.kill_everywhere(&["install", "trial-3.bundle"], 2, 3);
    assert!(30 < points, "{points}");
    run(stage.plant.root.kioskctl().args(["log", "verify"])).exits(0);
}

#[test]
fn a_rollback_killed_at_any_step_leaves_the_old_rules_or_the_new() {
    let stage = Stage::new();
    let points = stage.kill_everywhere(&["rollback"], 2, 1);
    assert!(15 < points, "{points}");
    run(stage.plant.root.kioskctl().args(["log", "verify"])).exits(0);
}
