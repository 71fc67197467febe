//! kioskd with the virtual bay, heard as a screen hears it: images come and go, and only what
//! the ledger holds is shown.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::socket::{self, AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr};
use nix::sys::time::{TimeVal, TimeValLike};
use serde_json::Value;

use crate::kiosk::{self, Root, run};
use crate::media;

/// Longest journey of one medium, from its insertion to what is waited for.
const JOURNEY: Duration = Duration::from_secs(120);

/// A kiosk without a terminal.
struct Kiosk {
    root: Root,
    /// Beside the media, so that an insertion is a link and not a copy.
    bay: tempfile::TempDir,
    record: Child,
    daemon: Child,
    screen: OwnedFd,
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.record] {
            // One of them may be what the test has killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn record(root: &Root) -> Child {
    let socket = root.path().join("run/media-kiosk/record.sock");
    Command::new(env!("CARGO_BIN_EXE_kiosk-record"))
        .arg("--ledger")
        .arg(root.ledger())
        .arg("--listen")
        .arg(socket)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

fn daemon(root: &Root, bay: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_kioskd"))
        .arg("--root")
        .arg(root.path())
        .arg("--bay")
        .arg(bay)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Connects as a screen does, as soon as the daemon listens.
fn connect(root: &Root) -> OwnedFd {
    let path = root.path().join("run/media-kiosk/show.sock");
    kiosk::until("kioskd to listen", || {
        let kind = SockType::SeqPacket;
        let screen =
            socket::socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let address = UnixAddr::new(&path).unwrap();
        socket::connect(screen.as_raw_fd(), &address).ok()?;
        let longest = TimeVal::seconds(5);
        socket::setsockopt(&screen, socket::sockopt::ReceiveTimeout, &longest).unwrap();
        Some(screen)
    })
}

impl Kiosk {
    fn start() -> Self {
        let root = Root::for_sockets();
        let bay = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for place in ["run/media-kiosk", "var/lib/media-kiosk/ledger"] {
            fs::create_dir_all(root.path().join(place)).unwrap();
        }
        let (record, daemon) = (record(&root), daemon(&root, bay.path()));
        let screen = connect(&root);
        let kiosk = Self {
            root,
            bay,
            record,
            daemon,
            screen,
        };
        kiosk.until("service", |view| {
            view["out_of_service"].is_null().then_some(())
        });
        kiosk
    }

    fn bay(&self, name: &str) -> PathBuf {
        self.bay.path().join(name)
    }

    /// Puts an image with its claim into the bay.
    fn insert(&self, image: &Path, claim: Option<&Path>) -> String {
        let name = image.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(claim) = claim {
            let beside = self.bay(&name).with_extension("claim.toml");
            fs::copy(claim, beside).unwrap();
        }
        let hidden = self.bay(&format!(".{name}"));
        // A link takes no time and no space; the image is only read.
        if fs::hard_link(image, &hidden).is_err() {
            fs::copy(image, &hidden).unwrap();
        }
        fs::rename(hidden, self.bay(&name)).unwrap();
        name
    }

    fn insert_sample(&self, name: &str) -> String {
        let image = media::sample(name);
        self.insert(&image, Some(&image.with_extension("claim.toml")))
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.bay(name)).unwrap();
    }

    /// The next view; `None` when the daemon is gone.
    fn view(&self) -> Option<Value> {
        let mut packet = vec![0; 64 * 1024];
        let count = socket::recv(self.screen.as_raw_fd(), &mut packet, MsgFlags::empty());
        match count.expect("a view at least every few seconds") {
            0 => None,
            count => Some(serde_json::from_slice(&packet[..count]).unwrap()),
        }
    }

    /// Reads views until one shows what is waited for. No view on the way may show a verdict
    /// that has no entry.
    #[track_caller]
    fn until<T>(&self, what: &str, mut look: impl FnMut(&Value) -> Option<T>) -> T {
        let began = Instant::now();
        let mut last = Value::Null;
        while began.elapsed() < JOURNEY {
            let view = self.view().expect("kioskd runs");
            for lane in view["lanes"].as_array().unwrap() {
                if let Some(shown) = shown(lane) {
                    assert!(shown["entry"]["number"].as_u64().is_some(), "{view}");
                }
            }
            if let Some(seen) = look(&view) {
                return seen;
            }
            last = view;
        }
        panic!("waited {JOURNEY:?} for {what}, last: {last}");
    }

    /// The answer to the only medium in the bay.
    #[track_caller]
    fn answer(&self) -> Value {
        self.until("an answer", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            lanes
                .iter()
                .find_map(|lane| lane["stage"].get("judged").cloned())
        })
    }

    /// Waits until a medium is being scanned.
    #[track_caller]
    fn scanning(&self) {
        self.until("a scan", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            let walked = |lane: &Value| lane["stage"]["scanning"]["progress"]["walked"] == true;
            lanes.iter().any(walked).then_some(())
        });
    }

    #[track_caller]
    fn verifies(&self) {
        let mut command = self.root.kioskctl();
        run(command
            .args(["log", "verify", "--ledger"])
            .arg(self.root.ledger()))
        .exits(0);
    }

    fn told(&self, event: &str) -> Vec<Value> {
        let entries = self.root.entries().into_iter();
        entries
            .filter(|entry| entry["event"]["event"] == event)
            .collect()
    }
}

/// What a lane shows of a verdict, in place or taken out.
fn shown(lane: &Value) -> Option<&Value> {
    lane["stage"]
        .get("judged")
        .or_else(|| lane["stage"].get("removed"))
}

fn codes(shown: &Value) -> Vec<&str> {
    let reasons = shown["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}

/// A claim that makes the long medium a registered one.
fn register_long(kiosk: &Kiosk) -> PathBuf {
    let sample = media::sample("1-clean");
    let claim = fs::read_to_string(sample.with_extension("claim.toml")).unwrap();
    let list = fs::read_to_string(media::repository().join("allowlist.toml")).unwrap();
    let size = fs::metadata(media::hostile("long")).unwrap().len();
    kiosk
        .root
        .list(&list.replace("33554432", &size.to_string()));
    kiosk::kill(kiosk.daemon.id(), Signal::SIGHUP);
    let path = kiosk.root.path().join("long.claim.toml");
    fs::write(&path, claim).unwrap();
    path
}

#[test]
fn the_four_samples_get_their_four_answers_and_leave_again() {
    let kiosk = Kiosk::start();
    for (name, verdict, reason, medium) in [
        ("1-clean", "pass", None, Some("M-0001")),
        ("2-canary", "stop", Some("matched"), Some("M-0002")),
        ("3-unregistered", "stop", Some("unregistered"), None),
        (
            "4-encrypted",
            "incomplete",
            Some("encrypted"),
            Some("M-0004"),
        ),
    ] {
        let image = kiosk.insert_sample(name);
        let answer = kiosk.answer();
        assert_eq!(answer["verdict"], verdict, "{name}: {answer}");
        assert_eq!(codes(&answer).first().copied(), reason, "{name}: {answer}");
        assert_eq!(answer["medium"].as_str(), medium, "{name}: {answer}");
        kiosk.remove(&image);
        kiosk.until("the removal", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            (!lanes
                .iter()
                .any(|lane| lane["stage"].get("judged").is_some()))
            .then_some(())
        });
    }
    kiosk.verifies();
    let told = |event| kiosk.told(event).len();
    kiosk::until("the last removal's entry", || {
        (told("removed") == 4).then_some(())
    });
    assert_eq!(
        (told("inserted"), told("judged"), told("started")),
        (4, 4, 1)
    );
}

#[test]
fn the_match_on_the_screen_names_its_nested_place() {
    let kiosk = Kiosk::start();
    kiosk.insert_sample("2-canary");
    let answer = kiosk.answer();
    let trail = answer["first"]["trail"].as_array().unwrap();
    assert_eq!(trail[0], "docs/保守.zip", "{answer}");
    assert_eq!(trail[1], "update.tar.gz", "{answer}");
}

#[test]
fn an_image_without_a_claim_is_not_registered() {
    let kiosk = Kiosk::start();
    kiosk.insert(&media::sample("1-clean"), None);
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "stop", "{answer}");
    assert_eq!(codes(&answer), ["unregistered"]);
    assert_eq!(
        answer["files"], 0,
        "an unregistered medium is not read: {answer}"
    );
}

#[test]
fn a_medium_of_another_size_is_taken_for_a_clone() {
    let kiosk = Kiosk::start();
    let sample = media::sample("1-clean");
    kiosk.insert(
        &media::hostile("autorun"),
        Some(&sample.with_extension("claim.toml")),
    );
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "stop", "{answer}");
    assert_eq!(codes(&answer), ["clone_suspected"], "{answer}");
}

#[test]
fn a_medium_taken_out_in_the_middle_is_not_finished_and_the_next_one_works() {
    let kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    let image = kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    kiosk.remove(&image);
    let answer = kiosk.until("the answer", |view| {
        view["lanes"][0]["stage"].get("removed").cloned()
    });
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["removed"], "{answer}");
    kiosk.insert_sample("3-unregistered");
    let answer = kiosk.answer();
    assert_eq!(codes(&answer), ["unregistered"], "{answer}");
    kiosk.verifies();
}

#[test]
fn a_scanner_killed_under_the_daemon_is_not_finished() {
    let kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    let scanners = kiosk::descendants(kiosk.daemon.id());
    let (supervisor, _) = scanners
        .iter()
        .find(|(_, name)| name.starts_with("kiosk-scan"))
        .unwrap();
    kiosk::kill(*supervisor, Signal::SIGKILL);
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["damaged"], "{answer}");
    for (pid, name) in scanners {
        kiosk::until(&format!("the end of {name}"), || {
            (!kiosk::alive(pid)).then_some(())
        });
    }
    kiosk.verifies();
}

#[test]
fn without_its_ledger_the_kiosk_is_out_of_service_and_takes_no_answer_back() {
    let mut kiosk = Kiosk::start();
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    kiosk.record.kill().unwrap();
    kiosk.record.wait().unwrap();
    kiosk.until("out of service", |view| {
        (view["out_of_service"] == "ledger").then_some(())
    });
    kiosk.insert_sample("4-encrypted");
    // Nothing is judged while nothing can be written down.
    for _ in 0..3 {
        let view = kiosk.view().unwrap();
        let judged = |lane: &&Value| {
            lane["label"] != "DataTraveler 3.0" && lane["stage"].get("judged").is_some()
        };
        assert!(
            !view["lanes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|lane| judged(&lane)),
            "{view}"
        );
    }
    kiosk.record = record(&kiosk.root);
    kiosk.until("service", |view| {
        view["out_of_service"].is_null().then_some(())
    });
    kiosk.until("the answer to what waited", |view| {
        let lanes = view["lanes"].as_array().unwrap().iter();
        let mut answers = lanes.filter_map(|lane| lane["stage"].get("judged"));
        answers
            .any(|answer| answer["verdict"] == "incomplete")
            .then_some(())
    });
    kiosk.verifies();
}

#[test]
fn a_daemon_killed_in_the_middle_leaves_an_entry_and_no_pass() {
    let mut kiosk = Kiosk::start();
    let claim = register_long(&kiosk);
    let image = kiosk.insert(&media::hostile("long"), Some(&claim));
    kiosk.scanning();
    let below = kiosk::descendants(kiosk.daemon.id());
    kiosk.daemon.kill().unwrap();
    kiosk.daemon.wait().unwrap();
    while kiosk.view().is_some() {}
    for (pid, name) in below {
        kiosk::until(&format!("the end of {name}"), || {
            (!kiosk::alive(pid)).then_some(())
        });
    }
    kiosk.remove(&image);
    kiosk.verifies();
    assert_eq!(kiosk.told("judged").len(), 0);
    kiosk.daemon = daemon(&kiosk.root, kiosk.bay.path());
    kiosk.screen = connect(&kiosk.root);
    kiosk.until("service", |view| {
        view["out_of_service"].is_null().then_some(())
    });
    assert_eq!(kiosk.told("interrupted").len(), 1);
    kiosk.verifies();
}

#[test]
fn the_trial_without_a_terminal_prints_the_four_answers() {
    let root = Root::for_sockets();
    let samples = media::sample("1-clean");
    let mut command = root.kioskctl();
    command
        .arg("trial")
        .arg("--samples")
        .arg(samples.parent().unwrap());
    let done = run(&mut command);
    done.exits(0);
    let lines: Vec<&str> = done
        .stdout
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    let wanted = [
        ("1-clean", "PASS"),
        ("2-canary", "STOP"),
        ("3-unregistered", "STOP"),
        ("4-encrypted", "NOT FINISHED"),
    ];
    assert_eq!(lines.len(), wanted.len(), "{}", done.stdout);
    for (line, (name, word)) in lines.iter().zip(wanted) {
        assert!(line.contains(name) && line.ends_with(word), "{line}");
    }
    assert!(
        done.stdout.contains("docs/保守.zip > update.tar.gz"),
        "{}",
        done.stdout
    );
}
