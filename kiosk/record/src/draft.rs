//! What one transaction of the writer holds, before it is committed.

use rusqlite::Transaction;
use wire::audit::{Cosigned, KeySet, Sealed};
use wire::ledger::{EntryId, Event};

use crate::archive;
use crate::canonical;
use crate::check::{self, Step};
use crate::clock::{Moment, Place};
use crate::entry::{self, FORMAT, RowsHash};
use crate::error::{LedgerError, Refusal};
use crate::key::SecretKey;
use crate::rows::Rows;
use crate::schema::integer;
use crate::signer::{Signed, Signer};
use crate::standing::Register;
use crate::tables::{self, require_one};
use crate::verify::note::{self, Kind, Note, PublicKey};

/// A transaction with all that an entry needs to know.
pub(crate) struct Draft<'t> {
    pub(crate) transaction: &'t Transaction<'t>,
    pub(crate) place: &'t Place,
    pub(crate) register: &'t Register,
    pub(crate) signer: &'t Signer,
}

/// An entry that is committed with the transaction.
pub(crate) struct Written {
    pub(crate) id: EntryId,
    pub(crate) recorded_utc: String,
    pub(crate) signed: Signed,
    /// What it says, when that is not what was asked for.
    pub(crate) event: Option<Event>,
}

/// Why an append did not become an entry.
pub(crate) enum Failure {
    Refused(Refusal),
    Failed(LedgerError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error)
    }
}

impl Draft<'_> {
    /// Writes an entry with its rows and its checkpoint.
    pub(crate) fn entry(
        &self,
        previous: EntryId,
        event: &Event,
        rows: Option<&Rows>,
    ) -> Result<Written, Failure> {
        self.put(previous, event, rows, |leaf| self.signer.sign(leaf))
    }

    /// Writes which key signs from here on; this entry is signed by both.
    pub(crate) fn key_set(&self, before: &Written, key: &SecretKey) -> Result<Written, Failure> {
        let event = Event::KeySet(KeySet {
            key: self.signer.spelled(key),
        });
        let mut written = self.put(before.id, &event, None, |leaf| {
            self.signer.handed_over(&before.signed, leaf, key)
        })?;
        written.event = Some(event);
        Ok(written)
    }

    /// Checks that a co-signature holds and is of this ledger.
    pub(crate) fn cosigned(&self, cosigned: &Cosigned) -> Result<(), Failure> {
        let refused = |what| Err(Refusal::Audit(what).into());
        let key = PublicKey::parse(&cosigned.key).filter(|key| key.kind() == Kind::Cosigner);
        let (Some(key), Some(note)) = (key, Note::parse(&cosigned.note)) else {
            return refused("has no checkpoint or no key of a co-signer");
        };
        if note.signed_by(&key) != note::Signed::Holds {
            return refused("has a checkpoint that its key did not sign");
        }
        let ours = tables::checkpoint(self.transaction, note.size)
            .map_err(LedgerError::database("read"))?;
        let Some(ours) = ours else {
            return refused("has a checkpoint of another ledger");
        };
        // What is kept for ever is our checkpoint and one line, whoever else signed it.
        match cosigned.note.strip_prefix(&ours) {
            Some(line) if line.lines().count() == 1 => Ok(()),
            Some(_) => refused("has more than one signature beside the ledger's own"),
            None => refused("has a checkpoint of another ledger"),
        }
    }

    /// Takes the rows of a period out, after making sure that its archive is what they were.
    /// `number` is that of the entry that says so.
    pub(crate) fn put_away(
        &self,
        number: u64,
        sealed: &Sealed,
        keep_days: u32,
    ) -> Result<(), Failure> {
        if number <= sealed.through {
            return Err(Refusal::Seal("puts away what is not written yet").into());
        }
        archive::require_old(self.transaction, sealed.through, keep_days)?;
        let held = archive::held(self.transaction, sealed.through)?;
        if (held.rows, held.sha256) != (sealed.rows, sealed.archive_sha256) {
            return Err(Refusal::Seal("is not an archive of what this ledger holds").into());
        }
        if held.rows == 0 {
            return Err(Refusal::Seal("puts nothing away").into());
        }
        archive::remove(self.transaction, sealed.through).map_err(Failure::Failed)
    }

    fn put(
        &self,
        previous: EntryId,
        event: &Event,
        rows: Option<&Rows>,
        sign: impl FnOnce(wire::Digest) -> Signed,
    ) -> Result<Written, Failure> {
        let transaction = self.transaction;
        let moment = Moment::now().map_err(LedgerError::system("read the clock"))?;
        let number = previous.number.saturating_add(1);
        let step = check::step(event, number);
        if let Some((insertion, step)) = step {
            let done =
                tables::steps(transaction, insertion).map_err(LedgerError::database("read"))?;
            check::place(step, insertion, &done)?;
            if step == Step::Withdrawn
                && !tables::has_passed(transaction, insertion)
                    .map_err(LedgerError::database("read"))?
            {
                return Err(Refusal::NoPass(insertion).into());
            }
        }
        let stored = match rows {
            None => None,
            Some(rows) => Some(store_rows(transaction, number, event, rows, self.register)?),
        };
        check::count(event, stored.as_ref().map(RowsHash::count))?;
        let line = entry::Line {
            format: FORMAT,
            number,
            previous: previous.leaf_sha256,
            recorded_utc: &moment.utc,
            boot_id: &self.place.boot_id,
            boottime_ns: moment.boottime_ns,
            host: &self.place.host,
            kiosk: env!("CARGO_PKG_VERSION"),
            event,
            rows: stored.as_ref().map(RowsHash::count),
            rows_sha256: stored.map(RowsHash::finish),
        };
        let bytes = canonical::line(&line).map_err(|error| LedgerError::System {
            doing: "spell an entry",
            source: error.into(),
        })?;
        let leaf_sha256 = entry::leaf(bytes.as_bytes());
        let signed = sign(leaf_sha256);
        tables::insert(transaction, number, &bytes, leaf_sha256, step)
            .and_then(|()| tables::sign(transaction, number, &signed.note))
            .map_err(LedgerError::database("write"))?;
        Ok(Written {
            id: EntryId {
                number,
                leaf_sha256,
            },
            recorded_utc: moment.utc,
            signed,
            event: None,
        })
    }
}

fn store_rows(
    transaction: &Transaction<'_>,
    number: u64,
    event: &Event,
    rows: &Rows,
    register: &Register,
) -> Result<RowsHash, Failure> {
    let judged = event.judged().ok_or(Refusal::RowsOfWhat)?;
    let mut check = check::waived::Rows::new(judged, register.cited(&judged.waivers));
    let mut insert = transaction
        .prepare_cached("INSERT INTO rows (entry, ordinal, bytes) VALUES (?1, ?2, ?3)")
        .map_err(LedgerError::database("write"))?;
    let mut seen = RowsHash::default();
    for line in rows.lines(&mut check) {
        let line = line?;
        seen.add(line.as_bytes());
        insert
            .execute((integer(number), integer(seen.count()), &line))
            .and_then(require_one)
            .map_err(LedgerError::database("write"))?;
    }
    check.end()?;
    Ok(seen)
}
