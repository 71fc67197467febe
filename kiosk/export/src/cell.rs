//! What a spreadsheet has room for in a cell. It puts what is too much into the next row, where
//! no guard against formulas stands before it.

use serde_json::Value;

use crate::formula::guarded;
use crate::line::CUT;

/// Most letters of a cell, in units of UTF-16: Excel's. What is longer is cut and says so.
pub const CELL_LETTERS_MAX: usize = 32_767;

/// How many elements of each list are kept of an entry that is too long, in the order of trying.
const KEPT: [usize; 6] = [256, 64, 16, 4, 1, 0];

fn letters(text: &str) -> usize {
    text.encode_utf16().count()
}

/// How many letters a text takes with its guard.
fn room(text: &str) -> usize {
    letters(&guarded(text))
}

/// As much of a text as a cell holds.
pub(crate) fn within_cell(text: &str) -> String {
    cut(text, CELL_LETTERS_MAX)
}

fn cut(text: &str, letters_max: usize) -> String {
    if letters(text) <= letters_max {
        return text.to_owned();
    }
    let room = letters_max.saturating_sub(letters(CUT));
    let mut units = 0_usize;
    let kept = text.chars().take_while(|letter| {
        units = units.saturating_add(letter.len_utf16());
        units <= room
    });
    let mut cut: String = kept.collect();
    cut.push_str(CUT);
    cut
}

fn more(count: usize) -> String {
    format!("⟨{count} more⟩")
}

/// A list as a text; when a cell has no room for all of it, its beginning and how many more
/// there are.
pub(crate) fn list(parts: &[String], between: &str) -> String {
    let step = letters(between);
    let size = |part: &String| room(part).saturating_add(step);
    let all = parts.iter().map(size).fold(0, usize::saturating_add);
    if all <= CELL_LETTERS_MAX {
        return parts.join(between);
    }
    let most = CELL_LETTERS_MAX.saturating_sub(letters(&more(parts.len())));
    let mut taken = 0_usize;
    let fits = |part: &&String| {
        taken = taken.saturating_add(size(part));
        taken <= most
    };
    let mut kept: Vec<String> = parts.iter().take_while(fits).cloned().collect();
    if let ([], Some(first)) = (kept.as_slice(), parts.first()) {
        // The guard of what is cut is longer by no more than its own parts.
        let guards = room(first).saturating_sub(letters(first));
        kept.push(cut(first, most.saturating_sub(step).saturating_sub(guards)));
    }
    let left = parts.len().saturating_sub(kept.len());
    if 0 < left {
        kept.push(more(left));
    }
    kept.join(between)
}

/// What an entry says, as JSON; when a cell has no room for it, with fewer elements in each list
/// and how many more there are, as JSON still.
pub(crate) fn details(event: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    let whole = record::canonical::line(event)?;
    if room(&whole) <= CELL_LETTERS_MAX {
        return Ok(whole);
    }
    let value = serde_json::to_value(event)?;
    for most in KEPT {
        let text = record::canonical::line(&fewer(&value, most))?;
        if room(&text) <= CELL_LETTERS_MAX {
            return Ok(text);
        }
    }
    Ok(whole)
}

/// The value with at most so many elements in each list.
fn fewer(value: &Value, most: usize) -> Value {
    match value {
        Value::Array(all) => {
            let mut kept: Vec<Value> = all.iter().take(most).map(|one| fewer(one, most)).collect();
            let left = all.len().saturating_sub(kept.len());
            if 0 < left {
                kept.push(Value::String(more(left)));
            }
            Value::Array(kept)
        }
        Value::Object(keys) => {
            let each = keys
                .iter()
                .map(|(key, one)| (key.clone(), fewer(one, most)));
            Value::Object(each.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_is_too_long_for_a_cell_is_cut_and_says_so() {
        let whole = "検".repeat(CELL_LETTERS_MAX);
        assert_eq!(within_cell(&whole), whole);
        // A letter of two units must not be halved.
        let long = "𠮷".repeat(CELL_LETTERS_MAX);
        let cut = within_cell(&long);
        assert!(cut.ends_with(CUT));
        assert!(letters(&cut) <= CELL_LETTERS_MAX);
        assert!(CELL_LETTERS_MAX - 2 <= letters(&cut));
    }

    #[test]
    fn a_list_that_is_too_long_says_how_many_more_there_are() {
        let parts = |count: usize| vec!["=123456789".to_owned(); count];
        assert_eq!(list(&parts(3), "; "), "=123456789; =123456789; =123456789");
        let long = list(&parts(10_000), "; ");
        let shown = long.matches("=123456789; ").count();
        assert!(
            long.ends_with(&format!("; {}", more(10_000 - shown))),
            "{shown}"
        );
        assert!(room(&long) <= CELL_LETTERS_MAX && CELL_LETTERS_MAX - 50 < room(&long));
        let one = list(&["=;".repeat(CELL_LETTERS_MAX), "b".to_owned()], " > ");
        assert!(one.ends_with(&format!("{CUT} > {}", more(1))));
    }

    #[test]
    fn an_entry_that_is_too_long_is_json_still() {
        let value = serde_json::json!({ "a": { "changed": vec!["x".repeat(100); 1_000] } });
        let text = details(&value).unwrap();
        assert!(room(&text) <= CELL_LETTERS_MAX);
        let read: Value = serde_json::from_str(&text).unwrap();
        let kept = read["a"]["changed"].as_array().unwrap();
        assert_eq!(kept.len(), 257);
        assert_eq!(kept[256], more(744));
        let short = serde_json::json!({ "a": [1, 2] });
        assert_eq!(details(&short).unwrap(), r#"{"a":[1,2]}"#);
    }

    proptest! {
        #[test]
        fn no_list_takes_more_than_a_cell_with_its_guard(
            parts in proptest::collection::vec("[=;a𠮷]{0,9000}", 0..8)
        ) {
            let text = list(&parts, "; ");
            prop_assert!(room(&text) <= CELL_LETTERS_MAX);
        }
    }
}
