//! Each attack beside its harmless twin.

use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;
use std::process::ExitCode;

use jail::supervisor::Ended;
use libc::c_long;
use nix::errno::Errno;

use crate::stage::{Hands, Stage, Thread};

/// Something forbidden, and the nearest thing that is allowed.
struct Attack {
    name: &'static str,
    /// Whether the supervisor must die of it too.
    everywhere: bool,
    attack: fn(&Hands<'_>),
    twin: fn(&Hands<'_>),
}

/// Does one turn (`attack` or `twin`) in a worker and reports how the worker ended.
pub(crate) fn in_worker(name: &str, turn: &str) -> ExitCode {
    let act = act(name, turn, false);
    let stage = Stage::set();
    let ended = stage.worker(&mut |hands| {
        exercise(hands);
        act(hands);
        exercise(hands);
        0
    });
    stage.report(&format!("{ended:?}"));
    ExitCode::SUCCESS
}

/// Does one turn in the supervisor itself, after a worker has come and gone.
pub(crate) fn in_supervisor(name: &str, turn: &str) -> ExitCode {
    let act = act(name, turn, true);
    let stage = Stage::set();
    let ended = stage.worker(&mut |hands| {
        exercise(hands);
        3
    });
    assert_eq!(ended, Ended::Exited(3));
    let thread = Thread::start();
    let hands = Hands {
        channel: &stage.channel,
        medium: &stage.medium,
        spool: &stage.spool,
        delivery: &stage.delivery,
        desk: &stage.desk,
        target: &stage.target,
        socket: &stage.socket,
        thread: &thread,
    };
    act(&hands);
    exercise(&hands);
    ExitCode::SUCCESS
}

fn act(name: &str, turn: &str, supervisor: bool) -> fn(&Hands<'_>) {
    let mut known = ATTACKS
        .iter()
        .filter(|attack| attack.everywhere || !supervisor);
    let attack = known
        .find(|attack| attack.name == name)
        .expect("a known attack");
    match turn {
        "attack" => attack.attack,
        "twin" => attack.twin,
        other => panic!("unknown turn {other}"),
    }
}

/// All that a jailed process is for.
fn exercise(hands: &Hands<'_>) {
    let mut start = [0; 4];
    hands
        .medium
        .read_exact_at(&mut start, 0)
        .expect("the medium");
    assert_eq!(&start, b"\x7fELF");
    assert!(0 < jail::fd::size(hands.medium.as_fd()).expect("its size"));
    hands.spool.set_len(0).expect("cutting the spool");
    hands.spool.write_all_at(b"spooled", 0).expect("the spool");
    hands.delivery.set_len(0).expect("cutting the delivery");
    let delivered = hands.delivery.write_all_at(b"rules", 0);
    delivered.expect("the delivery");
    hands.desk.set_len(0).expect("clearing the desk");
    hands.desk.write_all_at(b"shown", 0).expect("the desk");
    let mapped = jail::memory::map(hands.spool.as_fd(), 7).expect("mapping the spool");
    assert_eq!(&*mapped, b"spooled");
    std::io::stderr().write_all(b".").expect("standard error");
    let numbers: std::collections::HashMap<u32, u32> = (0..10_000).map(|n| (n, n)).collect();
    assert_eq!(numbers.len(), 10_000);
    hands.thread.run(|| drop(vec![1_u8; 1 << 20]));
    hands.channel.send(b"row", &[]).expect("the channel");
}

/// A call that must not come back, or must come back with an error that is not ours to make.
fn call(number: c_long, arguments: [usize; 4]) -> c_long {
    let [a, b, c, d] = arguments;
    // SAFETY: in the jail the kernel ends the process here. Outside, or for a twin, pointers
    // among the arguments point to values that outlive the call, and null is an error.
    unsafe { libc::syscall(number, a, b, c, d, 0, 0) }
}

fn path(text: &'static std::ffi::CStr) -> usize {
    text.as_ptr() as usize
}

fn number(fd: &impl AsRawFd) -> usize {
    fd.as_raw_fd() as usize
}

const HERE: usize = libc::AT_FDCWD as usize;

fn read(hands: &Hands<'_>) {
    hands
        .medium
        .read_exact_at(&mut [0; 64], 64)
        .expect("the medium");
}

fn send(hands: &Hands<'_>) {
    hands.channel.send(b"more", &[]).expect("the channel");
}

fn own_number(_: &Hands<'_>) {
    assert!(0 < std::process::id());
}

fn page(protection: i32) -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    page as usize
}

const READ_WRITE: usize = (libc::PROT_READ | libc::PROT_WRITE) as usize;

static ATTACKS: &[Attack] = &[
    Attack {
        name: "open",
        everywhere: true,
        attack: |_| drop(std::fs::File::open("/")),
        twin: read,
    },
    Attack {
        name: "openat2",
        everywhere: true,
        attack: |_| {
            let how = [0_u64; 3];
            call(
                libc::SYS_openat2,
                [HERE, path(c"/"), how.as_ptr() as usize, size_of_val(&how)],
            );
        },
        twin: read,
    },
    Attack {
        name: "open_by_the_second_thread",
        everywhere: true,
        attack: |hands| hands.thread.run(|| drop(std::fs::File::open("/"))),
        twin: |hands| hands.thread.run(|| assert!(0 < std::process::id())),
    },
    // The supervisor's list, which the thread was made under, would let it.
    Attack {
        name: "kill_by_the_second_thread",
        everywhere: false,
        attack: |hands| {
            hands.thread.run(|| {
                call(libc::SYS_kill, [1, libc::SIGTERM as usize, 0, 0]);
            });
        },
        twin: |hands| hands.thread.run(|| assert!(0 < std::process::id())),
    },
    Attack {
        name: "metadata_by_path",
        everywhere: true,
        attack: |_| drop(std::fs::metadata("/")),
        twin: |hands| assert!(jail::fd::size(hands.medium.as_fd()).is_ok()),
    },
    Attack {
        name: "socket",
        everywhere: true,
        attack: |_| drop(std::net::UdpSocket::bind("127.0.0.1:0")),
        twin: send,
    },
    Attack {
        name: "socket_pair_of_another_kind",
        everywhere: true,
        attack: |_| drop(std::os::unix::net::UnixStream::pair()),
        twin: send,
    },
    Attack {
        name: "execve",
        everywhere: true,
        attack: |_| {
            call(libc::SYS_execve, [path(c"/bin/true"), 0, 0, 0]);
        },
        twin: own_number,
    },
    Attack {
        name: "execveat",
        everywhere: true,
        attack: |hands| {
            call(libc::SYS_execveat, [number(hands.medium), path(c""), 0, 0]);
        },
        twin: own_number,
    },
    Attack {
        name: "fork",
        everywhere: false,
        attack: |_| {
            // SAFETY: the child does nothing but end.
            if unsafe { libc::fork() } == 0 {
                // SAFETY: takes an integer.
                unsafe { libc::_exit(0) };
            }
        },
        twin: own_number,
    },
    Attack {
        name: "process_in_a_new_namespace",
        everywhere: true,
        attack: |_| {
            call(
                libc::SYS_clone,
                [(libc::CLONE_NEWUSER | libc::SIGCHLD) as usize, 0, 0, 0],
            );
        },
        twin: own_number,
    },
    Attack {
        name: "thread",
        everywhere: false,
        attack: |_| drop(std::thread::spawn(|| {})),
        twin: |hands| hands.thread.run(|| {}),
    },
    Attack {
        name: "ptrace",
        everywhere: true,
        attack: |_| {
            call(libc::SYS_ptrace, [libc::PTRACE_TRACEME as usize, 0, 0, 0]);
        },
        twin: own_number,
    },
    Attack {
        name: "executable_mmap",
        everywhere: true,
        attack: |_| {
            page(libc::PROT_READ | libc::PROT_EXEC);
        },
        twin: |_| {
            page(libc::PROT_READ | libc::PROT_WRITE);
        },
    },
    Attack {
        name: "mprotect_to_executable",
        everywhere: true,
        attack: |_| {
            let page = page(libc::PROT_READ | libc::PROT_WRITE);
            call(
                libc::SYS_mprotect,
                [page, 4096, libc::PROT_EXEC as usize, 0],
            );
        },
        twin: |_| {
            let page = page(libc::PROT_READ);
            assert_eq!(call(libc::SYS_mprotect, [page, 4096, READ_WRITE, 0]), 0);
        },
    },
    Attack {
        name: "pkey_mprotect",
        everywhere: true,
        attack: |_| {
            let page = page(libc::PROT_READ);
            call(
                libc::SYS_pkey_mprotect,
                [page, 4096, libc::PROT_EXEC as usize, usize::MAX],
            );
        },
        twin: |_| {
            let page = page(libc::PROT_READ);
            assert_eq!(call(libc::SYS_mprotect, [page, 4096, READ_WRITE, 0]), 0);
        },
    },
    Attack {
        name: "write_to_the_medium",
        everywhere: true,
        attack: |hands| {
            call(libc::SYS_write, [number(hands.target), path(c"x"), 1, 0]);
        },
        twin: |_| std::io::stderr().write_all(b"x").expect("standard error"),
    },
    Attack {
        name: "pwrite_to_the_medium",
        everywhere: true,
        attack: |hands| {
            call(libc::SYS_pwrite64, [number(hands.target), path(c"x"), 1, 0]);
        },
        twin: |hands| hands.spool.write_all_at(b"x", 9).expect("the spool"),
    },
    Attack {
        name: "ftruncate_of_the_medium",
        everywhere: true,
        attack: |hands| {
            call(libc::SYS_ftruncate, [number(hands.target), 0, 0, 0]);
        },
        twin: |hands| hands.spool.set_len(4096).expect("the spool"),
    },
    Attack {
        name: "duplicate_over_the_spool",
        everywhere: true,
        attack: |hands| {
            call(
                libc::SYS_dup3,
                [number(hands.target), number(hands.spool), 0, 0],
            );
        },
        twin: |_| {},
    },
    Attack {
        name: "receive_over_the_spool",
        everywhere: false,
        // Not even closing it makes its number free for the next descriptor.
        attack: |hands| {
            assert_eq!(call(libc::SYS_close, [number(hands.spool), 0, 0, 0]), -1);
            assert_eq!(Errno::last(), Errno::EPERM);
            call(
                libc::SYS_close_range,
                [number(hands.spool), number(hands.spool), 0, 0],
            );
        },
        twin: |hands| {
            let files = [hands.spool, hands.desk].map(number);
            for pinned in files.into_iter().chain([number(&hands.channel.as_fd()), 2]) {
                assert_eq!(call(libc::SYS_close, [pinned, 0, 0, 0]), -1);
                assert_eq!(Errno::last(), Errno::EPERM);
            }
        },
    },
    Attack {
        name: "ioctl",
        everywhere: true,
        attack: |hands| {
            let mut size = 0_u64;
            // BLKGETSIZE64: even an innocent one, because one number is not innocent.
            call(
                libc::SYS_ioctl,
                [number(hands.medium), 0x8008_1272, &raw mut size as usize, 0],
            );
        },
        twin: |hands| assert!(jail::fd::size(hands.medium.as_fd()).is_ok()),
    },
    Attack {
        name: "kill",
        everywhere: false,
        attack: |_| {
            call(libc::SYS_kill, [1, libc::SIGTERM as usize, 0, 0]);
        },
        twin: own_number,
    },
    Attack {
        name: "signal_other_than_abort",
        everywhere: true,
        attack: |_| {
            call(libc::SYS_tgkill, [1, 1, libc::SIGTERM as usize, 0]);
        },
        twin: own_number,
    },
    Attack {
        name: "unlink",
        everywhere: true,
        attack: |_| drop(std::fs::remove_file("/x")),
        twin: read,
    },
    Attack {
        name: "mount",
        everywhere: true,
        attack: |_| {
            call(
                libc::SYS_mount,
                [path(c"none"), path(c"/"), path(c"tmpfs"), 0],
            );
        },
        twin: read,
    },
    Attack {
        name: "send_on_another_socket",
        everywhere: false,
        attack: |hands| drop(hands.socket.send(b"x", &[])),
        twin: send,
    },
    Attack {
        name: "shorter_filter",
        everywhere: false,
        attack: |_| {
            call(libc::SYS_seccomp, [1, 0, 0, 0]);
        },
        twin: own_number,
    },
];
