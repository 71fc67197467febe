//! A kiosk without a terminal: the ledger's writer, the daemon and a bay, heard as a screen
//! hears them.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::socket::{self, AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr};
use nix::sys::time::{TimeVal, TimeValLike};
use serde_json::Value;

use crate::kiosk::{self, Root, run};
use crate::media;

/// Longest journey of one medium, from its insertion to what is waited for.
const JOURNEY: Duration = Duration::from_secs(120);

/// A kiosk without a terminal.
pub(crate) struct Kiosk {
    pub(crate) root: Root,
    /// Beside the media, so that an insertion is a link and not a copy.
    pub(crate) bay: tempfile::TempDir,
    pub(crate) record: Child,
    pub(crate) daemon: Child,
    pub(crate) screen: OwnedFd,
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

pub(crate) fn record(root: &Root) -> Child {
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

pub(crate) fn daemon(root: &Root, bay: &Path) -> Child {
    daemon_of(Path::new(env!("CARGO_BIN_EXE_kioskd")), root, bay)
}

/// The daemon from another place, which starts the programs beside it.
pub(crate) fn daemon_of(program: &Path, root: &Root, bay: &Path) -> Child {
    Command::new(program)
        .arg("--root")
        .arg(root.path())
        .arg("--bay")
        .arg(bay)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Connects as a screen does, as soon as the daemon listens.
pub(crate) fn connect(root: &Root) -> OwnedFd {
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

/// Says something to kioskd as a screen does.
pub(crate) fn say(screen: &OwnedFd, what: &[u8]) {
    socket::send(screen.as_raw_fd(), what, MsgFlags::MSG_NOSIGNAL).unwrap();
}

impl Kiosk {
    pub(crate) fn start() -> Self {
        let kiosk = Self::begin(Root::for_everybody(), None);
        kiosk.serves();
        kiosk
    }

    /// Starts with an installation that was changed before, in service or not.
    pub(crate) fn with(change: impl FnOnce(&Root)) -> Self {
        let root = Root::for_everybody();
        change(&root);
        Self::begin(root, None)
    }

    /// A kiosk that need not come to serve; its daemon from another place if there is one.
    pub(crate) fn begin(root: Root, program: Option<&Path>) -> Self {
        let bay = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for place in ["run/media-kiosk", "var/lib/media-kiosk/ledger"] {
            fs::create_dir_all(root.path().join(place)).unwrap();
        }
        let daemon = match program {
            Some(program) => daemon_of(program, &root, bay.path()),
            None => daemon(&root, bay.path()),
        };
        let record = record(&root);
        let screen = connect(&root);
        Self {
            root,
            bay,
            record,
            daemon,
            screen,
        }
    }

    /// Waits until it is in service.
    #[track_caller]
    pub(crate) fn serves(&self) {
        self.until("service", |view| {
            view["out_of_service"].is_null().then_some(())
        });
    }

    /// Waits until it is out of service for this reason, and gives the view that says so.
    #[track_caller]
    pub(crate) fn is_out(&self, why: &str) -> Value {
        self.until(why, |view| {
            (view["out_of_service"] == why).then(|| view.clone())
        })
    }

    /// Has the daemon read everything again.
    pub(crate) fn reload(&self) {
        kiosk::kill(self.daemon.id(), nix::sys::signal::Signal::SIGHUP);
    }

    /// Waits until the ledger has so many entries of an event, and gives them.
    #[track_caller]
    pub(crate) fn told_of(&self, event: &str, count: usize) -> Vec<Value> {
        kiosk::until(&format!("{count} entries of {event}"), || {
            let told = self.told(event);
            (told.len() == count).then_some(told)
        })
    }

    /// Waits until the ledger has so many changes of one list, and gives them.
    #[track_caller]
    pub(crate) fn told_of_list(&self, list: &str, count: usize) -> Vec<Value> {
        kiosk::until(&format!("{count} changes of the list {list}"), || {
            let mut told = self.told("list_changed");
            told.retain(|entry| entry["event"]["list"] == list);
            (told.len() == count).then_some(told)
        })
    }

    pub(crate) fn bay(&self, name: &str) -> PathBuf {
        self.bay.path().join(name)
    }

    /// Puts an image with its claim into the bay.
    pub(crate) fn insert(&self, image: &Path, claim: Option<&Path>) -> String {
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

    pub(crate) fn insert_sample(&self, name: &str) -> String {
        // Small, so it is copied: a link that another test makes or removes changes its times,
        // and an image whose times change while it is scanned has changed.
        let image = media::sample(name);
        let own = self.root.path().join(image.file_name().unwrap());
        fs::copy(&image, &own).unwrap();
        self.insert(&own, Some(&image.with_extension("claim.toml")))
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.bay(name)).unwrap();
    }

    /// The next view; `None` when the daemon is gone.
    pub(crate) fn view(&self) -> Option<Value> {
        let mut packet = vec![0; 64 * 1024];
        // A wait with a longest time ends when the machine is stopped and goes on.
        let count = loop {
            match socket::recv(self.screen.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => {}
                received => break received,
            }
        };
        match count.expect("a view at least every few seconds") {
            0 => None,
            count => Some(serde_json::from_slice(&packet[..count]).unwrap()),
        }
    }

    /// Reads views until one shows what is waited for. No view on the way may show a verdict
    /// that has no entry.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut(&Value) -> Option<T>) -> T {
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
    pub(crate) fn answer(&self) -> Value {
        self.until("an answer", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            lanes
                .iter()
                .find_map(|lane| lane["stage"].get("judged").cloned())
        })
    }

    /// Waits until no medium with an answer is in the bay.
    #[track_caller]
    pub(crate) fn is_left(&self) {
        self.until("the removal", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            let left = |lane: &Value| lane["stage"].get("judged").is_none();
            lanes.iter().all(left).then_some(())
        });
    }

    /// Waits until a medium is being scanned.
    #[track_caller]
    pub(crate) fn scanning(&self) {
        self.until("a scan", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            let walked = |lane: &Value| lane["stage"]["scanning"]["progress"]["walked"] == true;
            lanes.iter().any(walked).then_some(())
        });
    }

    #[track_caller]
    pub(crate) fn verifies(&self) {
        let mut command = self.root.kioskctl();
        run(command
            .args(["log", "verify", "--ledger"])
            .arg(self.root.ledger()))
        .exits(0);
    }

    pub(crate) fn told(&self, event: &str) -> Vec<Value> {
        let entries = self.root.entries().into_iter();
        entries
            .filter(|entry| entry["event"]["event"] == event)
            .collect()
    }
}

/// What a lane shows of a verdict, in place or taken out.
pub(crate) fn shown(lane: &Value) -> Option<&Value> {
    lane["stage"]
        .get("judged")
        .or_else(|| lane["stage"].get("removed"))
}

pub(crate) fn codes(shown: &Value) -> Vec<&str> {
    let reasons = shown["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap())
        .collect()
}
