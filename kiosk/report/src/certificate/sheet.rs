//! The sheet of paper that a certificate becomes.

mod words;

mod facts;

use askama::Template;
use jiff::tz::TimeZone;
use wire::{Reason, Verdict};

use super::{Certificate, Named, Origin};
use crate::about::About;
use crate::error::ReportError;
use crate::language::{Language, text};
use crate::page::{Fact, Sign, footer, lines, sign, site};
use crate::say::{self, number};
use words::Sheet;

#[derive(Template)]
#[template(path = "certificate.html")]
struct Page {
    parts: Vec<Part>,
    title: String,
    lang: &'static str,
    footer: String,
}

struct Part {
    lang: &'static str,
    title: &'static str,
    site: String,
    number: String,
    shape: &'static str,
    word: &'static str,
    class: &'static str,
    reasons: String,
    state: Sign,
    facts: Vec<Fact>,
    counts: Vec<Fact>,
    ledger: Vec<Fact>,
    named: Vec<String>,
    unnamed: Option<String>,
    says: String,
    silent: String,
    says_title: &'static str,
    silent_title: &'static str,
    found_title: &'static str,
    ledger_title: &'static str,
    checkpoint: Option<String>,
    signed: [&'static str; 2],
    notices: Vec<&'static str>,
}

/// The sheet in these languages, each on a page of its own.
///
/// # Errors
/// [`ReportError::Page`].
pub fn render(
    certificate: &Certificate,
    about: &About,
    zone: &TimeZone,
    languages: &[Language],
) -> Result<String, ReportError> {
    let part = |language: &Language| part(certificate, about, zone, *language);
    let parts: Vec<Part> = languages.iter().map(part).collect();
    let title = parts.first().map_or_else(String::new, |part| {
        format!("{} {}", part.title, part.number)
    });
    let page = Page {
        lang: parts.first().map_or("ja", |part| part.lang),
        title,
        footer: footer(&format!("no. {}", certificate.entry), about),
        parts,
    };
    Ok(page.render()?)
}

fn part(certificate: &Certificate, about: &About, zone: &TimeZone, language: Language) -> Part {
    let said = |ja, en| text(ja, en).say(language);
    let verdict = certificate.verdict();
    let class = match verdict {
        Verdict::Pass if !Sheet::of(certificate, about).is_proved() => "unproven",
        Verdict::Pass => "pass",
        Verdict::Stop => "stop",
        Verdict::Incomplete => "incomplete",
    };
    let rows = &certificate.rows;
    let unnamed = match language {
        Language::Ja => format!(
            "ほか{}件（kioskctl log show {}）",
            rows.unnamed, certificate.entry
        ),
        Language::En => format!(
            "and {} more (kioskctl log show {})",
            rows.unnamed, certificate.entry
        ),
    };
    let word = match language {
        Language::Ja => verdict.word_ja(),
        Language::En => verdict.word_en(),
    };
    let sheet = Sheet::of(certificate, about);
    Part {
        lang: language.code(),
        title: sheet.title(language),
        site: site(about, language),
        number: certificate.entry.to_string(),
        shape: verdict.shape(),
        word,
        class,
        reasons: reasons(certificate, language).join(said("、", ", ")),
        state: sign(about, language),
        facts: facts::scanned(certificate, zone, language),
        counts: facts::counts(certificate, language),
        ledger: facts::ledger(certificate, about, zone, language),
        named: rows.named.iter().map(|one| named(one, language)).collect(),
        unnamed: (0 < rows.unnamed).then_some(unnamed),
        says_title: said("この書面が示すこと", "What this sheet says"),
        says: sheet.says(language),
        silent_title: said("この書面が示さないこと", "What it does not say"),
        silent: sheet.silent(language),
        found_title: said(
            "見つかったもの・調べられなかったもの",
            "Found or not examined",
        ),
        ledger_title: said("記録の照合", "To check it against the ledger"),
        checkpoint: about.seal.checkpoint.as_deref().map(lines),
        signed: sheet.signed(language),
        notices: notices(certificate, language),
    }
}

/// What whoever holds the sheet must know before anything else.
fn notices(certificate: &Certificate, language: Language) -> Vec<&'static str> {
    let said = |ja, en| text(ja, en).say(language);
    let mut notices = Vec::new();
    match certificate.origin {
        Origin::Checkpoint => {}
        Origin::ByHand => notices.push(said(
            "手動検査（kioskctl scan）の結果である。検査所での検査ではなく、持ち込みの許可ではない。",
            "This is the result of a scan by hand (kioskctl scan): not of the kiosk, and no leave to bring anything in.",
        )),
        Origin::Unknown => notices.push(said(
            "挿入の記録が読めない。検査所での検査か手動の検査か分からない。",
            "The entry of the insertion cannot be read: whether it was at the kiosk or by hand is not known.",
        )),
    }
    if certificate.is_later_unreadable {
        notices.push(said(
            "この判定より後の記録に読めないものがある。取り消されたかどうか分からない。",
            "Entries after this verdict cannot be read: whether it was withdrawn is not known.",
        ));
    }
    if certificate.rows.unreadable {
        notices.push(said(
            "ファイル行の全部または一部が読めないか、封印されて書庫にある。下の件数は全部ではない。",
            "Some or all file rows cannot be read, or are in the archive of a sealed period: the counts are not complete.",
        ));
    }
    notices
}

/// One thing that was found or not examined, with its place.
fn named(one: &Named, language: Language) -> String {
    let line = match one {
        Named::Found { rule, place } => format!("✕ {rule}: {place}"),
        Named::Missed { gap, place } => format!("△ {}: {place}", say::gap(*gap).say(language)),
    };
    wire::name::line(&line)
}

fn reasons(certificate: &Certificate, language: Language) -> Vec<String> {
    let of = |reason: &Reason| {
        let said = say::reason(reason.code).say(language);
        format!("{said} ({})", number(reason.count))
    };
    if let Some((entry, _, reasons)) = &certificate.withdrawn {
        let first = match language {
            Language::Ja => format!("合格は記録{entry}で取り消された"),
            Language::En => format!("the PASS was withdrawn by entry {entry}"),
        };
        return std::iter::once(first)
            .chain(reasons.iter().map(of))
            .collect();
    }
    if certificate.origin == Origin::ByHand {
        let by_hand = text("検査所での判定ではない", "not a verdict of the kiosk");
        return std::iter::once(by_hand.say(language).to_owned())
            .chain(certificate.judged.reasons.iter().map(of))
            .collect();
    }
    certificate.judged.reasons.iter().map(of).collect()
}
