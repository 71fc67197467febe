//! A change of a list that is killed at any of its steps leaves the old list or the new one,
//! whole, and the next change brings to its end what the ledger was told of.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

use serde_json::Value;

use crate::gate::record;
use crate::kiosk::{self, Root, run};

/// The calls by which a process touches files, the ledger, its answer. Those that this machine
/// does not have are left out by strace.
const CALLS: [&str; 25] = [
    "openat",
    "flock",
    "write",
    "pwrite64",
    "sendmsg",
    "sendto",
    "recvmsg",
    "recvfrom",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "chown",
    "ftruncate",
    "mkdir",
    "connect",
];

/// A root whose list has two comments in every entry.
struct Stage {
    root: Root,
    old: String,
    new: String,
    /// The kiosk's own writer of the ledger, if it runs.
    record: Option<Child>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(record) = &mut self.record {
            let _ = record.kill();
            let _ = record.wait();
        }
    }
}

/// Only the command itself is traced, or the writer of the ledger that it starts as well.
const ALONE: &str = "-q";
const WITH_CHILDREN: &str = "-f";

/// What is killed: one note that becomes another.
const EDIT: [&str; 5] = ["media", "edit", "M-0002", "--note", "new note"];

impl Stage {
    fn new(is_recording: bool) -> Self {
        let root = Root::for_everybody();
        let list = root.path().join("etc/media-kiosk/allowlist.toml");
        let shipped = fs::read_to_string(&list).unwrap();
        let old = shipped
            .replace("note = ", "# above\nnote = ")
            .replace("status = \"active\"\n", "status = \"active\" # beside\n");
        let line = old
            .lines()
            .find(|line| line.starts_with("note = \"試用: 書庫"))
            .unwrap();
        let new = old.replace(line, "note = \"new note\"");
        root.list(&old);
        fs::create_dir_all(root.ledger()).unwrap();
        fs::create_dir_all(root.path().join("run/media-kiosk")).unwrap();
        let record = is_recording.then(|| record(&root));
        if is_recording {
            let socket = root.path().join("run/media-kiosk/record.sock");
            kiosk::until("kiosk-record to listen", || socket.exists().then_some(()));
        }
        Self {
            root,
            old,
            new,
            record,
        }
    }

    fn list(&self) -> PathBuf {
        self.root.path().join("etc/media-kiosk/allowlist.toml")
    }

    /// The command under strace.
    fn traced(&self, options: &[&str]) -> Command {
        let mut strace = Command::new("strace");
        strace
            .arg("-qq")
            .args(options)
            .arg("--")
            .arg(env!("CARGO_BIN_EXE_kioskctl"))
            .args(EDIT);
        strace.env("MEDIA_KIOSK_ROOT", self.root.path());
        strace
    }

    /// How often one process makes each call at most, when nothing happens to any.
    fn calls(&self, follow: &str) -> BTreeMap<String, usize> {
        self.root.list(&self.old);
        let log = self.root.path().join("strace");
        let trace: Vec<String> = CALLS.iter().map(|call| format!("?{call}")).collect();
        let trace = format!("trace={}", trace.join(","));
        run(&mut self.traced(&[follow, "-o", log.to_str().unwrap(), "-e", &trace])).exits(0);
        let mut counts = BTreeMap::new();
        for line in fs::read_to_string(log).unwrap().lines() {
            // With its children, strace names the process first.
            let (process, call) = match line.split_once(|letter: char| !letter.is_ascii_digit()) {
                Some((process, call)) if !process.is_empty() => (process, call.trim_start()),
                _ => ("", line),
            };
            if let Some((name, _)) = call.split_once('(')
                && CALLS.contains(&name)
            {
                *counts
                    .entry((name.to_owned(), process.to_owned()))
                    .or_insert(0) += 1;
            }
        }
        let mut calls = BTreeMap::new();
        for ((name, _), count) in counts {
            let most = calls.entry(name).or_insert(0);
            *most = count.max(*most);
        }
        calls
    }

    fn kioskctl(&self, arguments: &[&str]) -> kiosk::Done {
        let mut command = self.root.kioskctl();
        run(command.args(arguments))
    }

    /// What the ledger says last of the list: its SHA-256 after.
    fn last_told(&self) -> Option<String> {
        let entries = self.root.entries();
        let mut told = entries.iter().rev().map(|entry| &entry["event"]);
        let last = told.find(|event| event["event"] == "list_changed")?;
        last["after_sha256"].as_str().map(str::to_owned)
    }

    /// Kills the command, or the writer it started, at one of its calls, and looks at what is
    /// left. Whether the new list was in its place then, and whether the next command had to put
    /// it there.
    fn kill(&self, follow: &str, call: &str, number: usize) -> (bool, bool) {
        self.root.list(&self.old);
        let place = format!("{call} {number}");
        let trace = format!("trace={call}");
        let inject = format!("inject={call}:signal=KILL:when={number}");
        let options = [follow, "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let killed = run(&mut self.traced(&options));
        let left = fs::read_to_string(self.list()).unwrap();
        assert!([&self.old, &self.new].contains(&&left), "{place}: {left}");
        // Where the writer died, the command says that it failed, unless all was done before.
        let is_done = killed.status == Some(0) && left == self.new;
        let ended = killed.signal == Some(9)
            || follow == WITH_CHILDREN && (is_done || killed.status == Some(2));
        let (status, stderr) = (killed.status, &killed.stderr);
        assert!(ended, "{place}: {status:?} {stderr}");
        let is_new = left == self.new;

        let next = self.kioskctl(&["media", "edit", "M-0004", "--note", &place]);
        next.exits(0);
        let is_finished = next.stderr.contains("was broken off; it is in place now");
        let after = fs::read_to_string(self.list()).unwrap();
        let line = format!("note = \"{place}\"");
        assert!(after.contains(&line), "{place}: {after}");
        // What the ledger was told of is what is there, and nothing else is.
        assert_eq!(after.contains("new note"), is_new || is_finished, "{place}");
        let sum = run(Command::new("sha256sum").arg(self.list()));
        let hash = sum.stdout.split(' ').next().map(str::to_owned);
        assert_eq!(self.last_told(), hash, "{place}");
        let mut names: Vec<String> = fs::read_dir(self.list().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "allowlist.toml",
                "allowlist.toml.bak",
                "allowlist.toml.lock"
            ],
            "{place}"
        );
        (is_new, is_finished)
    }

    fn kill_everywhere(&self, follow: &str) -> usize {
        let calls = self.calls(follow);
        for needed in [
            "openat", "flock", "write", "fsync", "rename", "link", "sendmsg",
        ] {
            assert!(
                calls.keys().any(|call| call.starts_with(needed)),
                "{needed}: {calls:?}"
            );
        }
        let (mut points, mut left_new, mut finished) = (0, 0, 0);
        for (call, count) in &calls {
            for number in 1..=*count {
                let (is_new, is_finished) = self.kill(follow, call, number);
                points += 1;
                left_new += usize::from(is_new);
                finished += usize::from(is_finished);
            }
        }
        println!(
            "killed at {points} calls {calls:?}; the new list was in its place {left_new} times, \
             and was put there {finished} times by the next command"
        );
        assert!(0 < left_new && 0 < finished && left_new + finished < points);
        self.kioskctl(&["log", "verify"]).exits(0);
        points
    }
}

#[test]
fn an_edit_killed_at_any_step_leaves_the_old_list_or_the_new() {
    let points = Stage::new(true).kill_everywhere(ALONE);
    assert!(30 < points, "{points}");
}

#[test]
fn an_edit_whose_own_writer_of_the_ledger_is_killed_with_it_leaves_the_old_list_or_the_new() {
    let points = Stage::new(false).kill_everywhere(WITH_CHILDREN);
    assert!(60 < points, "{points}");
}

#[test]
fn what_another_than_the_ledger_left_beside_a_list_is_thrown_away() {
    let stage = Stage::new(true);
    let beside = stage.list().with_file_name(".allowlist.toml.new");
    let told: Value = {
        stage.kioskctl(&EDIT).exits(0);
        stage.root.entries().last().unwrap()["event"].clone()
    };
    assert_eq!(told["changed"][0]["fields"][0]["after"], "\"new note\"");
    // The list that the ledger was told of, but from another one than is there now.
    fs::write(&beside, &stage.new).unwrap();
    let by_hand = format!("# by hand\n{}", stage.old);
    stage.root.list(&by_hand);
    stage
        .kioskctl(&["media", "edit", "M-0004", "--note", "n"])
        .exits(0);
    let after = fs::read_to_string(stage.list()).unwrap();
    assert!(after.starts_with("# by hand\n") && !after.contains("new note"));
    assert!(!beside.exists());
    // Nor one that it was never told of.
    fs::write(&beside, "# evil\n").unwrap();
    stage
        .kioskctl(&["media", "edit", "M-0004", "--note", "o"])
        .exits(0);
    assert!(
        fs::read_to_string(stage.list())
            .unwrap()
            .starts_with("# by hand\n")
    );
    assert!(!beside.exists());
}
