//! Cells that no spreadsheet takes for a formula.

/// What spreadsheets take for the start of a formula, in every width they know.
const SIGNS: [char; 13] = [
    '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '﹦', '﹢', '−',
];

/// What is looked past before the start of a formula: blanks, and quotes that a spreadsheet may
/// take off.
fn is_skipped(letter: char) -> bool {
    letter.is_whitespace() && !SIGNS.contains(&letter)
        || matches!(
            letter,
            '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '＂' | '＇'
        )
}

fn starts_formula(text: &str) -> bool {
    text.trim_start_matches(is_skipped).starts_with(SIGNS)
}

/// The cell with an apostrophe before what a spreadsheet could take for a formula: at its start,
/// and after each semicolon, because half the world's spreadsheets divide cells there. Taking
/// the same apostrophes off gives the text back.
#[must_use]
pub fn guarded(text: &str) -> String {
    let parts = text.split(';').map(|part| {
        if starts_formula(part) {
            format!("'{part}")
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Written from the promise of [`guarded`], not from its code.
    fn unguarded(cell: &str) -> String {
        let parts = cell.split(';').map(|part| match part.strip_prefix('\'') {
            Some(rest) if starts_formula(rest) => rest.to_owned(),
            Some(_) | None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join(";")
    }

    #[test]
    fn every_start_of_a_formula_is_guarded_and_nothing_else_is() {
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "﹦1",
            "﹢1",
            "−1",
            "  =1",
            "\u{3000}=1",
            "\"=1",
            " \" '=1",
            "'=1",
            "＂=1",
        ] {
            assert_eq!(guarded(bad), format!("'{bad}"));
        }
        assert_eq!(guarded("a;=cmd;b; \"-1"), "a;'=cmd;b;' \"-1");
        for good in ["", "a=1", "点検.txt", "1-2", "'a", "a;b", "⟨U+0009⟩=1"] {
            assert_eq!(guarded(good), good);
        }
    }

    proptest! {
        #[test]
        fn no_part_of_a_guarded_cell_starts_a_formula_and_nothing_is_lost(
            text in "[-=+@＝'\" ;a\u{3000}\t]{0,12}|\\PC{0,40}"
        ) {
            let cell = guarded(&text);
            for part in cell.split(';') {
                let first = part.chars().next();
                prop_assert!(!first.is_some_and(|first| SIGNS.contains(&first)), "{part:?}");
                prop_assert!(!starts_formula(part) || part.starts_with('\''), "{part:?}");
            }
            prop_assert_eq!(unguarded(&cell), text);
        }
    }
}
