//! Whatever a medium spells is text on a page, visible, and nothing else.

use report::certificate::{Certificate, render};
use report::{KEYS_MAX, LINES_MAX, Language, PLACE_BYTES_MAX};
use wire::ledger::Event;
use wire::{MediumName, Outcome, Source, Tier};

use crate::few;
use crate::html::{Piece, pieces, tables};
use crate::made::{Made, about, verified, zone};
use crate::month::{self, Book, finding, row};
use crate::written::Written;

const TAGS: [&str; 46] = [
    "!doctype", "html", "head", "meta", "link", "title", "style", "body", "main", "header", "div",
    "h1", "h2", "h3", "p", "b", "span", "table", "caption", "thead", "tbody", "tr", "th", "td",
    "small", "dl", "dt", "dd", "nav", "ol", "li", "a", "section", "pre", "svg", "defs", "pattern",
    "rect", "line", "path", "circle", "text", "ul", "g", "footer", "wbr",
];

const ATTRIBUTES: [&str; 39] = [
    "html",
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "rel",
    "href",
    "class",
    "role",
    "id",
    "scope",
    "viewbox",
    "aria-label",
    "aria-labelledby",
    "xmlns",
    "width",
    "height",
    "patternunits",
    "patterntransform",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "dy",
    "fill",
    "d",
    "cx",
    "cy",
    "r",
    "/",
    "title",
    "colspan",
    "headers",
    "lang",
    "dir",
    "value",
];

/// Every tag and attribute is the template's own, and nothing leads out of the page.
#[track_caller]
fn inert(html: &str) {
    for piece in pieces(html) {
        let Piece::Tag { name, attributes } = piece else {
            continue;
        };
        let bare = name.trim_start_matches('/');
        assert!(TAGS.contains(&bare), "<{name}>");
        for (key, value) in attributes {
            assert!(ATTRIBUTES.contains(&key.as_str()), "<{name} {key}>");
            if key == "href" {
                assert!(value.starts_with('#') || value == "data:,", "{value}");
            }
            if key == "fill" {
                assert!(value.starts_with("url(#"), "{value}");
            }
        }
    }
    let hidden = |letter: &char| *letter != '\n' && wire::name::is_hidden(*letter);
    assert_eq!(html.chars().find(hidden), None);
    assert!(html.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
}

#[test]
fn a_hostile_name_is_text_on_the_page_of_a_month() {
    let made = Made::november();
    for languages in [&[Language::Ja][..], &[Language::En], &Language::ALL] {
        inert(&made.page(&about(verified()), languages));
    }
    let html = made.page(&about(verified()), &[Language::Ja]);
    let places: Vec<String> = tables(&html, "ja-found")[1]
        .iter()
        .map(|row| row[3].clone())
        .collect();
    for name in month::hostile_names() {
        let name = MediumName::new(name).unwrap().escaped().to_string();
        assert!(places.contains(&name), "{name}");
    }
    assert!(html.contains("⟨U+202E⟩") && html.contains("⟨U+001B⟩") && html.contains("⟨FF⟩"));
    assert!(!html.contains("<script") && !html.contains("<img"));
}

#[test]
fn a_hostile_site_person_and_checkpoint_are_text() {
    let mut about = about(report::State::NotVerified {
        why: "entry <script>1</script>".to_owned(),
    });
    about.site = Some((
        "<img src=x>\u{202e}".to_owned(),
        "</title><script>".to_owned(),
    ));
    about.made_by.user = "\"><b onclick=x>".to_owned();
    about.seal.checkpoint = Some("</pre><script>x</script>\n\u{1b}[2J".to_owned());
    inert(&Made::november().page(&about, &Language::ALL));
}

#[test]
fn a_hostile_name_is_text_on_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Written::open(folder.path());
    month::write(&mut written, 4);
    drop(written);
    let ledger = record::Ledger::open(folder.path()).unwrap();
    let last = ledger.last().unwrap().unwrap();
    let mut sheets = 0;
    for entry in ledger.entries(record::reader::Filter::default()).unwrap() {
        let entry = entry.unwrap();
        let Event::Judged(judged) = entry.content().unwrap().event else {
            continue;
        };
        let certificate = Certificate::read(&ledger, entry.number, last).unwrap();
        let html = render(&certificate, &about(verified()), &zone(), &Language::ALL).unwrap();
        inert(&html);
        assert!(html.contains(judged.verdict.word_ja()) && html.contains(judged.verdict.word_en()));
        assert!(html.contains(&entry.leaf_sha256.to_string()));
        // The receipt and the insertion have the same sheet.
        let same = Certificate::read(&ledger, judged.insertion, last).unwrap();
        assert_eq!(same.entry(), entry.number);
        sheets += 1;
    }
    assert!(5 < sheets);
    assert!(Certificate::read(&ledger, 1, last).is_err());
    assert!(Certificate::read(&ledger, last + 1, last).is_err());
}

#[test]
fn past_lines_max_and_keys_max_a_table_says_how_many_more_there_are() {
    let mut made = Made::new();
    made.at(2, 600);
    let many = KEYS_MAX + 5;
    for _ in 0..2 {
        let insertion = u64::try_from(made.entries.len() + 1).unwrap();
        few::plain(&mut made, insertion, many);
    }
    let html = made.page(&about(verified()), &[Language::En]);
    let found = tables(&html, "en-found");
    assert_eq!(found[0].len(), LINES_MAX);
    assert_eq!(found[1].len(), LINES_MAX);
    let all = u64::try_from(2 * many - LINES_MAX).unwrap();
    let all = format!(
        "and {},{:03} more: kioskctl log show N",
        all / 1000,
        all % 1000
    );
    assert!(html.contains(&all), "{all}");
    // Ten findings of five rules had no room.
    assert!(html.contains("and 1,810 more: kioskctl log show N"));
}

#[test]
fn past_place_bytes_max_a_place_is_cut_in_the_table() {
    let mut made = Made::new();
    made.at(2, 600);
    let name = "x".repeat(PLACE_BYTES_MAX + 50);
    let stops = vec![finding("long", Tier::Block, Source::Yara)];
    few::stopped(
        &mut made,
        1,
        vec![row(name.as_bytes(), Outcome::Matched, stops)],
    );
    let html = made.page(&about(verified()), &[Language::Ja]);
    assert!(html.contains(&"x".repeat(PLACE_BYTES_MAX)));
    assert!(!html.contains(&"x".repeat(PLACE_BYTES_MAX + 1)));
}
