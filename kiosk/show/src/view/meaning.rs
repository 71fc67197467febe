//! What an answer means on the way that the medium goes, and what the person does now.

use wire::Verdict;
use wire::view::{Brought, Shown};

use super::verdict::Medium;
use crate::text;
use crate::words::{Both, Words};

/// What the verdict means for the way on which the medium is.
pub(super) fn meaning(words: &Words, shown: &Shown) -> Both {
    words.say(match (shown.verdict, shown.is_out) {
        (Verdict::Pass, false) => "pass-meaning",
        (Verdict::Pass, true) => "pass-meaning-out",
        (Verdict::Stop, false) => "stop-meaning",
        (Verdict::Stop, true) => "stop-meaning-out",
        (Verdict::Incomplete, false) => "incomplete-meaning",
        (Verdict::Incomplete, true) => "incomplete-meaning-out",
    })
}

/// The waiver that a PASS rests on: then something was found.
pub(super) fn waived(words: &Words, shown: &Shown) -> Option<Both> {
    let number = *shown.waivers.first()?;
    let key = if shown.is_out {
        "pass-waived-out"
    } else {
        "pass-waived"
    };
    Some(words.with(key, &[("number", number)]))
}

/// What the person does now.
pub(super) fn next(words: &Words, shown: &Shown, medium: Medium) -> Both {
    let first = shown.reasons.first();
    match (shown.verdict, medium, first) {
        (Verdict::Pass, Medium::In, _) if shown.put_back.is_some() => words.say("put-back-next"),
        (Verdict::Pass, Medium::Out, _) if shown.put_back.is_some() => {
            words.say("put-back-removed")
        }
        (Verdict::Pass, Medium::In, _) => words.say("pass-next"),
        (Verdict::Pass, Medium::Out, _) => words.say("removed-pass"),
        (Verdict::Stop | Verdict::Incomplete, _, Some(reason)) => words.next(reason.code),
        (Verdict::Stop | Verdict::Incomplete, _, None) => words.say("next-none"),
    }
}

/// Where a medium that was lent belongs.
pub(super) fn put_back(words: &Words, shown: &Shown, cells: usize) -> Option<String> {
    let place = text::readable_text(shown.put_back.as_ref()?);
    let title = words.say("put-back-place");
    let title = format!("{} {}: ", title.ja, title.en);
    let room = cells.saturating_sub(text::width(&title));
    Some(title + &text::fit_middle(&place, room))
}

/// What became of the rules that the medium brought, in one row.
pub(super) fn brought_line(words: &Words, brought: &Brought, cells: usize) -> String {
    let (both, more) = match brought {
        Brought::Installing => (words.say("brought-installing"), String::new()),
        Brought::Installed { bundle, version } => {
            let both = words.with("brought-installed", &[("version", *version)]);
            (both, text::readable_text(bundle))
        }
        Brought::Refused { why } => (words.say("brought-refused"), text::readable_text(why)),
    };
    text::fit_start(&format!(" {}  {more} ", both.joined()), cells)
}
