//! The giant words and shapes: rows of half-block characters, drawn at development time from
//! BIZ UDGothic Bold by `examples/rasterise.rs` and committed under `glyphs/`, so that they
//! look the same on every terminal.

use wire::Verdict;

/// Rows of half-blocks; a cell is one wide and two half-cells high, so that they are square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Art(&'static str);

impl Art {
    /// The verdict's word in Japanese.
    #[must_use]
    pub fn word_ja(verdict: Verdict) -> Self {
        Self(match verdict {
            Verdict::Pass => include_str!("../glyphs/pass.txt"),
            Verdict::Stop => include_str!("../glyphs/stop.txt"),
            Verdict::Incomplete => include_str!("../glyphs/incomplete.txt"),
        })
    }

    /// The verdict's word in English, three rows high.
    #[must_use]
    pub fn word_en(verdict: Verdict) -> Self {
        Self(match verdict {
            Verdict::Pass => include_str!("../glyphs/pass-en.txt"),
            Verdict::Stop => include_str!("../glyphs/stop-en.txt"),
            Verdict::Incomplete => include_str!("../glyphs/incomplete-en.txt"),
        })
    }

    /// The verdict's shape.
    #[must_use]
    pub fn shape(verdict: Verdict) -> Self {
        Self(match verdict {
            Verdict::Pass => include_str!("../glyphs/circle.txt"),
            Verdict::Stop => include_str!("../glyphs/cross.txt"),
            Verdict::Incomplete => include_str!("../glyphs/triangle.txt"),
        })
    }

    /// The verdict's shape, three rows high.
    #[must_use]
    pub fn small_shape(verdict: Verdict) -> Self {
        Self(match verdict {
            Verdict::Pass => include_str!("../glyphs/circle-small.txt"),
            Verdict::Stop => include_str!("../glyphs/cross-small.txt"),
            Verdict::Incomplete => include_str!("../glyphs/triangle-small.txt"),
        })
    }

    /// Its rows, from the top.
    pub fn rows(self) -> impl Iterator<Item = &'static str> {
        self.0.lines()
    }

    /// Cells of its widest row.
    #[must_use]
    pub fn width(self) -> u16 {
        let cells = |row: &str| u16::try_from(row.chars().count()).unwrap_or(u16::MAX);
        self.rows().map(cells).max().unwrap_or(0)
    }

    /// How many rows it has.
    #[must_use]
    pub fn height(self) -> u16 {
        u16::try_from(self.rows().count()).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICTS: [Verdict; 3] = [Verdict::Pass, Verdict::Stop, Verdict::Incomplete];

    #[test]
    fn every_drawing_is_made_of_half_blocks_and_fits_its_place() {
        for verdict in VERDICTS {
            for (art, width, height) in [
                (Art::word_ja(verdict), 76, 13),
                (Art::word_en(verdict), 76, 3),
                (Art::shape(verdict), 20, 10),
                (Art::small_shape(verdict), 6, 3),
            ] {
                assert!(
                    art.rows()
                        .all(|row| row.chars().all(|block| " ▀▄█".contains(block)))
                );
                assert!(
                    1 <= art.width() && art.width() <= width,
                    "{verdict:?} {}",
                    art.width()
                );
                assert!(1 <= art.height() && art.height() <= height, "{verdict:?}");
            }
        }
    }

    #[test]
    fn no_drawing_is_used_for_two_verdicts() {
        for make in [Art::word_ja, Art::word_en, Art::shape, Art::small_shape] {
            let [pass, stop, incomplete] = VERDICTS.map(make);
            assert!(pass != stop && stop != incomplete && incomplete != pass);
        }
    }
}
