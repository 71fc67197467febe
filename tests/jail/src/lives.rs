//! How processes in the jail live, reach their limits and end.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::process::{Command, ExitCode, Stdio};

use jail::channel::Channel;
use jail::supervisor::SupervisorLimits;

use crate::stage::{CPU_SECONDS, Hands, MEMORY_BYTES, OPEN_FILES, SPOOL_BYTES, Stage, Thread};

pub(crate) fn run(name: &str) -> ExitCode {
    match name {
        "memory past its limit" => one_worker(|_| allocate(MEMORY_BYTES)),
        "memory within its limit" => one_worker(|_| allocate(MEMORY_BYTES / 2)),
        "time past its limit" => one_worker(|_| spin(CPU_SECONDS * 1000 + 500)),
        "time within its limit" => one_worker(|_| spin(CPU_SECONDS * 1000 / 2)),
        "spool past its limit" => one_worker(|hands| spool(hands, SPOOL_BYTES + 1)),
        "spool within its limit" => one_worker(|hands| spool(hands, SPOOL_BYTES)),
        "files past their limit" => files(OPEN_FILES),
        "files within their limit" => files(4),
        "panic" => one_worker(|_| panic!("a worker's panic")),
        "abort" => one_worker(|_| std::process::abort()),
        "killed" => killed(),
        "exit" => ExitCode::from(hold(Stage::set(), || 7)),
        "hold" => ExitCode::from(hold(Stage::set(), wait_for_ever)),
        "attack" => ExitCode::from(hold(Stage::set(), || {
            u8::from(std::fs::File::open("/").is_ok())
        })),
        "panic of the supervisor" => ExitCode::from(hold(Stage::set(), || panic!("its panic"))),
        "starter" => starter(),
        "two threads" => {
            let _thread = Thread::start();
            refused(&[])
        }
        "kept" => {
            let packet = Channel::from_stdin().expect("a channel").receive();
            refused(&packet.expect("a packet").expect("the test's packet").fds)
        }
        other => panic!("unknown life {other}"),
    }
}

fn one_worker(mut part: impl FnMut(&Hands<'_>) -> i32) -> ExitCode {
    let stage = Stage::set();
    let ended = stage.worker(&mut part);
    // The supervisor is as well as before: it can fork another.
    let next = stage.worker(&mut |_| 5);
    stage.report(&format!("{ended:?}, then {next:?}"));
    ExitCode::SUCCESS
}

fn allocate(bytes: u64) -> i32 {
    let bytes = usize::try_from(bytes).expect("a size");
    i32::from(vec![1_u8; bytes].iter().any(|byte| *byte != 1))
}

fn spin(milliseconds: u64) -> i32 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let end = i64::try_from(milliseconds).expect("a time");
    while now.tv_sec * 1000 + now.tv_nsec / 1_000_000 < end {
        for _ in 0..1000 {
            std::hint::spin_loop();
        }
        // SAFETY: clock_gettime writes one timespec.
        let told = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now) };
        assert_eq!(told, 0);
    }
    0
}

fn spool(hands: &Hands<'_>, bytes: u64) -> i32 {
    let bytes = vec![1; usize::try_from(bytes).expect("a size")];
    // A write that crosses the limit is cut short there; the next one is answered with the signal.
    hands.spool.write_all_at(&bytes, 0).expect("the spool");
    0
}

/// The worker receives descriptors until it has `most`.
fn files(most: u64) -> ExitCode {
    let stage = Stage::set();
    let (mut child, ours) = stage.start(&mut |hands| {
        let mut held = Vec::new();
        for _ in 0..most {
            match hands.channel.receive() {
                Ok(packet) => held.extend(packet.expect("a packet").fds),
                Err(error) => {
                    hands
                        .channel
                        .send(format!("{:?}", error.kind()).as_bytes(), &[])
                        .expect("an answer");
                    return 0;
                }
            }
        }
        hands.channel.send(b"received", &[]).expect("an answer");
        0
    });
    for _ in 0..most {
        // The worker may have given up.
        if ours.send(b"file", &[stage.medium.as_fd()]).is_err() {
            break;
        }
    }
    let answer = ours.receive().expect("an answer").expect("an answer");
    child.wait().expect("its end");
    stage.report(&String::from_utf8_lossy(&answer.bytes));
    ExitCode::SUCCESS
}

fn killed() -> ExitCode {
    let stage = Stage::set();
    let (mut child, ours) = stage.start(&mut |hands| {
        hands.channel.send(b"held", &[]).expect("an answer");
        hands.channel.receive().map_or(1, |_| 2)
    });
    ours.receive().expect("an answer").expect("an answer");
    let before = child.try_wait().expect("waiting");
    child.kill().expect("killing");
    let after = child.wait().expect("waiting");
    child.kill().expect("killing what has ended is nothing");
    stage.report(&format!(
        "{before:?}, then {after:?}, and still {:?}",
        child.try_wait().expect("waiting")
    ));
    ExitCode::SUCCESS
}

/// Starts a worker that alone holds the test's socket and waits; then ends as `last` says.
fn hold(stage: Stage, last: impl FnOnce() -> u8) -> u8 {
    let (_child, ours) = stage.start(&mut |hands| {
        hands.channel.send(b"held", &[]).expect("an answer");
        hands.channel.receive().map_or(1, |_| 2)
    });
    ours.receive().expect("an answer").expect("an answer");
    let Stage {
        channel, socket, ..
    } = stage;
    drop(socket);
    channel.send(b"held", &[]).expect("the report");
    last()
}

fn wait_for_ever() -> u8 {
    let channel = Channel::pair().expect("a pair");
    u8::from(channel.0.receive().is_ok())
}

/// Starts the real one and waits to be killed.
fn starter() -> ExitCode {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["life", "hold"])
        .stdin(Stdio::inherit())
        .spawn()
        .expect("the real one");
    child.wait().expect("its end");
    ExitCode::SUCCESS
}

/// Reports why the jail was not made with these descriptors kept.
fn refused(keep: &[OwnedFd]) -> ExitCode {
    let channel = Channel::from_stdin().expect("a channel");
    let mut kept = vec![channel.as_fd()];
    kept.extend(keep.iter().map(AsFd::as_fd));
    let text = match jail::supervisor::enter(&kept, &SupervisorLimits::default()) {
        Ok(_) => "jailed".to_owned(),
        Err(error) => error.to_string(),
    };
    channel.send(text.as_bytes(), &[]).expect("the report");
    ExitCode::SUCCESS
}
