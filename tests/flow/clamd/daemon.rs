//! A real clamd with a small database of our own, and somebody in front of it who misbehaves.

use std::fs;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{self, ControlMessage, ControlMessageOwned, MsgFlags};

use crate::kiosk::{self, Root};
use crate::media;

/// What clamd alone knows, what our rules alone know, and what both do. In pieces, so that this
/// file is not found.
pub(crate) const THEIRS: [&str; 2] = ["KIOSK-MARKER-", "CLAMD-ALONE"];
pub(crate) const OURS: [&str; 2] = ["KIOSK-MARKER-", "RULES-ALONE"];
pub(crate) const BOTH: [&str; 2] = ["KIOSK-MARKER-", "OF-BOTH"];

/// A root with clamd in its policy, and the clamd.
pub(crate) struct Site {
    pub(crate) root: Root,
    pub(crate) clamd: Option<Child>,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Site {
    /// With a clamd that runs under the sample configuration.
    pub(crate) fn new() -> Self {
        let mut site = Self::without();
        site.start(&site.conf(&[]));
        site
    }

    /// With a configuration, a database and rules, and no clamd.
    pub(crate) fn without() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for place in ["db", "tmp", "rules", "files"] {
            fs::create_dir(folder.path().join(place)).unwrap();
        }
        let site = Self {
            root: Root::for_everybody(),
            clamd: None,
            folder,
        };
        let hex =
            |text: String| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
        let signatures = format!(
            "Kiosk.Test.Theirs-1:0:*:{}\nKiosk.Test.Both-1:0:*:{}\nPUA.Kiosk.Test-1:0:*:{}\nEicar-Test:0:0:{}\n",
            hex(THEIRS.concat()),
            hex(BOTH.concat()),
            hex(["KIOSK-MARKER-", "UNWANTED"].concat()),
            hex(media::eicar()),
        );
        fs::write(site.place("db/test.ndb"), signatures).unwrap();
        let rules = format!(
            "rule ours {{ strings: $a = \"{}\" $b = \"{}\" condition: any of them }}\n",
            OURS.concat(),
            BOTH.concat()
        );
        fs::write(site.place("rules/test.yar"), rules).unwrap();
        let conf = site.conf(&[]);
        fs::write(site.place("clamd.conf"), conf).unwrap();
        site.policy("");
        site
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The sample configuration with the paths of this test, and other changes.
    pub(crate) fn conf(&self, changes: &[(&str, &str)]) -> String {
        let sample = media::repository().join("systemd/clamd.conf");
        let mut text = fs::read_to_string(sample).unwrap();
        let path = |name| self.place(name).display().to_string();
        for (from, to) in [
            ("/run/clamav/clamd.ctl", path("clamd.ctl")),
            ("/var/lib/clamav\n", format!("{}\n", path("db"))),
            (
                "TemporaryDirectory /tmp",
                format!("TemporaryDirectory {}", path("tmp")),
            ),
            ("User clamav", "Foreground yes".to_owned()),
            ("LocalSocketGroup kiosk-show", String::new()),
            (
                "LogSyslog yes",
                format!("LogFile {}\nLogClean yes", path("log")),
            ),
        ] {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, &to);
        }
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        text
    }

    /// The policy, with more lines for clamd.
    pub(crate) fn policy(&self, more: &str) {
        let text = format!(
            "[site]\nname_ja = \"門\"\nname_en = \"gate\"\ntime_zone = \"+09:00\"\n\
             [clamd]\nsocket = {:?}\nconf = {:?}\n{more}\n",
            self.place("clamd.ctl"),
            self.place("clamd.conf"),
        );
        fs::write(self.root.path().join("etc/media-kiosk/kiosk.toml"), text).unwrap();
    }

    /// Starts clamd under this configuration and waits until it answers.
    pub(crate) fn start(&mut self, conf: &str) {
        self.start_at(conf, "clamd.ctl");
    }

    pub(crate) fn start_at(&mut self, conf: &str, socket: &str) {
        let file = self.place("running.conf");
        fs::write(&file, conf.replace("/clamd.ctl", &format!("/{socket}"))).unwrap();
        // It must not outlive this test, however that ends.
        let clamd = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "clamd", "-c"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.clamd = Some(clamd);
        let path = self.place(socket);
        kiosk::until("clamd to listen", || {
            let mut stream = UnixStream::connect(&path).ok()?;
            stream.write_all(b"zPING\0").ok()?;
            let mut pong = Vec::new();
            stream.read_to_end(&mut pong).ok()?;
            (pong == b"PONG\0").then_some(())
        });
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut clamd) = self.clamd.take() {
            let _ = clamd.kill();
            let _ = clamd.wait();
        }
    }

    /// How many contents clamd has answered about.
    pub(crate) fn answered(&self) -> usize {
        let log = fs::read_to_string(self.place("log")).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains("(deleted): "))
            .count()
    }

    /// A file of the scanned folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.place("files").join(name), content).unwrap();
    }

    /// The `--rules` that know what our side knows.
    pub(crate) fn rules(&self) -> String {
        self.place("rules").display().to_string()
    }
}

/// What somebody in front of clamd does once its trial is over.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// Passes everything on.
    Honest,
    /// Never answers.
    Silent,
    /// Answers what clamd never does.
    Rubbish,
    /// Hangs up.
    Closes,
}

/// Questions that the kiosk asks before it trusts a clamd: PING, VERSION and two contents.
const TRIAL: usize = 4;

/// Stands at the site's socket before the clamd at `clamd.real`, lets `trial` questions through,
/// and then behaves in this manner. A version of its own takes the place of clamd's.
pub(crate) fn stand_before(
    site: &Site,
    manner: Manner,
    trials: usize,
    version: Option<&'static str>,
) {
    let listener = UnixListener::bind(site.place("clamd.ctl")).unwrap();
    let real = site.place("clamd.real");
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for (number, client) in listener.incoming().enumerate() {
            let mut client = client.unwrap();
            let manner = if number < trials * TRIAL {
                Manner::Honest
            } else {
                manner
            };
            match manner {
                Manner::Honest => pass_on(&mut client, &real, version),
                Manner::Silent => held.push(client),
                Manner::Rubbish => {
                    let _ = client.write_all(b"fd[1]: OK\nfd[1]: OK\0");
                }
                Manner::Closes => {}
            }
        }
    });
}

fn pass_on(client: &mut UnixStream, real: &Path, version: Option<&str>) {
    let (command, content) = command(client);
    let Ok(mut clamd) = UnixStream::connect(real) else {
        return;
    };
    let mut answer = Vec::new();
    match version {
        Some(version) if command == b"zVERSION\0" => {
            answer.extend_from_slice(version.as_bytes());
            answer.push(0);
        }
        Some(_) | None => {
            clamd.write_all(&command).unwrap();
            if let Some(content) = content {
                let raw = [content];
                let rights = [ControlMessage::ScmRights(&raw)];
                let byte = [IoSlice::new(&[0])];
                let flags = MsgFlags::empty();
                socket::sendmsg::<()>(clamd.as_raw_fd(), &byte, &rights, flags, None).unwrap();
                nix::unistd::close(content).unwrap();
            }
            let _ = clamd.read_to_end(&mut answer);
        }
    }
    let _ = client.write_all(&answer);
}

/// One command, and the descriptor that follows FILDES.
fn command(client: &mut UnixStream) -> (Vec<u8>, Option<RawFd>) {
    let mut command = Vec::new();
    let mut byte = [0];
    while command.last() != Some(&0) {
        client.read_exact(&mut byte).unwrap();
        command.push(byte[0]);
    }
    if command != b"zFILDES\0" {
        return (command, None);
    }
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::empty();
    let raw = client.as_raw_fd();
    let message = socket::recvmsg::<()>(raw, &mut parts, Some(&mut space), flags).unwrap();
    let mut content = None;
    for one in message.cmsgs().unwrap() {
        if let ControlMessageOwned::ScmRights(fds) = one {
            content = fds.first().copied();
        }
    }
    (command, content)
}
