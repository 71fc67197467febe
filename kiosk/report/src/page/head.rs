//! The head of a page: what it is about, and what came of verifying the ledger.

use super::{Fact, Sign, View};
use crate::about::{About, State};
use crate::language::{Language, text};
use crate::period::{minute_of, second_of};
use crate::say;

/// What came of verifying the ledger.
pub(crate) fn sign(about: &About, language: Language) -> Sign {
    let said = |ja, en| text(ja, en).say(language);
    match &about.seal.state {
        State::Verified { entries, rows } => Sign {
            holds: true,
            word: said("検証済み", "VERIFIED"),
            detail: match language {
                Language::Ja => format!(
                    "この帳票を作るときに台帳の全{}件（ファイル行{}件）を検証し、改変・欠落・入替えがないことを確かめた。",
                    say::number(*entries),
                    say::number(*rows)
                ),
                Language::En => format!(
                    "All {} entries of the ledger with their {} file rows were verified when this page was made: none changed, missing or moved.",
                    say::number(*entries),
                    say::number(*rows)
                ),
            },
        },
        State::NotVerified { why } => Sign {
            holds: false,
            word: said("検証不合格", "NOT VERIFIED"),
            detail: match language {
                Language::Ja => format!(
                    "台帳が書かれたままではない。この帳票の数は証拠にならない。検証の答え：{}",
                    wire::name::line(why)
                ),
                Language::En => format!(
                    "The ledger is not as it was written. The numbers on this page prove nothing. The verifier says: {}",
                    wire::name::line(why)
                ),
            },
        },
    }
}

/// What the head says of the page.
pub(super) fn facts(view: View<'_>) -> Vec<Fact> {
    let (month, about) = (view.month, view.about);
    let period = &month.period;
    let fact = |name, value: String| Fact {
        name,
        value: wire::name::line(&value),
        is_code: false,
    };
    let range = month.range.map_or_else(
        || view.say("なし", "none").to_owned(),
        |(first, last)| {
            let count = say::number(month.entries);
            match view.language {
                Language::Ja => format!("{first} から {last} まで（{count}件）"),
                Language::En => format!("{first} to {last} ({count})"),
            }
        },
    );
    let hosts = if month.hosts.is_empty() {
        "-".to_owned()
    } else {
        month.hosts.join(", ")
    };
    let mut facts = vec![
        fact(
            view.say("対象期間", "Period"),
            format!(
                "{} – {} ({})",
                period.first_day(),
                period.last_day(),
                period.zone_name()
            ),
        ),
        fact(view.say("装置", "Kiosk"), hosts),
        fact(view.say("記録番号", "Entries"), range),
        fact(
            view.say("作成日時", "Made at"),
            second_of(about.made_at, period.zone()),
        ),
        fact(view.say("作成者", "Made by"), say::person(&about.made_by)),
    ];
    facts.push(Fact {
        name: view.say("先頭コード", "Head code"),
        value: about
            .seal
            .head
            .as_ref()
            .map_or_else(|| "-".to_owned(), say::head_code),
        is_code: true,
    });
    facts
}

/// Why a page does not hold everything: entries or rows that could not be read, or a month that
/// is not over.
pub(super) fn incomplete(view: View<'_>) -> Option<String> {
    let month = view.month;
    let entries = month.unreadable.count();
    let rows = month.rows_unreadable.count();
    let mut parts = Vec::new();
    if 0 < entries {
        let named: Vec<String> = month
            .unreadable
            .kept()
            .iter()
            .take(8)
            .map(u64::to_string)
            .collect();
        let (count, named) = (say::number(entries), named.join(", "));
        parts.push(match view.language {
            Language::Ja => {
                format!("読めない記録が{count}件ある（番号 {named} など）。表に含まれない。")
            }
            Language::En => {
                format!("{count} entries cannot be read ({named} and so on). No table has them.")
            }
        });
    }
    if 0 < rows {
        let named: Vec<String> = month
            .rows_unreadable
            .kept()
            .iter()
            .take(8)
            .map(u64::to_string)
            .collect();
        let named = named.join(", ");
        parts.push(match view.language {
            Language::Ja => format!("ファイル行の一部が読めない記録がある（番号 {named}）。"),
            Language::En => format!("Some file rows of these entries cannot be read: {named}."),
        });
    }
    let sealed = view.about.seal.sealed;
    if month.range.is_some_and(|(first, _)| first <= sealed) {
        parts.push(match view.language {
            Language::Ja => format!(
                "記録{sealed}までのファイル行は封印されて書庫にある。「見つかったもの」「調べられなかったもの」にはそれ以後だけが含まれる。"
            ),
            Language::En => format!(
                "The file rows of entries up to {sealed} are in an archive: what was found and not examined is told only of later ones."
            ),
        });
    }
    if month.range.is_none() {
        parts.push(nothing(view).to_owned());
    }
    if view.about.made_at < month.period.ends() {
        let until = minute_of(view.about.made_at, month.period.zone());
        parts.push(match view.language {
            Language::Ja => format!("対象月はまだ終わっていない。{until} までの記録による。"),
            Language::En => format!("The month is not over: entries up to {until}."),
        });
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What a month without entries is, so that its zeros are not read as a quiet month.
fn nothing(view: View<'_>) -> &'static str {
    if view.month.follows_entries {
        view.say(
            "この月に記録はない。期末の状態はそれより前の記録による。",
            "The month has no entry. What is open at its end is told from the entries before it.",
        )
    } else {
        view.say(
            "この月に記録はなく、それより前の記録もない。",
            "The month has no entry, and none is from before it.",
        )
    }
}
