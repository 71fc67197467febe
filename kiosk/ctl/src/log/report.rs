//! `kioskctl log report` and `log certificate`: a month, or one verdict, as a page to print and
//! file.
//!
//! The page gets its name only after the ledger knows of it: whoever finds one finds its entry.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use broker::site::{self, Site};
use broker::{Paths, person};
use jiff::Timestamp;
use record::Ledger;
use report::certificate::{self, Certificate};
use report::{About, Language, Listed, Period, Seal, State, page, read};
use wire::audit::Exported;
use wire::ledger::{EntryId, Event};
use wire::{Digest, MediumName};

use super::outlet::Outlet;
use crate::CommandError;
use crate::ledger;
use crate::print;

/// Options of `kioskctl log report`.
#[derive(clap::Args)]
pub(super) struct Report {
    /// The month, by the site's calendar: 2026-11
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    #[command(flatten)]
    form: Form,
}

/// Options of `kioskctl log certificate`.
#[derive(clap::Args)]
pub(super) struct Sheet {
    /// Number of the medium's receipt, or of its insertion
    #[arg(value_name = "N")]
    number: u64,
    #[command(flatten)]
    form: Form,
}

/// In which language a page is made, and where it goes.
#[derive(clap::Args)]
struct Form {
    /// Language of the page; both: Japanese, then English
    #[arg(long, value_name = "LANG", default_value = "ja")]
    lang: Lang,
    /// The file to make, which must not be there [default: a name with the month or number, here]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write no entry about it: for a copy of a ledger, which --ledger names
    #[arg(long)]
    no_entry: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Lang {
    /// 日本語
    Ja,
    /// English
    En,
    /// 日本語 and English
    Both,
}

impl Lang {
    fn languages(self) -> &'static [Language] {
        match self {
            Self::Ja => &[Language::Ja],
            Self::En => &[Language::En],
            Self::Both => &Language::ALL,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
            Self::Both => "ja-en",
        }
    }
}

/// A ledger with where it is.
pub(super) struct Source<'a> {
    pub(super) ledger: &'a Ledger,
    /// The folder that was asked for; `None` for the kiosk's own.
    pub(super) folder: Option<&'a Path>,
    pub(super) paths: &'a Paths,
}

/// Runs `kioskctl log report`. A ledger that does not verify still makes a page, which says so.
pub(super) fn month(report: &Report, source: &Source<'_>) -> Result<u8, CommandError> {
    let now = Timestamp::now();
    let site = Site::read(source.paths)?;
    let period = Period::month(&report.month, site.zone.clone())?;
    // Before the whole ledger is verified for nothing.
    period.begun(now)?;
    let name = format!("report-{}-{}.html", period.name(), report.form.lang.name());
    let about = about(source, &site, now)?;
    let last = about.seal.head.map_or(0, |head| head.number);
    let month = read::month(source.ledger, last, period, now)?;
    // For a month without entries all of them were looked at.
    let range = month.range().unwrap_or((1, last));
    let text = page::render(&month, &about, report.form.lang.languages())?;
    let made = Made {
        form: &report.form,
        name,
        format: "report",
        first: range.0,
        last: range.1,
        entries: month.entries(),
    };
    made.keep(source, &text)?;
    Ok(answer(&about, month.is_whole()))
}

/// Runs `kioskctl log certificate`.
pub(super) fn certificate(sheet: &Sheet, source: &Source<'_>) -> Result<u8, CommandError> {
    let site = Site::read(source.paths)?;
    let about = about(source, &site, Timestamp::now())?;
    let last = about.seal.head.map_or(0, |head| head.number);
    let certificate = Certificate::read(source.ledger, sheet.number, last)?;
    let languages = sheet.form.lang.languages();
    let text = certificate::render(&certificate, &about, &site.zone, languages)?;
    let entry = certificate.entry();
    let made = Made {
        form: &sheet.form,
        name: format!("certificate-{entry}-{}.html", sheet.form.lang.name()),
        format: "certificate",
        first: entry,
        last: entry,
        entries: 1,
    };
    made.keep(source, &text)?;
    // What a sealed period lacks is in its archive, and the sheet says so.
    let is_archived = entry <= about.seal.sealed;
    Ok(answer(&about, is_archived || certificate.is_whole()))
}

/// 1 when the page says that the ledger is not as it was written, or could not hold all of it.
fn answer(about: &About, is_whole: bool) -> u8 {
    match &about.seal.state {
        State::Verified { .. } if is_whole => 0,
        State::Verified { .. } => {
            print::note("kioskctl: part of the ledger could not be read; the page says so");
            1
        }
        State::NotVerified { why } => {
            print::note(&format!("kioskctl: NOT verified: {why}; the page says so"));
            1
        }
    }
}

fn about(source: &Source<'_>, site: &Site, now: Timestamp) -> Result<About, CommandError> {
    let policy = &site.policy;
    let is_named = source.paths.policy().exists();
    Ok(About {
        site: is_named.then(|| (policy.site_ja.clone(), policy.site_en.clone())),
        made_at: now,
        made_by: person::here(),
        media: site::allowlist(source.paths)?.map(|list| listed(&list)),
        policy_sha256: site.policy_sha256,
        age_days_warn: policy.upkeep.age_days_warn,
        age_days_max: policy.upkeep.age_days_max,
        review_days: policy.ledger.review_days,
        seal: seal(source)?,
    })
}

fn listed(list: &decide::Allowlist) -> Vec<Listed> {
    let media = list.media().iter();
    let media = media.map(|medium| Listed {
        id: medium.id.clone(),
        owner: medium.owner.clone(),
        company: medium.company.clone(),
        valid_until: medium.valid_until.to_string(),
        storage_place: medium.storage_place.clone(),
    });
    media.collect()
}

/// Verifies the ledger. What the page says goes as far as what was verified.
fn seal(source: &Source<'_>) -> Result<Seal, CommandError> {
    let mut seal = Seal {
        state: State::NotVerified { why: String::new() },
        head: None,
        checkpoint: None,
        keys: Vec::new(),
        cosigned: Vec::new(),
        sealed: 0,
    };
    match source.ledger.verify(None) {
        Ok(verified) => {
            seal.state = State::Verified {
                entries: verified.entries,
                rows: verified.rows,
            };
            seal.head = verified.head;
            seal.keys = verified.keys.iter().map(|key| key.text()).collect();
            let signed = verified.cosignatures.into_iter();
            seal.cosigned = signed
                .map(|one| (one.key.name().to_owned(), one.size))
                .collect();
            seal.sealed = verified.sealed;
        }
        Err(error) if error.is_alteration() => {
            seal.state = State::NotVerified {
                why: error.to_string(),
            };
            seal.head = last(source.ledger)?;
        }
        Err(error) => return Err(error.into()),
    }
    let size = seal.head.map(|head| head.number);
    // An altered ledger may have none; the page says so.
    seal.checkpoint = size.and_then(|size| source.ledger.checkpoint(Some(size)).ok());
    Ok(seal)
}

/// The last entry that can be read, of a ledger that was altered.
fn last(ledger: &Ledger) -> Result<Option<EntryId>, CommandError> {
    let Some(last) = ledger.last()? else {
        return Ok(None);
    };
    let entry = ledger.entry(last).ok();
    Ok(entry.map(|entry| EntryId {
        number: entry.number,
        leaf_sha256: entry.leaf_sha256,
    }))
}

/// Only its maker reads a page: it names people.
const MODE: u32 = 0o600;

/// A page that was made, on its way to its file.
struct Made<'a> {
    form: &'a Form,
    name: String,
    format: &'static str,
    first: u64,
    last: u64,
    entries: u64,
}

impl Made<'_> {
    /// Writes the file under another name, tells the ledger, and gives it its name. When the
    /// ledger does not take it there is no file.
    fn keep(&self, source: &Source<'_>, text: &str) -> Result<(), CommandError> {
        ledger::require_entry(self.form.no_entry, source.folder, source.paths)?;
        let path = self.form.output.as_deref().unwrap_or(Path::new(&self.name));
        let mut outlet = Outlet::open(Some(path), MODE)?;
        outlet
            .write_all(text.as_bytes())
            .map_err(CommandError::file("write", path))?;
        let finished = outlet.finish()?;
        let entry = self.tell(source, finished.name(), finished.sha256())?;
        finished.hand_out()?;
        let entry = entry.map_or_else(|| "no entry".to_owned(), |entry| format!("entry {entry}"));
        print::line(&format!("{}: {entry}", path.display()));
        Ok(())
    }

    fn tell(
        &self,
        source: &Source<'_>,
        file: Option<MediumName>,
        sha256: Digest,
    ) -> Result<Option<u64>, CommandError> {
        if self.form.no_entry {
            return Ok(None);
        }
        let event = Event::Exported(Box::new(Exported {
            by: person::here(),
            format: self.format.to_owned(),
            first: self.first,
            last: self.last,
            entries: self.entries,
            file,
            sha256: Some(sha256),
        }));
        ledger::write(source.folder, source.paths, event).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::month as month_of;
    use super::*;
    use std::fs;

    fn made(form: &Form) -> Made<'_> {
        Made {
            form,
            name: "unnamed.html".to_owned(),
            format: "report",
            first: 1,
            last: 1,
            entries: 1,
        }
    }

    /// An empty ledger without a writer: no kiosk-record lies beside this test.
    fn kept(folder: &Path, no_entry: bool, is_own: bool) -> Result<(), CommandError> {
        let root = folder.join("root");
        let paths = Paths::below(&root);
        drop(record::Writer::open(&paths.ledger()).unwrap());
        let copy = folder.join("copy");
        drop(record::Writer::open(&copy).unwrap());
        let ledger = Ledger::open(&copy).unwrap();
        let form = Form {
            lang: Lang::Ja,
            output: Some(folder.join("page.html")),
            no_entry,
        };
        let source = Source {
            ledger: &ledger,
            folder: (!is_own).then_some(copy.as_path()),
            paths: &paths,
        };
        made(&form).keep(&source, "text")
    }

    fn files(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("html")).collect()
    }

    #[test]
    fn a_page_that_the_ledger_does_not_take_is_no_file() {
        for is_own in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            kept(folder.path(), false, is_own).unwrap_err();
            assert!(
                files(folder.path()).is_empty(),
                "{:?}",
                files(folder.path())
            );
        }
    }

    #[test]
    fn a_month_that_has_not_begun_is_refused_and_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(&folder.path().join("root"));
        let copy = folder.path().join("copy");
        drop(record::Writer::open(&copy).unwrap());
        let ledger = Ledger::open(&copy).unwrap();
        let source = Source {
            ledger: &ledger,
            folder: Some(copy.as_path()),
            paths: &paths,
        };
        let asked = |name: &str| {
            let form = Form {
                lang: Lang::Ja,
                output: Some(folder.path().join(format!("{name}.html"))),
                no_entry: true,
            };
            let month = name.to_owned();
            month_of(&Report { month, form }, &source)
        };
        let refused = asked("9998-01").unwrap_err().to_string();
        assert!(
            refused.starts_with("9998-01 has not begun: at the site it is "),
            "{refused}"
        );
        assert!(files(folder.path()).is_empty());
        assert_eq!(asked("2020-02").unwrap(), 0);
        assert_eq!(files(folder.path()), ["2020-02.html"]);
    }

    #[test]
    fn only_a_copy_makes_a_page_without_an_entry_and_only_where_nothing_is() {
        let folder = tempfile::tempdir().unwrap();
        let refused = kept(folder.path(), true, true).unwrap_err();
        assert!(
            refused.to_string().contains("--no-entry is for a copy"),
            "{refused}"
        );
        assert!(files(folder.path()).is_empty());
        kept(folder.path(), true, false).unwrap();
        assert_eq!(files(folder.path()), ["page.html"]);
        let again = kept(folder.path(), true, false).unwrap_err().to_string();
        assert!(again.contains("is there already"), "{again}");
    }
}
