//! What a test reads of what a command says.

use std::cell::RefCell;
use std::ffi::OsString;

thread_local! {
    static SAID: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// What a command answered, and said on stdout and stderr.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs kioskctl with these arguments in this thread.
pub(crate) fn kioskctl(arguments: &[&str]) -> Said {
    SAID.replace(Some(Default::default()));
    let all = std::iter::once("kioskctl").chain(arguments.iter().copied());
    let status = crate::run(all.map(OsString::from));
    let (out, err) = SAID.take().unwrap();
    Said { status, out, err }
}

pub(super) fn takes(out: &str, err: &str) -> bool {
    SAID.with_borrow_mut(|said| match said {
        Some(said) => {
            said.0.push_str(out);
            said.1.push_str(err);
            true
        }
        None => false,
    })
}
