//! Somebody who may write the ledger's files, and knows how they are made.

use std::path::Path;

use crate::common::ledger;
use record::entry::leaf;
use record::key::SecretKey;
use record::note;
use record::tree::Frontier;
use rusqlite::Connection;
use wire::Digest;

/// The ledger of [`ledger`] in a folder of its own.
pub(crate) fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    folder
}

/// The file of the database with everything in it.
pub(crate) fn whole(folder: &Path) -> Vec<u8> {
    let path = folder.join("ledger.db");
    Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
        .unwrap();
    std::fs::read(path).unwrap()
}

/// Runs `change` on the database without what guards it, and puts the guards back as they were.
pub(crate) fn unguarded(folder: &Path, change: impl FnOnce(&Connection)) {
    let db = Connection::open(folder.join("ledger.db")).unwrap();
    let guards: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    change(&db);
    for (_, guard) in &guards {
        db.execute_batch(guard).unwrap();
    }
}

/// Writes every entry anew as `edit` has it, with leaves and links that fit; and with
/// checkpoints that fit too, signed by `key` where there is one.
pub(crate) fn write_anew(
    folder: &Path,
    key: Option<&SecretKey>,
    edit: impl Fn(u64, &str) -> String,
) {
    let origin = std::fs::read_to_string(folder.join("ledger.pub")).unwrap();
    let origin = origin.split('+').next().unwrap().to_owned();
    unguarded(folder, |db| {
        let entries: Vec<(u64, String, String)> = db
            .prepare("SELECT number, bytes, leaf FROM entries ORDER BY number")
            .unwrap()
            .query_map((), |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let (mut old, mut new) = (Digest([0; 32]).to_string(), Digest([0; 32]).to_string());
        let mut tree = Frontier::default();
        for (number, bytes, before) in entries {
            let bytes = edit(number, &bytes).replacen(&old, &new, 1);
            let hash = leaf(bytes.as_bytes());
            (old, new) = (before, hash.to_string());
            db.execute(
                "UPDATE entries SET bytes = ?2, leaf = ?3 WHERE number = ?1",
                (number as i64, &bytes, &new),
            )
            .unwrap();
            tree.push(hash);
            if let Some(key) = key {
                let body = note::body(&origin, number, tree.root());
                let signed = note::signed(&body, &[key.log_signature(&origin, &body)]);
                db.execute(
                    "UPDATE checkpoints SET note = ?2 WHERE size = ?1",
                    (number as i64, signed),
                )
                .unwrap();
                std::fs::remove_file(folder.join("ledger.head")).ok();
            }
        }
    });
}

/// The ledger's own key, which root can read.
pub(crate) fn stolen(folder: &Path) -> SecretKey {
    SecretKey::open(&folder.join("ledger.key")).unwrap()
}
