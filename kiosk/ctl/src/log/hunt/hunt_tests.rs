use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wire::MediumName;

use super::told::{notes, summary};
use super::*;
use crate::log::sample::{self, hash};

/// What a hunt found: entry and path.
type Told = Vec<(u64, String)>;

struct Ground {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = sample::ledger(&folder.path().join("ledger"));
        Self { folder, ledger }
    }

    fn paths(&self) -> Paths {
        Paths::chosen(Some(self.folder.path().to_owned()))
    }

    fn list(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn hunt(&self, all: bool, text: &str) -> (Told, Sources, Into) {
        let path = self.list("ioc.txt", text);
        let sources = Sources::read(&[path], None, &self.paths()).unwrap();
        let (told, into) = self.look(all, &sources, &mut |_| {}).unwrap();
        (told, sources, into)
    }

    fn look(
        &self,
        all: bool,
        sources: &Sources,
        see: &mut dyn FnMut(&Hit<'_>),
    ) -> Result<(Told, Into), CommandError> {
        let known = Known::read(&self.ledger, &self.paths())?;
        let mut told = Vec::new();
        let into = through(all, &self.ledger, sources, &known, &mut |hit| {
            told.push((hit.entry, crate::report::trail(hit.row)));
            see(&hit);
        })?;
        Ok((told, into))
    }

    fn sqlite(&self, sql: &str) {
        let database = self.folder.path().join("ledger/ledger.db");
        let done = std::process::Command::new("sqlite3")
            .arg(database)
            .arg(sql)
            .status();
        assert!(done.unwrap().success());
    }
}

fn zip_member(entry: u64) -> (u64, String) {
    (entry, "tool.zip > bin/PLC-Update.EXE".to_owned())
}

#[test]
fn a_hash_is_found_in_every_past_pass_that_held_it() {
    let ground = Ground::new();
    let (told, sources, into) = ground.hunt(false, &format!("{}  malware.exe\n", hash(3)));
    assert_eq!(told, [zip_member(6), (17, "Other.txt".to_owned())]);
    assert_eq!((into.verdicts, into.rows, into.found), (3, 8, 2));
    assert_eq!(status(&sources, &into), 1);
    // What was stopped is not asked unless it is asked for.
    let stopped = hash(9);
    let (told, sources, into) = ground.hunt(false, &stopped);
    assert_eq!((told.len(), status(&sources, &into)), (0, 0));
    let (told, _, into) = ground.hunt(true, &stopped);
    assert_eq!((told[0].0, into.verdicts), (9, 4));
}

#[test]
fn every_form_of_a_list_is_read() {
    let ground = Ground::new();
    let (long, md5) = (hash(3), "0".repeat(32));
    for text in [
        long.clone(),
        long.to_ascii_uppercase(),
        format!("{long} *a file.exe\n"),
        format!("SHA256 (a file.exe) = {long}\n"),
        format!("%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n3,{md5},{long},a,b.exe\n"),
        format!("\"SHA-256\",\"FileName\"\n\"{long}\",\"a.exe\"\n"),
    ] {
        let (told, sources, into) = ground.hunt(false, &text);
        assert_eq!(told.len(), 2, "{text}");
        assert_eq!(status(&sources, &into), 1);
    }
    let wrong = ground.list("ioc.txt", "no hash\n");
    let error = Sources::read(&[wrong], None, &ground.paths())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("ioc.txt:1: no digest"),
        "{error}"
    );
}

#[test]
fn what_could_not_be_looked_for_is_said_and_is_no_status_of_nothing_found() {
    let ground = Ground::new();
    let mixed = format!("{}\n{}\n", hash(0x77), "b".repeat(40));
    let (told, sources, into) = ground.hunt(false, &mixed);
    assert_eq!((told.len(), status(&sources, &into)), (0, 4));
    let said = notes(&sources, &into).join("\n");
    assert!(
        said.contains("NOT looked for: 1 contents of the lists without a SHA-256"),
        "{said}"
    );
    // No SHA-256 at all is nothing to look for.
    let only = ground.list("md5.txt", &"c".repeat(32));
    let error = Sources::read(&[only], None, &ground.paths()).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("there is no SHA-256 to look for"),
        "{error}"
    );
    // An empty file is everywhere and nobody's malware.
    let nothing = Digest::OF_NOTHING.to_string();
    let mut empty = sample::file("empty", &[], 0);
    empty["sha256"] = json!(nothing);
    let inserted = sample::inserted("M-0001", "in", &Value::Null);
    let events = [
        (inserted, Vec::new()),
        (sample::judged(19, "M-0001", "pass", 1), vec![empty]),
    ];
    sample::write(&ground.folder.path().join("ledger"), &events);
    let (told, sources, into) = ground.hunt(false, &format!("{nothing}\n{}", hash(0x77)));
    assert_eq!((told, into.verdicts), (Vec::new(), 4));
    let said = notes(&sources, &into).join("\n");
    assert!(said.contains("found 0: 1 SHA-256 of 1 lists"), "{said}");
    let left = "not looked for: the SHA-256 of a file without a byte, on the list \"ioc\"";
    assert!(said.contains(left), "{said}");
    // Alone it is nothing to look for.
    let only = ground.list("empty.txt", &nothing);
    let error = Sources::read(&[only], None, &ground.paths()).err().unwrap();
    let why = "no SHA-256 to look for in what was given but that of a file without a byte";
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn rules_are_looked_back_with_by_their_lists_and_the_rest_is_counted() {
    let ground = Ground::new();
    let rules = ground.folder.path().join("rules");
    for (name, text) in [
        ("lists/block/bad.txt", hash(3)),
        ("lists/known/good.txt", hash(1)),
        ("family/a.yar", "rule a { condition: true }".to_owned()),
        ("b.yara", String::new()),
    ] {
        let path = rules.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let sources = Sources::read(&[], Some(&rules), &ground.paths()).unwrap();
    assert_eq!(sources.known, ["good"]);
    assert_eq!(sources.yara.unwrap().files, 2);
    let (told, into) = ground.look(false, &sources, &mut |_| {}).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let said = notes(&sources, &into).join("\n");
    assert!(said.contains("NOT looked back with: "), "{said}");
    assert!(said.contains("in 2 files"), "{said}");
    let object = format!("{{{}}}", summary(&sources, &into));
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["count"], 2);
    assert_eq!(object["looked_for"]["lists"][0]["list"], "bad");
    assert_eq!(object["looked_for"]["yara"]["files"], 2);
    assert_eq!(
        object["looked_for"]["known_lists_left_out"],
        json!(["good"])
    );

    let empty = ground.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fs::write(empty.join("a.yar"), "rule a { condition: true }").unwrap();
    let error = Sources::read(&[], Some(&empty), &ground.paths())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("NOT looked back with: "), "{error}");
    let single = rules.join("b.yara");
    let error = Sources::read(&[], Some(&single), &ground.paths())
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("neither a folder of rules nor a bundle")
    );
}

#[test]
fn a_hit_tells_who_brought_it_whether_the_pass_stands_and_what_the_medium_is_now() {
    let ground = Ground::new();
    let lent = json!({
        "event": "lent", "medium": "M-0001", "to": "=Sato", "company": null,
        "until": "2099-12-30", "ends": "2099-12-30T15:00:00Z", "by": sample::person(),
    });
    sample::write(&ground.folder.path().join("ledger"), &[(lent, Vec::new())]);
    let path = ground.list("ioc.txt", &format!("{}  =cmd|'/c calc'!A1\n", hash(3)));
    let sources = Sources::read(&[path], None, &ground.paths()).unwrap();
    let mut lines = Vec::new();
    let mut see = |hit: &Hit<'_>| {
        lines.extend([hit.line(), hit.cells(), hit.object()]);
    };
    ground.look(false, &sources, &mut see).unwrap();
    for line in &lines {
        assert!(!line.chars().any(wire::name::is_hidden), "{line}");
    }
    let [line, cells, object, withdrawn, ..] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    for part in [
        "○ PASS  M-0001 (lent to =Sato now)  ",
        "Sato Ichiro of Kita Heat, visit V-0001  tool.zip > bin/PLC-Update.EXE  list \"ioc\"",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(
        withdrawn.contains("PASS (withdrawn by entry 18: △ NOT FINISHED)"),
        "{withdrawn}"
    );
    assert!(cells.contains(",\"'=Sato\","), "{cells}");
    let called = "\"'=cmd|'/c calc'!A1\"";
    assert!(cells.ends_with(called), "{cells}");
    let object: Value = serde_json::from_str(object).unwrap();
    assert_eq!(object["visit"]["id"], "V-0001");
    assert_eq!(object["medium_now"]["lent"], 19);
    assert_eq!(object["within"], json!(["tool.zip"]));
    assert_eq!(object["withdrawn"], Value::Null);
}

#[test]
fn a_row_that_was_changed_is_an_error_and_tells_nothing_of_its_entry() {
    let ground = Ground::new();
    let path = ground.list("ioc.txt", &hash(3));
    let sources = Sources::read(&[path], None, &ground.paths()).unwrap();
    ground.sqlite(
        "DROP TRIGGER rows_not_updated;
         UPDATE rows SET bytes = replace(bytes, 'trend', 'trash') WHERE entry = 13",
    );
    let mut seen = 0;
    let looked = ground.look(false, &sources, &mut |_| seen += 1);
    let error = looked.unwrap_err().to_string();
    assert!(error.contains("entry 13 has a changed row"), "{error}");
    assert_eq!(seen, 1, "the entry before it was sound");
}

#[test]
fn more_absent_hashes_than_are_remembered_change_no_answer() {
    let ground = Ground::new();
    let path = ground.list("ioc.txt", &hash(3));
    let sources = Sources::read(&[path], None, &ground.paths()).unwrap();
    let mut absent: HashSet<Digest> = (0..ABSENT_MAX)
        .map(|number| {
            let mut digest = [0xff; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            Digest(digest)
        })
        .collect();
    let mut found = Vec::new();
    let search = Search::new(&ground.ledger);
    let content = ground.ledger.entry(6).unwrap().content().unwrap();
    let looked = search.each_row(&content, &mut |raw| {
        let sha256 = raw.sha256().unwrap();
        look_up(sha256, raw, &sources, &mut absent, &mut found)
    });
    assert_eq!(looked.unwrap(), Looked::Through);
    let found: Vec<&MediumName> = found.iter().map(|one| &one.row.path).collect();
    assert_eq!(found.len(), 1);
    assert!(absent.len() < ABSENT_MAX);
}

#[test]
fn scratch_is_gone_when_the_lists_are_open() {
    let left = || {
        let all = fs::read_dir(std::env::temp_dir()).unwrap();
        let mine = format!("media-kiosk-hunt-{}-", std::process::id());
        let names = all.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with(&mine))
            .count()
    };
    let ground = Ground::new();
    let path = ground.list("ioc.txt", &hash(3));
    let sources = Sources::read(std::slice::from_ref(&path), None, &ground.paths());
    // Other tests of this process build lists as well, for moments.
    let is_gone = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        left() == 0
    });
    assert!(is_gone && sources.is_ok() && Path::new(&path).exists());
}

#[test]
fn a_hunt_that_could_not_look_into_an_archive_has_not_found_nothing() {
    let ground = Ground::new();
    sample::sealed(&ground.folder.path().join("ledger"), 9);
    let (told, sources, into) = ground.hunt(false, &hash(0x77));
    assert_eq!(
        (told.len(), into.sealed, status(&sources, &into)),
        (0, 1, 4)
    );
    let said = notes(&sources, &into).join("\n");
    assert!(
        said.contains("the rows of 1 verdicts, which are in an archive"),
        "{said}"
    );
    let (told, sources, into) = ground.hunt(false, &hash(3));
    assert_eq!((told.len(), status(&sources, &into)), (1, 1));
}
