//! Both languages say the same.

use report::Language;
use report::page::SECTIONS;

use crate::html::{Piece, pieces, tables};
use crate::made::{Made, about, verified};

#[test]
fn both_languages_have_the_same_sections_tables_and_numbers() {
    let made = Made::november();
    let html = made.page(&about(verified()), &Language::ALL);
    for section in SECTIONS {
        let [ja, en] = ["ja", "en"].map(|lang| tables(&html, &format!("{lang}-{section}")));
        assert_eq!(ja.len(), en.len(), "{section}");
        for (ja, en) in ja.iter().zip(&en) {
            assert_eq!(ja.len(), en.len(), "{section}");
            for (ja, en) in ja.iter().zip(en) {
                let numbers = |row: &[String]| -> Vec<String> {
                    let is_number = |cell: &&String| {
                        cell.chars()
                            .all(|letter| letter.is_ascii_digit() || letter == ',')
                    };
                    row.iter().filter(is_number).cloned().collect()
                };
                assert_eq!(numbers(ja), numbers(en), "{section}");
            }
        }
    }
}

#[test]
fn a_page_in_english_alone_has_japanese_only_where_the_ledger_has() {
    let made = Made::november();
    let html = made.page(&about(verified()), &[Language::En]);
    let from_ledger = serde_json::to_string(
        &made
            .entries
            .iter()
            .map(|(content, _)| &content.event)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    let is_japanese = |letter: char| {
        ('\u{3040}'..='\u{30ff}').contains(&letter) || ('\u{4e00}'..='\u{9fff}').contains(&letter)
    };
    let pieces = pieces(&html);
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) if !text.contains("font-family") => Some(text),
        Piece::Text(_) | Piece::Tag { .. } => None,
    });
    let mut seen = 0;
    for text in texts {
        for word in text
            .split(|letter: char| !is_japanese(letter))
            .filter(|word| !word.is_empty())
        {
            let listed = [
                "保全課",
                "佐藤",
                "自社",
                "北日本計装株式会社",
                "東海",
                "ボイラ",
                "長",
            ];
            let known = from_ledger.contains(word) || listed.iter().any(|one| word.contains(one));
            let of_rows = ["保守", "図面", "計装", "報告書", "点検記録"];
            assert!(known || of_rows.contains(&word), "{word}");
            seen += 1;
        }
    }
    assert!(10 < seen);
}

#[test]
fn the_list_of_media_has_one_name_and_the_ledger_another() {
    let mut about = about(verified());
    // A medium that is not on the list any more says so.
    about.media.as_mut().unwrap().pop();
    about.media.as_mut().unwrap().remove(0);
    let html = Made::november().page(&about, &[Language::Ja]);
    for said in [
        "一覧の M-0003: has a keyboard",
        "今の一覧にない",
        "作成時の一覧の媒体は12個",
        "媒体の一覧・業者",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for (place, _) in html.match_indices("台帳") {
        let before: String = html[..place].chars().rev().take(2).collect();
        let after: String = html[place + "台帳".len()..].chars().take(3).collect();
        assert!(
            ["の全", "の状", "が書", "に記", "を検"]
                .iter()
                .any(|one| after.starts_with(one)),
            "{before}台帳{after}"
        );
        assert!(
            !before.starts_with('体') && !before.starts_with('今'),
            "{after}"
        );
    }
}

/// How often each tag of this name has these words in it.
fn tags(html: &str, name: &str, attribute: Option<(&str, &str)>) -> usize {
    let is = |piece: &&Piece| match piece {
        Piece::Text(_) => false,
        Piece::Tag {
            name: tag,
            attributes,
        } => {
            let has = |(key, value): (&str, &str)| {
                attributes
                    .iter()
                    .any(|(own, said)| own == key && said == value)
            };
            tag == name && attribute.is_none_or(has)
        }
    };
    pieces(html).iter().filter(is).count()
}

#[test]
fn a_page_has_one_main_part_with_a_named_section_a_language() {
    let html = Made::november().page(&about(verified()), &Language::ALL);
    assert_eq!(tags(&html, "main", None), 1);
    for lang in ["ja", "en"] {
        let title = format!("{lang}-title");
        assert_eq!(tags(&html, "section", Some(("lang", lang))), 1);
        assert_eq!(tags(&html, "section", Some(("aria-labelledby", &title))), 1);
        assert_eq!(tags(&html, "h1", Some(("id", &title))), 1);
    }
    assert_eq!(tags(&html, "section", None), tags(&html, "/section", None));
}

#[test]
fn every_row_of_a_table_has_one_name() {
    let html = Made::november().page(&about(verified()), &[Language::En]);
    let rows: usize = SECTIONS
        .iter()
        .flat_map(|section| tables(&html, &format!("en-{section}")))
        .map(|table| table.len())
        .sum();
    assert!(200 < rows, "{rows}");
    assert_eq!(tags(&html, "th", Some(("scope", "row"))), rows);
    // Rules and places are what a row of findings is about.
    assert!(html.contains("<th scope=\"row\" class=\"r\"><span>industroyer_<wbr>iec104</span>"));
    assert!(html.contains("<th scope=\"row\" class=\"l\">保守/update.exe"));
}

#[test]
fn every_table_says_what_it_answers_and_the_head_says_what_it_is() {
    let html = Made::november().page(&about(verified()), &Language::ALL);
    assert_eq!(
        html.matches("<p class=\"answers\">").count(),
        2 * SECTIONS.len()
    );
    for part in [
        "2026年11月",
        "November 2026",
        "北部地域熱供給センター 正門",
        "kiosk-gate1",
        "2026-11-01 – 2026-11-30 (UTC+09)",
        "2026-12-01 09:12:00",
        "sato (1000) → root (0)",
        "1234 1a1a 1a1a 1a1a 1a1a",
        "検証済み",
        "media-kiosk/0123456789abcdef",
        "IEC 62443-3-3 SR 2.8",
        "［要確認］",
        "[to be checked]",
    ] {
        assert!(html.contains(part), "{part}");
    }
}
