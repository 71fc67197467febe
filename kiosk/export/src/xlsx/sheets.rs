//! The parts of a workbook, and its sheets row by row.

use std::io::Write;

use jiff::Unit;
use jiff::civil::{Date, DateTime, Time};

use super::NUMBER_MAX;
use super::text::{escaped, held};
use super::zip::Zip;
use crate::cell::within_cell;
use crate::error::ExportError;
use crate::table::Cell;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

const SPREADSHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// The format of text cells: `@`, and as if an apostrophe had been typed before it.
const TEXT: &str = "1";

/// The format of heads: the same in bold.
const HEAD: &str = "2";

/// The format of times.
const TIME: &str = "3";

/// The day before Excel's first one, as it counts from March 1900 on.
const DAY_ZERO: Date = Date::constant(1899, 12, 30);

/// The first day that Excel counts right: it knows a 29 February 1900.
const FIRST_DAY: i64 = 61;

/// A workbook that is being written.
pub(super) struct Workbook<W> {
    zip: Zip<W>,
    rows_max: u32,
    bytes_max: u64,
    /// Names of the sheets that were begun.
    names: Vec<String>,
    /// The table that is being written.
    name: &'static str,
    heads: &'static [&'static str],
    /// How many sheets it has, and how many rows the last of them.
    sheets: u32,
    rows: u32,
}

impl<W: Write> Workbook<W> {
    pub(super) fn new(out: W, rows_max: u32, bytes_max: u64) -> Self {
        Self {
            zip: Zip::new(out),
            rows_max,
            bytes_max,
            names: Vec::new(),
            name: "",
            heads: &[],
            sheets: 0,
            rows: 0,
        }
    }

    /// Begins a table on a new sheet.
    pub(super) fn begin(
        &mut self,
        name: &'static str,
        heads: &'static [&'static str],
    ) -> Result<(), ExportError> {
        (self.name, self.heads, self.sheets) = (name, heads, 0);
        self.sheet()
    }

    /// Writes a row, on the next sheet when this one is full.
    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), ExportError> {
        if self.rows_max <= self.rows || self.bytes_max <= self.zip.added() {
            self.end()?;
            self.sheet()?;
        }
        self.write(cells, TEXT)
    }

    /// Ends the sheet.
    pub(super) fn end(&mut self) -> Result<(), ExportError> {
        self.add("</sheetData></worksheet>")
    }

    /// Ends the workbook; gives what it was written to.
    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        for (name, xml) in parts(&self.names) {
            self.zip.begin(name)?;
            self.add(&xml)?;
        }
        self.zip.finish()
    }

    fn sheet(&mut self) -> Result<(), ExportError> {
        self.sheets = self.sheets.saturating_add(1);
        let name = match self.sheets {
            1 => self.name.to_owned(),
            number => format!("{} {number}", self.name),
        };
        self.names.push(name);
        let number = self.names.len();
        self.zip
            .begin(&format!("xl/worksheets/sheet{number}.xml"))?;
        self.rows = 0;
        let columns = self.heads.len();
        self.add(&format!(
            "{DECLARATION}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
             </sheetView></sheetViews><cols><col min=\"1\" max=\"{columns}\" width=\"20\" \
             customWidth=\"1\"/></cols><sheetData>"
        ))?;
        let heads = self.heads.iter();
        let heads = heads.map(|head| Cell::Text((*head).to_owned()));
        self.write(&heads.collect::<Vec<_>>(), HEAD)
    }

    fn write(&mut self, cells: &[Cell], format: &str) -> Result<(), ExportError> {
        self.rows = self.rows.saturating_add(1);
        let row = self.rows;
        let mut xml = format!("<row r=\"{row}\">");
        for (column, cell) in ('A'..='Z').zip(cells) {
            let text = match cell {
                Cell::Empty => continue,
                Cell::Number(number) if *number <= NUMBER_MAX => {
                    xml.push_str(&format!("<c r=\"{column}{row}\"><v>{number}</v></c>"));
                    continue;
                }
                Cell::Number(number) => number.to_string(),
                Cell::Time(time) => match serial(*time) {
                    Some(serial) => {
                        let cell = format!("<c r=\"{column}{row}\" s=\"{TIME}\">");
                        xml.push_str(&format!("{cell}<v>{serial}</v></c>"));
                        continue;
                    }
                    None => cell.text(),
                },
                Cell::Text(text) => escaped(&within_cell(&held(text))),
            };
            xml.push_str(&format!(
                "<c r=\"{column}{row}\" s=\"{format}\" t=\"inlineStr\"><is>\
                 <t xml:space=\"preserve\">{text}</t></is></c>"
            ));
        }
        xml.push_str("</row>");
        self.add(&xml)
    }

    fn add(&mut self, xml: &str) -> Result<(), ExportError> {
        self.zip.add(xml.as_bytes())
    }
}

/// A time as Excel counts: days, and the part of a day to some ten microseconds. `None` for a
/// time that it does not count right.
fn serial(time: DateTime) -> Option<String> {
    let days = time.date().since(DAY_ZERO).ok()?.get_days();
    let days = Some(i64::from(days)).filter(|days| FIRST_DAY <= *days)?;
    let seconds = time.time().since(Time::midnight()).ok()?;
    let seconds = seconds.total(Unit::Second).ok()?;
    let part = seconds / 86_400.0;
    Some(format!(
        "{days}{}",
        format!("{part:.10}").strip_prefix('0')?
    ))
}

/// Every part but the sheets.
fn parts(names: &[String]) -> [(&'static str, String); 5] {
    let numbers = || (1_u64..).zip(names);
    let sheets = numbers().map(|(number, name)| {
        format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>")
    });
    let sheets: String = sheets.collect();
    let relations = numbers().map(|(number, _)| {
        relation(
            &format!("rId{number}"),
            "worksheet",
            &format!("worksheets/sheet{number}.xml"),
        )
    });
    let relations: String = relations.collect();
    let types = numbers().map(|(number, _)| {
        content_type(
            &format!("/xl/worksheets/sheet{number}.xml"),
            "worksheet+xml",
        )
    });
    let types: String = types.collect();
    let relationships = |inner: &str| {
        format!(
            "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\">{inner}</Relationships>"
        )
    };
    [
        (
            "[Content_Types].xml",
            format!(
                "{DECLARATION}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 {}{}{types}</Types>",
                content_type("/xl/workbook.xml", "sheet.main+xml"),
                content_type("/xl/styles.xml", "styles+xml"),
            ),
        ),
        (
            "_rels/.rels",
            relationships(&relation("rId1", "officeDocument", "xl/workbook.xml")),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{DECLARATION}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\">\
                 <sheets>{sheets}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relationships(&format!(
                "{relations}{}",
                relation("styles", "styles", "styles.xml")
            )),
        ),
        ("xl/styles.xml", styles()),
    ]
}

fn content_type(part: &str, kind: &str) -> String {
    format!("<Override PartName=\"{part}\" ContentType=\"{SPREADSHEET}.{kind}\"/>")
}

fn relation(id: &str, kind: &str, target: &str) -> String {
    format!("<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
}

/// 0 as everything is, 1 [`TEXT`], 2 [`HEAD`], 3 [`TIME`].
fn styles() -> String {
    let font = |bold: &str| format!("<font>{bold}<sz val=\"11\"/><name val=\"Calibri\"/></font>");
    let text = |font: u8| {
        format!(
            "<xf numFmtId=\"49\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" \
             quotePrefix=\"1\" applyNumberFormat=\"1\" applyFont=\"1\"/>"
        )
    };
    let plain = "numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"";
    format!(
        "{DECLARATION}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" \
         formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/></numFmts><fonts count=\"2\">{}{}</fonts>\
         <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>\
         <fill><patternFill patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border>\
         <left/><right/><top/><bottom/><diagonal/></border></borders>\
         <cellStyleXfs count=\"1\"><xf {plain}/></cellStyleXfs>\
         <cellXfs count=\"4\"><xf {plain} xfId=\"0\"/>{}{}<xf numFmtId=\"164\" fontId=\"0\" \
         fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs>\
         <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/>\
         </cellStyles></styleSheet>",
        font(""),
        font("<b/>"),
        text(0),
        text(1)
    )
}

#[cfg(test)]
mod tests {
    use super::super::{SHEET_BYTES_MAX, SHEET_ROWS_MAX};
    use super::*;

    fn written(rows: u32, rows_max: u32, bytes_max: u64) -> Workbook<Vec<u8>> {
        let mut workbook = Workbook::new(Vec::new(), rows_max, bytes_max);
        workbook.begin("entries", &["entry"]).unwrap();
        for _ in 0..rows {
            workbook.row(&[Cell::Number(1)]).unwrap();
        }
        workbook.end().unwrap();
        workbook
    }

    #[test]
    fn what_a_sheet_of_excel_has_no_room_for_goes_on_the_next_one() {
        let full = written(SHEET_ROWS_MAX - 1, SHEET_ROWS_MAX, SHEET_BYTES_MAX);
        assert_eq!(full.names, ["entries"]);
        assert_eq!(full.rows, SHEET_ROWS_MAX);
        let more = written(SHEET_ROWS_MAX, SHEET_ROWS_MAX, SHEET_BYTES_MAX);
        assert_eq!(more.names, ["entries", "entries 2"]);
        // Its own head and the row that had no room.
        assert_eq!(more.rows, 2);
    }

    #[test]
    fn a_sheet_ends_before_its_size_does_not_fit_the_archive() {
        let small = written(1000, SHEET_ROWS_MAX, 10_000);
        assert!(2 < small.names.len(), "{:?}", small.names);
        // A row of the longest cells on top of a full sheet still fits 32 bits.
        let row = 26 * 6 * u64::try_from(crate::cell::CELL_LETTERS_MAX).unwrap();
        assert!(SHEET_BYTES_MAX + row < u64::from(u32::MAX));
    }

    #[test]
    fn a_time_is_what_excel_counts() {
        let serial = |text: &str| serial(text.parse().unwrap());
        assert_eq!(serial("1900-03-01T00:00:00").unwrap(), "61.0000000000");
        assert_eq!(serial("2026-11-26T12:00:00").unwrap(), "46352.5000000000");
        assert_eq!(serial("2026-11-26T23:59:59").unwrap(), "46352.9999884259");
        assert_eq!(serial("1900-02-28T00:00:00"), None);
    }

    #[test]
    fn a_number_of_more_than_fifteen_digits_is_a_text() {
        let mut workbook = Workbook::new(Vec::new(), SHEET_ROWS_MAX, SHEET_BYTES_MAX);
        workbook.begin("x", &["a"]).unwrap();
        let (before, number) = (workbook.zip.added(), NUMBER_MAX);
        workbook.row(&[Cell::Number(number)]).unwrap();
        let short = workbook.zip.added() - before;
        workbook.row(&[Cell::Number(number + 1)]).unwrap();
        assert!(short + 30 < workbook.zip.added() - before - short);
    }
}
