//! A certificate says what is true of what was scanned, where, and of what became of it.

use std::path::Path;

use record::Ledger;
use report::certificate::{Certificate, render};
use report::{Language, State};
use wire::Verdict;
use wire::scan::TargetKind;

use crate::few;
use crate::html::{Piece, pieces};
use crate::ledgers::sqlite3;
use crate::made::{about, verified, zone};
use crate::month::days;
use crate::written::Written;

/// The certificate of an entry and its sheet in one language.
fn sheet(folder: &Path, number: u64, state: State, language: Language) -> (Certificate, String) {
    let ledger = Ledger::open(folder).unwrap();
    let last = ledger.last().unwrap().unwrap();
    let certificate = Certificate::read(&ledger, number, last).unwrap();
    let html = render(&certificate, &about(state), &zone(), &[language]).unwrap();
    (certificate, html)
}

/// Name and value of every fact.
fn facts(html: &str) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut inside = String::new();
    for piece in pieces(html) {
        match piece {
            Piece::Tag { name, .. } => {
                if name == "dt" {
                    facts.push((String::new(), String::new()));
                }
                inside = name;
            }
            Piece::Text(text) if inside == "dt" => facts.last_mut().unwrap().0 = text,
            Piece::Text(text) if inside == "dd" => facts.last_mut().unwrap().1 = text,
            Piece::Text(_) => {}
        }
    }
    facts
}

#[track_caller]
fn says(html: &str, name: &str) -> Option<String> {
    let mut facts = facts(html).into_iter();
    facts.find(|(fact, _)| fact == name).map(|(_, value)| value)
}

#[test]
fn a_scan_by_hand_is_no_certificate_and_says_only_what_is_true_of_what_was_scanned() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Written::open(folder.path());
    let kinds = [
        (
            TargetKind::Folder,
            "上のフォルダで見つけたすべてのファイル",
            None,
        ),
        (
            TargetKind::File,
            "上のファイルのすべての内容",
            Some("1,048,576 バイト"),
        ),
        (
            TargetKind::Image,
            "上のディスクイメージのすべての割当て領域",
            Some("1,048,576 バイト"),
        ),
        (
            TargetKind::Device,
            "上の媒体のすべての割当て領域",
            Some("1,048,576 バイト"),
        ),
    ];
    let entries =
        kinds.map(|(kind, ..)| days::scan(&mut written, 3, (kind, "hf"), Verdict::Pass, None));
    let stop = days::scan(
        &mut written,
        3,
        (TargetKind::Image, "stick.img"),
        Verdict::Stop,
        Some("M-0006"),
    );
    drop(written);
    for ((_, examined, size), entry) in kinds.into_iter().zip(entries) {
        let (_, html) = sheet(folder.path(), entry, verified(), Language::Ja);
        assert!(html.contains(">手動検査の結果</h1>") && !html.contains("証明書"));
        assert!(html.contains("検査所での検査ではなく、持ち込みの許可ではない。"));
        assert!(html.contains(examined), "{examined}");
        assert_eq!(
            html.matches("割当て領域").count(),
            usize::from(examined.contains("割当て領域"))
        );
        assert_eq!(says(&html, "容量").as_deref(), size);
        assert_eq!(says(&html, "登録との照合").as_deref(), Some("なし"));
        assert_eq!(
            says(&html, "検査の方法").as_deref(),
            Some("手動（kioskctl scan）")
        );
        for absent in ["媒体", "持込者", "会社・訪問", "挿入", "取外し"] {
            assert_eq!(says(&html, absent), None, "{absent}");
        }
        let (_, html) = sheet(folder.path(), entry, verified(), Language::En);
        assert!(html.contains(">Result of a scan by hand</h1>") && !html.contains("Certificate"));
        assert!(html.contains("no leave to bring anything in"));
    }
    let (_, html) = sheet(folder.path(), stop, verified(), Language::En);
    assert!(html.contains(">Result of a scan by hand</h1>"));
    assert!(html.contains("What is named above did not pass"));
    assert_eq!(
        says(&html, "Compared with the list").as_deref(),
        Some("no (judged as M-0006, because who ran it said so)")
    );
}

#[test]
fn a_medium_that_its_entry_of_the_list_refused_is_named_with_why() {
    let folder = tempfile::tempdir().unwrap();
    let entry = days::expired(&mut Written::open(folder.path()), 3);
    let (_, html) = sheet(folder.path(), entry, verified(), Language::Ja);
    assert_eq!(says(&html, "媒体").as_deref(), Some("M-0014（期限切れ）"));
    assert!(!html.contains("登録なし"));
    let (_, html) = sheet(folder.path(), entry, verified(), Language::En);
    assert_eq!(says(&html, "Medium").as_deref(), Some("M-0014 (expired)"));
}

#[test]
fn a_pass_that_was_withdrawn_is_never_one_on_the_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Written::open(folder.path());
    few::insert(&mut written);
    few::pass(&mut written, 1);
    drop(written);
    let (certificate, html) = sheet(folder.path(), 2, verified(), Language::Ja);
    assert_eq!(certificate.verdict(), Verdict::Pass);
    assert!(html.contains(">媒体検査証明書</h1>"));
    few::withdraw(&mut Written::open(folder.path()), 1, Verdict::Incomplete);
    // By the receipt and by the insertion.
    for number in [1, 2] {
        let (certificate, html) = sheet(folder.path(), number, verified(), Language::Ja);
        assert_eq!(certificate.verdict(), Verdict::Incomplete);
        assert!(html.contains("<p class=\"word\">検査未完了</p>"));
        assert!(html.contains("合格は記録3で取り消された"));
        assert!(html.contains(">媒体検査結果書（合格ではない）</h1>"));
        assert!(!html.contains("証明書") && !html.contains("<p class=\"word\">合格</p>"));
        assert!(!html.contains("既知の脅威が見つからなかった"));
    }
}

#[test]
fn a_pass_of_a_ledger_that_does_not_hold_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Written::open(folder.path());
    few::insert(&mut written);
    few::pass(&mut written, 1);
    few::withdraw(&mut written, 1, Verdict::Stop);
    few::insert(&mut written);
    drop(written);
    let lift = "DROP TRIGGER entries_not_updated; DROP TRIGGER entries_not_deleted;";
    sqlite3(
        folder.path(),
        &format!("{lift} DELETE FROM entries WHERE number = 3;"),
    );
    let bad = || State::NotVerified {
        why: "entry 3 is missing".to_owned(),
    };
    let (certificate, html) = sheet(folder.path(), 2, bad(), Language::Ja);
    assert!(!certificate.is_whole());
    assert!(html.contains("取り消されたかどうか分からない"));
    assert!(html.contains(">媒体検査結果書（証明にならない）</h1>"));
    assert!(html.contains("class=\"verdict unproven\"") && !html.contains("証明書"));
    assert!(!html.contains("既知の脅威が見つからなかった"));
    // The insertion is gone too: then nobody knows where it was.
    sqlite3(folder.path(), "DELETE FROM entries WHERE number = 1;");
    let (certificate, html) = sheet(folder.path(), 2, bad(), Language::En);
    assert!(!certificate.is_whole());
    assert!(html.contains("whether it was at the kiosk or by hand is not known"));
    assert!(html.contains("class=\"verdict unproven\""));
}
