//! `kioskctl log show --visit` and `--insertion`: what happened, as a person would tell it.
//!
//! Every sentence comes from entries and names them, so that each can be checked with
//! `log show`. The order is that of the ledger, whatever the clock said.

mod cast;

mod custody;

mod tell;

mod verdict;

mod voice;

mod words;

use broker::Paths;
use broker::site::Site;
use jiff::Timestamp;
use record::Ledger;
use record::reader::Filter;
use serde_json::{Map, Value, json};

use crate::CommandError;
use crate::print;
use crate::words::Language;
use cast::Cast;
use tell::Teller;
use voice::Voice;

/// What is told.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// A visit, by its id.
    Visit(String),
    /// An insertion, by the number of its entry.
    Insertion(u64),
}

/// One sentence, and what it rests on.
#[derive(Clone, Debug)]
struct Sentence {
    /// The entries that say so, the first the one it is told at.
    entries: Vec<u64>,
    /// When that one was written.
    recorded: Option<Timestamp>,
    /// Which sentence of the table.
    what: String,
    values: Vec<(&'static str, String)>,
}

/// Runs the command.
pub(super) fn run(
    subject: &Subject,
    language: Option<Language>,
    is_json: bool,
    ledger: &Ledger,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let voice = Voice {
        language: language.unwrap_or_else(Language::of_locale),
        zone: Site::read(paths)?.zone,
    };
    let cast = Cast::of(subject, ledger)?;
    let sentences = told(&cast, &voice, ledger)?;
    if is_json {
        print::line(&object(&cast, &voice, &sentences)?);
        return Ok(0);
    }
    print::line(&cast.title(&voice));
    for sentence in &sentences {
        print::line(&line(sentence, &voice));
    }
    Ok(0)
}

fn told(cast: &Cast, voice: &Voice, ledger: &Ledger) -> Result<Vec<Sentence>, CommandError> {
    let mut teller = Teller::new(cast, voice, ledger);
    for entry in ledger.entries(Filter::default())? {
        let entry = entry?;
        teller.hear(&entry, &entry.content()?)?;
    }
    Ok(teller.end())
}

/// A sentence with the time of its entry, by the site and in UTC, and the entries in brackets.
fn line(sentence: &Sentence, voice: &Voice) -> String {
    let time = sentence.recorded.map(|time| voice.both(time));
    let text = words::fill(&sentence.what, &sentence.values, voice.language);
    let entries = sentence.entries.iter();
    let entries: Vec<String> = entries.map(u64::to_string).collect();
    format!(
        "{}  {text} [{}]",
        time.unwrap_or_default(),
        entries.join(", ")
    )
}

fn object(cast: &Cast, voice: &Voice, sentences: &[Sentence]) -> Result<String, CommandError> {
    let each = sentences.iter().map(|sentence| {
        let values = sentence.values.iter();
        let values: Map<String, Value> = values
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        json!({
            "entries": sentence.entries,
            "recorded_utc": sentence.recorded.map(|time| time.to_string()),
            "recorded_local": sentence.recorded.map(|time| voice.local(time)),
            "what": sentence.what,
            "values": values,
            "text": words::fill(&sentence.what, &sentence.values, voice.language),
        })
    });
    let each: Vec<Value> = each.collect();
    let (visit, insertion) = match &cast.subject {
        Subject::Visit(visit) => (Some(visit), None),
        Subject::Insertion(number) => (None, Some(number)),
    };
    let object = json!({
        "schema": "media-kiosk/story/1",
        "visit": visit.or(cast.who.as_ref().map(|who| &who.id)),
        "insertion": insertion,
        "person": cast.who.as_ref().map(|who| &who.person),
        "company": cast.who.as_ref().map(|who| &who.company),
        "zone": voice.zone_name(),
        "language": match voice.language {
            Language::Ja => "ja",
            Language::En => "en",
        },
        "sentences": each,
    });
    super::show::json(&object)
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
