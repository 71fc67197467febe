//! What was found, in words: the title of the rule, where there is one.

use wire::view::{FirstFinding, Shown};
use wire::{Gap, ReasonCode};

use crate::words::{self, Both, Words};
use crate::{number, text};

/// What was found, instead of only that something was; `None` when nobody gave it a name. The
/// title is cut so that each language fits in `cells` with `spare` of them left over.
pub(super) fn named(words: &Words, shown: &Shown, cells: usize, spare: usize) -> Option<Both> {
    let reason = shown.reasons.first()?;
    let first = shown.first.as_ref()?;
    let key = if matches!(reason.code, ReasonCode::Matched | ReasonCode::Policy) {
        // What blocks comes first, so the first thing found is behind either reason.
        let own = ::words::of(&first.rule).is_some();
        if own { "found-policy" } else { "found-matched" }
    } else if reason.code != ReasonCode::Removed && is_about(first, reason.code) {
        "found-gap"
    } else {
        return None;
    };
    let title = title_of(first)?;
    let kind = words.say(key);
    let many = 1 < reason.count;
    let count = number::grouped(&reason.count.to_string());
    let counted = |text: String| if many { text } else { String::new() };
    let line = |kind: &str, title: &str, count: String| {
        let used = text::width(kind).saturating_add(text::width(&count));
        let room = cells.saturating_sub(used).saturating_sub(spare);
        format!("{kind}{}{count}", text::fit_start(title, room))
    };
    Some(Both {
        ja: line(&kind.ja, &title.ja, counted(format!("（{count}件）"))),
        en: line(
            &format!("{} ", kind.en),
            &title.en,
            counted(format!(" ({count})")),
        ),
    })
}

/// Whether the first thing found is of the gap that the reason names. What is wrong with a
/// volume's structure is damage.
fn is_about(first: &FirstFinding, code: ReasonCode) -> bool {
    let gap = |gap: &Gap| ReasonCode::from(*gap);
    let named = Gap::ALL.iter().find(|one| is_gap(first, **one)).map(gap);
    named.map_or(code == ReasonCode::Damaged, |named| named == code)
}

fn is_gap(first: &FirstFinding, gap: Gap) -> bool {
    format!("{gap:?}").eq_ignore_ascii_case(&first.rule)
}

/// The rule's name; a gap says no more than the reason does.
pub(super) fn rule(first: &FirstFinding) -> Option<String> {
    let is_gap = Gap::ALL.iter().any(|gap| is_gap(first, *gap));
    (!is_gap).then(|| text::readable_text(&first.rule))
}

/// What the rule calls itself, or what the table calls it.
fn title_of(first: &FirstFinding) -> Option<Both> {
    if let Some(title) = &first.title {
        return Some(Both {
            ja: text::readable_text(&title.ja),
            en: text::readable_text(&title.en),
        });
    }
    let said = said(first)?;
    Some(words::both(said.title_ja, said.title_en))
}

/// One sentence about what was found, where the table has one.
pub(super) fn sentence(shown: &Shown) -> Option<Both> {
    let first = shown.first.as_ref()?;
    let said = said(first)?;
    Some(words::both(said.why_ja, said.why_en))
}

/// What the table says about a first thing found. That a member was not examined says less than
/// why it was not, which the reason does.
fn said(first: &FirstFinding) -> Option<::words::Words> {
    let rule = first.cause.as_ref().unwrap_or(&first.rule);
    let says_less = ["member_unchecked", "examined_in_part"].contains(&rule.as_str());
    ::words::of(rule).filter(|_| !says_less)
}
