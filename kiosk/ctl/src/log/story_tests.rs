use std::path::Path;

use jiff::tz::{Offset, TimeZone};

use super::*;
use crate::log::sample;

fn voice(language: Language) -> Voice {
    Voice {
        language,
        zone: TimeZone::fixed(Offset::constant(9)),
    }
}

fn visit(id: &str) -> Subject {
    Subject::Visit(id.to_owned())
}

/// The texts of a story, each with its entries.
fn texts(folder: &Path, subject: &Subject, language: Language) -> Vec<String> {
    let ledger = Ledger::open(folder).unwrap();
    let (voice, cast) = (voice(language), Cast::of(subject, &ledger).unwrap());
    let sentences = told(&cast, &voice, &ledger).unwrap();
    let text = |sentence: &Sentence| {
        let text = words::fill(&sentence.what, &sentence.values, language);
        format!("{text} {:?}", sentence.entries)
    };
    sentences.iter().map(text).collect()
}

fn sample_texts(subject: &Subject, language: Language) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    sample::ledger(folder.path());
    texts(folder.path(), subject, language)
}

#[test]
fn a_visit_is_told_from_its_registration_to_its_end_with_the_entries_of_every_sentence() {
    let expected = [
        "The contract of Kita Heat runs until 2027-03-31, its contact is Suzuki, 011-000-0000; \
         written down by tanaka (as root) [2]",
        "tanaka (as root) registered the visit V-0001: Sato Ichiro of Kita Heat, from 2026-11-26 \
         to 2026-11-27 [3]",
        "The visit V-0001 has the purpose firmware [3]",
        "Sato Ichiro of Kita Heat signed in for the visit V-0001 [4]",
        "The medium M-0001 was inserted (on its way in): Kingston DataTraveler (0951:1666), \
         serial number 60A4⟨U+202E⟩4C [5]",
        "The medium M-0001 was scanned from 2026-11-26 09:30:00 +09:00 to 2026-11-26 09:31:30 +09:00; \
         contents: 4, of which clean: 4, with something found: 0, not examined: 0 [6]",
        "It was scanned with the rules site, version 7, issued 2026-11-20, 6 day(s) before; \
         321 rules [6]",
        "No known threat was found, and every content was examined [6]",
        "The kiosk answered ○ PASS [6]",
        "The medium M-0001 was taken out [7]",
        "The medium M-0002 was inserted (on its way in): Kingston DataTraveler (0951:1666), \
         serial number 60A4⟨U+202E⟩4C [8]",
        "The medium M-0002 was scanned from 2026-11-26 09:30:00 +09:00 to 2026-11-26 09:31:30 +09:00; \
         contents: 1, of which clean: 0, with something found: 1, not examined: 0 [9]",
        "It was scanned with the rules site, version 7, issued 2026-11-20, 6 day(s) before; \
         321 rules [9]",
        "In =cmd|'/c calc'!A1.com, eicar_test_file \"Test file\" was found (forbidden) [9]",
        "The kiosk answered ✕ STOP: something dangerous [9]",
        "The medium M-0002 was taken out [10]",
        "After it was stopped, the medium M-0002 was kept (the kiosk) [11]",
        "The medium M-0001 was inserted (on its way out): Kingston DataTraveler (0951:1666), \
         serial number 60A4⟨U+202E⟩4C [12]",
        "The medium M-0001 was scanned from 2026-11-26 09:30:00 +09:00 to 2026-11-26 09:31:30 +09:00; \
         contents: 3, of which clean: 3, with something found: 0, not examined: 0 [13]",
        "It was scanned with the rules site, version 7, issued 2026-11-20, 6 day(s) before; \
         321 rules [13]",
        "No known threat was found, and every content was examined [13]",
        "The kiosk answered ○ PASS [13]",
        "Compared with entry 6, when it came in: 1 new, 1 changed, 1 gone, 0 not comparable \
         [13, 6]",
        "gone: a⟨U+202E⟩gpj.exe [13, 6]",
        "changed: tool.zip [13, 6]",
        "new: trend/2026.csv [13, 6]",
        "The medium M-0001 was taken out [14]",
        "Sato Ichiro of Kita Heat signed out of the visit V-0001 [15]",
    ];
    assert_eq!(sample_texts(&visit("V-0001"), Language::En), expected);
}

#[test]
fn both_languages_tell_the_same_of_the_same_entries() {
    let ja = sample_texts(&visit("V-0001"), Language::Ja);
    let en = sample_texts(&visit("V-0001"), Language::En);
    let entries = |text: &String| text.rsplit_once('[').unwrap().1.to_owned();
    let of = |texts: &[String]| texts.iter().map(entries).collect::<Vec<_>>();
    assert_eq!(of(&ja), of(&en));
    assert!(ja.iter().all(|text| !text.is_ascii()));
    assert_eq!(ja[8], "キオスクの答えは ○ 合格 [6]");
    assert_eq!(ja[16], "止められた媒体 M-0002 を預かった（キオスク） [11]");
    for text in ja.iter().chain(&en) {
        assert!(!text.contains(['{', '}', '⟦']), "{text}");
        assert!(!text.chars().any(wire::name::is_hidden), "{text:?}");
    }
}

#[test]
fn one_insertion_is_told_without_the_others_of_its_visit() {
    let texts = sample_texts(&Subject::Insertion(8), Language::En);
    let told: Vec<&str> = texts
        .iter()
        .map(|text| text.rsplit_once(" [").unwrap().1)
        .collect();
    assert_eq!(
        told,
        ["2]", "3]", "3]", "8]", "9]", "9]", "9]", "9]", "10]", "11]"]
    );
}

#[test]
fn what_no_entry_says_is_told_as_such_and_a_withdrawn_answer_is_withdrawn() {
    let texts = sample_texts(&Subject::Insertion(16), Language::En);
    assert!(texts.contains(&"No visit was named [16]".to_owned()));
    let withdrawn = "That answer about the medium M-0003 was withdrawn; △ NOT FINISHED stands in its place: \
                     taken out too early [18]";
    assert!(texts.contains(&withdrawn.to_owned()), "{texts:#?}");
    let last = texts.last().unwrap();
    assert_eq!(
        last,
        "No entry says that the medium M-0003 was taken out [16]"
    );
}

#[test]
fn a_stopped_medium_of_which_nobody_said_what_became_is_an_open_case() {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<_> = sample::events().into_iter().take(10).collect();
    sample::write(folder.path(), &events);
    let texts = texts(folder.path(), &Subject::Insertion(8), Language::En);
    let open = "No entry says what was done with the medium M-0002 after it was stopped [8]";
    assert_eq!(texts.last().unwrap(), open);
}

#[test]
fn findings_beyond_the_most_that_are_named_are_counted() {
    use super::verdict::STORY_FILES_MAX;
    let folder = tempfile::tempdir().unwrap();
    let many = STORY_FILES_MAX + 3;
    let rows = (0..many).map(|at| sample::bad(&format!("f{at}"), 7, "rule_a"));
    let mut events: Vec<_> = sample::events().into_iter().take(8).collect();
    events.push((sample::judged(8, "M-0002", "stop", many), rows.collect()));
    sample::write(folder.path(), &events);
    let texts = texts(folder.path(), &Subject::Insertion(8), Language::En);
    let found = texts.iter().filter(|text| text.starts_with("In f"));
    assert_eq!(found.count(), STORY_FILES_MAX);
    assert!(texts.contains(&"3 more not named here (`log show 9` has them all) [9]".to_owned()));
}

#[test]
fn who_answers_for_a_medium_and_what_became_of_its_clock_and_loan_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut events: Vec<_> = sample::events().into_iter().take(4).collect();
    let field = json!({ "key": "owner", "before": null, "after": "\"Mori\"" });
    let registered = json!({
        "event": "list_changed", "list": "media", "by": sample::person(),
        "before_sha256": null, "after_sha256": sample::hash(1),
        "changed": [{ "kind": "medium", "id": "M-0001", "change": "added", "fields": [field] }],
    });
    let lent = json!({
        "event": "lent", "medium": "M-0001", "to": "Sato Ichiro", "company": "Kita Heat",
        "until": "2099-12-30", "ends": "2099-12-30T15:00:00Z", "by": sample::person(),
    });
    let clock = json!({
        "event": "clock_stepped", "expected": "2026-11-26T00:00:00Z",
        "found": "2026-11-25T00:00:00Z",
    });
    let inserted = sample::inserted("M-0001", "in", &sample::visit());
    events.extend([registered, lent, inserted, clock].map(|event| (event, Vec::new())));
    let passed = sample::judged(7, "M-0001", "pass", 1);
    events.push((passed, vec![sample::file("a", &[], 1)]));
    events.push((json!({ "event": "removed", "insertion": 7 }), Vec::new()));
    let done = json!({
        "event": "returned", "medium": "M-0001", "insertion": null, "place": "locker 3",
        "by": sample::person(),
    });
    events.push((done, Vec::new()));
    sample::write(folder.path(), &events);
    let texts = texts(folder.path(), &visit("V-0001"), Language::En);
    for expected in [
        "tanaka (as root) handed the medium M-0001 out to Sato Ichiro until 2099-12-30 [6]",
        "The list names Mori as responsible for the medium M-0001; written down by tanaka (as \
         root) [7, 5]",
        "The kiosk's clock went from 2026-11-26 09:00:00 +09:00 to 2026-11-25 09:00:00 +09:00: \
         times before and after it cannot be compared [8]",
        "The medium M-0001 is back (taken by tanaka (as root), kept at: locker 3) [11]",
    ] {
        assert!(
            texts.contains(&expected.to_owned()),
            "{expected}: {texts:#?}"
        );
    }
}

#[test]
fn a_line_has_the_sites_time_and_utc_and_the_object_the_same_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = sample::ledger(folder.path());
    let voice = voice(Language::En);
    let cast = Cast::of(&visit("V-0001"), &ledger).unwrap();
    let sentences = told(&cast, &voice, &ledger).unwrap();
    let mut first = sentences[0].clone();
    first.recorded = Some("2026-11-26T15:30:05.123Z".parse().unwrap());
    let said = line(&first, &voice);
    let begin = "2026-11-27 00:30:05 +09:00 (2026-11-26T15:30:05Z)  The contract of ";
    assert!(said.starts_with(begin) && said.ends_with(" [2]"), "{said}");
    assert_eq!(cast.title(&voice), "Visit V-0001: Sato Ichiro of Kita Heat");

    let object = object(&cast, &voice, &sentences).unwrap();
    assert!(!object.chars().any(wire::name::is_hidden));
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(object["zone"], "+09");
    assert_eq!(object["person"], "Sato Ichiro");
    let all = object["sentences"].as_array().unwrap();
    assert_eq!(all.len(), sentences.len());
    assert_eq!(all[0]["entries"], json!([2]));
    assert_eq!(all[0]["what"], "company");
    assert_eq!(all[0]["values"]["until"], "2027-03-31");
}

#[test]
fn what_is_no_visit_and_no_insertion_is_refused_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = sample::ledger(folder.path());
    let why = |subject| Cast::of(&subject, &ledger).err().unwrap().to_string();
    assert!(why(visit("V-9999")).contains("no entry is about a visit \"V-9999\""));
    let other = why(Subject::Insertion(9));
    assert_eq!(
        other,
        "entry 9 is no insertion; it is about the insertion 8"
    );
    assert_eq!(why(Subject::Insertion(1)), "entry 1 is no insertion");
    assert!(why(Subject::Insertion(99)).contains("99"));
}

#[test]
fn a_changed_row_ends_the_story_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = sample::ledger(folder.path());
    let database = folder.path().join("ledger.db");
    let sql = "DROP TRIGGER rows_not_deleted; DELETE FROM rows WHERE entry = 6 AND ordinal = 2";
    let done = std::process::Command::new("sqlite3")
        .arg(database)
        .arg(sql)
        .status();
    assert!(done.unwrap().success());
    let cast = Cast::of(&visit("V-0001"), &ledger).unwrap();
    let error = told(&cast, &voice(Language::En), &ledger)
        .unwrap_err()
        .to_string();
    assert!(error.contains("entry 6 has lost a row"), "{error}");
}

#[test]
fn what_lies_in_an_archive_is_told_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    sample::ledger(folder.path());
    sample::sealed(folder.path(), 9);
    let texts = texts(folder.path(), &visit("V-0001"), Language::En);
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    assert!(
        has("contents: 4, whose rows are in an archive [6]"),
        "{texts:#?}"
    );
    assert!(
        has("so nothing here says what changed [13, 6]"),
        "{texts:#?}"
    );
    assert!(!has("Compared with"), "{texts:#?}");
}

/// What became of a stick of which the list says this, in both languages.
fn refused(code: &str, entry: Option<&str>, detail: &str, more: Value) -> [Vec<String>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let mut inserted = sample::inserted("M-0001", "in", &sample::visit());
    inserted["medium"] = Value::Null;
    let mut judged = sample::judged(1, "M-0001", "stop", 0);
    for (key, value) in [
        ("medium", Value::Null),
        ("totals", Value::Null),
        ("reasons", json!([{ "code": code, "count": 1 }])),
        (
            "refused",
            json!({ "entry": entry, "detail": detail, "differences": more }),
        ),
    ] {
        judged[key] = value;
    }
    let named = entry.map(|entry| format!("{entry}: {detail}"));
    judged["fault"] = json!(named.unwrap_or_else(|| detail.to_owned()));
    let removed = json!({ "event": "removed", "insertion": 1 });
    let events = [inserted, judged, removed].map(|event| (event, Vec::new()));
    sample::write(folder.path(), &events);
    [Language::Ja, Language::En]
        .map(|language| texts(folder.path(), &Subject::Insertion(1), language))
}

#[test]
fn a_registered_medium_that_the_list_refuses_is_called_by_its_name_and_nothing_was_read() {
    let [ja, en] = refused(
        "expired",
        Some("M-0001"),
        "valid until 2026-11-01",
        json!([]),
    );
    assert_eq!(
        en,
        [
            "The medium M-0001 was inserted (on its way in): Kingston DataTraveler (0951:1666), \
             serial number 60A4⟨U+202E⟩4C [1]",
            "Nothing on it was read [2]",
            "Its entry M-0001 in the list does not let it in: valid until 2026-11-01 [2]",
            "The kiosk answered ✕ STOP: its registration has expired [2]",
            "The medium M-0001 was taken out [3]",
            "No entry says what was done with the medium M-0001 after it was stopped [1]",
        ]
    );
    assert_eq!(
        ja,
        [
            "媒体 M-0001 が挿された（搬入）：Kingston DataTraveler（0951:1666）、製造番号 60A4⟨U+202E⟩4C [1]",
            "中身は何も読まれなかった [2]",
            "一覧の M-0001 は使えない：有効なのは 2026-11-01 まで [2]",
            "キオスクの答えは ✕ 使用禁止：登録の期限切れ [2]",
            "媒体 M-0001 が抜かれた [3]",
            "止められた媒体 M-0001 をどうしたかの記録はない [1]",
        ]
    );
}

#[test]
fn a_medium_of_no_list_is_never_called_by_the_name_of_the_nearest_entry() {
    let differs = json!([{ "key": "serial", "listed": "S1", "claimed": "S3" }]);
    let detail = "serial differs from this entry";
    let [ja, en] = refused("unregistered", Some("M-0001"), detail, differs);
    assert_eq!(
        en[1..],
        [
            "Nothing on it was read [2]",
            "The nearest entry of the list, M-0001, is another medium: serial differs from this \
             entry [2]",
            "serial number: S1 in the list, S3 on the medium [2]",
            "The kiosk answered ✕ STOP: the medium is not in the list [2]",
            "The unregistered medium (entry 1) was taken out [3]",
            "No entry says what was done with the unregistered medium (entry 1) after it was \
             stopped [1]",
        ]
    );
    assert_eq!(
        ja,
        [
            "一覧にない媒体が挿された（搬入）：Kingston DataTraveler（0951:1666）、製造番号 60A4⟨U+202E⟩4C [1]",
            "中身は何も読まれなかった [2]",
            "一覧でいちばん近い M-0001 とも合わない：製造番号が違う [2]",
            "製造番号：一覧では S1、媒体では S3 [2]",
            "キオスクの答えは ✕ 使用禁止：一覧にない媒体 [2]",
            "一覧にない媒体（記録 1）が抜かれた [3]",
            "止められた一覧にない媒体（記録 1）をどうしたかの記録はない [1]",
        ]
    );
    let [ja, en] = refused("unregistered", None, "no entry is like it", json!([]));
    assert_eq!(
        en[2],
        "It fits nothing in the list: no entry is like it [2]"
    );
    assert_eq!(ja[2], "一覧に合うものがない：似たものもない [2]");
    let detail = "capacity differs from the registered medium";
    let [ja, _] = refused("clone_suspected", Some("M-0001"), detail, json!([]));
    let copy = "一覧の M-0001 を名乗るが、複製の疑いがある：登録された媒体と違うところがある [2]";
    assert_eq!(ja[2], copy);
    assert!(ja[0].starts_with("一覧にない媒体が挿された"), "{ja:#?}");
}

#[test]
fn what_the_kiosk_says_for_staff_has_a_japanese_form() {
    use decide::{several, twin};
    let ja = voice(Language::Ja);
    for said in [
        twin(None).detail,
        several(None).detail,
        "interface 03:01:01 is not plain storage".to_owned(),
        "visit V-0001 begins 2026-12-01".to_owned(),
        "no verdict came: it went away".to_owned(),
    ] {
        assert!(!ja.detail(&said).is_ascii(), "{said}");
    }
    assert_eq!(
        ja.detail("visit V-0001 begins 2026-12-01"),
        "訪問 V-0001 は 2026-12-01 からである"
    );
    // What the table does not know is said as it stands.
    assert_eq!(
        ja.detail("valid until the moon"),
        "有効なのは the moon まで"
    );
    assert_eq!(ja.detail("something else"), "something else");
    assert_eq!(
        voice(Language::En).detail("no entry is like it"),
        "no entry is like it"
    );
}

#[test]
fn what_is_scanned_by_hand_and_what_breaks_off_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let by_hand = json!({
        "event": "inserted", "medium": null, "rules": sample::rules(),
        "target": { "kind": "image", "name": "/tmp/a.img", "size_bytes": 5 },
    });
    let mut judged = sample::judged(1, "M-0001", "pass", 1);
    judged["medium"] = Value::Null;
    let inserted = sample::inserted("M-0001", "in", &sample::visit());
    let events = [
        (by_hand, Vec::new()),
        (judged, vec![sample::file("a", &[], 1)]),
        (inserted, Vec::new()),
    ];
    sample::write(folder.path(), &events);
    // Whoever opens it next finds the insertion without an answer.
    sample::write(folder.path(), &[]);
    let told = |number, language| texts(folder.path(), &Subject::Insertion(number), language);
    let en = told(1, Language::En);
    assert_eq!(
        en[0],
        "/tmp/a.img was scanned by hand, and as no medium of the list [1]"
    );
    assert!(en[1].starts_with("/tmp/a.img was scanned from"), "{en:#?}");
    let ja = told(1, Language::Ja);
    assert_eq!(
        ja[0],
        "/tmp/a.img を手で検査した（一覧の媒体としてではない） [1]"
    );
    let en = told(3, Language::En);
    let broke = "The scan of the medium M-0001 broke off and there is no answer: kiosk-record \
                 ended without a verdict; found when it started again [4]";
    assert_eq!(en[1], broke);
    let ja = told(3, Language::Ja);
    assert!(
        ja[1].ends_with("次に動き出したときに見つけた [4]"),
        "{ja:#?}"
    );
}

#[test]
fn a_code_that_changed_has_no_value_and_a_list_reads_as_people_write_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut events: Vec<_> = sample::events().into_iter().take(4).collect();
    let field = |key: &str, after: Value| json!({ "key": key, "before": null, "after": after });
    let fields = [
        field("code", Value::Null),
        field("media", json!("[\"M-0001\", \"M-0002\"]")),
    ];
    let edited = json!({
        "event": "list_changed", "list": "contractors", "by": sample::person(),
        "before_sha256": null, "after_sha256": sample::hash(1),
        "changed": [{ "kind": "visit", "id": "V-0001", "change": "edited", "fields": fields }],
    });
    events.push((edited, Vec::new()));
    sample::write(folder.path(), &events);
    let told = |language| texts(folder.path(), &visit("V-0001"), language);
    let en = told(Language::En);
    let secret = "tanaka (as root) changed the code of the visit V-0001, which is not written down \
                  [5]";
    assert!(en.contains(&secret.to_owned()), "{en:#?}");
    let ja = told(Language::Ja);
    let media =
        "tanaka（root として）が訪問 V-0001 の使える媒体を変えた：なしから M-0001, M-0002 へ [5]";
    assert!(ja.contains(&media.to_owned()), "{ja:#?}");
}
