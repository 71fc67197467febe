//! A made-up month in a real ledger, with the times of the machine's clock.

use std::path::Path;

use jiff::Timestamp;
use record::Writer;
use record::rows::Rows;
use wire::Row;
use wire::ledger::{EntryId, Event};

use crate::month::Book;

/// A ledger open for writing.
pub(crate) struct Written(Writer);

impl Written {
    pub(crate) fn open(folder: &Path) -> Self {
        Self(Writer::open(folder).expect("the folder is writable"))
    }
}

impl Book for Written {
    fn at(&mut self, _day: i64, _minute: i64) {}

    fn write(&mut self, event: Event, rows: Vec<Row>) -> EntryId {
        // A co-signature must be one, and nobody has an auditor's key here.
        if let (Event::Cosigned(_), Some(head)) = (&event, self.0.head()) {
            return head;
        }
        let lines: Vec<u8> = rows
            .iter()
            .flat_map(|row| [serde_json::to_vec(row).unwrap(), b"\n".to_vec()].concat())
            .collect();
        let rows = matches!(event, Event::Judged(_))
            .then(|| Rows::receive(&jail::memory::sealed("rows", &lines).unwrap()).unwrap());
        match self.0.append(&event, rows.as_ref()) {
            Ok(entry) => entry,
            Err(refusal) => panic!("{refusal}: {event:?}"),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
