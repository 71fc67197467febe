//! The facts on the sheet: what was scanned, what came of it, and where the ledger has it.

use jiff::tz::TimeZone;
use wire::ledger::Judged;
use wire::scan::TargetKind;

use super::super::{Certificate, Origin};
use crate::about::About;
use crate::gather::media::claimed;
use crate::language::{Language, text};
use crate::page::Fact;
use crate::period::{minute_of, second};
use crate::say::{self, number};

/// Longest name of what was scanned, in bytes: two lines.
const NAME_BYTES: usize = 200;

fn fact(name: &'static str, value: impl AsRef<str>) -> Fact {
    Fact {
        name,
        value: wire::name::line(value.as_ref()),
        is_code: false,
    }
}

/// What was scanned, and on which occasion. A scan by hand has neither a visit nor an insertion.
pub(super) fn scanned(certificate: &Certificate, zone: &TimeZone, language: Language) -> Vec<Fact> {
    let said = |ja, en| text(ja, en).say(language);
    let judged = &certificate.judged;
    let examined = fact(
        said("検査", "Examined"),
        format!(
            "{} – {}",
            second(&judged.started, zone),
            second(&judged.finished, zone)
        ),
    );
    if certificate.origin == Origin::ByHand {
        let way = said("手動（kioskctl scan）", "by hand (kioskctl scan)");
        let mut facts = vec![fact(said("検査の方法", "How"), way)];
        facts.push(named(judged, language));
        facts.extend(size(judged, language));
        facts.push(fact(
            said("登録との照合", "Compared with the list"),
            judged_as(judged, language),
        ));
        facts.push(examined);
        return facts;
    }
    let mut facts = vec![fact(said("媒体", "Medium"), medium(judged, language))];
    if let Some(claim) = &certificate.claim {
        let maker = claim.manufacturer.escaped();
        let product = claim.product.escaped();
        let name = format!("{} {maker} {product}", claimed(claim));
        facts.push(fact(
            said("USB識別・製造番号", "USB id, serial"),
            wire::name::line_within(&name, NAME_BYTES),
        ));
    } else {
        facts.push(named(judged, language));
    }
    facts.extend(size(judged, language));
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
    facts.push(examined);
    facts.push(fact(
        said("取外し", "Removed"),
        time(&certificate.removed_utc),
    ));
    facts
}

/// The registered medium, with what its entry of the list had against it.
fn medium(judged: &Judged, language: Language) -> String {
    if let Some(medium) = &judged.medium {
        return medium.clone();
    }
    let codes = || judged.reasons.iter().map(|reason| reason.code);
    let why = codes().find_map(say::registration);
    match (judged.registered(), why, language) {
        (Some(id), None, _) => id.to_owned(),
        (Some(id), Some(why), Language::Ja) => format!("{id}（{}）", why.ja),
        (Some(id), Some(why), Language::En) => format!("{id} ({})", why.en),
        (None, ..) if codes().any(say::is_doubted) => text(
            "登録された媒体とは認められない",
            "not taken for a registered one",
        )
        .say(language)
        .to_owned(),
        (None, ..) => text("登録なし", "not registered").say(language).to_owned(),
    }
}

/// Whether a scan by hand was judged as a registered medium, which its operator said that it is.
fn judged_as(judged: &Judged, language: Language) -> String {
    match (&judged.medium, language) {
        (None, Language::Ja) => "なし".to_owned(),
        (None, Language::En) => "no".to_owned(),
        (Some(medium), Language::Ja) => {
            format!("なし（{medium} とみなして判定。実行した者の指定による）")
        }
        (Some(medium), Language::En) => {
            format!("no (judged as {medium}, because who ran it said so)")
        }
    }
}

/// What was scanned, by its kind and name.
fn named(judged: &Judged, language: Language) -> Fact {
    let name = judged.target.name.escaped().to_string();
    fact(
        say::target(judged.target.kind).say(language),
        wire::name::line_within(&name, NAME_BYTES),
    )
}

/// How large it is. Nobody knows of a folder, or of a device that was refused before it was read.
fn size(judged: &Judged, language: Language) -> Option<Fact> {
    let said = |ja, en| text(ja, en).say(language);
    let name = said("容量", "Size");
    match (judged.target.kind, judged.target.size_bytes) {
        (TargetKind::Folder, _) => None,
        (TargetKind::Device, 0) => Some(fact(name, said("読んでいない", "not read"))),
        (TargetKind::Device | TargetKind::Image | TargetKind::File, bytes) => Some(fact(
            name,
            format!("{} {}", number(bytes), said("バイト", "bytes")),
        )),
    }
}

/// What came of it.
pub(super) fn counts(certificate: &Certificate, language: Language) -> Vec<Fact> {
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

/// Where the ledger has it.
pub(super) fn ledger(
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
