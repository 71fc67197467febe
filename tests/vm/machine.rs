//! The process of the machine: it boots once, is saved, and is restored for each test.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::Agent;
use crate::media;
use crate::overlay;
use crate::qmp::Qmp;
use crate::screen;

/// Machines that run at once: each keeps one processor busy, and most hosts of tests have two.
const SEATS: usize = 2;

/// Longest time from power on until the kiosk is ready. It compiles its rules in that time, on
/// an emulated processor.
const BOOT: Duration = Duration::from_secs(600);

/// Between two looks: each costs the guest, whose one processor the kiosk needs, some
/// milliseconds of its own.
const LOOK_PAUSE: Duration = Duration::from_millis(60);

/// What starts QEMU and ends it when its own input ends, which is when the test lets go of it or
/// dies, by whatever cause.
const KEEPER: &str = r#"
"$@" &
cat >/dev/null
kill -9 $! 2>/dev/null
wait
"#;

/// The first five keep tests short on an emulated processor. USB is shut as on a kiosk, from the
/// first driver on.
const KERNEL: &str = "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on audit=0 \
    usb-storage.delay_use=0 usbcore.authorized_default=0 SYSTEMD_COLORS=0 \
    systemd.unit=kiosk-test.target";

/// A machine that runs.
pub(crate) struct Machine {
    pub(crate) agent: Agent,
    pub(crate) qmp: Mutex<Qmp>,
    folder: tempfile::TempDir,
    keeper: Child,
    _seat: Seat,
}

/// What every machine starts from: files without names, which end with the test program.
struct Saved {
    initrd: File,
    library: File,
    state: File,
}

/// The right to run a machine.
struct Seat;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREE: Condvar = Condvar::new();

impl Seat {
    fn take() -> Self {
        let mut taken = FREE
            .wait_while(TAKEN.lock().unwrap(), |taken| *taken == SEATS)
            .unwrap();
        *taken = taken.saturating_add(1);
        Self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap();
        *taken = taken.saturating_sub(1);
        FREE.notify_one();
    }
}

impl Machine {
    /// A machine in the state in which the kiosk has just become ready.
    pub(crate) fn restored() -> Self {
        static SAVED: OnceLock<Result<Saved, String>> = OnceLock::new();
        // A boot that fails would fail for every test again.
        let saved = SAVED.get_or_init(|| {
            std::panic::catch_unwind(booted).map_err(|_| "the guest did not boot, see above".into())
        });
        let saved = saved.as_ref().unwrap_or_else(|error| panic!("{error}"));
        let began = Instant::now();
        let incoming = format!("exec:cat {}", path_of(&saved.state));
        let machine = Self::start(saved, &["-incoming", &incoming]);
        machine.control("cont once restored", |qmp| {
            (qmp.call("query-status", &json!({}))["status"] != "inmigrate").then_some(())
        });
        machine.qmp.lock().unwrap().call("cont", &json!({}));
        // Its clock stood still while it was saved.
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let script = format!("date -u -s @{} >/dev/null", now.as_secs());
        machine
            .agent
            .start(&script, b"")
            .done()
            .succeeds("setting the clock");
        println!("the guest was restored in {:?}", began.elapsed());
        machine
    }

    fn start(saved: &Saved, more: &[&str]) -> Self {
        let seat = Seat::take();
        // Not below the target folder: a socket's address has 108 bytes.
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let socket = |id: &str| {
            format!(
                "socket,id={id},path={},server=on,wait=off",
                at(id).replace(',', ",,")
            )
        };
        let log = File::create(at("qemu.log")).unwrap();
        let accelerator = std::env::var("KIOSK_VM_ACCEL")
            .unwrap_or_else(|_| "tcg,thread=multi,tb-size=256".to_owned());
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(built().join("qemu-system-x86_64"))
            .args(["-nodefaults", "-no-user-config", "-no-reboot"])
            .args(["-display", "none", "-machine", "q35", "-cpu", "max"])
            .args(["-smp", "1", "-m", "1536", "-rtc", "base=utc"])
            .args(["-accel", &accelerator])
            .arg("-kernel")
            .arg(built().join("vmlinux"))
            .args(["-initrd", &path_of(&saved.initrd), "-append", KERNEL])
            .args(["-device", "virtio-rng-pci"])
            .args(["-chardev", &format!("file,id=serial,path={}", at("serial"))])
            .args(["-serial", "chardev:serial"])
            .args(["-device", "virtio-serial-pci"])
            .args(["-chardev", &socket("agent")])
            .args(["-device", "virtserialport,chardev=agent,name=kiosk-test"])
            .args([
                "-chardev",
                &socket("qmp"),
                "-mon",
                "chardev=qmp,mode=control",
            ])
            .args(["-device", "qemu-xhci,id=xhci,p2=8,p3=8"])
            .arg("-drive")
            .arg(format!(
                "if=none,id=library,format=raw,readonly=on,file.locking=off,file={}",
                path_of(&saved.library)
            ))
            .args(["-device", "virtio-blk-pci,drive=library,serial=library"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("a shell starts");
        let sockets = wait_for(Duration::from_secs(60), || {
            Some((
                Qmp::connect(&folder.path().join("qmp"))?,
                Agent::connect(&folder.path().join("agent")),
            ))
        });
        let Some((qmp, agent)) = sockets else {
            let log = std::fs::read_to_string(folder.path().join("qemu.log"));
            panic!("QEMU does not start: {}", log.unwrap_or_default());
        };
        Self {
            agent,
            qmp: Mutex::new(qmp),
            folder,
            keeper,
            _seat: seat,
        }
    }

    /// Asks QEMU until it answers as wished.
    #[track_caller]
    fn control<T>(&self, what: &str, mut ask: impl FnMut(&mut Qmp) -> Option<T>) -> T {
        let mut qmp = self.qmp.lock().unwrap();
        wait_for(Duration::from_secs(120), || ask(&mut qmp))
            .unwrap_or_else(|| panic!("QEMU does not get to: {what}"))
    }

    /// Stops the machine and writes its memory and devices to a file.
    fn save(&self, state: &File) {
        let mut qmp = self.qmp.lock().unwrap();
        qmp.call("stop", &json!({}));
        // The default is meant for a network: bytes a second.
        let fast = json!({ "max-bandwidth": 10_000_000_000_u64 });
        qmp.call("migrate-set-parameters", &fast);
        let uri = format!("exec:cat >{}", path_of(state));
        qmp.call("migrate", &json!({ "uri": uri }));
        drop(qmp);
        self.control("saved", |qmp| {
            let answer = qmp.call("query-migrate", &json!({}));
            assert_ne!(answer["status"], "failed", "{answer}");
            (answer["status"] == "completed").then_some(())
        });
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let tail = |name: &str| {
                let text = std::fs::read(self.folder.path().join(name)).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let skipped = text.lines().count().saturating_sub(40);
                text.lines()
                    .skip(skipped)
                    .map(|line| format!("{line}\n"))
                    .collect::<String>()
            };
            eprintln!(
                "the guest's console:\n{}{}",
                tail("qemu.log"),
                tail("serial")
            );
        }
        drop(self.keeper.stdin.take());
        // Its status says only that QEMU was killed.
        let _ = self.keeper.wait();
    }
}

/// Boots until the kiosk is ready, and saves that.
fn booted() -> Saved {
    let began = Instant::now();
    assert!(
        built().join("stamp").exists(),
        "there is no guest for these tests: run tests/vm/build (make test does it)"
    );
    let saved = Saved {
        initrd: overlay::initrd(&built().join("base.cpio")),
        library: media::library(),
        state: nameless(),
    };
    let prepared = began.elapsed();
    let machine = Machine::start(&saved, &[]);
    let ready = "udevadm settle && systemctl start kiosk-test.target && systemctl --failed --quiet --plain --no-legend";
    let failed = machine
        .agent
        .start(ready, b"")
        .done_within(BOOT)
        .succeeds(ready);
    assert_eq!(failed, "", "units failed in the guest");
    screen::wait_until_ready(&machine.agent, BOOT);
    let ready = began.elapsed();
    // What the kernel keeps of files would be saved and restored for nothing.
    let script = "sync; echo 3 >/proc/sys/vm/drop_caches";
    machine.agent.start(script, b"").done().succeeds(script);
    machine.save(&saved.state);
    println!(
        "files for the guest in {prepared:?}, the kiosk ready at {ready:?}, saved at {:?}, {} MiB",
        began.elapsed(),
        saved.state.metadata().unwrap().len() >> 20_u32
    );
    saved
}

/// What `tests/vm/build` made.
fn built() -> PathBuf {
    // This folder is made by cargo, in its target folder.
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("vm")
}

/// A file that is gone with this process.
pub(crate) fn nameless() -> File {
    tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A path by which another process opens a file of this one.
fn path_of(file: &File) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())
}

/// Looks again and again until there is something to see, but no longer than this.
pub(crate) fn wait_for<T>(most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if most < began.elapsed() {
            return None;
        }
        std::thread::sleep(LOOK_PAUSE);
    }
}
