//! Several media at once: a card each, with the same words, shapes and colours as alone.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Modifier, Style};
use wire::Verdict;
use wire::view::{Lane, Shown, Stage};

use super::paint::{Paint, Piece, inside, middle};
use super::scanning::{self, Scan};
use super::verdict::{self, Medium};
use super::{COLUMNS, edge, meaning, place, receipt, small, spinner, waiting};
use crate::art::Art;
use crate::eta::Eta;
use crate::state::Screen;
use crate::{text, theme};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Fewest rows of a card: its frame, the word, and the reason in both languages.
const CARD_ROWS_MIN: u16 = 5;

/// Rows inside a card from which it has room for the large shape.
const CARD_ROWS_LARGE: u16 = 17;

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, lanes: &[Lane], screen: &Screen) {
    let cards = cards(body, lanes.len());
    if cards.iter().any(|card| card.height < CARD_ROWS_MIN) {
        small::draw(paint, body);
        return;
    }
    let unknown = Eta::default();
    for (index, (lane, card)) in lanes.iter().zip(cards).enumerate() {
        if place::holds_pad(screen, index) {
            waiting::card(paint, card, &lane.label, screen);
            continue;
        }
        let eta = screen.etas.get(index).unwrap_or(&unknown);
        one(paint, card, lane, eta, screen);
    }
}

/// Two columns where there is room for them, else one below the other.
pub(crate) fn cards(area: Rect, lanes: usize) -> Vec<Rect> {
    let lanes = u16::try_from(lanes).unwrap_or(u16::MAX);
    let pairs = COLUMNS <= area.width;
    let (rows, width) = if pairs {
        (lanes.div_ceil(2), area.width / 2)
    } else {
        (lanes, area.width)
    };
    let height = area.height.checked_div(rows).unwrap_or(0);
    (0..lanes)
        .map(|lane| {
            let (row, column) = if pairs {
                (lane / 2, lane % 2)
            } else {
                (lane, 0)
            };
            Rect {
                x: area.x.saturating_add(column.saturating_mul(width)),
                y: area.y.saturating_add(row.saturating_mul(height)),
                width,
                height,
            }
        })
        .collect()
}

fn one(paint: &mut Paint<'_>, card: Rect, lane: &Lane, eta: &Eta, screen: &Screen) {
    let beat = screen.beat;
    match &lane.stage {
        Stage::Judged(shown) => answer(paint, card, lane, shown, Medium::In),
        Stage::Removed(shown) => answer(paint, card, lane, shown, Medium::Out),
        Stage::AwaitingVisit | Stage::Checking | Stage::Recording => {
            underway(paint, card, lane, None, beat);
        }
        Stage::Scanning {
            progress,
            elapsed_seconds,
        } => {
            let scan = Scan {
                progress,
                elapsed: *elapsed_seconds,
                eta,
                beat,
            };
            underway(paint, card, lane, Some(&scan), beat);
        }
    }
}

/// A medium without an answer: nothing here has the look of one.
fn underway(paint: &mut Paint<'_>, card: Rect, lane: &Lane, scan: Option<&Scan<'_>>, beat: u8) {
    let words = paint.words;
    paint.thin_frame(card, theme::QUIET);
    let area = inside(card, 1);
    let status = words.say(edge::stage_key(lane));
    let title = format!("{} {} {}", spinner(beat), status.ja, status.en);
    let mut pieces = vec![Piece::Text(title, theme::STRONG)];
    if let Some(scan) = scan {
        let cells = usize::from(area.width).saturating_sub(7);
        let percent = scanning::percent_text(scan.progress);
        pieces.push(Piece::Text(
            format!("{} {percent}", scanning::bar(cells, scan)),
            theme::BLUE,
        ));
        pieces.push(Piece::Two(scanning::remaining(words, scan), theme::STRONG));
    }
    pieces.push(Piece::One(words.say("scanning-keep"), theme::WARM));
    pieces.push(Piece::Name(text::readable(&lane.label), theme::QUIET));
    paint.column(area, pieces);
}

/// The answer with its shape, word, colour and frame.
fn answer(paint: &mut Paint<'_>, card: Rect, lane: &Lane, shown: &Shown, medium: Medium) {
    let words = paint.words;
    let label = &lane.label;
    paint.fill(card, theme::verdict(shown.verdict));
    paint.verdict_frame(card, shown.verdict, 1);
    let area = verdict::without_request(lane, inside(card, 1));
    let sentences = verdict::sentences(words, shown, medium, usize::from(area.width));
    let name = text::readable(label);
    if area.height < 8 || area.width < 36 {
        let mut pieces = vec![Piece::Text(verdict::word(shown.verdict), BOLD)];
        pieces.extend(sentences.map(|both| Piece::Two(both, PLAIN)));
        let back = meaning::put_back(words, shown, usize::from(area.width));
        pieces.push(Piece::Name(back.unwrap_or(name), PLAIN));
        paint.column(area, pieces);
        return;
    }
    let back = meaning::put_back(words, shown, usize::from(area.width));
    // Where it belongs is worth more to the person than the receipt.
    let receipt = back.unwrap_or_else(|| receipt::receipt(words, shown, usize::from(area.width)));
    let receipt = Piece::Name(receipt, PLAIN);
    if CARD_ROWS_LARGE <= area.height {
        let shape = Art::shape(shown.verdict);
        let place = middle(Rect { height: 10, ..area }, shape.width(), shape.height());
        paint.art(place.x, place.y, shape, PLAIN);
        let (ja, en) = (shown.verdict.word_ja(), shown.verdict.word_en());
        let mut pieces = vec![Piece::Text(format!("{ja}  {en}"), BOLD)];
        pieces.extend(sentences.map(|both| Piece::Two(both, PLAIN)));
        pieces.extend([receipt, Piece::Name(name, PLAIN)]);
        let below = Rect {
            y: area.y.saturating_add(10),
            height: area.height.saturating_sub(10),
            ..area
        };
        paint.column(below, pieces);
        return;
    }
    let area = middle(area, area.width, 8);
    head(paint, Rect { height: 3, ..area }, shown.verdict, &name);
    let mut pieces: Vec<_> = sentences.map(|both| Piece::Two(both, PLAIN)).into();
    pieces.push(receipt);
    paint.column(
        Rect {
            y: area.y.saturating_add(3),
            height: 5,
            ..area
        },
        pieces,
    );
}

/// The small shape with the two words and the medium's name beside it.
fn head(paint: &mut Paint<'_>, area: Rect, verdict: Verdict, name: &str) {
    let shape = Art::small_shape(verdict);
    let block = middle(area, 32, 3);
    paint.art(block.x, block.y, shape, PLAIN);
    let beside = Rect {
        x: block.x.saturating_add(9),
        width: area.right().saturating_sub(block.x.saturating_add(9)),
        ..block
    };
    paint.row(beside, 0, Alignment::Left, verdict.word_ja(), BOLD);
    paint.row(beside, 1, Alignment::Left, verdict.word_en(), BOLD);
    let name = text::fit_middle(name, usize::from(beside.width));
    paint.row(beside, 2, Alignment::Left, &name, PLAIN);
}
