//! The sheet of paper that a certificate becomes.

use askama::Template;
use jiff::tz::TimeZone;
use wire::{Reason, Verdict};

use super::{Certificate, Named};
use crate::about::About;
use crate::error::ReportError;
use crate::gather::media::claimed;
use crate::language::{Language, Text, text};
use crate::page::{Fact, Sign, footer, lines, sign, site};
use crate::period::{minute_of, second};
use crate::say::{self, number};

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
    says: &'static str,
    silent: &'static str,
    says_title: &'static str,
    silent_title: &'static str,
    found_title: &'static str,
    ledger_title: &'static str,
    checkpoint: Option<String>,
    signed: [&'static str; 2],
    unreadable: Option<&'static str>,
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
    let passed = verdict == Verdict::Pass;
    let class = match verdict {
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
    Part {
        lang: language.code(),
        title: if passed {
            said("媒体検査証明書", "Certificate of examination")
        } else {
            said(
                "媒体検査結果書（合格ではない）",
                "Result of examination (not a PASS)",
            )
        },
        site: site(about, language),
        number: certificate.entry.to_string(),
        shape: verdict.shape(),
        word: match language {
            Language::Ja => verdict.word_ja(),
            Language::En => verdict.word_en(),
        },
        class,
        reasons: reasons(certificate, language).join(said("、", ", ")),
        state: sign(about, language),
        facts: medium_facts(certificate, zone, language),
        counts: counts(certificate, language),
        ledger: ledger_facts(certificate, about, zone, language),
        named: rows.named.iter().map(|one| named(one, language)).collect(),
        unnamed: (0 < rows.unnamed).then_some(unnamed),
        says_title: said("この書面が示すこと", "What this sheet says"),
        says: says(passed).say(language),
        silent_title: said("この書面が示さないこと", "What it does not say"),
        silent: said(
            "ファイルが無害であること。未知の脅威がないこと。検査の後に内容が変わっていないこと。検査装置にだけ別の内容を見せる媒体でないこと。",
            "That a file is harmless; that there is no unknown threat; that nothing was changed after the examination; that the medium shows the same content elsewhere.",
        ),
        found_title: said(
            "見つかったもの・調べられなかったもの",
            "Found or not examined",
        ),
        ledger_title: said("記録の照合", "To check it against the ledger"),
        checkpoint: about.seal.checkpoint.as_deref().map(lines),
        signed: [said("検査担当", "Examined by"), said("受領", "Received by")],
        unreadable: rows.unreadable.then_some(said(
            "ファイル行の全部または一部が読めないか、封印されて書庫にある。下の件数は全部ではない。",
            "Some or all file rows cannot be read, or are in the archive of a sealed period: the counts are not complete.",
        )),
    }
}

/// What the sheet is worth.
const fn says(passed: bool) -> Text {
    if passed {
        text(
            "上の媒体のすべての割当て領域を、上の時刻に、上の定義で調べ、既知の脅威が見つからなかった。その結果は台帳に上の番号で記録されている。",
            "At the time above, every allocated byte of the medium above was examined with the rules above, and nothing known to be bad was found. The ledger has it under the number above.",
        )
    } else {
        text(
            "上の媒体は合格していない。理由は判定の下にある。その結果は台帳に上の番号で記録されている。",
            "The medium above did not pass, for the reasons under the verdict. The ledger has it under the number above.",
        )
    }
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
    certificate.judged.reasons.iter().map(of).collect()
}

fn fact(name: &'static str, value: impl AsRef<str>) -> Fact {
    Fact {
        name,
        value: wire::name::line(value.as_ref()),
        is_code: false,
    }
}

fn medium_facts(certificate: &Certificate, zone: &TimeZone, language: Language) -> Vec<Fact> {
    let said = |ja, en| text(ja, en).say(language);
    let judged = &certificate.judged;
    let unregistered = said("登録なし", "not registered");
    let medium = judged.medium.as_deref().unwrap_or(unregistered);
    let mut facts = vec![fact(said("媒体", "Medium"), medium)];
    if let Some(claim) = &certificate.claim {
        let maker = claim.manufacturer.escaped();
        let product = claim.product.escaped();
        let name = format!("{} {maker} {product}", claimed(claim));
        facts.push(fact(
            said("USB識別・製造番号", "USB id, serial"),
            wire::name::line_within(&name, 200),
        ));
    } else {
        let name = judged.target.name.escaped().to_string();
        facts.push(fact(
            say::target(judged.target.kind).say(language),
            wire::name::line_within(&name, 200),
        ));
    }
    facts.push(fact(
        said("容量", "Size"),
        format!(
            "{} {}",
            number(judged.target.size_bytes),
            said("バイト", "bytes")
        ),
    ));
    let visit = certificate.visit.as_ref();
    let none = || said("受付なし", "no visit").to_owned();
    facts.push(fact(
        said("持込者", "Person"),
        visit.map_or_else(none, |visit| visit.person.clone()),
    ));
    facts.push(fact(
        said("会社・訪問", "Company, visit"),
        visit.map_or_else(
            || "-".to_owned(),
            |visit| format!("{} ({})", visit.company, visit.id),
        ),
    ));
    let time = |utc: &Option<String>| {
        utc.as_ref()
            .map_or_else(|| "-".to_owned(), |utc| second(utc, zone))
    };
    facts.push(fact(
        said("挿入", "Inserted"),
        time(&certificate.inserted_utc),
    ));
    facts.push(fact(
        said("検査", "Examined"),
        format!(
            "{} – {}",
            second(&judged.started, zone),
            second(&judged.finished, zone)
        ),
    ));
    facts.push(fact(
        said("取外し", "Removed"),
        time(&certificate.removed_utc),
    ));
    facts
}

fn counts(certificate: &Certificate, language: Language) -> Vec<Fact> {
    let said = |ja, en| text(ja, en).say(language);
    let judged = &certificate.judged;
    let rows = &certificate.rows;
    let dash = || "-".to_owned();
    let rules = judged.rules.as_ref();
    let age = rules.and_then(|rules| rules.age_days);
    let age = age.map_or_else(dash, |days| format!("{days} {}", said("日", "days")));
    let engines = rules.map(|rules| &rules.engines).into_iter().flatten();
    let engines = engines.map(|engine| format!(" + {} {}", engine.name, engine.version));
    let totals = judged.totals.as_ref();
    let bytes = totals.map_or_else(dash, |totals| {
        format!(
            "{} {}",
            number(totals.bytes_hashed),
            said("バイト", "bytes")
        )
    });
    vec![
        fact(
            said("調べた内容", "Contents examined"),
            number(
                rows.clean
                    .saturating_add(rows.matched)
                    .saturating_add(rows.unchecked),
            ),
        ),
        fact(said("問題なし", "Clean"), number(rows.clean)),
        fact(said("定義に一致", "Matched"), number(rows.matched)),
        fact(said("未検査", "Not examined"), number(rows.unchecked)),
        fact(said("ハッシュ計算", "Hashed"), bytes),
        fact(
            said("例外を用いた所見", "Findings waived"),
            number(rows.waived),
        ),
        fact(
            said("検査の定義", "Rules"),
            rules.map_or_else(dash, |rules| {
                let engines: String = engines.collect();
                format!(
                    "{} {} ({}){engines}",
                    rules.bundle,
                    rules.version,
                    number(rules.rules)
                )
            }),
        ),
        fact(said("定義の古さ", "Age of the rules"), age),
    ]
}

fn ledger_facts(
    certificate: &Certificate,
    about: &About,
    zone: &TimeZone,
    language: Language,
) -> Vec<Fact> {
    let said = |ja, en| text(ja, en).say(language);
    let head = about.seal.head.as_ref();
    let code = |name, value: String| Fact {
        is_code: true,
        ..fact(name, value)
    };
    vec![
        code(said("記録番号", "Entry"), certificate.entry.to_string()),
        fact(
            said("記録の日時", "Recorded"),
            second(&certificate.recorded_utc, zone),
        ),
        code(
            said("記録のハッシュ", "Leaf"),
            certificate.leaf_sha256.to_string(),
        ),
        fact(said("装置", "Kiosk"), &certificate.host),
        code(
            said("先頭コード（作成時）", "Head code (when made)"),
            head.map_or_else(|| "-".to_owned(), say::head_code),
        ),
        fact(
            said("作成", "Made"),
            format!(
                "{} {}",
                minute_of(about.made_at, zone),
                say::person(&about.made_by)
            ),
        ),
    ]
}
