//! Every system call there is, with zeros for arguments, each in a worker of its own.

use std::process::ExitCode;

use jail::channel::Channel;
use jail::supervisor::Ended;
use libc::c_long;

use crate::stage::Stage;

/// Past the last number that Linux 6.18 has.
const NUMBERS: std::ops::Range<c_long> = 0..520;

/// Calls whose ending says nothing about the filter: coming back from a signal that never was
/// leaves the process anywhere; and on x86-64 Linux 6.14 and later let the kernel's own two
/// probes (335 and 336) past every filter, which do nothing but end a process that has none.
#[cfg(target_arch = "x86_64")]
const UNTOLD: &[c_long] = &[libc::SYS_rt_sigreturn, 335, 336];
#[cfg(not(target_arch = "x86_64"))]
const UNTOLD: &[c_long] = &[libc::SYS_rt_sigreturn];

/// The bit that asks for the x32 way of calling, which is another list of calls.
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;

/// Reports the numbers whose caller was not killed by the filter.
pub(crate) fn run(place: &str) -> ExitCode {
    let stage = Stage::set();
    let mut survived = Vec::new();
    let numbers = NUMBERS.filter(|number| !UNTOLD.contains(number));
    #[cfg(target_arch = "x86_64")]
    let numbers = numbers.chain(X32..X32 + NUMBERS.end);
    for number in numbers {
        let (_ours, theirs) = Channel::pair().expect("a pair");
        let mut child = stage
            .supervisor
            .fork_worker(&mut || {
                if place == "worker" {
                    stage.close_worker(&theirs);
                }
                call(number);
                0
            })
            .expect("a worker");
        if child.wait().expect("its end") != Ended::Signaled(libc::SIGSYS) {
            survived.push(number.to_string());
        }
    }
    stage.report(&survived.join(" "));
    ExitCode::SUCCESS
}

fn call(number: c_long) {
    let zero = [0_u64; 2];
    // With a null time ppoll would wait for ever.
    let third = if number == libc::SYS_ppoll {
        zero.as_ptr() as usize
    } else {
        0
    };
    // SAFETY: null pointers are errors; the process does nothing afterwards that could suffer
    // from a call that did something, and ends.
    unsafe { libc::syscall(number, 0_usize, 0_usize, third, 0_usize, 0_usize, 0_usize) };
}
