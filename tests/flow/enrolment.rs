//! Media that are registered from what the ledger tells of them, whoever wrote it: here a ledger
//! is told by the test itself what kioskd would tell it.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Child;

use broker::Paths;
use broker::recorder::Recorder;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use serde_json::Value;
use wire::custody::{Occasion, Way};
use wire::ledger::{Event, Judged, Target};
use wire::scan::TargetKind;
use wire::{Claim, MediumName, Reason, ReasonCode, Verdict};

use crate::gate::record;
use crate::kiosk::{self, Done, Root, run, start};

/// What only people know of a medium.
const SAID: [&str; 8] = [
    "--owner",
    "佐藤",
    "--company",
    "保守会社A",
    "--valid-until",
    "2099-03-31",
    "--storage-place",
    "棚 1",
];

/// A ledger with its writer, and a place where screens would connect.
struct Stage {
    root: Root,
    record: Child,
    recorder: Recorder,
    _screens: OwnedFd,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.record.kill();
        let _ = self.record.wait();
    }
}

impl Stage {
    fn new() -> Self {
        let root = Root::for_everybody();
        let run = root.path().join("run/media-kiosk");
        fs::create_dir_all(&run).unwrap();
        fs::create_dir_all(root.ledger()).unwrap();
        let record = record(&root);
        let recorder = kiosk::until("kiosk-record to listen", || {
            Recorder::connect(&Paths::below(root.path())).ok()
        });
        let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
        let screens = socket::socket(AddressFamily::Unix, kind, flags, None).unwrap();
        let address = UnixAddr::new(&run.join("show.sock")).unwrap();
        socket::bind(screens.as_raw_fd(), &address).unwrap();
        socket::listen(&screens, Backlog::new(8).unwrap()).unwrap();
        Self {
            root,
            record,
            recorder,
            _screens: screens,
        }
    }

    /// Tells the ledger that a medium was inserted; gives the number of the entry.
    fn inserted(&self, claim: Claim, medium: Option<&str>) -> u64 {
        let event = Event::Inserted {
            target: target(),
            claim: Some(Box::new(claim)),
            medium: medium.map(str::to_owned),
            rules: None,
            // kioskd has heard that somebody waits.
            occasion: Some(Box::new(Occasion {
                visit: None,
                way: Way::In,
                is_weak: false,
                is_enrolment: true,
            })),
        };
        self.recorder.append(event, None).unwrap().number
    }

    /// Tells the ledger that a medium was refused and put forward for registration.
    fn requested(&self, claim: Claim) -> u64 {
        let insertion = self.inserted(claim, None);
        let judged = Judged {
            insertion,
            verdict: Verdict::Stop,
            reasons: vec![Reason {
                code: ReasonCode::Unregistered,
                count: 1,
            }],
            medium: None,
            target: target(),
            rules: None,
            volumes: Vec::new(),
            totals: None,
            started: "2026-11-26T00:00:00Z".to_owned(),
            finished: "2026-11-26T00:00:00Z".to_owned(),
            fault: None,
            refused: None,
            waivers: Vec::new(),
            policy_sha256: None,
        };
        let tell = |event| self.recorder.append(event, None).unwrap();
        tell(Event::Judged(Box::new(judged)));
        tell(Event::Requested { insertion });
        insertion
    }

    fn kioskctl(&self, arguments: &[&str]) -> Done {
        let mut command = self.root.kioskctl();
        run(command.args(arguments).args(SAID))
    }

    fn told(&self, event: &str) -> Vec<Value> {
        let entries = self.root.entries().into_iter();
        entries
            .filter(|entry| entry["event"]["event"] == event)
            .collect()
    }

    fn list(&self) -> String {
        fs::read_to_string(self.root.path().join("etc/media-kiosk/allowlist.toml")).unwrap()
    }
}

fn target() -> Target {
    Target {
        kind: TargetKind::Image,
        name: MediumName::new("stick.img").unwrap(),
        size_bytes: 0,
    }
}

/// What a stick says of itself; without a driver nobody knows its capacity.
fn stick(serial: &str, capacity_bytes: Option<u64>) -> Claim {
    let text = format!(
        "vid = \"0951\"\npid = \"1666\"\nserial = \"{serial}\"\nproduct = \"DataTraveler\"\n\
         interfaces = [\"08:06:50\"]\n"
    );
    let claim = decide::claim_file::parse(&text, 1).unwrap();
    Claim {
        capacity_bytes,
        ..claim
    }
}

#[test]
fn an_insertion_that_was_refused_is_enough_to_register_its_medium() {
    let stage = Stage::new();
    let (known, unknown) = (
        stage.inserted(stick("A-1", Some(512)), None).to_string(),
        stage.inserted(stick("A-2", None), None).to_string(),
    );
    let done = stage.kioskctl(&["media", "add", "--from-insertion", &known]);
    done.exits(0);
    assert!(stage.list().contains("serial = \"A-1\""));
    assert!(stage.list().contains("capacity_bytes = 512\n"));
    let add = ["media", "add", "--from-insertion", &unknown];
    let done = stage.kioskctl(&add);
    done.exits(2);
    assert!(
        done.stderr.contains("give --capacity-bytes"),
        "{}",
        done.stderr
    );
    let more = ["--capacity-bytes", "1024"];
    stage.kioskctl(&[&add[..], &more].concat()).exits(0);
    assert!(stage.list().contains("capacity_bytes = 1024\n"));
    let done = stage.kioskctl(&["media", "add", "--from-insertion", "4"]);
    done.exits(2);
    assert!(done.stderr.contains("is no insertion"), "{}", done.stderr);
}

#[test]
fn while_somebody_waits_the_next_medium_with_a_capacity_is_registered() {
    let stage = Stage::new();
    let mut command = stage.root.kioskctl();
    let adding = start(command.args(["media", "add", "--wait", "60"]).args(SAID));
    kiosk::until("the wait", || {
        let told = stage.told("enrolling");
        (told.len() == 1).then_some(())
    });
    stage.inserted(stick("KIOSK-TRIAL-0001", Some(33_554_432)), Some("M-0001"));
    stage.inserted(stick("B-1", None), None);
    stage.inserted(stick("B-2", Some(2048)), None);
    let done = adding.done();
    done.exits(0);
    for note in [
        "M-0001 was plugged in, which is registered",
        "whose capacity is not known",
    ] {
        assert!(done.stderr.contains(note), "{note}: {}", done.stderr);
    }
    assert!(stage.list().contains("serial = \"B-2\"") && !stage.list().contains("B-1"));
    let seconds = |entry: &Value| entry["event"]["seconds"].clone();
    let seconds: Vec<Value> = stage.told("enrolling").iter().map(seconds).collect();
    assert_eq!(seconds, [60, 0]);

    let none = stage.kioskctl(&["media", "add", "--wait", "1"]);
    none.exits(2);
    assert!(
        none.stderr.contains("no medium came within 1 s"),
        "{}",
        none.stderr
    );
    assert_eq!(stage.told("enrolling").len(), 4);
    run(stage.root.kioskctl().args(["log", "verify"])).exits(0);
}

#[test]
fn a_request_is_approved_once_and_waits_for_its_own_medium_where_it_must() {
    let stage = Stage::new();
    let bare = stage.inserted(stick("C-0", None), None).to_string();
    let early = stage.kioskctl(&["requests", "approve", &bare]);
    early.exits(2);
    assert!(
        early.stderr.contains("nobody put insertion"),
        "{}",
        early.stderr
    );
    let number = stage.requested(stick("C-1", None)).to_string();
    let approve = [
        "requests",
        "approve",
        number.as_str(),
        "--reason",
        "order 12",
    ];
    let mut command = stage.root.kioskctl();
    let approving = start(command.args(approve).args(SAID));
    kiosk::until("the wait", || {
        let told = stage.told("enrolling");
        (told.len() == 1).then_some(())
    });
    stage.inserted(stick("C-2", Some(512)), None);
    stage.inserted(stick("C-1", Some(4096)), None);
    let done = approving.done();
    done.exits(0);
    assert!(
        done.stderr.contains("another medium was plugged in"),
        "{}",
        done.stderr
    );
    assert!(stage.list().contains("capacity_bytes = 4096\n") && !stage.list().contains("C-2"));
    let [closed] = stage.told("request_closed").try_into().unwrap();
    let closed = &closed["event"];
    assert_eq!(
        (&closed["medium"], &closed["reason"]),
        (&"M-0005".into(), &"order 12".into())
    );
    let twice = stage.kioskctl(&approve);
    twice.exits(2);
    assert!(
        twice.stderr.contains("was answered in entry"),
        "{}",
        twice.stderr
    );
}

#[test]
fn a_request_whose_medium_was_registered_in_between_is_only_closed() {
    let stage = Stage::new();
    let number = stage.requested(stick("D-1", Some(512))).to_string();
    stage
        .kioskctl(&["media", "add", "--from-insertion", &number])
        .exits(0);
    let before = stage.list();
    let done = stage.kioskctl(&["requests", "approve", &number]);
    done.exits(0);
    assert!(
        done.stdout.contains("M-0005 is this medium already"),
        "{}",
        done.stdout
    );
    assert_eq!(stage.list(), before);
    assert_eq!(stage.told("request_closed")[0]["event"]["medium"], "M-0005");
}
