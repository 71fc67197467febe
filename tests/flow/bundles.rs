//! Bundles of rules: built, signed, carried, installed, refused, taken back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::Value;

use crate::gate::{Kiosk, record};
use crate::kiosk::{self, Done, Root, run};

/// What the rule of the trial's bundles looks for.
pub(crate) const MARK: &str = "kiosk-trial-bundle-mark";

/// What shows that it works: the mark in two pieces.
pub(crate) const CANARY: &str = r#"
[[canary]]
rule = "trial_mark"
pieces = ["kiosk-trial-", "bundle-mark"]

[[near_miss]]
rule = "trial_mark"
pieces = ["kiosk-trial-bundle"]
"#;

/// Whoever makes rules, for the kiosks below one root.
pub(crate) struct Maker {
    /// Keys, rules and bundles.
    folder: tempfile::TempDir,
    /// The installation of the kiosk.
    home: PathBuf,
}

/// An installation that trusts its maker's key, with a running ledger.
pub(crate) struct Plant {
    pub(crate) root: Root,
    maker: Maker,
    record: Child,
}

impl Drop for Plant {
    fn drop(&mut self) {
        // The test may have ended it.
        let _ = self.record.kill();
        let _ = self.record.wait();
    }
}

impl std::ops::Deref for Plant {
    type Target = Maker;

    fn deref(&self) -> &Maker {
        &self.maker
    }
}

impl Maker {
    pub(crate) fn new(home: &Path) -> Self {
        let maker = Self {
            folder: tempfile::tempdir().unwrap(),
            home: home.to_owned(),
        };
        fs::create_dir_all(home.join("etc/media-kiosk/rule-keys")).unwrap();
        fs::create_dir_all(maker.at("rules/trial")).unwrap();
        let rule = format!("rule trial_mark {{ strings: $a = \"{MARK}\" condition: $a }}\n");
        fs::write(maker.at("rules/trial/trial.yar"), rule).unwrap();
        fs::write(maker.at("rules/trial/canary.toml"), CANARY).unwrap();
        maker.keygen("maker");
        maker.trust("maker");
        maker
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn rules(&self, arguments: &[&str]) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kioskctl"));
        command
            .env("MEDIA_KIOSK_ROOT", &self.home)
            .arg("rules")
            .args(arguments);
        run(command.current_dir(self.folder.path()))
    }

    pub(crate) fn keygen(&self, name: &str) {
        let (secret, public) = (format!("{name}.key"), format!("{name}.pub"));
        let arguments = ["keygen", "--secret-key", &secret, "--public-key", &public];
        self.rules(&[&arguments[..], &["--no-password"]].concat())
            .exits(0);
    }

    pub(crate) fn trust(&self, name: &str) {
        let file = format!("{name}.pub");
        let keys = self.home.join("etc/media-kiosk/rule-keys");
        fs::copy(self.at(&file), keys.join(file)).unwrap();
    }

    /// A bundle that is built and not signed.
    pub(crate) fn built(&self, version: u64, more: &[&str]) -> String {
        let (name, version) = (format!("trial-{version}.bundle"), version.to_string());
        let usual = [
            ("--name", "trial"),
            ("--version", version.as_str()),
            ("--issued", "2020-01-01"),
            ("--expires", "2120-01-01"),
        ];
        let mut arguments = vec!["build", "rules", "-o", name.as_str()];
        for (option, value) in usual {
            if !more.contains(&option) {
                arguments.extend([option, value]);
            }
        }
        arguments.extend(more);
        self.rules(&arguments).exits(0);
        name
    }

    pub(crate) fn sign(&self, bundle: &str, name: &str) {
        self.rules(&["sign", bundle, "--secret-key", &format!("{name}.key")])
            .exits(0);
    }

    /// A signed one.
    pub(crate) fn made(&self, version: u64) -> String {
        let name = self.built(version, &[]);
        self.sign(&name, "maker");
        name
    }

    pub(crate) fn status(&self) -> Value {
        let done = self.rules(&["status", "--json"]);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// The version in force; 0 for the rules of the programs.
    pub(crate) fn version(&self) -> u64 {
        self.status()["active"]["version"].as_u64().unwrap_or(0)
    }

    fn active(&self) -> PathBuf {
        self.home.join("var/lib/media-kiosk/rules/active")
    }
}

impl Plant {
    pub(crate) fn new() -> Self {
        let root = Root::for_everybody();
        for place in ["run/media-kiosk", "var/lib/media-kiosk/ledger"] {
            fs::create_dir_all(root.path().join(place)).unwrap();
        }
        let record = record(&root);
        let socket = root.path().join("run/media-kiosk/record.sock");
        kiosk::until("the ledger's socket", || socket.exists().then_some(()));
        let maker = Maker::new(root.path());
        Self {
            root,
            maker,
            record,
        }
    }

    /// Entries of one kind.
    pub(crate) fn told(&self, event: &str) -> Vec<Value> {
        let entries = self.root.entries().into_iter();
        entries
            .map(|entry| entry["event"].clone())
            .filter(|told| told["event"] == event)
            .collect()
    }
}

#[test]
fn a_bundle_is_built_signed_and_installed_and_its_rules_are_in_force() {
    let plant = Plant::new();
    let name = plant.made(3);
    plant.rules(&["install", &name]).exits(0);
    let active = plant.status()["active"].clone();
    for (key, value) in [
        ("bundle", Value::from("trial")),
        ("version", Value::from(3)),
        ("rules", Value::from(1)),
        ("files", Value::from(2)),
        ("expires", Value::from("2120-01-01")),
        ("key_file", Value::from("maker.pub")),
        ("usable", Value::from(true)),
    ] {
        assert_eq!(active[key], value, "{key}: {active}");
    }
    assert!(
        active["age_days"].as_u64().is_some_and(|days| 2000 < days),
        "{active}"
    );
    plant.rules(&["status"]).exits(0);

    let file = plant.at("marked.txt");
    fs::write(&file, MARK).unwrap();
    let report = plant.root.scan(&file, &[]);
    assert_eq!(report.status, 1, "{}", report.summary());
    assert_eq!(report.json["rules"]["bundle"], "trial");
    assert_eq!(report.json["rules"]["version"], 3);

    let [told] = plant.told("rules_installed").try_into().unwrap();
    assert_eq!(told["set"]["version"], 3);
    assert_eq!(told["set"]["manifest_sha256"], active["manifest_sha256"]);
    assert_eq!(told["set"]["key_id"], active["key_id"]);
    assert_eq!(told["before"], Value::Null);
    assert_eq!(told["file"], "trial-3.bundle");
    let uid = nix::unistd::getuid();
    assert_eq!(told["by"]["uid"], uid.as_raw());
    let user = nix::unistd::User::from_uid(uid).unwrap().unwrap();
    assert_eq!(told["by"]["user"], user.name);
    let shown = run(plant.root.kioskctl().args(["log", "list"]));
    assert!(
        shown.stdout.contains("installed trial version 3"),
        "{}",
        shown.stdout
    );
    run(plant.root.kioskctl().args(["log", "show", "1"])).exits(0);
    run(plant.root.kioskctl().args(["log", "verify"])).exits(0);
}

#[test]
fn a_bundle_is_scanned_with_before_it_is_installed_when_its_key_is_trusted() {
    let plant = Plant::new();
    let name = plant.made(3);
    let (file, path) = (plant.at("marked.txt"), plant.at(&name));
    fs::write(&file, MARK).unwrap();
    let report = plant.root.scan(&file, &["--rules", path.to_str().unwrap()]);
    assert_eq!(report.status, 1, "{}", report.summary());
    assert_eq!(report.json["rules"]["version"], 3);
    let mut bytes = fs::read(&path).unwrap();
    let last_rule = bytes.len() - 1024 - 512;
    bytes[last_rule] ^= 1;
    for (bytes, words) in [
        (bytes, "trial/trial.yar was changed"),
        (
            fs::read(plant.at(&plant.built(4, &[]))).unwrap(),
            "is not signed",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let mut command = plant.root.kioskctl();
        command
            .arg("scan")
            .arg(&file)
            .args(["--no-ledger", "--rules"]);
        let done = run(command.arg(&path));
        done.exits(2);
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
}

#[test]
fn the_same_folder_always_makes_the_same_bundle() {
    let plant = Plant::new();
    let one = plant.built(1, &[]);
    let first = fs::read(plant.at(&one)).unwrap();
    fs::remove_file(plant.at("rules/trial/canary.toml")).unwrap();
    fs::write(plant.at("rules/trial/canary.toml"), CANARY).unwrap();
    plant.built(1, &[]);
    assert_eq!(fs::read(plant.at(&one)).unwrap(), first);
}

#[test]
fn what_cannot_be_in_a_bundle_is_named_when_it_is_built() {
    let plant = Plant::new();
    let build = |plant: &Plant| {
        let label = [
            "--name",
            "trial",
            "--version",
            "1",
            "--issued",
            "2020-01-01",
        ];
        let rest = ["--expires", "2120-01-01", "-o", "x.bundle"];
        plant.rules(&[&["build", "rules"], &label[..], &rest[..]].concat())
    };
    fs::write(plant.at("rules/README.md"), "x").unwrap();
    let done = build(&plant);
    done.exits(0);
    assert!(
        done.stderr
            .contains("left out, no part of a bundle: rules/README.md")
    );
    for (file, words) in [
        ("rules/a b.yar", "rename the file"),
        ("rules/bad.yar", "bad.yar"),
    ] {
        fs::write(plant.at(file), "rule bad { condition: nothing }").unwrap();
        let done = build(&plant);
        done.exits(2);
        assert!(done.stderr.contains(words), "{file}: {}", done.stderr);
        fs::remove_file(plant.at(file)).unwrap();
    }
    let done = plant.rules(&["build", "rules", "--name", "trial", "--version", "1"]);
    done.exits(2);
    assert!(done.stderr.contains("give --issued"), "{}", done.stderr);
}

#[test]
fn a_rollback_puts_the_one_before_into_force_and_no_version_comes_twice() {
    let plant = Plant::new();
    plant.rules(&["rollback"]).exits(2);
    let bundles: Vec<String> = (1..=4).map(|version| plant.made(version)).collect();
    plant.rules(&["install", &bundles[0]]).exits(0);
    // Before the first bundle were the rules of the programs.
    plant.rules(&["rollback"]).exits(0);
    assert_eq!(plant.version(), 0);
    plant.rules(&["rollback"]).exits(0);
    assert_eq!(plant.version(), 1);
    plant.rules(&["install", &bundles[1]]).exits(0);
    plant.rules(&["install", &bundles[2]]).exits(0);
    plant.rules(&["rollback"]).exits(0);
    assert_eq!(plant.version(), 2);
    assert_eq!(plant.status()["previous"]["version"], 3);
    let again = plant.rules(&["install", &bundles[2]]);
    again.exits(1);
    assert!(
        again.stderr.contains("is not newer than version 3"),
        "{}",
        again.stderr
    );
    plant.rules(&["install", &bundles[3]]).exits(0);
    assert_eq!(
        (plant.version(), plant.told("rules_rolled_back").len()),
        (4, 3)
    );
    // Only what a command still leads to is kept.
    let sets = plant.root.path().join("var/lib/media-kiosk/rules/sets");
    assert_eq!(fs::read_dir(sets).unwrap().count(), 2);
}

#[test]
fn installed_rules_that_were_changed_are_an_error_and_nothing_takes_their_place() {
    let plant = Plant::new();
    plant.rules(&["install", &plant.made(1)]).exits(0);
    plant.rules(&["install", &plant.made(2)]).exits(0);
    let rule = plant.active().join("trial/trial.yar");
    let good = fs::read(&rule).unwrap();
    let keys = plant.root.path().join("etc/media-kiosk/rule-keys");
    let file = plant.at("marked.txt");
    fs::write(&file, MARK).unwrap();
    let broken = |words: &str| {
        let mut command = plant.root.kioskctl();
        let scanned = run(command
            .arg("scan")
            .arg(&file)
            .args(["--json", "--no-ledger"]));
        scanned.exits(2);
        assert!(scanned.stderr.contains(words), "{}", scanned.stderr);
        let status = plant.rules(&["status"]);
        status.exits(1);
        assert!(status.stdout.contains(words), "{}", status.stdout);
    };
    let mut bad = good.clone();
    bad[0] ^= 1;
    fs::write(&rule, &bad).unwrap();
    broken("trial/trial.yar was changed");
    fs::write(&rule, [&good[..], b" "].concat()).unwrap();
    broken("trial/trial.yar was changed");
    fs::remove_file(&rule).unwrap();
    broken("trial/trial.yar");
    fs::write(&rule, &good).unwrap();
    let extra = plant.active().join("trial/extra.yar");
    fs::write(&extra, "rule extra { condition: false }").unwrap();
    broken("trial/extra.yar is no part of them");
    fs::remove_file(extra).unwrap();
    plant.rules(&["status"]).exits(0);
    fs::rename(keys.join("maker.pub"), plant.at("away.pub")).unwrap();
    broken("is not trusted here");
    // What was in force before does not come back by itself either; it is not trusted.
    plant.rules(&["rollback"]).exits(1);
    assert_eq!(plant.rules(&["install", &plant.made(3)]).status, Some(2));
    fs::rename(plant.at("away.pub"), keys.join("maker.pub")).unwrap();
    fs::remove_dir_all(fs::canonicalize(plant.active()).unwrap()).unwrap();
    run(plant
        .root
        .kioskctl()
        .arg("scan")
        .arg(&file)
        .arg("--no-ledger"))
    .exits(2);
    // A good bundle mends it.
    plant.rules(&["install", &plant.made(4)]).exits(0);
    assert_eq!(plant.version(), 4);
}

#[test]
fn an_installed_list_that_was_changed_is_refused_by_status_scan_and_rollback() {
    let plant = Plant::new();
    let list = |path: &Path, content: &str| {
        let digest = Command::new("sha256sum").arg(plant.at(content)).output();
        fs::write(plant.at("list.txt"), digest.unwrap().stdout).unwrap();
        let path = path.to_str().unwrap();
        let arguments = ["list", "--block", "--name", "worms", "-o", path, "list.txt"];
        plant.rules(&arguments).exits(0);
        fs::read(path).unwrap()
    };
    let file = plant.at("marked.txt");
    fs::write(&file, MARK).unwrap();
    fs::write(plant.at("other.txt"), "another content").unwrap();
    fs::create_dir(plant.at("rules/lists")).unwrap();
    let good = list(&plant.at("rules/lists/worms.hashes"), "marked.txt");
    plant.rules(&["install", &plant.made(1)]).exits(0);
    plant.rules(&["status"]).exits(0);
    let scan = || {
        let mut command = plant.root.kioskctl();
        run(command.arg("scan").arg(&file).arg("--no-ledger"))
    };
    scan().exits(1);
    let path = fs::canonicalize(plant.active().join("lists/worms.hashes")).unwrap();
    // A list that is sound in itself is not the one that was signed.
    let other = list(&plant.at("other.hashes"), "other.txt");
    let flipped = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        bytes
    };
    let bad = [
        other,
        flipped(0),
        flipped(4096),
        flipped(good.len() - 1),
        [&good[..], b"x"].concat(),
        good[..good.len() - 1].to_vec(),
    ];
    let is_named = |said: &str| assert!(said.contains("lists/worms.hashes"), "{said}");
    for bytes in &bad {
        fs::write(&path, bytes).unwrap();
        let done = scan();
        done.exits(2);
        is_named(&done.stderr);
        let status = plant.rules(&["status"]);
        status.exits(1);
        is_named(&status.stdout);
    }
    fs::remove_file(&path).unwrap();
    scan().exits(2);
    plant.rules(&["status"]).exits(1);
    fs::write(&path, &good).unwrap();
    scan().exits(1);
    plant.rules(&["status"]).exits(0);
    // The set before is compared as if it were new.
    plant.rules(&["install", &plant.made(2)]).exits(0);
    for bytes in &bad {
        fs::write(&path, bytes).unwrap();
        let done = plant.rules(&["rollback"]);
        done.exits(1);
        is_named(&done.stderr);
        assert_eq!(plant.version(), 2);
    }
    fs::write(&path, &good).unwrap();
    plant.rules(&["rollback"]).exits(0);
    assert_eq!(plant.version(), 1);
}

#[test]
fn rules_past_their_last_day_withhold_every_pass() {
    let plant = Plant::new();
    plant.rules(&["install", &plant.made(1)]).exits(0);
    // Nobody waits a century for a bundle to expire: an unpacked one is scanned with instead.
    let name = plant.built(2, &["--expires", "2020-02-01"]);
    let folder = plant.at("expired");
    fs::create_dir(&folder).unwrap();
    unpack(&plant.at(&name), &folder);
    let file = plant.at("harmless.txt");
    fs::write(&file, "harmless").unwrap();
    let report = plant
        .root
        .scan(&file, &["--rules", folder.to_str().unwrap()]);
    report.answers("incomplete", 2);
    assert!(
        report.reasons().contains(&"rules_stale"),
        "{}",
        report.summary()
    );
    let report = plant.root.scan(&file, &[]);
    assert!(
        !report.reasons().contains(&"rules_stale"),
        "{}",
        report.summary()
    );
}

fn unpack(bundle: &Path, folder: &Path) {
    let done = Command::new("tar")
        .arg("xf")
        .arg(bundle)
        .arg("-C")
        .arg(folder)
        .status();
    assert!(done.unwrap().success());
}

#[test]
fn an_auditor_checks_a_bundle_with_tar_minisign_and_sha256sum() {
    let plant = Plant::new();
    let name = plant.made(1);
    let folder = plant.at("carried");
    fs::create_dir(&folder).unwrap();
    unpack(&plant.at(&name), &folder);
    let audit = |folder: &Path| {
        // As signatures/README.md has it.
        let script = "minisign -Vm manifest.toml -p \"$KEY\" && sed -n 's/^path = \"\\(.*\\)\"/\\1/p' \
                      manifest.toml > paths && sed -n 's/^sha256 = \"\\(.*\\)\"/\\1/p' manifest.toml \
                      | paste -d ' ' - paths | sed 's/ /  /' | sha256sum -c";
        run(Command::new("sh")
            .args(["-c", script])
            .env("KEY", plant.at("maker.pub"))
            .current_dir(folder))
    };
    let done = audit(&folder);
    done.exits(0);
    for words in [
        "bundle trial version 1 issued 2020-01-01",
        "trial/trial.yar: OK",
    ] {
        assert!(
            done.stdout.contains(words),
            "{}{}",
            done.stdout,
            done.stderr
        );
    }
    let page = crate::media::repository().join("signatures/README.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("minisign -Vm manifest.toml -p") && page.contains("sha256sum -c"));
    fs::write(folder.join("trial/trial.yar"), "changed").unwrap();
    assert_ne!(audit(&folder).status, Some(0));
}

#[test]
fn keys_of_minisign_sign_and_ours_are_its() {
    let plant = Plant::new();
    let minisign = |arguments: &[&str]| {
        let done = Command::new("minisign")
            .args(arguments)
            .current_dir(plant.folder.path())
            .output();
        let done = done.unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    minisign(&["-G", "-W", "-p", "theirs.pub", "-s", "theirs.key"]);
    plant.trust("theirs");
    let name = plant.built(1, &[]);
    plant.sign(&name, "theirs");
    plant.rules(&["install", &name]).exits(0);
    assert_eq!(plant.status()["active"]["key_file"], "theirs.pub");
    // And the other way round, with a password.
    fs::write(plant.at("password"), "geheim\n").unwrap();
    let files = ["--secret-key", "covered.key", "--public-key", "covered.pub"];
    let password = ["--password-file", "password"];
    plant
        .rules(&[&["keygen"], &files[..], &password].concat())
        .exits(0);
    let sign = ["sign", &plant.built(2, &[]), "--secret-key", "covered.key"];
    plant.rules(&[&sign[..], &password].concat()).exits(0);
    fs::write(plant.at("password"), "falsch\n").unwrap();
    let wrong = plant.rules(&[&sign[..], &password].concat());
    wrong.exits(2);
    assert!(
        wrong.stderr.contains("the password is wrong"),
        "{}",
        wrong.stderr
    );
    fs::write(plant.at("note"), "x").unwrap();
    let theirs = "printf 'geheim\\n' | minisign -S -s covered.key -m note && minisign -Vm note -p covered.pub";
    run(Command::new("sh")
        .args(["-c", theirs])
        .current_dir(plant.folder.path()))
    .exits(0);
    // A key that is there is never written over.
    plant
        .rules(&[&["keygen"], &files[..], &["--no-password"]].concat())
        .exits(2);
}

#[test]
fn rules_are_not_changed_without_an_entry() {
    let plant = Plant::new();
    let name = plant.made(1);
    let file = plant.at("file");
    fs::write(&file, "no folder").unwrap();
    let ledger = file.join("ledger");
    let done = plant.rules(&["install", &name, "--ledger", ledger.to_str().unwrap()]);
    done.exits(2);
    assert!(
        done.stderr.contains("ledger") || done.stderr.contains("kiosk-record"),
        "{}",
        done.stderr
    );
    assert_eq!(plant.version(), 0);
    plant.rules(&["install", &name]).exits(0);
    assert_eq!(plant.version(), 1);
}

#[test]
fn a_running_kiosk_takes_installed_rules_over_by_itself() {
    let kiosk = Kiosk::start();
    let name = |view: &Value| view["rules"]["bundle"].as_str().map(str::to_owned);
    let shipped = kiosk.until("rules", name);
    let plant = Maker::new(kiosk.root.path());
    plant.rules(&["install", &plant.made(7)]).exits(0);
    kiosk.until("the new rules", |view| {
        (name(view)? == "trial").then_some(())
    });
    plant.rules(&["rollback"]).exits(0);
    kiosk.until("the shipped rules", |view| {
        (name(view)? == shipped).then_some(())
    });
    kiosk.verifies();
}
