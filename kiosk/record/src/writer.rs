//! The only writer: one process a ledger, one transaction an entry.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use nix::fcntl::Flock;
use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};
use wire::ledger::{DiskTrouble, EntryId, Event};
use wire::standing::Standing;

use crate::archive::KEEP_DAYS;
use crate::check::{self, Step};
use crate::clock::Place;
use crate::disk;
use crate::draft::{Draft, Failure, Written};
use crate::error::{LedgerError, Refusal};
use crate::folder;
use crate::key::SecretKey;
use crate::reader::outside::last_given_out;
use crate::rows::Rows;
use crate::schema;
use crate::serve::say;
use crate::signer::{self, Signer};
use crate::standing::Register;
use crate::tables::{self, NOTHING};
use crate::verify::{Depth, Outside, verify};

/// Entries whose chain is recomputed at every start: some days of a busy gate, a few
/// milliseconds. The whole ledger is for `kioskctl log verify`.
pub const ENTRIES_CHECKED_AT_START: u64 = 1000;

/// How long a write waits for another program that holds the database.
const WAIT: Duration = Duration::from_secs(5);

/// The ledger, open for writing.
pub struct Writer {
    // Dropped before the lock, so that the database is closed when the next writer comes.
    db: Connection,
    _lock: Flock<File>,
    folder: PathBuf,
    place: Place,
    head: EntryId,
    signer: Signer,
    /// What the entries so far leave open.
    register: Register,
    /// Why nothing is written any more.
    halted: Option<String>,
    /// How old a period must be before its rows are put away, in days.
    keep_days: u32,
    /// What the disk had to do with the last entry that was not written.
    disk_trouble: Option<DiskTrouble>,
}

impl Writer {
    /// Opens the ledger in `folder`, which is made when there is none, for this process alone;
    /// checks it; and writes that insertions which a crash left open were interrupted.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] when another process writes it; [`LedgerError::Damaged`], [`LedgerError::Schema`]
    /// or [`LedgerError::Altered`] when it is not as it was left; others when it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        let folder = folder::make_folder(folder)?;
        let mut lock = folder::lock(&folder)?;
        let path = folder.join(schema::FILE);
        folder::require_whole(&path, &lock)?;
        folder::make_file(&path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut db =
            Connection::open_with_flags(&path, flags).map_err(LedgerError::database("open"))?;
        // SQLite opens a file that may not be written for reading, and does not say so.
        if db
            .is_readonly(MAIN_DB)
            .map_err(LedgerError::database("open"))?
        {
            let source = io::ErrorKind::PermissionDenied.into();
            return Err(LedgerError::Open { path, source });
        }
        let set = db.busy_timeout(WAIT).and_then(|()| schema::distrust(&db));
        // A log that may be another's is not copied into the database on the way out.
        set.and_then(|()| schema::copy_log_at_end(&db, false))
            .map_err(LedgerError::database("open"))?;
        let version = schema::identify(&db, &path)?;
        schema::make_durable(&db)?;
        if version.is_none()
            && folder::was_made(&lock).map_err(LedgerError::system("read the lock"))?
        {
            return Err(LedgerError::Lost(folder));
        }
        if version != Some(schema::version()) {
            let from = version.unwrap_or(0);
            schema::migrate(&mut db, from).map_err(LedgerError::database("make the tables of"))?;
        }
        folder::mark_made(&mut lock).map_err(LedgerError::system("write the lock"))?;
        folder::sync(&folder)?;
        schema::require_ours(&db)?;
        let last = tables::head(&db)
            .map_err(LedgerError::database("read"))?
            .number;
        let since = last
            .saturating_sub(ENTRIES_CHECKED_AT_START)
            .saturating_add(1);
        let first = signer::first_key(&folder, last == 0)?;
        let verified = verify(
            &db,
            since.min(last.max(1)),
            Depth::Chain,
            first.clone(),
            &Outside::of(last_given_out(&folder, &first)?),
        )?;
        let head = verified.head.unwrap_or(NOTHING);
        let signer = Signer::open(&folder, &db, verified.keys.last().unwrap_or(&first))?;
        schema::copy_log_at_end(&db, true).map_err(LedgerError::database("set up"))?;
        let place = Place::here().map_err(LedgerError::system("ask for the boot's id"))?;
        let register = tables::register(&db)?;
        let mut writer = Self {
            db,
            _lock: lock,
            folder,
            place,
            head,
            signer,
            register,
            halted: None,
            keep_days: KEEP_DAYS,
            disk_trouble: None,
        };
        writer.close_what_a_crash_left()?;
        Ok(writer)
    }

    /// Lets rows be put away when they are this many days old, in the place of [`KEEP_DAYS`].
    pub fn keep(&mut self, days: u32) {
        self.keep_days = days;
    }

    /// Writes one event down. When this returns, the disk has it.
    ///
    /// # Errors
    /// Why it was not written. Then nothing of it is in the ledger.
    pub fn append(&mut self, event: &Event, rows: Option<&Rows>) -> Result<EntryId, Refusal> {
        if let Event::Interrupted { .. } | Event::CrashFound { .. } | Event::KeySet(_) = event {
            return Err(Refusal::Own);
        }
        check::event(event)?;
        if let Event::Started { again: false, .. } = event
            && let Some(started) = self.register.running()
        {
            self.write(&Event::CrashFound { started }, None)?;
        }
        self.register.check(event, Timestamp::now())?;
        self.check_named(event)?;
        self.write(event, rows)
    }

    /// Checks that the entries which an event about the ledger itself names are there.
    fn check_named(&self, event: &Event) -> Result<(), Refusal> {
        let named = check::named(event);
        for entry in named.entries {
            match tables::leaf(&self.db, entry.number) {
                Ok(Some(leaf)) if leaf == entry.leaf_sha256 => {}
                Ok(_) => return Err(Refusal::NoSuchEntry(entry.number)),
                Err(error) => return Err(Refusal::Unwritten(wire::explained(&error))),
            }
        }
        match named.last.filter(|last| self.head.number < *last) {
            Some(last) => Err(Refusal::NoSuchEntry(last)),
            None => Ok(()),
        }
    }

    /// Writes that an insertion has no verdict and will have none.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn interrupt(&mut self, insertion: u64, why: &str) -> Result<EntryId, Refusal> {
        self.write(
            &Event::Interrupted {
                insertion,
                why: why.to_owned(),
            },
            None,
        )
    }

    /// Why a connection that did not record `insertion` may not judge it.
    pub(crate) fn stranger(&self, insertion: u64) -> Refusal {
        match tables::steps(&self.db, insertion) {
            Ok(done) if done.contains(&Step::Closed) => Refusal::Closed(insertion),
            Ok(done) if done.contains(&Step::Inserted) => Refusal::Stranger(insertion),
            Ok(_) => Refusal::NoInsertion(insertion),
            Err(error) => Refusal::Unwritten(wire::explained(&error)),
        }
    }

    /// What holds at the moment.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            head: self.head(),
            disk_percent: disk::percent(&self.folder),
            ..self.register.standing(Timestamp::now())
        }
    }

    /// What the disk has to do with it that the last entry was not written.
    #[must_use]
    pub(crate) fn disk_trouble(&self) -> Option<DiskTrouble> {
        self.disk_trouble
    }

    /// The last entry; `None` for an empty ledger.
    #[must_use]
    pub fn head(&self) -> Option<EntryId> {
        (self.head != NOTHING).then_some(self.head)
    }

    fn write(&mut self, event: &Event, rows: Option<&Rows>) -> Result<EntryId, Refusal> {
        if let Some(why) = &self.halted {
            return Err(Refusal::OutOfService(why.clone()));
        }
        match self.transact(event, rows) {
            Ok((all, next)) => {
                self.disk_trouble = None;
                let id = all.first().map_or(self.head, |first| first.id);
                for written in all {
                    self.head = written.id;
                    self.signer.committed(written.signed);
                    let event = written.event.as_ref().unwrap_or(event);
                    self.register
                        .note(written.id.number, &written.recorded_utc, event);
                }
                if let Some(Err(error)) = next.map(|key| self.signer.change(key)) {
                    // Its file takes its place at the next start.
                    say(&wire::explained(&error));
                }
                self.copy_log();
                Ok(id)
            }
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(Failure::Failed(error)) => {
                let why = wire::explained(&error);
                self.disk_trouble = disk::trouble(&error);
                if error.is_passing() {
                    return Err(Refusal::Unwritten(why));
                }
                self.halted = Some(why.clone());
                Err(Refusal::OutOfService(why))
            }
        }
    }

    /// The entry at hand is in the log, whatever comes of this: only the next are refused.
    fn copy_log(&mut self) {
        let copied = schema::copy_log(&self.db);
        if let Err(error) = copied.map_err(LedgerError::database("copy the log into"))
            && !error.is_passing()
        {
            self.disk_trouble = disk::trouble(&error);
            self.halted = Some(wire::explained(&error));
        }
    }

    /// One transaction. What becomes of it is for [`Self::write`].
    fn transact(
        &mut self,
        event: &Event,
        rows: Option<&Rows>,
    ) -> Result<(Vec<Written>, Option<SecretKey>), Failure> {
        let previous = self.head;
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(LedgerError::database("write"))?;
        if tables::head(&transaction).map_err(LedgerError::database("read"))? != previous {
            // The lock keeps other kiosks out; this was somebody with a tool.
            return Err(LedgerError::Damaged("somebody else wrote into it".to_owned()).into());
        }
        let draft = Draft {
            transaction: &transaction,
            place: &self.place,
            register: &self.register,
            signer: &self.signer,
        };
        if let Event::Cosigned(cosigned) = event {
            draft.cosigned(cosigned)?;
        }
        let first = draft.entry(previous, event, rows)?;
        let number = first.id.number;
        let mut next = None;
        let mut written = vec![first];
        match (event, written.first()) {
            (Event::KeyRetired(_), Some(first)) => {
                let key = self.signer.prepare()?;
                let second = draft.key_set(first, &key)?;
                written.push(second);
                next = Some(key);
            }
            (Event::Sealed(sealed), _) => draft.put_away(number, sealed, self.keep_days)?,
            (_, _) => {}
        }
        transaction
            .commit()
            .map_err(LedgerError::database("write"))?;
        Ok((written, next))
    }

    fn close_what_a_crash_left(&mut self) -> Result<(), LedgerError> {
        let find = || -> rusqlite::Result<Vec<i64>> {
            self.db
                .prepare(
                    "SELECT insertion FROM steps WHERE step = 'inserted' AND insertion NOT IN
                     (SELECT insertion FROM steps WHERE step = 'closed') ORDER BY insertion",
                )?
                .query_map((), |row| row.get(0))?
                .collect()
        };
        let left = find().map_err(LedgerError::database("read"))?;
        for insertion in left
            .into_iter()
            .filter_map(|number| u64::try_from(number).ok())
        {
            let why = "kiosk-record ended without a verdict; found when it started again";
            self.interrupt(insertion, why)
                .map_err(|refusal| LedgerError::System {
                    doing: "record that an insertion was interrupted",
                    source: io::Error::other(wire::explained(&refusal)),
                })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_refuses_and_with_room_again_the_next_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path()).unwrap();
        let event = Event::Started {
            kiosk: "x".repeat(50_000),
            rules: None,
            again: false,
        };
        let small = Event::Started {
            kiosk: String::new(),
            rules: None,
            again: false,
        };
        writer.append(&event, None).unwrap();
        writer.db.pragma_update(None, "max_page_count", 30).unwrap();
        let refusal = writer
            .append(&event, None)
            .and_then(|_| writer.append(&event, None));
        let refusal = refusal.unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Unwritten(why) if why.contains("full")),
            "{refusal}"
        );
        assert_eq!(writer.disk_trouble(), Some(DiskTrouble::Full));
        let head = writer.head().unwrap();
        writer
            .db
            .pragma_update(None, "max_page_count", 1_000_000)
            .unwrap();
        assert_eq!(
            writer.append(&small, None).unwrap().number,
            head.number.saturating_add(1)
        );
        assert_eq!(writer.disk_trouble(), None);
        let ledger = crate::Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.verify(None).unwrap().head, writer.head());
    }
}
