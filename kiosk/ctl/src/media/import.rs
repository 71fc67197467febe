//! `kioskctl media import` and `export`: the list as a CSV file, as spreadsheets read and write
//! it, and back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use broker::Paths;
use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use decide::allowlist::{Allowlist, LIST_BYTES_MAX, Medium, Status};
use wire::list_change::{Change, Changed, ListName};

use super::cells::{self, Cells, KEYS};
use super::{add, edit};
use crate::CommandError;
use crate::lists::{self, Document, Edit};
use crate::print;

/// Most bad lines that are named at a time: a screen of them.
const FAULTS_NAMED_MAX: usize = 40;

/// Options of `kioskctl media import`.
#[derive(clap::Args)]
pub(super) struct Import {
    /// A CSV file with a head line that names the keys of the list
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A line of the file: where, and what it says.
struct Line {
    number: u64,
    id: String,
    said: Vec<(&'static str, String)>,
}

/// Runs the command.
pub(super) fn run(
    import: &Import,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = lists::by(paths)?;
    let reason = edit::said(import.reason.as_deref())?;
    let lines = read(&import.file)?;
    let ((), changed) = lists::preview(paths, ListName::Media, |document| {
        merge(&lines, &import.file, document)
    })?;
    let (added, edited) = counts(&changed);
    if import.dry_run || changed.is_empty() {
        for one in &changed {
            print::line(&in_a_line(one));
        }
        let what = match (changed.is_empty(), import.dry_run) {
            (true, _) => "nothing to change".to_owned(),
            (false, true) => format!("would add {added} and change {edited}; nothing is done"),
            (false, false) => String::new(),
        };
        print::line(&format!("{} lines: {what}", lines.len()));
        return Ok(0);
    }
    let request = Edit {
        paths,
        ledger,
        list: ListName::Media,
        by,
        second: None,
        reason,
    };
    let (_, entry) = lists::edit(&request, |document| merge(&lines, &import.file, document))?;
    print::line(&format!(
        "{} lines: added {added} and changed {edited}: entry {entry}",
        lines.len()
    ));
    Ok(0)
}

fn counts(changed: &[Changed]) -> (usize, usize) {
    let is_new = |one: &&Changed| one.change == Change::Added;
    let added = changed.iter().filter(is_new).count();
    (added, changed.len().saturating_sub(added))
}

fn in_a_line(changed: &Changed) -> String {
    if changed.change == Change::Added {
        return format!("add     {}", changed.id);
    }
    let none = || "nothing".to_owned();
    let fields = changed.fields.iter().map(|field| {
        let (before, after) = (field.before.clone(), field.after.clone());
        format!(
            "{} from {} to {}",
            field.key,
            before.unwrap_or_else(none),
            after.unwrap_or_else(none)
        )
    });
    format!(
        "change  {}: {}",
        changed.id,
        fields.collect::<Vec<_>>().join(", ")
    )
}

/// Reads the file. Every line that cannot be read is named.
fn read(path: &Path) -> Result<Vec<Line>, CommandError> {
    let failed = |source| CommandError::file("read", path)(source);
    let most = u64::try_from(LIST_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let mut file = file.take(most.saturating_add(1));
    file.read_to_end(&mut bytes).map_err(failed)?;
    if LIST_BYTES_MAX < bytes.len() {
        return Err(faults(
            path,
            &[(
                1,
                format!("the file is longer than {LIST_BYTES_MAX} bytes; divide it"),
            )],
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = u64::try_from(good.split(|byte| *byte == b'\n').count()).unwrap_or(0);
        let what =
            "the text is not UTF-8; save it as \"CSV UTF-8\" (CSV UTF-8 形式で保存してください)";
        faults(path, &[(line, what.to_owned())])
    })?;
    let text = text.strip_prefix(print::MARK).unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records().map(|record| {
        record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            faults(path, &[(line, format!("this cannot be read: {error}"))])
        })
    });
    let head = records.next().transpose()?.unwrap_or_default();
    let keys = keys(&head).map_err(|what| faults(path, &[(1, what)]))?;
    let mut bad = Vec::new();
    let mut lines = Vec::new();
    for record in records {
        let record = record?;
        let number = record.position().map_or(0, csv::Position::line);
        match line(&record, number, &keys) {
            // Spreadsheets leave lines of nothing but commas.
            Ok(line) if line.said.iter().all(|(_, text)| text.is_empty()) => {}
            Ok(line) => lines.push(line),
            Err(what) => bad.push((number, what)),
        }
    }
    if bad.is_empty() {
        return Ok(lines);
    }
    Err(faults(path, &bad))
}

/// The keys in the head line.
fn keys(head: &StringRecord) -> Result<Vec<&'static str>, String> {
    let mut keys: Vec<&'static str> = Vec::new();
    for cell in head {
        let known = KEYS.into_iter().find(|key| *key == cell.trim());
        match known {
            Some(key) if keys.contains(&key) => {
                return Err(format!("the column {key} is there twice; remove one"));
            }
            Some(key) => keys.push(key),
            None => {
                return Err(format!(
                    "{:?} is no key of the list; the head line names some of {}",
                    wire::name::line_within(cell, 80),
                    KEYS.join(",")
                ));
            }
        }
    }
    if keys.contains(&"id") {
        return Ok(keys);
    }
    Err("there is no column id; the head line names the keys of the list".to_owned())
}

fn line(record: &StringRecord, number: u64, keys: &[&'static str]) -> Result<Line, String> {
    if record.len() != keys.len() {
        return Err(format!(
            "{} cells, and the head line names {}; put cells with a comma in quotes",
            record.len(),
            keys.len()
        ));
    }
    let cells = keys.iter().zip(record.iter());
    let said: Vec<_> = cells.map(|(key, cell)| (*key, uncell(cell))).collect();
    let id = said.iter().find(|(key, _)| *key == "id");
    Ok(Line {
        number,
        id: id.map(|(_, id)| id.clone()).unwrap_or_default(),
        said,
    })
}

/// Brings the lines into the list, or names every line that cannot be.
fn merge(lines: &[Line], path: &Path, document: &mut Document) -> Result<(), CommandError> {
    let list = cells::list(&document.text())?;
    let mut bad = Vec::new();
    let mut entries = Vec::new();
    let mut first = BTreeMap::<&str, u64>::new();
    for line in lines {
        if let Some(before) = first.insert(&line.id, line.number) {
            let id = wire::name::line_within(&line.id, 80);
            bad.push((
                line.number,
                format!("{id} is in line {before} already; remove one"),
            ));
            continue;
        }
        match entry(line, &list) {
            Ok(entry) => entries.push((line.number, entry)),
            Err(what) => bad.push((line.number, what)),
        }
    }
    bad.extend(shared(&entries, &list));
    if !bad.is_empty() {
        bad.sort_by_key(|(line, _)| *line);
        return Err(faults(path, &bad));
    }
    for (_, (cells, medium)) in entries {
        match list.find(&medium.id) {
            Some(before) => edit::write(document, before, &cells)?,
            None => add::append(document, &cells)?,
        }
    }
    Ok(())
}

/// The entry as the line has it: of a known medium, with what the line does not say as it was.
fn entry(line: &Line, list: &Allowlist) -> Result<(Cells, Medium), String> {
    let before = list.find(&line.id);
    let mut cells = before.map(Cells::of).unwrap_or_default();
    for (key, text) in &line.said {
        cells.set(key, text.clone());
    }
    let (cells, medium) = cells.checked().map_err(|fault| fault.to_string())?;
    match before.map(|before| before.status) {
        Some(Status::Revoked | Status::Lost) if medium.status == Status::Active => Err(format!(
            "status: {id} was withdrawn, and two people bring it back: kioskctl media edit {id} \
             --status active --second NAME --reason TEXT",
            id = medium.id
        )),
        Some(_) | None => Ok((cells, medium)),
    }
}

/// The lines whose medium is that of another line or of an entry that stays.
fn shared(entries: &[(u64, (Cells, Medium))], list: &Allowlist) -> Vec<(u64, String)> {
    let identity = |medium: &Medium| {
        let serial = medium.serial.clone()?;
        Some((medium.vid, medium.pid, serial))
    };
    let mut owners = BTreeMap::new();
    let changed = |id: &str| entries.iter().any(|(_, (_, medium))| medium.id == id);
    for medium in list.media().iter().filter(|medium| !changed(&medium.id)) {
        if let Some(identity) = identity(medium) {
            owners.insert(identity, format!("that of {}", medium.id));
        }
    }
    let mut bad = Vec::new();
    for (line, (_, medium)) in entries {
        let Some(identity) = identity(medium) else {
            continue;
        };
        if let Some(owner) = owners.get(&identity) {
            bad.push((
                *line,
                format!("vid, pid and serial are {owner}; one medium is one entry"),
            ));
        } else {
            owners.insert(identity, format!("those of line {line}"));
        }
    }
    bad
}

/// Every bad line by file and line, and that nothing was done.
fn faults(path: &Path, bad: &[(u64, String)]) -> CommandError {
    let name = path.display().to_string();
    let named = bad.iter().take(FAULTS_NAMED_MAX);
    let mut lines: Vec<String> = named
        .map(|(line, what)| format!("{name}:{line}: {what}"))
        .collect();
    let more = bad.len().saturating_sub(lines.len());
    if 0 < more {
        lines.push(format!("and {more} more"));
    }
    lines.push("nothing is changed".to_owned());
    CommandError::Asked(lines.join("\n"))
}

/// Runs `export`.
pub(super) fn export(file: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let (list, _) = lists::preview(paths, ListName::Media, |list| cells::list(&list.text()))?;
    let text = format!("{}{}", print::MARK, table(list.media().iter())?);
    match file {
        None => print::part(&text),
        Some(path) => {
            std::fs::write(path, text).map_err(CommandError::file("write", path))?;
            print::note(&format!(
                "{} media in {}",
                list.media().len(),
                path.display()
            ));
        }
    }
    Ok(0)
}

/// Entries as a CSV table with a head line.
pub(super) fn table<'m>(media: impl Iterator<Item = &'m Medium>) -> Result<String, CommandError> {
    let failed = |error: csv::Error| CommandError::system("write CSV")(std::io::Error::from(error));
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(KEYS).map_err(failed)?;
    for medium in media {
        let cells = Cells::of(medium);
        let record = KEYS.map(|key| cell(cells.get(key)));
        writer.write_record(record).map_err(failed)?;
    }
    let mut bytes = Vec::new();
    let inner = writer.into_inner();
    let written = inner.map_err(|error| error.into_error());
    let written = written.and_then(|inner| bytes.write_all(&inner));
    written.map_err(CommandError::system("write CSV"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text that no spreadsheet takes for a formula, by the rule of [`export::guarded`]. What begins
/// with the apostrophe that says so gets one more, so that it comes back as it was.
fn cell(text: &str) -> String {
    parts(text, |part| {
        if part.starts_with('\'') || export::guarded(part) != part {
            format!("'{part}")
        } else {
            part.to_owned()
        }
    })
}

/// The text that [`cell`] was made of.
fn uncell(cell: &str) -> String {
    parts(cell, |part| {
        part.strip_prefix('\'').unwrap_or(part).to_owned()
    })
}

/// Does something with each part of a cell: some spreadsheets divide cells at semicolons.
fn parts(text: &str, of: impl FnMut(&str) -> String) -> String {
    text.split(';').map(of).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_comes_back_as_it_was() {
        for text in [
            "", "plain", "=1+1", "-1", "@x", "'quoted", "''", "a=b", "+81-3", "＝1", " =1", "a;=1",
            "a;b", "a;'b", "';'",
        ] {
            let cell = cell(text);
            let is_open = |part: &str| part.trim_start().starts_with(['=', '+', '-', '@', '＝']);
            assert!(!cell.split(';').any(is_open), "{cell}");
            assert_eq!(uncell(&cell), text);
        }
    }

    #[test]
    fn more_bad_lines_than_a_screen_are_counted() {
        let bad: Vec<_> = (1..=45).map(|line| (line, "bad".to_owned())).collect();
        let said = faults(Path::new("a.csv"), &bad).to_string();
        assert_eq!(said.matches("a.csv:").count(), FAULTS_NAMED_MAX);
        assert!(
            said.ends_with("a.csv:40: bad\nand 5 more\nnothing is changed"),
            "{said}"
        );
    }
}
