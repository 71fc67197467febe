//! The page of a month: sections of tables and drawings, made of what was counted.

mod table;

mod head;

mod summary;

mod gate;

mod found;

mod upkeep;

mod running;

mod people;

mod changes;

mod ledger;

use askama::Template;

use crate::about::About;
use crate::bounded::length;
use crate::chart::{Bars, Line};
use crate::controls;
use crate::error::ReportError;
use crate::gather::Month;
use crate::language::{Language, Text, text};
use crate::say;

pub(crate) use head::sign;
pub(crate) use table::{Cell, Row, Table, cell};

/// The sections of a page, in its order.
pub const SECTIONS: [&str; 21] = [
    "summary",
    "verdicts",
    "refusals",
    "found",
    "gaps",
    "media",
    "visits",
    "cases",
    "waivers",
    "lending",
    "rules",
    "selftests",
    "clock",
    "running",
    "signins",
    "lists",
    "exports",
    "reviews",
    "ledger",
    "kinds",
    "controls",
];

/// A drawing.
pub(crate) enum Figure {
    Bars(Bars),
    Line(Line),
}

/// A sentence that needs attention, or one that explains.
pub(crate) struct Note {
    pub(crate) is_warning: bool,
    pub(crate) text: String,
}

/// One section of a page.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) answers: &'static str,
    pub(crate) clauses: Vec<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) figure: Option<Figure>,
    pub(crate) tables: Vec<Table>,
}

impl Section {
    fn new(id: &'static str, title: Text, answers: Text, language: Language) -> Self {
        Self {
            id,
            title: title.say(language),
            answers: answers.say(language),
            clauses: controls::of(id).map(|one| one.named(language)).collect(),
            notes: Vec::new(),
            figure: None,
            tables: Vec::new(),
        }
    }

    fn note(&mut self, text: impl AsRef<str>) {
        self.notes.push(Note {
            is_warning: false,
            text: wire::name::line(text.as_ref()),
        });
    }

    fn warn(&mut self, text: impl AsRef<str>) {
        self.notes.push(Note {
            is_warning: true,
            text: wire::name::line(text.as_ref()),
        });
    }
}

/// What every section is made of.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) month: &'a Month,
    pub(crate) about: &'a About,
    pub(crate) language: Language,
}

impl View<'_> {
    fn say(&self, ja: &'static str, en: &'static str) -> &'static str {
        text(ja, en).say(self.language)
    }

    /// A moment of the ledger by the site's clock.
    fn time(&self, utc: &str) -> String {
        crate::period::minute(utc, self.month.period.zone())
    }
}

/// One line of a page's head.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) is_code: bool,
}

/// A page in one language.
pub(crate) struct Part {
    pub(crate) lang: &'static str,
    pub(crate) title: &'static str,
    pub(crate) period: String,
    pub(crate) site: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) state: Sign,
    pub(crate) incomplete: Option<String>,
    pub(crate) boxes: [&'static str; 3],
    pub(crate) contents: &'static str,
    pub(crate) clause_word: &'static str,
    pub(crate) sections: Vec<Section>,
    pub(crate) checkpoint_title: &'static str,
    pub(crate) checkpoint: Option<String>,
    pub(crate) no_checkpoint: &'static str,
    pub(crate) end: &'static str,
}

/// What came of verifying the ledger, as the head of a page says it.
pub(crate) struct Sign {
    pub(crate) holds: bool,
    pub(crate) word: &'static str,
    pub(crate) detail: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    lang: &'static str,
    title: String,
    /// Digits, letters of a hash and a month: safe in a style sheet.
    footer: String,
    parts: &'a [Part],
}

/// The page of a month in these languages, as one file of HTML. It never fails for what the
/// ledger says; that it was altered is said on the page.
///
/// # Errors
/// [`ReportError::Page`].
pub fn render(month: &Month, about: &About, languages: &[Language]) -> Result<String, ReportError> {
    let view = |language: &Language| View {
        month,
        about,
        language: *language,
    };
    let parts: Vec<Part> = languages.iter().map(|one| part(view(one))).collect();
    let first = parts.first();
    let page = Page {
        lang: first.map_or("ja", |part| part.lang),
        title: first.map_or_else(String::new, |part| {
            format!("{} {} {}", part.title, part.period, part.site)
        }),
        footer: footer(&month.period.name(), about),
        parts: &parts,
    };
    Ok(page.render()?)
}

/// What the foot of every printed page says: the month and the code of the head, so that a sheet
/// that was put into another report is seen.
pub(crate) fn footer(name: &str, about: &About) -> String {
    let code = about.seal.head.as_ref().map(say::head_code);
    format!("{name}  {}", code.unwrap_or_default())
}

fn part(view: View<'_>) -> Part {
    let (month, about, language) = (view.month, view.about, view.language);
    Part {
        lang: language.code(),
        title: view.say("媒体検査 月次報告書", "Media checkpoint: monthly report"),
        period: match language {
            Language::Ja => {
                let day = month.period.first_day();
                format!("{}年{}月", day.year(), day.month())
            }
            Language::En => month.period.first_day().strftime("%B %Y").to_string(),
        },
        site: site(about, language),
        facts: head::facts(view),
        state: sign(about, language),
        incomplete: head::incomplete(view),
        boxes: [
            view.say("作成", "Made"),
            view.say("確認", "Checked"),
            view.say("承認", "Approved"),
        ],
        contents: view.say("目次", "Contents"),
        clause_word: view.say("対応する条項", "Answers"),
        sections: sections(view),
        checkpoint_title: view.say("署名付きチェックポイント", "Signed checkpoint"),
        checkpoint: about.seal.checkpoint.as_deref().map(lines),
        no_checkpoint: view.say(
            "この台帳には署名付きチェックポイントがない。",
            "This ledger has no signed checkpoint.",
        ),
        end: view.say("以上", "End of report"),
    }
}

/// A text of several lines with nothing hidden in any of them.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(wire::name::line).collect();
    lines.join("\n")
}

/// The site's name.
pub(crate) fn site(about: &About, language: Language) -> String {
    let name = about.site.as_ref().map(|(ja, en)| match language {
        Language::Ja => ja.as_str(),
        Language::En => en.as_str(),
    });
    let unnamed = text("（施設名の設定なし）", "(no name of a site is set)").say(language);
    wire::name::line(name.unwrap_or(unnamed))
}

fn sections(view: View<'_>) -> Vec<Section> {
    let all = vec![
        summary::summary(view),
        summary::verdicts(view),
        gate::refusals(view),
        found::found(view),
        found::gaps(view),
        gate::media(view),
        gate::visits(view),
        people::cases(view),
        people::waivers(view),
        people::lending(view),
        upkeep::rules(view),
        upkeep::tests(view),
        running::clock(view),
        running::running(view),
        changes::sign_ins(view),
        changes::lists(view),
        ledger::exports(view),
        ledger::reviews(view),
        ledger::ledger(view),
        ledger::kinds(view),
        ledger::controls(view),
    ];
    debug_assert_eq!(length(&all), length(&SECTIONS), "a section is not listed");
    all
}
