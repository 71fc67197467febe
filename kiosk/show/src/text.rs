//! Texts that somebody else chose, made fit for a row of cells.
//!
//! Everything that a medium or a message chose passes [`readable`] before it is drawn, and is
//! cut by the width it takes in cells, never by bytes or characters.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthStr as _;
use wire::MediumName;

/// What stands for what was cut: the ellipsis is one cell by the tables and two in Japanese
/// fonts, so a space belongs to it.
const CUT: &str = "… ";

/// Most marks shown on one letter. Vietnamese needs two; a hundred of them paint over the
/// rows above and below.
const MARKS_MAX: usize = 2;

/// The name for people: escaped, then folded to what the terminal can place.
///
/// Folding (NFKC) turns half-width katakana, whose voiced marks are counted differently by
/// every terminal, into full-width ones. It is for the eye only.
#[must_use]
pub fn readable(name: &MediumName) -> String {
    let escaped = name.escaped().to_string();
    let mut folded = String::new();
    for part in escaped.split_inclusive(forges_a_separator) {
        let kept = part
            .chars()
            .next_back()
            .filter(|last| forges_a_separator(*last));
        let plain = kept.map_or(part, |last| part.strip_suffix(last).unwrap_or(part));
        folded.extend(plain.nfkc());
        folded.extend(kept);
    }
    without_piles(&folded)
}

/// [`readable`] for a text that should be harmless and came from outside all the same.
#[must_use]
pub fn readable_text(text: &str) -> String {
    readable(&MediumName::cut(text.as_bytes()).0)
}

/// Whether folding would make the character one that separates the parts of a path.
fn forges_a_separator(character: char) -> bool {
    let is_separator = |folded: char| matches!(folded, '/' | '\\' | '>');
    !character.is_ascii() && std::iter::once(character).nfkc().any(is_separator)
}

/// Spells out the marks on one letter past [`MARKS_MAX`], and those that have no letter.
fn without_piles(text: &str) -> String {
    let mut shown = String::new();
    let mut marks = MARKS_MAX;
    for character in text.chars() {
        if is_combining_mark(character) {
            marks = marks.saturating_add(1);
            if MARKS_MAX < marks {
                shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
                continue;
            }
        } else {
            marks = 0;
        }
        shown.push(character);
    }
    shown
}

/// Cells that `text` takes.
#[must_use]
pub fn width(text: &str) -> usize {
    graphemes(text)
        .iter()
        .map(|grapheme| grapheme.width())
        .sum()
}

/// At most `cells` cells of `text`, from its beginning.
#[must_use]
pub fn fit_start(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut start = taken(graphemes(text).into_iter(), room(cells));
    start.push(CUT.to_owned());
    bounded(start.concat(), cells)
}

/// At most `cells` cells of `text`, to its end: the end of a path is the file's name.
#[must_use]
pub fn fit_end(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut end = taken(graphemes(text).into_iter().rev(), room(cells));
    end.push(CUT.to_owned());
    end.reverse();
    bounded(end.concat(), cells)
}

/// At most `cells` cells of `text`: a third from its beginning and the rest to its end.
#[must_use]
pub fn fit_middle(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let start = taken(graphemes(text).into_iter(), room(cells).wrapping_div(3)).concat();
    let rest = cells.saturating_sub(width(&start));
    bounded(start + &fit_end(text, rest), cells)
}

/// `text` in rows of at most `cells` cells, broken at blanks where there are any near. Nothing
/// is left out, except that a blank at a break goes.
#[must_use]
pub fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut rest = text.to_owned();
    while cells < width(&rest) {
        let fitting = taken(graphemes(&rest).into_iter(), cells).concat();
        if fitting.is_empty() {
            return rows;
        }
        let broken = match fitting.rfind(' ') {
            Some(blank) if fitting.len() / 2 < blank => fitting.get(..blank),
            Some(_) | None => None,
        };
        let row = broken.unwrap_or(&fitting).to_owned();
        rest = rest
            .strip_prefix(&row)
            .unwrap_or_default()
            .trim_start()
            .to_owned();
        rows.push(row);
    }
    rows.push(rest);
    rows
}

fn room(cells: usize) -> usize {
    cells.saturating_sub(CUT.width())
}

/// Rows too narrow even for the mark of the cut stay empty.
fn bounded(text: String, cells: usize) -> String {
    if width(&text) <= cells {
        text
    } else {
        String::new()
    }
}

fn taken(graphemes: impl Iterator<Item = String>, cells: usize) -> Vec<String> {
    let mut left = cells;
    graphemes
        .map_while(|grapheme| {
            left = left.checked_sub(grapheme.width())?;
            Some(grapheme)
        })
        .collect()
}

/// Split exactly as the drawing library splits it when it fills cells.
fn graphemes(text: &str) -> Vec<String> {
    let span = Span::raw(text);
    span.styled_graphemes(Style::new())
        .map(|grapheme| grapheme.symbol.to_owned())
        .collect()
}

/// The rows of a screen as a person reads them: a wide character counts once, not once and
/// again for the cell that it covers. Trailing blanks are left out.
#[must_use]
pub fn screen_text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.rows().map(|row| row.y) {
        let mut row = String::new();
        let mut covered = 0_usize;
        for x in buffer.area.columns().map(|column| column.x) {
            if covered == 0
                && let Some(cell) = buffer.cell((x, y))
            {
                row.push_str(cell.symbol());
                covered = cell.symbol().width();
            }
            covered = covered.saturating_sub(1);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn named(bytes: &[u8]) -> MediumName {
        MediumName::new(bytes).unwrap()
    }

    /// Tens of thousands of characters that are all alike here.
    fn is_ideograph(character: char) -> bool {
        matches!(character, '\u{3500}'..='\u{9F00}' | '\u{AD00}'..='\u{D700}' | '\u{17100}'..='\u{18C00}')
    }

    /// Cells the text really takes when it is drawn.
    fn drawn_width(text: &str) -> usize {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 1));
        let (end, _) = buffer.set_stringn(0, 0, text, 80, Style::new());
        usize::from(end)
    }

    #[test]
    fn half_width_katakana_is_folded_and_takes_the_cells_it_is_counted_for() {
        let shown = readable(&named("ﾊﾞｯｸｱｯﾌﾟ/ｶﾞｷﾞｸﾞ ﾊﾟ.txt".as_bytes()));
        assert_eq!(shown, "バックアップ/ガギグ パ.txt");
        assert_eq!(width(&shown), drawn_width(&shown));
    }

    #[test]
    fn names_written_by_a_mac_are_composed() {
        assert_eq!(readable(&named("か\u{3099}.txt".as_bytes())), "が.txt");
    }

    #[test]
    fn what_hides_or_reorders_is_visible() {
        let shown = readable(&named(b"a\xe2\x80\xaegpj.exe\x1b[2J\xe2\x80\x8b\xff\x07\t"));
        assert_eq!(
            shown,
            "a⟨U+202E⟩gpj.exe⟨U+001B⟩[2J⟨U+200B⟩⟨FF⟩⟨U+0007⟩⟨U+0009⟩"
        );
    }

    #[test]
    fn no_character_becomes_a_hidden_one_or_a_separator_by_folding() {
        for character in (char::from(0x80)..=char::MAX).filter(|one| !wire::name::is_hidden(*one)) {
            let shown = readable(&named(character.to_string().as_bytes()));
            assert!(
                !shown.chars().any(wire::name::is_hidden),
                "{character:?} {shown:?}"
            );
            assert!(!shown.contains(['/', '\\', '>']), "{character:?} {shown:?}");
        }
    }

    #[test]
    fn every_character_takes_the_cells_it_is_counted_for() {
        for character in (char::from(0x20)..='\u{1FFFF}').filter(|one| !is_ideograph(*one)) {
            let shown = readable(&named(format!("a{character}b").as_bytes()));
            assert_eq!(
                width(&shown),
                drawn_width(&shown),
                "{character:?} {shown:?}"
            );
        }
    }

    #[test]
    fn piles_of_marks_are_spelled_out() {
        let pile = format!("o{}x", "\u{0335}".repeat(40));
        let shown = readable(&named(pile.as_bytes()));
        assert!(
            shown.starts_with("o\u{0335}\u{0335}⟨U+0335⟩⟨U+0335⟩"),
            "{shown}"
        );
        assert_eq!(readable(&named("\u{0335}x".as_bytes())), "⟨U+0335⟩x");
        assert_eq!(readable(&named("Việt".as_bytes())), "Việt");
    }

    #[test]
    fn a_cut_keeps_whole_characters_and_says_that_it_cut() {
        let path = "点検記録/2026年11月/ポンプ室_図面.pdf";
        assert_eq!(fit_end(path, 20), "… /ポンプ室_図面.pdf");
        assert_eq!(fit_start(path, 8), "点検記… ");
        assert_eq!(fit_end(path, 3), "… f");
        assert_eq!(fit_end(path, 1), "");
    }

    #[test]
    fn no_cut_is_wider_than_asked_and_none_is_made_without_need() {
        let path = "点検記録/2026年11月/ポンプ室_図面.pdf";
        for cells in 0..60 {
            for fit in [fit_start, fit_end, fit_middle] {
                let cut = fit(path, cells);
                assert!(width(&cut) <= cells, "{cells}: {cut:?}");
                assert_eq!(cut == path, width(path) <= cells);
            }
        }
    }

    #[test]
    fn wrapping_breaks_at_blanks_and_loses_nothing() {
        assert_eq!(
            wrapped("Remove it and hand it over", 14),
            ["Remove it and", "hand it over"]
        );
        assert_eq!(wrapped("使用できません", 7), ["使用で", "きませ", "ん"]);
        assert_eq!(wrapped("", 7), [""]);
    }

    #[test]
    fn the_middle_is_cut_out_of_a_trail() {
        let trail = "outer-archive.zip > some/very/long/way/down/inner.tar > eicar.com";
        let cut = fit_middle(trail, 30);
        assert!(
            cut.starts_with("outer-") && cut.ends_with("> eicar.com"),
            "{cut}"
        );
    }

    #[test]
    fn screen_text_counts_a_wide_character_once() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(1, 0, "合格 OK", Style::new());
        assert_eq!(screen_text(&buffer), " 合格 OK\n\n");
    }
}
