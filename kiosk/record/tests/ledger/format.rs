//! FORMAT.md: its commands are run, and they and the verifier agree.

use std::path::Path;
use std::process::{Command, Output};

use record::Ledger;
use record::entry::{Content, FORMAT, leaf};
use record::key::{SecretKey, cosigner_key, log_key};
use record::{note, tree};

use crate::common::*;
use crate::forger::{unguarded, write_anew};

const PAGE: &str = include_str!("../../FORMAT.md");

/// The commands between these fences.
fn commands(fence: &str) -> Vec<&'static str> {
    PAGE.split(&format!("\n```{fence}\n"))
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect()
}

fn sh(folder: &Path, script: &str) -> Output {
    by_hand(folder, folder, script)
}

/// Runs commands of the page on a ledger, with a folder that they may write into.
fn by_hand(folder: &Path, tmp: &Path, script: &str) -> Output {
    Command::new("sh")
        .arg("-euc")
        .arg(script)
        .env("db", folder.join("ledger.db"))
        .env("pub", folder.join("ledger.pub"))
        .env("tmp", tmp)
        .output()
        .unwrap()
}

fn lines_of(output: &Output) -> Vec<&str> {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .collect()
}

#[test]
fn the_commands_give_what_the_ledger_says() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let commands = commands("sh");
    assert_eq!(commands.len(), 4);

    let head = ledger.verify(None).unwrap().head.unwrap();
    let output = sh(folder.path(), commands[0]);
    assert_eq!(
        lines_of(&output),
        [format!("{}|{}", head.number, head.leaf_sha256)]
    );

    let entry = ledger.entry(3).unwrap();
    let leaf = entry.leaf_sha256.to_string();
    let output = sh(folder.path(), commands[1]);
    assert_eq!(
        lines_of(&output),
        [&entry.bytes, &format!("{leaf}  -"), &leaf]
    );

    let rows = entry.content().unwrap().rows_sha256.unwrap().to_string();
    let output = sh(folder.path(), commands[2]);
    assert_eq!(lines_of(&output), [&format!("{rows}  -"), &rows]);

    let output = sh(folder.path(), commands[3]);
    assert_eq!(lines_of(&output), ["judged pass M-0001"]);
}

#[test]
fn root_and_signature_are_checked_by_hand() {
    let (folder, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(folder.path());
    let checked = || by_hand(folder.path(), tmp.path(), commands("sh tree")[0]);
    assert_eq!(lines_of(&checked()), ["Signature Verified Successfully"]);
    write_anew(folder.path(), None, |number, bytes| {
        bytes.replace(
            "\"host\":\"",
            if number == 3 {
                "\"host\":\"x"
            } else {
                "\"host\":\""
            },
        )
    });
    let output = checked();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "the checkpoint is of another tree\n"
    );
    let forger = SecretKey::generate().unwrap();
    write_anew(folder.path(), Some(&forger), |_, bytes| bytes.to_owned());
    let output = checked();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Signature Verification Failure\n"
    );
}

#[test]
fn a_sealed_ledger_with_a_new_key_holds_by_hand() {
    let (folder, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(folder.path());
    let held = Ledger::open(folder.path())
        .and_then(|ledger| ledger.archive(6, &mut std::io::sink()))
        .unwrap();
    let mut writer = record::Writer::open(folder.path()).unwrap();
    writer.keep(0);
    let retired = wire::audit::KeyRetired {
        by: someone(),
        reason: "yearly".to_owned(),
    };
    let sealed = wire::audit::Sealed {
        by: someone(),
        through: 6,
        rows: held.rows,
        archive_sha256: held.sha256,
    };
    for event in [
        wire::ledger::Event::KeyRetired(Box::new(retired)),
        wire::ledger::Event::Sealed(Box::new(sealed)),
    ] {
        writer.append(&event, None).unwrap();
        let output = by_hand(folder.path(), tmp.path(), commands("sh tree")[0]);
        // That of the last checkpoint, and two for the change of the key.
        assert_eq!(lines_of(&output), ["Signature Verified Successfully"; 3]);
    }
    let head = verified(folder.path()).unwrap().head.unwrap();
    let output = sh(folder.path(), commands("sh check")[0]);
    let expected = format!("14 entries hold; head {}", head.leaf_sha256);
    assert_eq!(lines_of(&output), [expected]);
    // Somebody without the ledger's key names their own as the next one.
    let forger = SecretKey::generate().unwrap();
    let entry = Ledger::open(folder.path()).and_then(|ledger| ledger.entry(13));
    let entry: serde_json::Value = serde_json::from_str(&entry.unwrap().bytes).unwrap();
    let next = entry["event"]["key"].as_str().unwrap();
    let forged = log_key(next.split('+').next().unwrap(), &forger.public());
    write_anew(folder.path(), Some(&forger), |_, bytes| {
        bytes.replace(next, &forged)
    });
    let output = by_hand(folder.path(), tmp.path(), commands("sh tree")[0]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.ends_with("entry 13: the key before it did not sign the new one\n"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn proofs_are_checked_by_hand() {
    let (folder, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let checked = |proof: &str| {
        std::fs::write(tmp.path().join("proof"), proof).unwrap();
        by_hand(folder.path(), tmp.path(), commands("sh proof")[0])
    };
    for number in [1, 2, 4, 8, 9, ENTRIES] {
        let proof = ledger.proof(number).unwrap();
        let entry: serde_json::Value =
            serde_json::from_str(&ledger.entry(number).unwrap().bytes).unwrap();
        let output = checked(&proof);
        let shown: serde_json::Value = serde_json::from_str(lines_of(&output)[0]).unwrap();
        assert_eq!(shown, entry["event"]);
        let moved = proof.replace(
            &format!("\nindex {}\n", number - 1),
            &format!("\nindex {number}\n"),
        );
        assert_eq!(checked(&moved).status.code(), Some(1), "{number}");
    }
}

#[test]
fn an_auditor_signs_and_checks_with_minisign() {
    let (folder, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(folder.path());
    let head = tmp.path().join("ledger.head");
    std::fs::copy(folder.path().join("ledger.head"), &head).unwrap();
    let made = Command::new("minisign")
        .args(["-G", "-W", "-s"])
        .arg(tmp.path().join("auditor.key"))
        .arg("-p")
        .arg(tmp.path().join("auditor.pub"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let script = commands("sh minisign")[0];
    let output = by_hand(folder.path(), tmp.path(), script);
    assert!(output.status.success(), "{output:?}");
    let check = script.lines().last().unwrap();
    let mut changed = std::fs::read(&head).unwrap();
    changed[30] ^= 1;
    std::fs::write(&head, changed).unwrap();
    let output = by_hand(folder.path(), tmp.path(), check);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn the_test_vectors_of_the_page_come_out() {
    let key = SecretKey::from_seed([7; 32]);
    let auditor = SecretKey::from_seed([8; 32]);
    let entries = [1, 2, 3].map(|number| format!("{{\"entry\":{number}}}"));
    let leaves = entries.each_ref().map(|entry| leaf(entry.as_bytes()));
    let origin = key.origin();
    let checkpoint = |size: usize| {
        let root = tree::root(&leaves[..size]);
        let body = note::body(&origin, u64::try_from(size).unwrap(), root);
        let line = key.log_signature(&origin, &body);
        (body.clone(), note::signed(&body, &[line]))
    };
    let (body, signed) = checkpoint(3);
    let path = tree::inclusion(1, &leaves).unwrap();
    let cosignature = auditor.cosignature("auditor.example", &body, 1_790_000_000);
    let consistency = tree::consistency(2, &leaves).unwrap();
    let vectors = format!(
        "```text keys\n{}\n{}\n```\n\n```text leaves\n{}\n{}\n{}\n```\n\n\
         ```text co-signed checkpoint\n{signed}{cosignature}```\n\n\
         ```text proof of entry 2\n{}```\n\n```text consistency of 2 with 3\n{}```\n",
        log_key(&origin, &key.public()),
        cosigner_key("auditor.example", &auditor.public()),
        leaves[0],
        leaves[1],
        leaves[2],
        note::proof(&entries[1], 1, &path, &signed),
        note::consistency(&checkpoint(2).1, &consistency, &signed),
    );
    assert!(PAGE.ends_with(&vectors), "{vectors}");
}

#[test]
fn the_check_by_hand_holds_for_a_good_ledger() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let head = verified(folder.path()).unwrap().head.unwrap();
    let output = sh(folder.path(), commands("sh check")[0]);
    let expected = format!("{ENTRIES} entries hold; head {}", head.leaf_sha256);
    assert_eq!(lines_of(&output), [expected]);
}

#[test]
fn the_check_by_hand_names_what_was_altered() {
    for (sql, complaint) in [
        (
            "UPDATE entries SET bytes = replace(bytes, 'judged', 'juDged') WHERE number = 6",
            "entry 6: bytes or leaf changed\n",
        ),
        (
            "UPDATE entries SET bytes = bytes || char(10) WHERE number = 6",
            "entry 6: not one line\n",
        ),
        ("DELETE FROM entries WHERE number = 6", "entry 6: missing\n"),
        (
            "DELETE FROM entries WHERE number = 11",
            "entry 11: missing, but not all of it\n",
        ),
        (
            "DELETE FROM entries WHERE number = 11; DELETE FROM steps WHERE entry = 11",
            "entry 11: missing, but was counted\n",
        ),
        (
            "UPDATE entries SET (bytes, leaf) = (SELECT bytes, leaf FROM entries WHERE number = 7)
             WHERE number = 6",
            "entry 6: another number\n",
        ),
        (
            "UPDATE rows SET bytes = replace(bytes, 'clean', 'Clean') WHERE entry = 6",
            "entry 6: a row changed\n",
        ),
        (
            "DELETE FROM rows WHERE entry = 6 AND ordinal = 2",
            "entry 6: rows missing or too many\n",
        ),
        (
            "INSERT INTO rows VALUES (9, 1, '')",
            "entry 9: rows missing or too many\n",
        ),
        (
            "CREATE INDEX mine ON rows (entry, bytes)",
            "entry 0: the database has more or less in it than a ledger\n",
        ),
        (
            "UPDATE sqlite_sequence SET seq = 12",
            "entry 12: missing, but was counted\n",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path());
        unguarded(folder.path(), |db| {
            let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
            db.execute_batch(&sql).unwrap();
        });
        let output = sh(folder.path(), commands("sh check")[0]);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            complaint,
            "{sql}: {output:?}"
        );
        assert_eq!(output.status.code(), Some(1), "{sql}");
        assert!(verified(folder.path()).is_err(), "{sql}");
    }
}

#[test]
fn the_page_lists_the_keys_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let entry = Ledger::open(folder.path()).unwrap().entry(3).unwrap();
    let keys = sqlite_keys(folder.path());
    let table = PAGE
        .split("## An entry")
        .nth(1)
        .unwrap()
        .split("\n`judged`")
        .next();
    let listed: Vec<&str> = table
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(keys, listed);
    let content: Content = entry.content().unwrap();
    assert_eq!(content.format, FORMAT);
    assert!(PAGE.contains(FORMAT));
}

/// The keys of entry 3 as a reader that is not ours sees them.
fn sqlite_keys(folder: &Path) -> Vec<String> {
    let script =
        r#"sqlite3 -readonly "$db" "SELECT key FROM entries, json_each(bytes) WHERE number = 3""#;
    lines_of(&sh(folder, script))
        .iter()
        .map(ToString::to_string)
        .collect()
}
