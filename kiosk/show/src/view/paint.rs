//! Putting texts, drawings and frames into cells.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use wire::Verdict;

use crate::art::Art;
use crate::text;
use crate::words::{Both, Words};

/// What every screen draws with.
pub(crate) struct Paint<'a> {
    pub(crate) buffer: &'a mut Buffer,
    pub(crate) words: &'a Words,
}

/// One thing in a column of things that are centred together.
pub(crate) enum Piece {
    /// A blank row; the first to go when there is no room.
    Gap,
    /// Japanese above, English below.
    Two(Both, Style),
    /// Both languages on one row when they fit, else [`Piece::Two`].
    One(Both, Style),
    /// A row of anything else; wrapped when it does not fit.
    Text(String, Style),
    /// A name from a medium; its middle is cut when it does not fit.
    Name(String, Style),
}

impl Paint<'_> {
    /// Blanks the area.
    pub(crate) fn fill(&mut self, area: Rect, style: Style) {
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Fills the area with one character.
    pub(crate) fn tile(&mut self, area: Rect, symbol: &str, style: Style) {
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }

    /// One row of text inside `area`, `row` rows below its top. What does not fit is cut.
    pub(crate) fn row(&mut self, area: Rect, row: u16, side: Alignment, line: &str, style: Style) {
        if area.height <= row {
            return;
        }
        let line = text::fit_start(line, usize::from(area.width));
        let cells = u16::try_from(text::width(&line)).unwrap_or(area.width);
        let spare = area.width.saturating_sub(cells);
        let indent = match side {
            Alignment::Left => 0,
            Alignment::Center => spare / 2,
            Alignment::Right => spare,
        };
        let (x, y) = (area.x.saturating_add(indent), area.y.saturating_add(row));
        if y < self.buffer.area.bottom() && x < self.buffer.area.right() {
            let style = self
                .buffer
                .cell((x, y))
                .map_or(style, |cell| cell.style().patch(style));
            self.buffer
                .set_stringn(x, y, line, usize::from(area.width), style);
        }
    }

    /// A drawing with its top left corner at `x`, `y`. Blank cells stay as they are.
    pub(crate) fn art(&mut self, x: u16, y: u16, art: Art, style: Style) {
        for (y, row) in (y..).zip(art.rows()) {
            for (x, block) in (x..).zip(row.chars()) {
                if block != ' '
                    && let Some(cell) = self.buffer.cell_mut((x, y))
                {
                    cell.set_char(block).set_style(style);
                }
            }
        }
    }

    /// The pieces one below the other, in the middle of the area. When there are too many, the
    /// gaps go first and then what is last.
    pub(crate) fn column(&mut self, area: Rect, pieces: Vec<Piece>) {
        let cells = usize::from(area.width);
        let height = usize::from(area.height);
        let mut rows: Vec<Option<(String, Style)>> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Gap => rows.push(None),
                Piece::One(both, style) if text::width(&both.joined()) <= cells => {
                    rows.push(Some((both.joined(), style)));
                }
                Piece::One(Both { ja, en }, style) | Piece::Two(Both { ja, en }, style) => {
                    let both = [ja, en];
                    let wrapped = both.iter().flat_map(|line| text::wrapped(line, cells));
                    rows.extend(wrapped.map(|line| Some((line, style))));
                }
                Piece::Text(line, style) => {
                    rows.extend(
                        text::wrapped(&line, cells)
                            .into_iter()
                            .map(|row| Some((row, style))),
                    );
                }
                Piece::Name(name, style) => {
                    rows.push(Some((text::fit_middle(&name, cells), style)));
                }
            }
        }
        if height < rows.len() {
            rows.retain(Option::is_some);
        }
        let spare = height.saturating_sub(rows.len()) / 2;
        for (row, line) in (u16::try_from(spare).unwrap_or(0)..).zip(rows) {
            if let Some((line, style)) = line {
                self.row(area, row, Alignment::Center, &line, style);
            }
        }
    }

    /// A thin box along the edge of the area.
    pub(crate) fn thin_frame(&mut self, area: Rect, style: Style) {
        let Edges {
            top,
            bottom,
            left,
            right,
        } = edges(area, 1);
        self.tile(top, "─", style);
        self.tile(bottom, "─", style);
        self.tile(left, "│", style);
        self.tile(right, "│", style);
        let (last_x, last_y) = (right.x, bottom.y);
        let corners = [
            (area.x, area.y, "┌"),
            (last_x, area.y, "┐"),
            (area.x, last_y, "└"),
            (last_x, last_y, "┘"),
        ];
        for (x, y, symbol) in corners {
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }

    /// The frame that belongs to a verdict: a thin line, a thick hatch, or thick dashes.
    pub(crate) fn verdict_frame(&mut self, area: Rect, verdict: Verdict, sides: u16) {
        let style = Style::new();
        match verdict {
            Verdict::Pass => self.thin_frame(area, style),
            Verdict::Stop => {
                let Edges {
                    top,
                    bottom,
                    left,
                    right,
                } = edges(area, sides);
                for edge in [top, bottom, left, right] {
                    self.tile(edge, "▚", style);
                }
            }
            Verdict::Incomplete => self.dashes(edges(area, sides)),
        }
    }

    /// Dashes of four cells with gaps of two, and the like down the sides.
    fn dashes(
        &mut self,
        Edges {
            top,
            bottom,
            left,
            right,
        }: Edges,
    ) {
        let style = Style::new();
        for (edge, symbol) in [(top, "▀"), (bottom, "▄")] {
            for column in edge.columns() {
                if column.x.saturating_sub(edge.x).wrapping_rem(6) < 4 {
                    self.tile(column, symbol, style);
                }
            }
        }
        for edge in [left, right] {
            for row in edge.rows() {
                if row.y.saturating_sub(edge.y).wrapping_rem(3) < 2 {
                    self.tile(row, "█", style);
                }
            }
        }
    }
}

struct Edges {
    top: Rect,
    bottom: Rect,
    left: Rect,
    right: Rect,
}

/// The rim of an area: one row above and below, `sides` columns left and right.
fn edges(area: Rect, sides: u16) -> Edges {
    let sides = sides.min(area.width);
    let last_row = area.bottom().saturating_sub(1).max(area.y);
    let last_columns = area.right().saturating_sub(sides).max(area.x);
    Edges {
        top: Rect {
            height: 1.min(area.height),
            ..area
        },
        bottom: Rect {
            y: last_row,
            height: 1.min(area.height),
            ..area
        },
        left: Rect {
            width: sides,
            ..area
        },
        right: Rect {
            x: last_columns,
            width: sides,
            ..area
        },
    }
}

/// The area without `columns` at each side and one row above and below.
pub(crate) fn inside(area: Rect, columns: u16) -> Rect {
    area.inner(ratatui::layout::Margin::new(columns, 1))
}

/// The middle of `area`, at most `width` by `height`.
pub(crate) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x.saturating_add(area.width.saturating_sub(width) / 2),
        y: area
            .y
            .saturating_add(area.height.saturating_sub(height) / 2),
        width,
        height,
    }
}
