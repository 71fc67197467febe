//! Draws the giant words and shapes of the verdict screens as half-block rows, for
//! `glyphs/*.txt`.
//!
//! Run by hand when a word or the font changes; its output is committed, so that neither the
//! build nor the kiosk needs the font:
//!
//! ```text
//! cargo run -p show --example rasterise -- BIZUDGothic-Bold.ttf kiosk/show/glyphs
//! ```
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a development tool that reads nothing hostile; its output is looked at and committed"
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use ab_glyph::{Font as _, FontVec, Glyph, PxScale, ScaleFont as _, point};

/// The kanji: file, text, size of the em in half-cells (a cell is one wide and two high).
const KANJI: [(&str, &str, f32); 3] = [
    ("pass", "合格", 24.6),
    ("stop", "使用禁止", 17.4),
    ("incomplete", "検査未完了", 15.0),
];

/// How much of a half-cell the ink must cover to fill it.
const INK_MIN: f32 = 0.47;

/// The English words, from [`LETTERS`].
const ENGLISH: [(&str, &str); 3] = [
    ("pass-en", "PASS"),
    ("stop-en", "STOP"),
    ("incomplete-en", "NOT FINISHED"),
];

/// A bold alphabet six half-cells high: outlines rasterised this small are mush.
const LETTERS: [(char, [&str; 6]); 12] = [
    (
        'A',
        [".####.", "##..##", "##..##", "######", "##..##", "##..##"],
    ),
    (
        'D',
        ["#####.", "##..##", "##..##", "##..##", "##..##", "#####."],
    ),
    (
        'E',
        ["######", "##....", "#####.", "##....", "##....", "######"],
    ),
    (
        'F',
        ["######", "##....", "#####.", "##....", "##....", "##...."],
    ),
    (
        'H',
        ["##..##", "##..##", "######", "##..##", "##..##", "##..##"],
    ),
    ('I', ["##", "##", "##", "##", "##", "##"]),
    (
        'N',
        ["##..##", "###.##", "######", "##.###", "##..##", "##..##"],
    ),
    (
        'O',
        [".####.", "##..##", "##..##", "##..##", "##..##", ".####."],
    ),
    (
        'P',
        ["#####.", "##..##", "##..##", "#####.", "##....", "##...."],
    ),
    (
        'S',
        [".#####", "##....", "#####.", ".#####", "....##", "#####."],
    ),
    (
        'T',
        ["######", "..##..", "..##..", "..##..", "..##..", "..##.."],
    ),
    (' ', ["...", "...", "...", "...", "...", "..."]),
];

/// The shapes: file, height in half-cells, width of the stroke, and whether a point is ink.
/// They are drawn here because the font's own are hairlines, and it has no `✕` at all.
const SHAPES: [(&str, i32, f32, Inked); 6] = [
    ("circle", 16, 3.0, circle),
    ("cross", 10, 1.9, cross),
    ("triangle", 12, 1.9, triangle),
    ("circle-small", 6, 1.6, circle),
    ("cross-small", 6, 1.0, cross),
    ("triangle-small", 6, 1.8, triangle),
];

type Inked = fn(x: f32, y: f32, size: f32, stroke: f32) -> bool;

type Bitmap = Vec<Vec<bool>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(font), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: rasterise FONT FOLDER".into());
    };
    let font = FontVec::try_from_vec(std::fs::read(font)?)?;
    let write = |name: &str, bitmap: &Bitmap| {
        let file = Path::new(&folder).join(format!("{name}.txt"));
        std::fs::write(file, half_blocks(bitmap).join("\n") + "\n")
    };
    for (name, text, em) in KANJI {
        write(name, &kanji(&font, text, em))?;
    }
    for (name, text) in ENGLISH {
        write(name, &english(text))?;
    }
    for (name, size, stroke, inked) in SHAPES {
        write(name, &shape(size, stroke, inked))?;
    }
    Ok(())
}

/// The text's ink, cropped to it.
fn kanji(font: &FontVec, text: &str, em: f32) -> Bitmap {
    let units = font.units_per_em().unwrap_or(1000.0);
    let scaled = font.as_scaled(PxScale::from(em * font.height_unscaled() / units));
    let mut ink = BTreeSet::new();
    let mut x = 4.0;
    for character in text.chars() {
        let glyph = scaled.scaled_glyph(character);
        let advance = scaled.h_advance(glyph.id);
        let placed = Glyph {
            position: point(x, scaled.ascent()),
            ..glyph
        };
        if let Some(outline) = font.outline_glyph(placed) {
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, coverage| {
                if INK_MIN < coverage {
                    let (row, column) = (bounds.min.y + dy as f32, bounds.min.x + dx as f32);
                    ink.insert((row.round() as i32, column.round() as i32));
                }
            });
        }
        x += advance;
    }
    let columns = || ink.iter().map(|(_, column)| *column);
    let rows = || ink.iter().map(|(row, _)| *row);
    let (left, right) = (columns().min().unwrap_or(0), columns().max().unwrap_or(0));
    let (top, bottom) = (rows().min().unwrap_or(0), rows().max().unwrap_or(0));
    (top..=bottom)
        .map(|row| {
            (left..=right)
                .map(|column| ink.contains(&(row, column)))
                .collect()
        })
        .collect()
}

/// The text in [`LETTERS`], a half-cell between letters.
fn english(text: &str) -> Bitmap {
    (0..6)
        .map(|row| {
            let rows: Vec<&str> = text
                .chars()
                .filter_map(|wanted| LETTERS.iter().find(|(letter, _)| *letter == wanted))
                .map(|(_, rows)| rows[row])
                .collect();
            rows.join(".").chars().map(|pixel| pixel == '#').collect()
        })
        .collect()
}

fn shape(size: i32, stroke: f32, inked: Inked) -> Bitmap {
    let row = |y: i32| {
        (0..size)
            .map(|x| inked(x as f32 + 0.5, y as f32 + 0.5, size as f32, stroke))
            .collect()
    };
    (0..size).map(row).collect()
}

fn circle(x: f32, y: f32, size: f32, stroke: f32) -> bool {
    let radius = size / 2.0;
    let distance = (x - radius).hypot(y - radius);
    (radius - stroke..=radius).contains(&distance)
}

fn cross(x: f32, y: f32, size: f32, stroke: f32) -> bool {
    (x - y).abs() < stroke || (x + y - size).abs() < stroke
}

/// An upright triangle as wide as it is high.
fn triangle(x: f32, y: f32, size: f32, stroke: f32) -> bool {
    let half = size / 2.0;
    let inside = |inset: f32| (x - half).abs() * 2.0 <= y - inset * 2.2 && y <= size - inset;
    inside(-0.5) && !inside(stroke * 0.85)
}

/// Two rows of half-cells become one row of text.
fn half_blocks(bitmap: &Bitmap) -> Vec<String> {
    bitmap
        .chunks(2)
        .map(|pair| {
            let lower = |column: usize| pair.get(1).is_some_and(|row| row[column]);
            let block = |(column, upper): (usize, &bool)| match (upper, lower(column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            let row: String = pair[0].iter().enumerate().map(block).collect();
            row.trim_end().to_owned()
        })
        .collect()
}
