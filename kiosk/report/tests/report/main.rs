//! The pages, made from a made-up month: what they say, what cannot act in them, and what a
//! browser makes of them.

#[path = "../../examples/month/events.rs"]
mod events;

mod made;

use report::Language;

use made::{Made, about, verified};

#[test]
fn dump() {
    let out = std::env::var("REPORT_OUT").unwrap();
    let made = Made::november();
    for (name, languages) in [
        ("ja", &[Language::Ja][..]),
        ("en", &[Language::En]),
        ("both", &Language::ALL),
    ] {
        std::fs::write(
            format!("{out}/{name}.html"),
            made.page(&about(verified()), languages),
        )
        .unwrap();
    }
    let bad = report::State::NotVerified {
        why: "ledger altered: entry 17 was changed: its bytes do not hash to its leaf".to_owned(),
    };
    std::fs::write(
        format!("{out}/bad.html"),
        made.page(&about(bad), &[Language::Ja]),
    )
    .unwrap();
}
