//! Tables. Whatever a cell holds has nothing hidden in it.

use crate::bounded::Lines;
use crate::language::{Language, Text};
use crate::say;

/// How the cells of a column are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words, which may break anywhere when they must.
    Words,
    /// The name of a rule, which breaks after its underscores before it breaks within a word.
    Rule,
    /// A path, a hash or what is as long, which has the room that is left.
    Long,
    /// A number, at the right.
    Number,
    /// A time, code or id in one line.
    Fixed,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Words => "w",
            Self::Rule => "r",
            Self::Long => "l",
            Self::Number => "n",
            Self::Fixed => "f",
        }
    }
}

/// One column.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) class: &'static str,
}

/// One cell.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) class: &'static str,
    /// A second line in small letters.
    pub(crate) small: Option<String>,
    /// Whether it names its row.
    pub(crate) is_name: bool,
}

impl Cell {
    /// The words of a rule's cell, each cut where a line may end; `None` for another cell.
    pub(crate) fn words(&self) -> Option<Vec<Vec<&str>>> {
        let words = self.text.split(' ');
        let words = words.map(|word| word.split_inclusive('_').collect());
        (self.class == Kind::Rule.class()).then(|| words.collect())
    }

    pub(crate) fn small(mut self, text: impl AsRef<str>) -> Self {
        let text = wire::name::line(text.as_ref());
        self.small = (!text.is_empty()).then_some(text);
        self
    }
}

/// A cell with a text of anybody's.
pub(crate) fn cell(text: impl AsRef<str>) -> Cell {
    Cell {
        text: wire::name::line(text.as_ref()),
        class: "",
        small: None,
        is_name: false,
    }
}

/// One line of a table.
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// Whether it needs attention.
    pub(crate) is_flagged: bool,
    /// Whether it is a sum.
    pub(crate) is_sum: bool,
}

/// A table.
pub(crate) struct Table {
    pub(crate) caption: Option<&'static str>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// What it says when it has no line.
    pub(crate) empty: &'static str,
    /// How many lines are not shown, and what lists them.
    pub(crate) more: Option<String>,
    /// The column that names each row, from 0.
    name_column: usize,
    language: Language,
}

impl Table {
    pub(crate) fn new(columns: &[(Text, Kind)], empty: Text, language: Language) -> Self {
        let column = |(title, kind): &(Text, Kind)| Column {
            title: title.say(language),
            class: kind.class(),
        };
        Self {
            caption: None,
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            empty: empty.say(language),
            more: None,
            name_column: 0,
            language,
        }
    }

    pub(crate) fn called(mut self, caption: Text) -> Self {
        self.caption = Some(caption.say(self.language));
        self
    }

    /// Which column names each row, from 0; the first does unless this says otherwise.
    pub(crate) fn named_by(mut self, column: usize) -> Self {
        self.name_column = column;
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) -> &mut Row {
        let classes = self.columns.iter().map(|column| column.class);
        let cells = cells.into_iter().zip(classes);
        let name_column = self.name_column;
        let cells = cells.enumerate().map(|(column, (cell, class))| {
            let is_zero = class == "n" && cell.text == "0";
            Cell {
                class: if is_zero { "n z" } else { class },
                is_name: column == name_column,
                ..cell
            }
        });
        let at = self.rows.len();
        self.rows.push(Row {
            cells: cells.collect(),
            is_flagged: false,
            is_sum: false,
        });
        // What was pushed is there.
        let Some(row) = self.rows.get_mut(at) else {
            unreachable!("a row that was added is there")
        };
        row
    }

    /// Says how many lines are not shown.
    pub(crate) fn more(&mut self, more: u64, command: &str) {
        if more == 0 {
            return;
        }
        let more = say::number(more);
        let command = wire::name::line(command);
        self.more = Some(match self.language {
            Language::Ja => format!("ほか {more} 件。すべては {command}"),
            Language::En => format!("and {more} more: {command}"),
        });
    }

    /// A line for each that was kept, and how many were not.
    pub(crate) fn lines<T>(
        &mut self,
        lines: &Lines<T>,
        command: &str,
        mut cells: impl FnMut(&T) -> Vec<Cell>,
    ) {
        for line in lines.kept() {
            self.row(cells(line));
        }
        self.more(lines.more(), command);
    }
}
