//! verify.html in a real browser: what it says of a good bundle, and of each flipped byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use export::evidence::VERIFY_PAGE;
use serde_json::{Value, json};
use wire::{MediumName, Outcome};

use crate::common::{self, Place, files, other_key};

/// What pages show, one case after the other in one browser, none of which speaks to anybody.
pub(crate) fn browse(place: &Place, cases: &[Value]) -> Vec<Value> {
    let shown = driven(place, cases);
    shown.iter().for_each(quiet);
    shown
}

fn driven(place: &Place, cases: &[Value]) -> Vec<Value> {
    let job = place.path("job.json");
    fs::write(&job, json!({ "cases": cases }).to_string()).unwrap();
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/verify");
    let done = Command::new("python3")
        .arg(driver)
        .arg(job)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "chromium is driven: {errors}");
    let lines = String::from_utf8(done.stdout).unwrap();
    let shown: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(shown.len(), cases.len(), "{errors}");
    shown
}

/// Nothing on the console, no exception, and no request but for files of this machine.
#[track_caller]
fn quiet(shown: &Value) {
    assert_eq!(shown["told"], json!([]), "{shown}");
    assert_ne!(shown["requests"], json!([]), "the page itself is one");
    for request in shown["requests"].as_array().unwrap() {
        let request = request.as_str().unwrap();
        assert!(request.starts_with("file:///"), "{request}");
        assert!(request.ends_with(".html"), "{request}");
    }
}

pub(crate) fn case(page: &Path, folder: &Path) -> Value {
    json!({ "page": page, "folder": folder })
}

pub(crate) fn codes(shown: &Value) -> BTreeSet<String> {
    let codes = shown["codes"].as_array().unwrap().iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn good(shown: &Value) {
    assert_eq!(shown["verdict"], "good", "{shown:#}");
    assert_eq!(shown["codes"], json!([]));
    let text = shown["text"].as_str().unwrap();
    assert!(text.contains("正しい") && text.contains("GOOD"), "{text}");
    assert!(
        !text.contains("正しくない") && !text.contains("BAD"),
        "{text}"
    );
    assert_eq!(shown["secure"], true);
}

#[track_caller]
pub(crate) fn bad(shown: &Value, what: &str) {
    assert_eq!(shown["verdict"], "bad", "{what}: {shown:#}");
    let text = shown["text"].as_str().unwrap();
    assert!(
        text.contains("正しくない") && text.contains("BAD"),
        "{what}: {text}"
    );
    assert!(!text.contains("GOOD"), "{what}: {text}");
    assert!(!codes(shown).is_empty(), "{what} has no reason");
}

/// A page of the test's own, so that a bundle is not checked by what is in it.
pub(crate) fn page(place: &Place, text: &str) -> PathBuf {
    let page = place.path("page.html");
    fs::write(&page, text).unwrap();
    page
}

#[test]
fn a_page_that_speaks_or_asks_for_something_is_heard() {
    let place = Place::new();
    let speaks = page(
        &place,
        "<body><script>console.error('x'); setTimeout(() => { window.done = 1; throw 1; })</script>\
         <img src=http://127.0.0.1:9/x>",
    );
    let ask = "new Promise((done) => setTimeout(() => done(window.done), 300))";
    let shown = driven(&place, &[json!({ "page": speaks, "value": ask })]);
    let told = shown[0]["told"].to_string();
    assert!(
        told.contains("console: ") && told.contains("exception: "),
        "{told}"
    );
    let requests = shown[0]["requests"].to_string();
    assert!(
        requests.contains("page.html") && requests.contains("http://127.0.0.1:9/x"),
        "{requests}"
    );
    // The page's own rule lets nothing out, even if something were in it.
    let rule = VERIFY_PAGE.replace(
        "'use strict';",
        "'use strict'; fetch('http://127.0.0.1:9/x').catch(() => 0);",
    );
    let page = page(&place, &rule);
    let shown = driven(&place, &[json!({ "page": page, "value": ask })]);
    assert!(
        shown[0]["told"]
            .to_string()
            .contains("Content Security Policy"),
        "{shown:?}"
    );
}

#[test]
fn a_bundle_as_it_was_made_is_good_by_the_page_that_is_in_it() {
    let place = Place::new();
    let all = place.bundle("all", &[1, 2, 3, 4, 5, 6, 7]);
    let one = place.bundle("one", &[3]);
    let apart = place.bundle("apart", &[2, 6]);
    let cases: Vec<Value> = [&all, &one, &apart]
        .into_iter()
        .map(|made| case(&made.join("verify.html"), made))
        .collect();
    let shown = browse(&place, &cases);
    shown.iter().for_each(good);
    let found = shown[0]["found"].as_str().unwrap();
    assert!(found.contains("台帳の今の鍵 / the key of the ledger today"));
    // The number and code by which the screen and slips call an entry.
    let ledger = record::Ledger::open(&place.ledger()).unwrap();
    let leaf = ledger.entry(3).unwrap().leaf_sha256.to_string();
    let code = format!(
        "3 {} {} {} {}",
        &leaf[..4],
        &leaf[4..8],
        &leaf[8..12],
        &leaf[12..16]
    );
    assert!(found.contains(&code), "{code}");
    assert!(
        found.contains("12 rows: 11 clean, 1 matched, 0 unchecked"),
        "{found}"
    );
}

#[test]
fn a_folder_that_is_dropped_is_checked_like_one_that_is_chosen() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let made = place.bundle("made", &[3, 4]);
    let changed = place.copy(&made, "changed");
    fs::write(changed.join("data/rows/3.jsonl"), "{}\n").unwrap();
    let drop = |folder: &Path| json!({ "page": page, "folder": folder, "dropped": true });
    let shown = browse(&place, &[drop(&made), drop(&changed)]);
    good(&shown[0]);
    bad(&shown[1], "changed rows");
    assert!(
        shown[1]["reasons"]
            .to_string()
            .contains("data/rows/3.jsonl")
    );
}

#[test]
fn a_browser_that_cannot_check_signatures_calls_nothing_good() {
    let place = Place::new();
    let made = place.bundle("made", &[3]);
    let deny =
        "'use strict'; crypto.subtle.importKey = () => Promise.reject(new Error('no Ed25519'));";
    let page = page(&place, &VERIFY_PAGE.replace("'use strict';", deny));
    let shown = browse(&place, &[case(&page, &made)]);
    bad(&shown[0], "no Ed25519");
    assert_eq!(codes(&shown[0]).into_iter().collect::<Vec<_>>(), ["cannot"]);
}

#[test]
fn one_flipped_bit_in_any_file_makes_a_bundle_bad() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let made = place.bundle("made", &[3, 4]);
    let mut cases = Vec::new();
    let mut told = Vec::new();
    for (number, path) in files(&made).into_iter().enumerate() {
        let length = fs::read(made.join(&path)).unwrap().len();
        for (way, at) in [0, length / 2, length - 1].into_iter().enumerate() {
            let copy = place.copy(&made, &format!("copy-{number}-{way}"));
            let mut bytes = fs::read(copy.join(&path)).unwrap();
            bytes[at] ^= 1;
            fs::write(copy.join(&path), bytes).unwrap();
            cases.push(case(&page, &copy));
            told.push((path.clone(), at));
        }
    }
    assert_eq!(cases.len(), 3 * 18);
    for (shown, (path, at)) in browse(&place, &cases).iter().zip(told) {
        bad(shown, &format!("byte {at} of {path}"));
        let named = shown["reasons"].to_string();
        // The list that is signed may be what is changed: then the signature or the form is named.
        assert!(
            named.contains(&path) || path.starts_with("tagmanifest"),
            "byte {at} of {path} is not named: {named}"
        );
    }
}

#[test]
fn a_file_that_is_missing_or_too_many_is_named() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let made = place.bundle("made", &[3, 4]);
    let mut cases = Vec::new();
    let mut told = Vec::new();
    for (number, path) in files(&made).into_iter().enumerate() {
        let copy = place.copy(&made, &format!("less-{number}"));
        fs::remove_file(copy.join(&path)).unwrap();
        cases.push(case(&page, &copy));
        told.push(("missing", path));
    }
    for (number, path) in [
        "more.txt",
        "data/entries/5.json",
        "data/rows/4.jsonl",
        "data/x",
        ".hidden",
    ]
    .into_iter()
    .enumerate()
    {
        let copy = place.copy(&made, &format!("more-{number}"));
        fs::write(copy.join(path), "x").unwrap();
        cases.push(case(&page, &copy));
        told.push(("extra", path.to_owned()));
    }
    let empty = place.path("empty");
    fs::create_dir(&empty).unwrap();
    fs::write(empty.join("x"), "x").unwrap();
    cases.push(case(&page, &empty));
    told.push(("missing", "bagit.txt".to_owned()));
    let shown = browse(&place, &cases);
    for (shown, (code, path)) in shown.iter().zip(told) {
        bad(shown, &path);
        assert!(
            codes(shown).contains(code) || path == "bagit.txt",
            "{path}: {shown:#}"
        );
        let named = shown["reasons"].to_string();
        assert!(
            named.contains(&path) || path == "bagit.txt",
            "{path} is not named: {named}"
        );
    }
}

#[test]
fn a_name_from_a_medium_does_nothing_in_the_page() {
    let place = Place::new();
    let made = place.bundle("made", &[2, 3]);
    let shown = browse(&place, &[case(&made.join("verify.html"), &made)]);
    good(&shown[0]);
    let found = shown[0]["found"].as_str().unwrap();
    for visible in [
        "=cmd|'/c calc'!A1",
        "<script>document.body.id='pwned'</script>",
        "a⟨U+202E⟩txt.exe⟨U+200B⟩⟨U+FEFF⟩",
        "⟨U+001B⟩[2J⟨U+001B⟩]0;pwned⟨U+0007⟩",
        "line⟨U+000A⟩feed⟨U+000D⟩⟨U+000A⟩</td></table>",
        "点検記録/ﾊﾞｯｸｱｯﾌﾟ é.txt",
        "<i>evil</i>⟨U+202E⟩.exe",
        "a⟨FF⟩⟨C0⟩<b>⟨80⟩",
        "</title></style></script><!--",
    ] {
        assert!(found.contains(visible), "{visible}");
    }
    assert!(found.contains(&"x".repeat(300)));
    assert!(
        !found
            .chars()
            .any(|letter| wire::name::is_hidden(letter) && letter != '\n')
    );
    assert_eq!(shown[0]["body"], "");
    let tags = shown[0]["tags"].to_string();
    assert!(!tags.contains("\"i\"") && !tags.contains("img"), "{tags}");
    assert_eq!(VERIFY_PAGE.matches("<script").count(), 1);
}

#[test]
fn a_name_from_a_medium_does_nothing_in_the_summary() {
    let place = Place::new();
    let made = place.bundle("made", &[2, 3]);
    let asked = "JSON.stringify([document.body.id, document.scripts.length, document.images.length, \
                 document.querySelectorAll('i').length, document.querySelectorAll('table').length])";
    let case = json!({ "page": made.join("data/summary.html"), "value": asked });
    let shown = browse(&place, &[case]);
    assert_eq!(shown[0]["value"], "[\"\",0,0,0,3]");
}

#[test]
fn what_the_page_takes_for_hidden_is_what_the_kiosk_does() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let ask = "(() => { const all = []; for (let code = 0; code <= 0x10ffff; code += 1) { \
               if (isHidden(code) && !(0xd800 <= code && code <= 0xdfff)) all.push(code); } return all; })()";
    let shown = browse(&place, &[json!({ "page": page, "value": ask })]);
    let hidden: Vec<u32> = (0..=0x10_ffff)
        .filter_map(char::from_u32)
        .filter(|letter| wire::name::is_hidden(*letter))
        .map(u32::from)
        .collect();
    assert_eq!(shown[0]["value"], json!(hidden));
}

#[test]
fn the_key_that_a_person_noted_is_compared() {
    let place = Place::new();
    let page = page(&place, VERIFY_PAGE);
    let own = place.bundle("own", &[3]);
    let person = place.made("person", &[3], &other_key(9));
    let read = |folder: &Path, path: &str| fs::read_to_string(folder.join(path)).unwrap();
    let ledger = read(&own, "data/ledger.pub");
    let signer = read(&person, "data/signer.pub")
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    let print = sha256(&place.key().public()).to_uppercase();
    let spaced: Vec<&str> = print
        .as_bytes()
        .chunks(4)
        .map(|four| std::str::from_utf8(four).unwrap())
        .collect();
    let print_of_another = sha256(&other_key(2).public());
    let noted = [
        (&own, "", "NOT been compared"),
        (&own, ledger.as_str(), "the key is the one that was noted"),
        (&own, &spaced.join(" "), "the key is the one that was noted"),
        (&own, &print_of_another, "BAD"),
        (&own, &print[..16], "BAD"),
        (&own, "なにか", "BAD"),
        (
            &person,
            ledger.as_str(),
            "signed by another key, of a person",
        ),
        (&person, &signer, "The key of the ledger is another one"),
        (
            &person,
            &format!("{ledger}{signer}\n"),
            "the key is the one that was noted",
        ),
        (&person, &format!("{signer}\n{print_of_another}"), "BAD"),
    ];
    let cases: Vec<Value> = noted
        .iter()
        .map(|(folder, noted, _)| json!({ "page": page, "folder": folder, "noted": noted }))
        .collect();
    for (shown, (_, noted, said)) in browse(&place, &cases).iter().zip(noted) {
        let text = shown["text"].as_str().unwrap();
        assert!(text.contains(said), "{noted}: {text}");
        assert_eq!(shown["verdict"] == "bad", said == "BAD", "{noted}");
        assert_eq!(codes(shown).contains("noted"), said == "BAD", "{noted}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    wire::Digest(sha2::Sha256::digest(bytes).into()).to_string()
}

#[test]
fn a_verdict_over_a_hundred_thousand_rows_is_checked_by_the_page() {
    let place = Place {
        folder: tempfile::tempdir().unwrap(),
    };
    let rows: Vec<_> = (0..100_000)
        .map(|number| {
            let name = MediumName::new(format!("folder/{number}.txt")).unwrap();
            let is_last = number == 99_999;
            common::row(
                &name,
                if is_last {
                    Outcome::Matched
                } else {
                    Outcome::Clean
                },
            )
        })
        .collect();
    common::write(&place.ledger(), &rows);
    let made = place.bundle("made", &[3]);
    let shown = browse(&place, &[case(&made.join("verify.html"), &made)]);
    good(&shown[0]);
    let found = shown[0]["found"].as_str().unwrap();
    assert!(found.contains("100000 rows: 99999 clean, 1 matched, 0 unchecked"));
    assert!(
        found.contains("folder/99999.txt"),
        "what was found comes first"
    );
}
