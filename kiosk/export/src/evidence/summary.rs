//! `data/summary.html`: the bundle for people, in Japanese and English. One page without any
//! script; whatever comes from a medium or a person is escaped twice: what is hidden is made
//! visible, and what HTML would read is spelled out.

use record::entry::Content;
use record::reader::Entry;
use record::verify::note::Note;
use serde_json::Value;
use wire::{MediumName, Outcome, Row, Verdict};

use super::EvidenceError;
use super::bag::BagFile;
use super::labels;
use super::ledger::Withdrawn;

/// Most rows of each sort (clean, and not) that the page has for one entry: more than anybody
/// reads; `rows/` has them all.
const SUMMARY_ROWS_MAX: usize = 500;

/// Deepest value of an entry that the page takes apart. Entries have five levels.
const SUMMARY_DEPTH_MAX: usize = 16;

const HEAD: &str = include_str!("summary.html");

/// The page while it is written.
pub(super) struct Summary {
    file: BagFile,
    rows: Counted,
}

/// The rows of one entry.
#[derive(Default)]
struct Counted {
    clean: Vec<Row>,
    other: Vec<Row>,
    counts: [u64; 3],
    unknown: u64,
}

impl Counted {
    fn add(&mut self, bytes: &str) {
        let Ok(row) = serde_json::from_str::<Row>(bytes) else {
            self.unknown = self.unknown.saturating_add(1);
            return;
        };
        let [clean, matched, unchecked] = &mut self.counts;
        let (count, kept) = match row.outcome {
            Outcome::Clean => (clean, &mut self.clean),
            Outcome::Matched => (matched, &mut self.other),
            Outcome::Unchecked(_) => (unchecked, &mut self.other),
        };
        *count = count.saturating_add(1);
        if kept.len() < SUMMARY_ROWS_MAX {
            kept.push(row);
        }
    }
}

impl Summary {
    pub(super) fn begin(mut file: BagFile, checkpoint: &Note) -> Result<Self, EvidenceError> {
        let place = format!(
            "<p>台帳 / ledger: <code>{}</code>、{} 件 / entries</p>\n",
            escaped(&checkpoint.origin),
            checkpoint.size
        );
        file.put(HEAD.as_bytes())?;
        file.put(place.as_bytes())?;
        Ok(Self {
            file,
            rows: Counted::default(),
        })
    }

    /// One entry: when, what, and everything that it says; a PASS that was taken back with the
    /// answer that stands in its place.
    pub(super) fn entry(
        &mut self,
        entry: &Entry,
        content: &Content,
        withdrawn: Option<Withdrawn>,
    ) -> Result<(), EvidenceError> {
        let said: Value = serde_json::from_str(&entry.bytes).unwrap_or_default();
        let event = said.pointer("/event/event").and_then(Value::as_str);
        let (ja, en) = labels::event(event.unwrap_or_default());
        let leaf = entry.leaf_sha256.to_string();
        let code: Vec<&str> = (0..4_usize)
            .filter_map(|group| leaf.get(group.checked_mul(4)?..)?.get(..4))
            .collect();
        self.put(&format!(
            "<h2>{} {} <span class=\"en\">{}</span></h2>\n<p>記録された時刻 / recorded (UTC): {}<br>\n\
             番号と符号 / number and code: <code>{} {}</code></p>\n",
            entry.number,
            escaped(ja),
            escaped(en),
            escaped(&content.recorded_utc),
            entry.number,
            code.join(" ")
        ))?;
        if let Some(judged) = content.event.judged() {
            self.put(&answer(judged.verdict, withdrawn))?;
        }
        self.put("<table>\n")?;
        let mut lines = Vec::new();
        flatten(&said, &[], &mut lines);
        for (keys, value) in lines {
            let (ja, en) = labels::path(&keys);
            let line = format!(
                "<tr><th>{} <span class=\"en\">{}</span></th><td>{}</td></tr>\n",
                escaped(&ja),
                escaped(&en),
                escaped(&value)
            );
            self.put(&line)?;
        }
        self.put("</table>\n")
    }

    /// One row of the entry that came last.
    pub(super) fn row(&mut self, bytes: &str) {
        self.rows.add(bytes);
    }

    /// The rows of the entry are complete.
    pub(super) fn rows(&mut self, number: u64) -> Result<(), EvidenceError> {
        let rows = std::mem::take(&mut self.rows);
        let [clean, matched, unchecked] = rows.counts;
        self.put(&format!(
            "<h3>調べたもの <span class=\"en\">what was examined</span></h3>\n<p>異常なし {clean}、検出 {matched}、\
             未検査 {unchecked}、不明 {} <span class=\"en\">{clean} clean, {matched} matched, \
             {unchecked} unchecked, {} unknown</span>。全部は / all of them: \
             <code>rows/{number}.jsonl</code></p>\n",
            rows.unknown, rows.unknown
        ))?;
        self.put(labels::ROWS_HEAD)?;
        for row in rows.other.iter().chain(&rows.clean) {
            self.put(&row_line(row))?;
        }
        self.put("</table>\n")
    }

    pub(super) fn end(mut self) -> Result<BagFile, EvidenceError> {
        self.put("</body>\n</html>\n")?;
        Ok(self.file)
    }

    fn put(&mut self, text: &str) -> Result<(), EvidenceError> {
        self.file.put(text.as_bytes())
    }
}

/// The answer that stands.
fn answer(verdict: Verdict, withdrawn: Option<Withdrawn>) -> String {
    let words = |verdict: Verdict| {
        let (shape, ja) = (verdict.shape(), verdict.word_ja());
        format!(
            "{shape} {ja} <span class=\"en\">{}</span>",
            verdict.word_en()
        )
    };
    let Some(withdrawn) = withdrawn else {
        return format!("<p class=\"verdict\">{}</p>\n", words(verdict));
    };
    let by = withdrawn.by;
    format!(
        "<p class=\"verdict\">{}</p>\n<p><strong>この記録の「{}」は、記録 {by} で取り消されました。\
         <span class=\"en\">The {} of this entry was withdrawn by entry {by}.</span></strong></p>\n",
        words(withdrawn.verdict),
        verdict.word_ja(),
        verdict.word_en()
    )
}

fn row_line(row: &Row) -> String {
    let outcome = match row.outcome {
        Outcome::Clean => "異常なし / clean".to_owned(),
        Outcome::Matched => "検出 / matched".to_owned(),
        Outcome::Unchecked(gap) => format!("未検査 / unchecked: {}", spelled(&gap)),
    };
    let names = row.within.iter().chain([&row.path]);
    let names: Vec<String> = names.map(|name| name.escaped().to_string()).collect();
    let rules: Vec<&str> = row
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    let sha256 = row
        .sha256
        .map_or_else(|| "-".to_owned(), |digest| digest.to_string());
    let size = row.size_bytes.to_string();
    let cells = [outcome, names.join(" > "), size, sha256, rules.join(", ")];
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| format!("<td>{}</td>", escaped(cell)))
        .collect();
    format!("<tr>{}</tr>\n", cells.concat())
}

fn spelled(code: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(code).ok();
    let text = value.as_ref().and_then(Value::as_str);
    text.unwrap_or("?").to_owned()
}

/// Every value by itself, with the keys that lead to it.
fn flatten(value: &Value, keys: &[String], lines: &mut Vec<(Vec<String>, String)>) {
    let below = |key: String| [keys, &[key]].concat();
    match value {
        Value::Object(object) if SUMMARY_DEPTH_MAX < keys.len() => {
            lines.push((keys.to_vec(), Value::Object(object.clone()).to_string()));
        }
        Value::Object(object) => match name(value) {
            Some(name) => lines.push((keys.to_vec(), name)),
            None => {
                let mut all: Vec<(&String, &Value)> = object.iter().collect();
                all.sort_by_key(|(key, _)| labels::place(key));
                all.into_iter()
                    .for_each(|(key, value)| flatten(value, &below(key.clone()), lines));
            }
        },
        Value::Array(values) if values.iter().all(|one| !one.is_object() && !one.is_array()) => {
            let all: Vec<String> = values.iter().map(scalar).collect();
            lines.push((keys.to_vec(), all.join(", ")));
        }
        Value::Array(values) => values
            .iter()
            .zip(1_u64..)
            .for_each(|(value, place)| flatten(value, &below(place.to_string()), lines)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let known = keys.last().zip(value.as_str());
            let known = known.and_then(|(key, text)| labels::value(key, text));
            let text = known.map_or_else(|| scalar(value), str::to_owned);
            lines.push((keys.to_vec(), text));
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A name that is no text, as the ledger spells it.
fn name(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let bytes = wire::name::unhex(object.get("hex")?.as_str()?)?;
    Some(MediumName::cut(&bytes).0.escaped().to_string())
}

/// A text of anybody's inside HTML: nothing hidden, nothing that HTML reads.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // In pieces, because what is past the longest name would be cut off.
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            hidden if wire::name::is_hidden(hidden) => {
                safe.push_str(&format!("⟨U+{:04X}⟩", u32::from(hidden)));
            }
            plain => safe.push(plain),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_html_reads_and_nothing_hidden_stays() {
        assert_eq!(
            escaped("<b a='x'>&\"\u{202e}\u{1b}点検"),
            "&lt;b a=&#39;x&#39;&gt;&amp;&quot;⟨U+202E⟩⟨U+001B⟩点検"
        );
    }

    #[test]
    fn a_value_past_the_depth_is_spelled_as_it_is() {
        let mut value = Value::from(1);
        for _ in 0..=SUMMARY_DEPTH_MAX + 1 {
            value = serde_json::json!({ "a": value });
        }
        let mut lines = Vec::new();
        flatten(&value, &[], &mut lines);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].0.len(), SUMMARY_DEPTH_MAX + 1);
        assert_eq!(lines[0].1, r#"{"a":1}"#);
    }

    #[test]
    fn a_name_that_is_no_text_is_spelled_out() {
        let mut lines = Vec::new();
        let value = serde_json::json!({ "path": { "hex": "61ff0a" }, "more": [1, null, "x"] });
        flatten(&value, &[], &mut lines);
        let values: Vec<&str> = lines.iter().map(|(_, value)| value.as_str()).collect();
        assert!(
            values.contains(&"a⟨FF⟩⟨U+000A⟩") && values.contains(&"1, -, x"),
            "{values:?}"
        );
    }

    #[test]
    fn rows_past_the_most_of_a_sort_are_counted_and_not_kept() {
        let row = r#"{"volume":0,"path":"a","within":[],"kind":"file","size_bytes":5,"sha256":null,
            "type":null,"outcome":"clean","inherited":false,"findings":[]}"#;
        let mut rows = Counted::default();
        for _ in 0..=SUMMARY_ROWS_MAX {
            rows.add(row);
        }
        rows.add(&row.replace("\"clean\"", "{\"unchecked\":\"limit\"}"));
        rows.add("{}");
        assert_eq!((rows.clean.len(), rows.other.len()), (SUMMARY_ROWS_MAX, 1));
        assert_eq!((rows.counts, rows.unknown), ([501, 0, 1], 1));
    }
}
