//! What the jail looks like from inside, reported before the filter makes looking impossible.

use std::fmt::Write;
use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd};
use std::process::ExitCode;

use jail::channel::Channel;
use jail::supervisor::SupervisorLimits;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{getgroups, getpid, getppid, getresgid, getresuid, getsid};

/// Reports one `name=value` a line.
pub(crate) fn run() -> ExitCode {
    let channel = Channel::from_stdin().expect("a channel");
    let spool = jail::memory::writable("spool").expect("a spool");
    let forgotten = File::open("/etc/passwd").expect("a file that will be closed");
    let limits = SupervisorLimits {
        memory_bytes: 1 << 30,
        open_files: 100,
        spool_bytes: 1 << 20,
    };
    let keep = [channel.as_fd(), spool.as_fd()];
    let _confined = jail::supervisor::enter(&keep, &limits).expect("the jail");
    let mut report = String::new();
    let kept = [channel.as_fd().as_raw_fd(), spool.as_raw_fd()];
    identity(&mut report);
    world(&mut report);
    descriptors(&mut report, &kept);
    resources(&mut report);
    // It is closed already; dropping it would be an error that debug builds notice.
    std::mem::forget(forgotten);
    channel.send(report.as_bytes(), &[]).expect("the report");
    ExitCode::SUCCESS
}

fn line(report: &mut String, name: &str, value: impl std::fmt::Debug) {
    writeln!(report, "{name}={value:?}").expect("a string");
}

fn identity(report: &mut String) {
    let users = getresuid().expect("getresuid");
    let same = users.real == users.effective && users.real == users.saved;
    line(report, "one user", same);
    line(report, "is root", users.real.is_root());
    let groups = getresgid().expect("getresgid");
    line(
        report,
        "one group",
        groups.real == groups.effective && groups.real == groups.saved,
    );
    line(
        report,
        "other groups",
        getgroups().expect("getgroups").len(),
    );
    let mut header = [0x2008_0522_u32, 0];
    let mut sets = [u32::MAX; 6];
    // SAFETY: capget writes a header of 8 bytes and two sets of 12, which these are.
    let done = unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) };
    assert_eq!(done, 0);
    line(report, "capabilities", sets);
    // SAFETY: PR_CAPBSET_READ takes an integer.
    let bounding =
        (0..64).filter(|n| unsafe { libc::prctl(libc::PR_CAPBSET_READ, *n, 0, 0, 0) } == 1);
    line(report, "bounding set", bounding.count());
    line(
        report,
        "no new privileges",
        nix::sys::prctl::get_no_new_privs().expect("prctl"),
    );
    line(
        report,
        "dumpable",
        nix::sys::prctl::get_dumpable().expect("prctl"),
    );
    line(
        report,
        "dies with its parent",
        nix::sys::prctl::get_pdeathsig().expect("prctl"),
    );
}

fn world(report: &mut String) {
    line(report, "process", getpid().as_raw());
    line(report, "parent", getppid().as_raw());
    line(report, "session", getsid(None).expect("getsid").as_raw());
    let paths = [
        "/proc", "/etc", "/usr", "/dev", "/tmp", "/sys", "/..", "/../etc",
    ];
    let there = paths
        .iter()
        .filter(|path| nix::sys::stat::stat(**path).is_ok());
    line(report, "paths that exist", there.collect::<Vec<_>>());
    let root = nix::sys::statvfs::statvfs("/").expect("statvfs");
    line(
        report,
        "entries in the root",
        root.files() - root.files_free() - 1,
    );
    line(
        report,
        "opening the root",
        File::open("/").map(drop).map_err(|error| error.kind()),
    );
    line(
        report,
        "making a file",
        File::create("/x").map(drop).map_err(|error| error.kind()),
    );
    line(report, "interfaces", interfaces());
    let sent = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"x", "127.0.0.1:9"));
    line(
        report,
        "sending to itself",
        sent.map_err(|error| error.kind()),
    );
}

fn interfaces() -> Vec<String> {
    // The only way in std's reach would be a file.
    let mut names = Vec::new();
    for index in 1..=64 {
        let mut name = [0_u8; libc::IF_NAMESIZE];
        // SAFETY: if_indextoname writes at most IF_NAMESIZE bytes with a zero at the end.
        let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
        if !found.is_null() {
            let name = std::ffi::CStr::from_bytes_until_nul(&name).expect("a zero");
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names
}

fn descriptors(report: &mut String, kept: &[i32]) {
    // SAFETY: F_GETFD takes a number and only looks.
    let open = (0..4096).filter(|fd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } != -1);
    let unknown: Vec<i32> = open.filter(|fd| 2 < *fd && !kept.contains(fd)).collect();
    line(report, "unknown descriptors", unknown);
    let mut byte = [0_u8; 1];
    // SAFETY: one byte into one byte.
    let got = unsafe { libc::read(0, byte.as_mut_ptr().cast(), 1) };
    line(report, "reading standard input", got);
    // SAFETY: one byte from one byte.
    let put = unsafe { libc::write(1, byte.as_ptr().cast(), 1) };
    line(report, "writing standard output", put);
}

fn resources(report: &mut String) {
    for (name, resource) in [
        ("core", Resource::RLIMIT_CORE),
        ("memory", Resource::RLIMIT_DATA),
        ("open files", Resource::RLIMIT_NOFILE),
        ("spool", Resource::RLIMIT_FSIZE),
    ] {
        line(report, name, getrlimit(resource).expect("getrlimit"));
    }
}
