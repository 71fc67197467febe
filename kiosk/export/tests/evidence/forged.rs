//! Bundles that somebody made anew around a change, lists and signature included, so that only
//! one check of the page is left to find it. Each check is also taken out of the page: without
//! it the page calls the forgery good, so that no check is there in vain and none can go unseen.

use std::fs;
use std::path::Path;

use bundle::base64_encode;
use export::evidence::{Signer, VERIFY_PAGE, minisign};
use record::entry::leaf;
use record::key::{SecretKey, log_key};
use record::{Writer, note, tree};
use serde_json::Value;
use wire::Digest;
use wire::audit::KeyRetired;
use wire::ledger::Event;
use wire::rule_change::Person;

use crate::common::{Place, other_key, seal};
use crate::page::{bad, browse, case, codes, page};
use crate::tools::commands_hold;

/// A change of a bundle, what the page says to it, and a check without which it would say
/// nothing: a piece of the page, and what it is replaced by.
struct Forgery {
    name: &'static str,
    entries: &'static [u64],
    change: fn(&Path, &Place),
    codes: &'static [&'static str],
    without: Option<(&'static str, &'static str)>,
}

pub(crate) fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap()
}

pub(crate) fn write(folder: &Path, path: &str, text: &str) {
    fs::write(folder.join(path), text).unwrap();
}

/// Replaces a text in a file, which must have it.
pub(crate) fn edit(folder: &Path, path: &str, from: &str, to: &str) {
    let text = read(folder, path);
    assert!(text.contains(from), "{path} has no {from}");
    write(folder, path, &text.replacen(from, to, 1));
}

/// The lists and the signature anew, by somebody who holds the ledger's own key.
fn sealed(folder: &Path, place: &Place) {
    seal(folder, &place.key(), "kiosk x");
}

/// A checkpoint with this text, signed by a key under the name of the ledger.
fn noted(place: &Place, key: &SecretKey, body: &str) -> String {
    note::signed(body, &[key.log_signature(&place.key().origin(), body)])
}

/// An entry changed, and its proof's copy of it.
fn reword(folder: &Path, number: u64, from: &str, to: &str) {
    let entry = format!("data/entries/{number}.json");
    let proof = format!("data/proofs/{number}.tlog-proof");
    let before = read(folder, &entry);
    edit(folder, &entry, from, to);
    let after = read(folder, &entry);
    edit(
        folder,
        &proof,
        &base64_encode(before.as_bytes()),
        &base64_encode(after.as_bytes()),
    );
}

/// A tree over these entries, signed by `key`, with the proofs of `numbers`.
pub(crate) fn regrown(
    folder: &Path,
    place: &Place,
    entries: &[String],
    key: &SecretKey,
    numbers: &[usize],
) {
    let leaves: Vec<Digest> = entries.iter().map(|bytes| leaf(bytes.as_bytes())).collect();
    let size = u64::try_from(leaves.len()).unwrap();
    let body = note::body(&place.key().origin(), size, tree::root(&leaves));
    let checkpoint = noted(place, key, &body);
    write(folder, "data/checkpoint.txt", &checkpoint);
    for number in numbers {
        let (index, bytes) = (number - 1, &entries[number - 1]);
        let hashes = tree::inclusion(index, &leaves).unwrap();
        let proof = note::proof(bytes, u64::try_from(index).unwrap(), &hashes, &checkpoint);
        write(folder, &format!("data/proofs/{number}.tlog-proof"), &proof);
        write(folder, &format!("data/entries/{number}.json"), bytes);
    }
}

pub(crate) fn all_entries(place: &Place) -> Vec<String> {
    let ledger = record::Ledger::open(&place.ledger()).unwrap();
    let entries = ledger.entries(record::reader::Filter::default()).unwrap();
    entries.map(|entry| entry.unwrap().bytes).collect()
}

const FORGERIES: &[Forgery] = &[
    Forgery {
        name: "a file that proves nothing is changed, and no list",
        entries: &[3],
        change: |folder, _| edit(folder, "data/summary.html", "STOP", "PASS"),
        codes: &["changed"],
        without: Some(("digest !== expected", "false")),
    },
    Forgery {
        name: "a file and the lists are changed, without a key",
        entries: &[3],
        change: |folder, place| {
            let signature = read(folder, "tagmanifest-sha256.txt.minisig");
            edit(folder, "README.ja.txt", "キオスク", "きおすく");
            sealed(folder, place);
            write(folder, "tagmanifest-sha256.txt.minisig", &signature);
        },
        codes: &["signature"],
        without: Some((
            "!await signed(signer.key, own.slice(10), bundle.bytes.get(LIST))",
            "false",
        )),
    },
    Forgery {
        name: "the line that is signed along is changed",
        entries: &[3],
        change: |folder, _| {
            edit(
                folder,
                "tagmanifest-sha256.txt.minisig",
                "entries 3 ",
                "entries 4 ",
            )
        },
        codes: &["comment"],
        without: Some((
            "!await signed(signer.key, both, joined(own.slice(10), utf8(comment)))",
            "false",
        )),
    },
    Forgery {
        name: "the signature names another key",
        entries: &[3],
        change: |folder, _| {
            let text = read(folder, "tagmanifest-sha256.txt.minisig");
            let line = text.lines().nth(1).unwrap();
            let mut bytes = bundle::base64_decode(line).unwrap();
            bytes[4] ^= 1;
            edit(
                folder,
                "tagmanifest-sha256.txt.minisig",
                line,
                &base64_encode(&bytes),
            );
        },
        codes: &["signature"],
        without: Some(("!same(own.slice(2, 10), signer.id)", "false")),
    },
    Forgery {
        name: "the signature says that it is of minisign's other kind",
        entries: &[3],
        change: |folder, _| {
            let text = read(folder, "tagmanifest-sha256.txt.minisig");
            let line = text.lines().nth(1).unwrap();
            let mut bytes = bundle::base64_decode(line).unwrap();
            bytes[1] = b'D';
            edit(
                folder,
                "tagmanifest-sha256.txt.minisig",
                line,
                &base64_encode(&bytes),
            );
        },
        codes: &["signature"],
        without: Some(("own[1] !== 0x64 ||", "")),
    },
    Forgery {
        name: "something is written where no signature reaches",
        entries: &[3],
        change: |folder, _| {
            edit(
                folder,
                "tagmanifest-sha256.txt.minisig",
                "evidence from",
                "no evidence from",
            );
        },
        codes: &["signature"],
        without: Some((
            "parts[0] !== 'untrusted comment: evidence from the media kiosk' ||",
            "",
        )),
    },
    Forgery {
        name: "a file too many that no list has",
        entries: &[3],
        change: |folder, _| write(folder, "data/note.txt", "x"),
        codes: &["extra"],
        without: Some(("if (!listed) report", "if (false) report")),
    },
    Forgery {
        name: "a file too many in data that the list has",
        entries: &[3],
        change: |folder, place| {
            write(folder, "data/note.txt", "x");
            sealed(folder, place);
        },
        codes: &["foreign"],
        without: Some(("!PAYLOAD.includes(path) && !NUMBERED.test(path)", "false")),
    },
    Forgery {
        name: "a file too many beside data that the list has",
        entries: &[3],
        change: |folder, place| {
            write(folder, "note.html", "x");
            sealed(folder, place);
        },
        codes: &["foreign"],
        without: Some(("!TAGS.includes(path)", "false")),
    },
    Forgery {
        name: "the summary left out of the folder and the list",
        entries: &[3],
        change: |folder, place| {
            fs::remove_file(folder.join("data/summary.html")).unwrap();
            sealed(folder, place);
        },
        codes: &["unlisted"],
        without: Some(("!list.has(path)", "false")),
    },
    Forgery {
        name: "a listed file left out of the folder",
        entries: &[3],
        change: |folder, _| fs::remove_file(folder.join("data/summary.html")).unwrap(),
        codes: &["missing"],
        without: Some((
            "    if (!file) {\n      report",
            "    if (!file) {\n      continue;\n      report",
        )),
    },
    Forgery {
        name: "another version of BagIt",
        entries: &[3],
        change: |folder, place| {
            edit(folder, "bagit.txt", "1.0", "0.9");
            sealed(folder, place);
        },
        codes: &["bagit"],
        without: Some(("text(bagit) !== BAGIT", "false")),
    },
    Forgery {
        name: "a verdict is another one",
        entries: &[3],
        change: |folder, place| {
            reword(folder, 3, "\"verdict\":\"stop\"", "\"verdict\":\"pass\"");
            sealed(folder, place);
        },
        codes: &["proof"],
        without: Some(("|| !await included(leaf, proof)", "")),
    },
    Forgery {
        name: "an entry beside another one is another one",
        entries: &[3, 4],
        change: |folder, place| {
            reword(folder, 3, "\"verdict\":\"stop\"", "\"verdict\":\"pass\"");
            sealed(folder, place);
        },
        codes: &["previous", "proof"],
        without: None,
    },
    Forgery {
        name: "a proof with another entry in it",
        entries: &[3],
        change: |folder, place| {
            let entry = base64_encode(read(folder, "data/entries/3.json").as_bytes());
            edit(folder, "data/proofs/3.tlog-proof", &entry, "eA==");
            sealed(folder, place);
        },
        codes: &["proof"],
        without: Some(("proof.extra !== null && !same(proof.extra, bytes)", "false")),
    },
    Forgery {
        name: "a proof of another place",
        entries: &[3],
        change: |folder, place| {
            // The same content twice in one tree, and the proof of the other place.
            let mut entries = all_entries(place);
            entries[4] = entries[2].clone();
            regrown(folder, place, &entries, &place.key(), &[3, 5]);
            let other = read(folder, "data/proofs/5.tlog-proof");
            write(folder, "data/proofs/3.tlog-proof", &other);
            for path in ["data/proofs/5.tlog-proof", "data/entries/5.json"] {
                fs::remove_file(folder.join(path)).unwrap();
            }
            sealed(folder, place);
        },
        codes: &["proof"],
        without: Some(("proof.index !== BigInt(number) - 1n ||", "")),
    },
    Forgery {
        name: "a proof against another checkpoint, which is signed too",
        entries: &[3],
        change: |folder, place| {
            let checkpoint = read(folder, "data/checkpoint.txt");
            let entries = all_entries(place);
            regrown(folder, place, &entries[..5], &place.key(), &[3]);
            write(folder, "data/checkpoint.txt", &checkpoint);
            sealed(folder, place);
        },
        codes: &["proof"],
        without: Some((
            "checkpoint !== null && proof.checkpoint.all !== checkpoint.all",
            "false",
        )),
    },
    Forgery {
        name: "an entry without a proof",
        entries: &[3, 4],
        change: |folder, place| {
            fs::remove_file(folder.join("data/proofs/4.tlog-proof")).unwrap();
            sealed(folder, place);
        },
        codes: &["proof"],
        without: Some((
            "if (proof === null) {\n    report",
            "if (proof === null) {\n    if (false) report",
        )),
    },
    Forgery {
        name: "a ledger made anew that the ledger's key did not sign",
        entries: &[3],
        change: |folder, place| {
            let mut entries = all_entries(place);
            entries[2] = entries[2].replace("\"verdict\":\"stop\"", "\"verdict\":\"pass\"");
            regrown(folder, place, &entries, &other_key(2), &[3]);
            sealed(folder, place);
        },
        codes: &["checkpoint"],
        without: Some(("|| !await noteSigned(checkpoint, key.today)", "")),
    },
    Forgery {
        name: "a signature of the ledger's key that does not hold, beside one that does",
        entries: &[3],
        change: |folder, place| {
            let before = read(folder, "data/checkpoint.txt");
            let wrong = place
                .key()
                .log_signature(&place.key().origin(), "something else\n");
            let both = format!("{before}{wrong}");
            write(folder, "data/checkpoint.txt", &both);
            edit(folder, "data/proofs/3.tlog-proof", &before, &both);
            sealed(folder, place);
        },
        codes: &["checkpoint"],
        without: Some((
            "if (one.bytes.length !== 64 || !await signed(key.key, one.bytes, utf8(checkpoint.body))) return false;",
            "",
        )),
    },
    Forgery {
        name: "a checkpoint of another ledger",
        entries: &[3],
        change: |folder, place| {
            let before = read(folder, "data/checkpoint.txt");
            let body = before.split_once("\n\n").unwrap().0.to_owned() + "\n";
            let body = body.replace(&place.key().origin(), "media-kiosk/other");
            let other = noted(place, &place.key(), &body);
            write(folder, "data/checkpoint.txt", &other);
            edit(folder, "data/proofs/3.tlog-proof", &before, &other);
            sealed(folder, place);
        },
        codes: &["checkpoint"],
        without: Some(("checkpoint.origin !== key.first.name ||", "")),
    },
    Forgery {
        name: "a key of the ledger whose number is another one's",
        entries: &[3],
        change: |folder, place| {
            let key = read(folder, "data/ledger.pub");
            let hash = key.split('+').nth(1).unwrap();
            edit(folder, "data/ledger.pub", hash, "00000000");
            sealed(folder, place);
        },
        codes: &["key"],
        without: Some(("hex(id) === parts[2] ? {", "true ? {")),
    },
    Forgery {
        name: "minisign's form of the ledger's key is another key",
        entries: &[3],
        change: |folder, place| {
            let other = other_key(5);
            let text = bundle::public_text(other.key_id(), &other.public());
            write(folder, "data/ledger-minisign.pub", &text);
            sealed(folder, place);
        },
        codes: &["key"],
        without: Some((
            "(minisign === null || !same(minisign.key, today.key))",
            "false",
        )),
    },
    Forgery {
        name: "a row is another one",
        entries: &[3],
        change: |folder, place| {
            edit(
                folder,
                "data/rows/3.jsonl",
                "\"size_bytes\":5",
                "\"size_bytes\":6",
            );
            sealed(folder, place);
        },
        codes: &["rows"],
        without: Some(("bundle.digests.get(path) !== said.rows_sha256", "false")),
    },
    Forgery {
        name: "a row is missing",
        entries: &[3],
        change: |folder, place| {
            let rows = read(folder, "data/rows/3.jsonl");
            let (first, _) = rows.split_once('\n').unwrap();
            edit(folder, "data/rows/3.jsonl", &format!("{first}\n"), "");
            sealed(folder, place);
        },
        codes: &["rows"],
        without: None,
    },
    Forgery {
        name: "rows are left out",
        entries: &[3],
        change: |folder, place| {
            fs::remove_file(folder.join("data/rows/3.jsonl")).unwrap();
            sealed(folder, place);
        },
        codes: &["rows"],
        without: Some((
            "  if (!rows) {\n    report",
            "  if (!rows) {\n    return;\n    report",
        )),
    },
    Forgery {
        name: "rows for an entry that has none",
        entries: &[3, 4],
        change: |folder, place| {
            write(folder, "data/rows/4.jsonl", "{}\n");
            sealed(folder, place);
        },
        codes: &["rows"],
        without: Some(("if (rows) report", "if (false) report")),
    },
    Forgery {
        name: "an entry that says another number of rows than it has",
        entries: &[3],
        change: |folder, place| {
            let mut entries = all_entries(place);
            entries[2] =
                entries[2].replace("\"rows\":12,\"rows_sha256\"", "\"rows\":13,\"rows_sha256\"");
            regrown(folder, place, &entries, &place.key(), &[3]);
            sealed(folder, place);
        },
        codes: &["rows"],
        without: Some(("rows.count !== said.rows ||", "")),
    },
    Forgery {
        name: "an entry under another number",
        entries: &[4],
        change: |folder, place| {
            // The tree has it at the place that the file's name says.
            let mut entries = all_entries(place);
            entries[4] = entries[3].clone();
            regrown(folder, place, &entries, &place.key(), &[5]);
            for path in ["data/proofs/4.tlog-proof", "data/entries/4.json"] {
                fs::remove_file(folder.join(path)).unwrap();
            }
            sealed(folder, place);
        },
        codes: &["entry"],
        without: Some(("&& String(said.number) === number", "")),
    },
    Forgery {
        name: "an entry of another form",
        entries: &[3],
        change: |folder, place| {
            let mut entries = all_entries(place);
            entries[2] = entries[2].replace("media-kiosk/entry/1", "media-kiosk/entry/2");
            regrown(folder, place, &entries, &place.key(), &[3]);
            sealed(folder, place);
        },
        codes: &["entry"],
        without: Some(("said.format === 'media-kiosk/entry/1' &&", "")),
    },
    Forgery {
        name: "an entry that does not follow from the one before it",
        entries: &[3, 4],
        change: |folder, place| {
            let mut entries = all_entries(place);
            let before = leaf(entries[2].as_bytes()).to_string();
            entries[3] = entries[3].replace(&before, &"1".repeat(64));
            regrown(folder, place, &entries, &place.key(), &[3, 4]);
            sealed(folder, place);
        },
        codes: &["previous"],
        without: Some(("|| (follows && one.said.previous !== before.leaf)", "")),
    },
    Forgery {
        name: "a first entry that follows from one",
        entries: &[1],
        change: |folder, place| {
            let mut entries = all_entries(place);
            entries[0] = entries[0].replace(&"0".repeat(64), &"1".repeat(64));
            regrown(folder, place, &entries, &place.key(), &[1]);
            sealed(folder, place);
        },
        codes: &["previous"],
        without: Some(("(number === '1' && one.said.previous !== NO_LEAF) ||", "")),
    },
    Forgery {
        name: "no entry at all",
        entries: &[4],
        change: |folder, place| {
            for path in ["data/entries/4.json", "data/proofs/4.tlog-proof"] {
                fs::remove_file(folder.join(path)).unwrap();
            }
            sealed(folder, place);
        },
        codes: &["entry"],
        without: None,
    },
    Forgery {
        name: "rows and a proof of an entry that is not there",
        entries: &[3, 4],
        change: |folder, place| {
            fs::remove_file(folder.join("data/entries/3.json")).unwrap();
            sealed(folder, place);
        },
        codes: &["foreign"],
        without: Some(("found && !numbers.includes(found[1])", "false")),
    },
    Forgery {
        name: "a list with other ends of its lines",
        entries: &[3],
        change: |folder, place| {
            let list = read(folder, "tagmanifest-sha256.txt").replace('\n', "\r\n");
            write(folder, "tagmanifest-sha256.txt", &list);
            let text = minisign::signature_text(&place.key(), list.as_bytes(), "kiosk x");
            write(folder, "tagmanifest-sha256.txt.minisig", &text);
        },
        codes: &["list"],
        without: None,
    },
    Forgery {
        name: "a list that names a file twice",
        entries: &[3],
        change: |folder, place| {
            let list = read(folder, "tagmanifest-sha256.txt");
            let first = list.lines().next().unwrap();
            let list = format!("{list}{first}\n");
            write(folder, "tagmanifest-sha256.txt", &list);
            let text = minisign::signature_text(&place.key(), list.as_bytes(), "kiosk x");
            write(folder, "tagmanifest-sha256.txt.minisig", &text);
        },
        codes: &["list"],
        without: Some((" || found.has(parts[2])", "")),
    },
];

#[test]
fn each_forgery_is_found_and_would_not_be_without_its_check() {
    let place = Place::new();
    let whole = page(&place, VERIFY_PAGE);
    let mut cases = Vec::new();
    for (number, forgery) in FORGERIES.iter().enumerate() {
        let made = place.bundle(&format!("forged-{number}"), forgery.entries);
        (forgery.change)(&made, &place);
        cases.push(case(&whole, &made));
        if let Some((check, nothing)) = forgery.without {
            assert_eq!(VERIFY_PAGE.matches(check).count(), 1, "{}", forgery.name);
            let text = VERIFY_PAGE.replace(check, nothing);
            let blind = place.path(&format!("blind-{number}.html"));
            fs::write(&blind, text).unwrap();
            cases.push(case(&blind, &made));
        }
    }
    let mut shown = browse(&place, &cases).into_iter();
    for forgery in FORGERIES {
        let said = shown.next().unwrap();
        bad(&said, forgery.name);
        let found: Vec<String> = codes(&said).into_iter().collect();
        assert_eq!(found, forgery.codes, "{}: {said:#}", forgery.name);
        if forgery.without.is_some() {
            let said = shown.next().unwrap();
            let is_blind = said["verdict"] == "good";
            assert!(is_blind, "{} is found by more: {said:#}", forgery.name);
        }
    }
}

/// Changes the key of the ledger: 8 and 9 are the entries that say so.
pub(crate) fn change_key(place: &Place) {
    let by = Person {
        uid: 0,
        user: "root".to_owned(),
        login_uid: None,
        login_user: None,
        medium: None,
    };
    let reason = "yearly".to_owned();
    let mut writer = Writer::open(&place.ledger()).unwrap();
    let retired = Event::KeyRetired(Box::new(KeyRetired { by, reason }));
    writer.append(&retired, None).unwrap();
}

#[test]
fn a_changed_key_is_followed_and_a_change_that_the_old_key_did_not_sign_is_not() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let (before, origin) = (place.key(), place.key().origin());
    change_key(&place);
    // Both keys signed the checkpoint that is the last one now.
    let fresh = place.bundle("fresh", &[3, 9]);
    commands_hold(&fresh);
    let mut writer = Writer::open(&place.ledger()).unwrap();
    writer.append(&Event::Stopped {}, None).unwrap();
    let good = place.bundle("good", &[3, 8, 9, 10]);
    let after = place.key();
    assert_ne!(before.public(), after.public());
    assert!(good.join("data/keys/9.json").is_file());
    let begins = |key: &SecretKey| {
        let key = log_key(&origin, &key.public());
        let hash = wire::name::unhex(key.split('+').nth(1).unwrap()).unwrap();
        base64_encode(&hash)[..5].to_owned()
    };
    // Somebody with a key of their own says that it is the ledger's now.
    let alone = place.copy(&good, "alone");
    edit_proof_signers(&alone, |lines| {
        lines.retain(|line| line.contains(&begins(&after)))
    });
    // The old key signed, and the new one did not.
    let old = place.copy(&good, "old");
    edit_proof_signers(&old, |lines| {
        lines.retain(|line| line.contains(&begins(&before)))
    });
    // Another entry that both keys signed is no change of the key.
    let beside = place.copy(&good, "beside");
    let entry = read(&beside, "data/keys/9.json");
    write(
        &beside,
        "data/keys/9.json",
        &entry.replace("key_set", "stopped"),
    );
    // The changes are left out.
    let without = place.copy(&good, "without");
    fs::remove_dir_all(without.join("data/keys")).unwrap();
    commands_hold(&good);
    let mut cases = vec![case(&page, &fresh), case(&page, &good)];
    for folder in [&alone, &old, &beside, &without] {
        seal(folder, &after, "kiosk x");
        cases.push(case(&page, folder));
    }
    let shown = browse(&place, &cases);
    for one in &shown[..2] {
        assert_eq!(one["verdict"], "good", "{one:#}");
    }
    let found = shown[1]["found"].as_str().unwrap();
    assert!(found.contains("今の台帳の鍵 / its key today"));
    let named = |shown: &Value| codes(shown).into_iter().collect::<Vec<_>>();
    for one in &shown[2..=4] {
        bad(one, "a change of the key");
        assert_eq!(named(one), ["key"], "{one:#}");
    }
    bad(&shown[5], "no change of the key");
    assert_eq!(named(&shown[5]), ["checkpoint", "key"], "{:#}", shown[5]);
}

fn edit_proof_signers(folder: &Path, change: impl Fn(&mut Vec<&str>)) {
    let proof = read(folder, "data/keys/9.tlog-proof");
    let (head, lines) = proof.rsplit_once("\n\n").unwrap();
    let mut lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 2);
    change(&mut lines);
    assert_eq!(lines.len(), 1);
    write(
        folder,
        "data/keys/9.tlog-proof",
        &format!("{head}\n\n{}\n", lines[0]),
    );
}
