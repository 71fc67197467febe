//! What the kernel was asked, in order, as strace writes it down; and what must hold of it.

use std::collections::BTreeSet;

/// The calls by which the writer reaches its disk and answers. Those that a machine does not
/// have are left out by strace.
pub(crate) const TRACED: &str = "trace=?openat,?pwrite64,?write,?fsync,?fdatasync,?ftruncate,\
    ?rename,?renameat,?renameat2,?unlink,?unlinkat,?sendmsg";

/// One call that ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The file's name without its folders; empty for what is no file of the ledger.
    pub(crate) file: String,
    pub(crate) succeeded: bool,
    pub(crate) injected: bool,
    /// As strace wrote it.
    pub(crate) line: String,
}

/// Every call of a trace, and the one during which the process died.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    let parse = |line: &str| {
        let (name, rest) = line.split_once('(')?;
        // `pwrite64(7</folder/ledger.db-wal>, ...`, `openat(..., "/folder/ledger.lock", ...`
        let path = rest
            .split(['<', '>', '"'])
            .find(|piece| piece.contains("/ledger."))
            .unwrap_or_default();
        let result = rest.rsplit_once(" = ").map_or("?", |(_, result)| result);
        Some(Call {
            name: name.to_owned(),
            file: path.rsplit('/').next().unwrap_or_default().to_owned(),
            succeeded: !result.starts_with(['-', '?']),
            injected: result.contains("(INJECTED)"),
            line: line.to_owned(),
        })
    };
    text.lines().filter_map(parse).collect()
}

impl Call {
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync")
    }

    fn is_write(&self) -> bool {
        // Cutting off what follows the last entry of the log takes nothing away.
        matches!(self.name.as_str(), "pwrite64" | "write")
            || self.name == "ftruncate" && self.file != LOG
    }

    pub(crate) fn says_recorded(&self) -> bool {
        self.name == "sendmsg" && self.line.contains("{\\\"recorded\\\":")
    }

    /// Whether it writes the write-ahead log's beginning, which lets go of what was in it.
    fn begins_log(&self) -> bool {
        self.name == "pwrite64" && self.file == LOG && self.line.contains(", 32, 0)")
    }
}

const LOG: &str = "ledger.db-wal";

/// Files that need not be on the disk when an entry is acknowledged: the database may lag
/// behind its log, and the others are made anew from it.
const MAY_LAG: [&str; 3] = ["ledger.db", "ledger.db-shm", "ledger.head.new"];

/// Checks that an entry is acknowledged only when the disk has all of it, that the log is let
/// go of only when the disk has the database, and that nothing is acknowledged on a disk that
/// failed. How many entries were acknowledged, or what is wrong.
pub(crate) fn require_order(calls: &[Call]) -> Result<usize, String> {
    let mut disk = Disk::default();
    for call in calls {
        disk.take(call)
            .map_err(|what| format!("{what}: {}", call.line))?;
    }
    Ok(disk.acknowledged)
}

/// What has reached the disk so far.
#[derive(Default)]
struct Disk<'a> {
    /// Files with something written that no sync has followed.
    unsynced: BTreeSet<&'a str>,
    /// Whether the log was synced since the last acknowledgement.
    was_synced: bool,
    /// The first sync that failed, and how many may be acknowledged after it: none when
    /// something of the log had not reached the disk, for a second sync that succeeds says
    /// nothing; else the entry at hand, whose log the disk has.
    failed: Option<(&'a Call, usize)>,
    acknowledged: usize,
}

impl<'a> Disk<'a> {
    fn take(&mut self, call: &'a Call) -> Result<(), String> {
        if call.begins_log() && self.unsynced.contains("ledger.db") {
            return Err("the log begins anew before the disk has the database".to_owned());
        }
        let is_ours = call.file.starts_with("ledger.");
        if is_ours && call.is_write() && call.succeeded {
            self.unsynced.insert(&call.file);
        } else if is_ours && call.is_sync() && call.succeeded {
            self.unsynced.remove(call.file.as_str());
            self.was_synced |= call.file == LOG;
        } else if is_ours && call.is_sync() {
            let is_lost = call.file != "ledger.db" && self.unsynced.contains(call.file.as_str());
            self.failed.get_or_insert((call, usize::from(!is_lost)));
        } else if call.says_recorded() {
            self.acknowledge()?;
        }
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), String> {
        let missing: Vec<_> = self
            .unsynced
            .iter()
            .filter(|file| !MAY_LAG.contains(file))
            .collect();
        if !missing.is_empty() {
            return Err(format!("acknowledged before the disk has {missing:?}"));
        }
        if !self.was_synced {
            return Err("acknowledged with nothing synced since the last".to_owned());
        }
        self.was_synced = false;
        self.acknowledged += 1;
        match &mut self.failed {
            None => Ok(()),
            Some((failed, 0)) => Err(format!("acknowledged after {}", failed.line)),
            Some((_, left)) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}
