//! Times of searching a ledger of many rows. Makes one in the folder it is given when there is
//! none: `find FOLDER [VERDICTS ROWS_EACH]`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a tool of the developers, which may end with a fault"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use record::reader::Filter;
use record::rows::Rows;
use record::search::{Looked, Search, Wanted};
use record::{Ledger, LedgerError, Writer};
use sha2::{Digest as _, Sha256};
use wire::ledger::{Event, Judged, Rules, Target};
use wire::scan::{TargetKind, Totals};
use wire::{Digest, Finding, MediumName, Outcome, Row, RowKind, Source, Tier, Verdict};

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let mut number = |usual: u64| {
        let said = arguments.next();
        said.map_or(usual, |text| text.to_str().unwrap().parse().unwrap())
    };
    let (verdicts, rows) = (number(3_333), number(300));
    if !folder.join("ledger.db").exists() {
        make(&folder, verdicts, rows);
    }
    let ledger = Ledger::open(&folder).unwrap();
    by_time(&ledger);
    let digest = Digest(Sha256::digest(b"/1000/150").into());
    for (what, wanted) in [
        (
            "--sha256 (once there)",
            Wanted::default().with_sha256(digest),
        ),
        (
            "--sha256 (not there)",
            Wanted::default().with_sha256(Digest([0; 32])),
        ),
        (
            "--name (once there)",
            Wanted::default().with_name("PLC-1000-150"),
        ),
        (
            "--name (not there)",
            Wanted::default().with_name("nowhere.exe"),
        ),
        ("--name (everywhere)", Wanted::default().with_name("点検")),
        ("--rule", Wanted::default().with_rule("eicar_test_file")),
    ] {
        let began = Instant::now();
        let search = Search::new(&ledger);
        let mut found = 0;
        for entry in ledger.entries(Filter::default()).unwrap() {
            let content = entry.unwrap().content().unwrap();
            if content.event.judged().is_some() {
                found += search.met(&content, &wanted).unwrap().count;
            }
        }
        println!("{what}: {found} rows in {:?}", began.elapsed());
    }
    let began = Instant::now();
    let mut hashes = 0_u64;
    each_hash(&ledger, &mut |_| hashes += 1);
    println!("every hash: {hashes} in {:?}", began.elapsed());
}

fn by_time(ledger: &Ledger) {
    let began = Instant::now();
    let mut count = 0_u64;
    for entry in ledger.entries(Filter::default()).unwrap() {
        let time = entry.unwrap().recorded().unwrap();
        count += u64::from(time < jiff::Timestamp::UNIX_EPOCH);
    }
    println!("by time: {count} entries in {:?}", began.elapsed());
}

fn each_hash(ledger: &Ledger, see: &mut dyn FnMut(Digest)) {
    let search = Search::new(ledger);
    for entry in ledger.entries(Filter::default()).unwrap() {
        let content = entry.unwrap().content().unwrap();
        let looked = search.each_row(&content, &mut |row| -> Result<(), LedgerError> {
            row.sha256().into_iter().for_each(&mut *see);
            Ok(())
        });
        assert_eq!(looked.unwrap(), Looked::Through);
    }
}

fn make(folder: &Path, verdicts: u64, rows: u64) {
    std::fs::create_dir_all(folder).unwrap();
    let mut writer = Writer::open(folder).unwrap();
    let rules = Rules {
        bundle: "shipped".to_owned(),
        version: 1,
        issued: Some("2026-11-01".to_owned()),
        age_days: Some(3),
        expired_days: None,
        rules: 300,
        sha256: Digest([7; 32]),
        engines: Vec::new(),
    };
    let target = Target {
        kind: TargetKind::Device,
        name: MediumName::new("/dev/sdb").unwrap(),
        size_bytes: 1 << 30,
    };
    for number in 0..verdicts {
        let inserted = Event::Inserted {
            target: target.clone(),
            claim: None,
            medium: Some("M-0001".to_owned()),
            rules: Some(rules.clone()),
            occasion: None,
        };
        let insertion = writer.append(&inserted, None).unwrap().number;
        let all: Vec<u8> = (0..rows).flat_map(|row| line(number, row)).collect();
        let all = Rows::receive(&jail::memory::sealed("rows", &all).unwrap()).unwrap();
        let judged = Judged {
            insertion,
            verdict: Verdict::Pass,
            reasons: Vec::new(),
            medium: Some("M-0001".to_owned()),
            target: target.clone(),
            rules: Some(rules.clone()),
            volumes: Vec::new(),
            totals: Some(Totals {
                rows,
                volumes: 0,
                bytes_read: 1,
                bytes_hashed: 1,
                outside: wire::Coverage::default(),
            }),
            started: "2026-11-23T08:30:00Z".to_owned(),
            finished: "2026-11-23T08:31:00Z".to_owned(),
            fault: None,
            refused: None,
            waivers: Vec::new(),
            policy_sha256: None,
        };
        writer
            .append(&Event::Judged(Box::new(judged)), Some(&all))
            .unwrap();
        writer.append(&Event::Removed { insertion }, None).unwrap();
    }
}

fn line(number: u64, row: u64) -> Vec<u8> {
    let path = format!("点検記録/2026年度/Unit-{}/plc-{number}-{row}.BIN", row % 7);
    let hash = Sha256::digest(format!("/{number}/{row}"));
    let finding = Finding::own("eicar_test_file", Source::Yara, Tier::Notice, "");
    let row = Row {
        volume: Some(0),
        path: MediumName::new(path).unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 4096 + row,
        sha256: Some(Digest(hash.into())),
        content_type: Some("application/octet-stream".to_owned()),
        outcome: Outcome::Clean,
        inherited: false,
        findings: if row == 5 && number.is_multiple_of(100) {
            vec![finding]
        } else {
            Vec::new()
        },
    };
    let mut line = serde_json::to_vec(&row).unwrap();
    line.push(b'\n');
    line
}
