//! JSON Lines and OCSF, read by serde_json.

use std::fs;
use std::path::Path;
use std::process::Command;

use export::ocsf::NAMED_CONTENTS_MAX;
use export::{Book, Selection};
use record::{Ledger, Writer};
use serde_json::Value;
use wire::{MediumName, Outcome, Verdict};

use crate::common::{exported, hostile_ledger, inert, row, run, scan};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn name_of(value: &Value) -> MediumName {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, entries) = exported(folder.path(), Selection::default(), |book, out| {
        export::jsonl::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n"]);
    let objects = lines(&text);
    assert_eq!(u64::try_from(objects.len()).unwrap(), entries);
    let judged = objects
        .iter()
        .filter(|one| one["entry"]["event"]["event"] == "judged");
    for (object, (entry, name)) in judged.zip(&names) {
        assert_eq!(object["entry"]["number"], *entry);
        assert_eq!(name_of(&object["entry"]["event"]["target"]["name"]), *name);
        assert_eq!(name_of(&object["rows"][0]["path"]), *name);
        assert_eq!(name_of(&object["rows"][1]["within"][0]), *name);
    }
}

#[test]
fn an_entry_that_is_cut_out_of_a_line_hashes_to_its_leaf_and_its_rows_to_their_hash() {
    let folder = tempfile::tempdir().unwrap();
    hostile_ledger(folder.path());
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::jsonl::write(book, out).unwrap()
    });
    let text = String::from_utf8(bytes).unwrap();
    let mut rows_seen = 0;
    for line in text.lines() {
        let (head, rest) = line.split_once("\",\"entry\":").unwrap();
        let leaf = head.strip_prefix("{\"leaf_sha256\":\"").unwrap();
        let (entry, rows) = rest.rsplit_once(",\"rows\":[").unwrap();
        assert_eq!(record::entry::leaf(entry.as_bytes()).to_string(), leaf);
        let rows = rows.strip_suffix("]}").unwrap();
        let entry: Value = serde_json::from_str(entry).unwrap();
        if let Some(wanted) = entry["rows_sha256"].as_str() {
            let mut hash = record::entry::RowsHash::default();
            for row in rows.split_inclusive("]}") {
                hash.add(row.trim_start_matches(',').as_bytes());
                rows_seen += 1;
            }
            assert_eq!(hash.finish().to_string(), wanted);
        } else {
            assert_eq!(rows, "");
        }
    }
    assert!(rows_seen > 0);
}

/// What OCSF 1.3.0 requires of every Scan Activity, of its metadata, its product, its scan and
/// its device, and which numbers it knows.
#[track_caller]
fn check_scan_activity(object: &Value) {
    for key in [
        "activity_id",
        "category_uid",
        "class_uid",
        "severity_id",
        "time",
        "type_uid",
    ] {
        assert!(object[key].is_u64(), "{key} in {object}");
    }
    assert_eq!(object["category_uid"], 6);
    assert_eq!(object["class_uid"], 6007);
    let activity = object["activity_id"].as_u64().unwrap();
    assert!(activity <= 10 || activity == 99);
    assert_eq!(object["type_uid"], 600_700 + activity);
    assert!(object["severity_id"].as_u64().unwrap() <= 6);
    assert_eq!(object["metadata"]["version"], "1.3.0");
    assert_eq!(object["metadata"]["profiles"][0], "host");
    for key in ["name", "vendor_name"] {
        assert!(object["metadata"]["product"][key].is_string(), "{key}");
    }
    assert_eq!(object["scan"]["type_id"], 5);
    assert!(object["device"]["type_id"].is_u64() && object["device"]["hostname"].is_string());
    // A time in milliseconds, not in seconds.
    assert!(1_600_000_000_000 < object["time"].as_u64().unwrap());
    assert_eq!(object["duration"], 60_000);
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_ocsf() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, entries) = exported(folder.path(), Selection::default(), |book, out| {
        export::ocsf::write(book, out).unwrap()
    });
    let objects = lines(&inert(&bytes, &["\n"]));
    assert_eq!(objects.len(), names.len());
    assert_eq!(u64::try_from(objects.len()).unwrap(), entries);
    for (object, (entry, name)) in objects.iter().zip(&names) {
        check_scan_activity(object);
        assert_eq!(object["metadata"]["uid"], entry.to_string());
        let message = object["message"].as_str().unwrap();
        assert!(message.ends_with(&name.escaped().to_string()), "{message}");
        let unmapped = &object["unmapped"];
        assert_eq!(unmapped["verdict"], "stop");
        assert_eq!(name_of(&unmapped["target"]), *name);
        assert_eq!(name_of(&unmapped["contents"][0]["path"]), *name);
        assert_eq!(name_of(&unmapped["contents"][1]["within"][0]), *name);
        let counts = ["num_files", "num_detections", "num_skipped_items", "total"];
        assert_eq!(
            counts.map(|key| object[key].as_u64().unwrap()),
            [1, 1, 1, 2]
        );
    }
}

#[test]
fn an_object_names_so_many_contents_and_counts_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let name = MediumName::new("a").unwrap();
    let rows = vec![row(&name, Outcome::Matched); NAMED_CONTENTS_MAX + 2];
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Stop, &name, &rows);
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::ocsf::write(book, out).unwrap()
    });
    let object: Value = serde_json::from_slice(&bytes).unwrap();
    let named = object["unmapped"]["contents"].as_array().unwrap();
    assert_eq!(named.len(), NAMED_CONTENTS_MAX);
    assert_eq!(object["unmapped"]["more_contents"], 2);
    assert_eq!(object["num_detections"], named.len() + 2);
}

/// Two media that passed, and the second PASS taken back; gives the verdicts and the withdrawal.
fn taken_back(folder: &Path) -> (u64, u64, u64) {
    use wire::ledger::Event;
    let name = MediumName::new("stick").unwrap();
    let mut writer = Writer::open(folder).unwrap();
    let rows = [row(&name, Outcome::Clean)];
    let first = scan(&mut writer, Verdict::Pass, &name, &rows);
    let second = scan(&mut writer, Verdict::Pass, &name, &rows);
    let withdrawn = Event::Withdrawn {
        insertion: second - 1,
        verdict: Verdict::Incomplete,
        reasons: vec![wire::Reason {
            code: wire::ReasonCode::Removed,
            count: 1,
        }],
    };
    let by = writer.append(&withdrawn, None).unwrap().number;
    writer.append(&Event::Stopped {}, None).unwrap();
    (first, second, by)
}

#[test]
fn a_pass_that_was_taken_back_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, by) = taken_back(folder.path());
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::ocsf::write(book, out).unwrap()
    });
    let objects = lines(&String::from_utf8(bytes).unwrap());
    let said = |key: &str| [objects[0][key].clone(), objects[1][key].clone()];
    assert_eq!(said("status"), ["Success", "Failure"]);
    assert_eq!(said("severity_id"), [1, 3]);
    assert_eq!(objects[0]["unmapped"]["withdrawn_by"], Value::Null);
    assert_eq!(objects[1]["unmapped"]["withdrawn_by"], by);
}

#[test]
fn every_form_says_that_a_pass_was_taken_back_whatever_else_is_chosen() {
    use export::manifest::{self, List};
    use export::table::Table;
    let folder = tempfile::tempdir().unwrap();
    let (first, second, by) = taken_back(folder.path());
    let passes = Selection {
        verdict: Some(Verdict::Pass),
        ..Selection::default()
    };
    for selection in [passes, Selection::of(second)] {
        let text = |write: fn(&Book<'_>, &mut Vec<u8>) -> u64| {
            let (bytes, _) = exported(folder.path(), selection.clone(), write);
            String::from_utf8(bytes).unwrap()
        };
        let objects = lines(&text(|book, out| export::jsonl::write(book, out).unwrap()));
        for object in &objects {
            let number = object["entry"]["number"].as_u64().unwrap();
            let wanted = (number != first).then_some(by);
            assert_eq!(object["withdrawn_by"].as_u64(), wanted, "{object}");
        }
        for said in [
            text(|book, out| export::csv::write(book, Table::Files, out).unwrap()),
            text(|book, out| export::csv::write(book, Table::Entries, out).unwrap()),
        ] {
            let line = said.lines().last().unwrap();
            assert!(line.contains(&format!(",{by},")), "{line}");
        }
        let cef = text(|book, out| export::cef::write(book, out).unwrap());
        let line = cef.lines().last().unwrap();
        assert!(line.contains(&format!("mkWithdrawnBy={by} ")), "{line}");
        let head = "|judged-pass|Medium PASS, withdrawn afterwards|6|";
        assert!(line.contains(head), "{line}");
    }
    let ledger = Ledger::open(folder.path()).unwrap();
    for (number, wanted) in [(first, None), (second, Some(by))] {
        let book = Book::open(&ledger, Selection::of(number)).unwrap();
        for (list, mark) in [(List::Sha256sums, "# "), (List::Hashdeep, "## ")] {
            let mut bytes = Vec::new();
            let listed = manifest::write(&book, list, None, |_, _| {}, &mut bytes).unwrap();
            assert_eq!(listed.withdrawn_by, wanted);
            let text = String::from_utf8(bytes).unwrap();
            let said = format!("entry {number} said PASS, which entry {by} withdrew");
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(&said)).collect();
            assert_eq!(lines.len(), usize::from(wanted.is_some()), "{text}");
            assert!(lines.iter().all(|line| line.starts_with(mark)), "{text}");
            // The list is one that its program reads.
            let medium = tempfile::tempdir().unwrap();
            fs::write(medium.path().join("stick"), "x").unwrap();
            let path = folder.path().join("list");
            fs::write(&path, text.replace(&"09".repeat(32), X)).unwrap();
            let mut check = match list {
                List::Sha256sums => Command::new("sha256sum"),
                List::Hashdeep => Command::new("hashdeep"),
            };
            match list {
                List::Sha256sums => check.args(["--check", "--strict"]).arg(&path),
                List::Hashdeep => {
                    let text = fs::read_to_string(&path).unwrap().replace("\n5,", "\n1,");
                    fs::write(&path, text).unwrap();
                    check
                        .args(["-r", "-l", "-a", "-v", "-k"])
                        .arg(&path)
                        .arg(".")
                }
            };
            let (holds, said) = run(check.current_dir(medium.path()));
            assert!(holds, "{said}");
        }
    }
}

/// printf x | sha256sum
const X: &str = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
