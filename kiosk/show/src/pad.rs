//! The number pad: what is typed on it, and where its keys are.
//!
//! A code or a PIN is typed with fingers on the panel, on a keypad, or by a badge reader, which
//! is a keyboard to the kiosk. What was typed leaves the pad when it is sent, when it is
//! cancelled and when nobody goes on; it is in no text for finding faults.

use std::fmt;
use std::time::Duration;

use ratatui::layout::Rect;
use wire::view::{Input, TYPED_BYTES_MAX};

use crate::act::Key;

/// Longest wait for the next key, after which the pad is empty again: whoever typed has gone,
/// and nobody else is to go on.
pub const PAD_WAIT_MAX: Duration = Duration::from_secs(30);

/// Digits of a visit's code. What is longer, or has letters, is a badge, which is worth more
/// than one visit and is not spelled out.
const CODE_DIGITS: usize = 6;

/// Columns and rows of keys.
const GRID: (u16, u16) = (3, 4);

/// Columns of the widest key.
const KEY_COLUMNS: u16 = 12;

/// Rows of the highest key.
const KEY_ROWS: u16 = 3;

/// What is being typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Pad {
    /// What is asked.
    pub wants: Wants,
    typed: String,
    /// Whether more came than is taken: what is left of it is not taken either.
    is_over: bool,
    /// Since the last key.
    idle: Duration,
}

/// What the pad asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Wants {
    /// The code of a visit, or a badge.
    Code,
    /// The number of one of the staff.
    Number,
    /// The PIN that goes with a number.
    Pin {
        /// The number.
        number: String,
    },
}

impl fmt::Debug for Pad {
    /// Says what is asked, and nothing that was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.wants {
            Wants::Code => "Pad(Code)",
            Wants::Number => "Pad(Number)",
            Wants::Pin { .. } => "Pad(Pin)",
        })
    }
}

impl fmt::Debug for Wants {
    /// Without the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "Code",
            Self::Number => "Number",
            Self::Pin { .. } => "Pin",
        })
    }
}

/// What a key on the pad leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Pressed {
    /// The pad goes on.
    Open(Pad),
    /// It was cancelled.
    Closed,
    /// Something is to be sent, and the pad has done its work.
    Said(Input),
}

impl Pad {
    /// An empty pad.
    #[must_use]
    pub fn new(wants: Wants) -> Self {
        Self {
            wants,
            typed: String::new(),
            is_over: false,
            idle: Duration::ZERO,
        }
    }

    /// Whether nothing was typed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.typed.is_empty() && !self.is_over
    }

    /// After a key. What cancels does so twice: first what was typed, then the asking.
    #[must_use]
    pub fn pressed(self, key: Key) -> Pressed {
        let pad = Self {
            idle: Duration::ZERO,
            ..self
        };
        match key {
            Key::Character(character) => Pressed::Open(pad.with(character)),
            Key::Enter => pad.confirmed(),
            Key::Erase | Key::Escape if pad.is_empty() => Pressed::Closed,
            Key::Erase if !pad.is_over => {
                let mut typed = pad.typed;
                typed.pop();
                Pressed::Open(Self { typed, ..pad })
            }
            Key::Erase | Key::Escape => Pressed::Open(Self::new(pad.wants)),
        }
    }

    fn with(mut self, character: char) -> Self {
        let is_taken = match self.wants {
            Wants::Code => character.is_ascii_graphic(),
            Wants::Number | Wants::Pin { .. } => character.is_ascii_digit(),
        };
        if !is_taken || self.is_over {
            return self;
        }
        if self.typed.len() < TYPED_BYTES_MAX {
            self.typed.push(character);
            return self;
        }
        Self {
            is_over: true,
            ..Self::new(self.wants)
        }
    }

    fn confirmed(self) -> Pressed {
        if self.typed.is_empty() {
            return Pressed::Open(Self::new(self.wants));
        }
        match self.wants {
            Wants::Code => Pressed::Said(Input::Code { code: self.typed }),
            Wants::Number => Pressed::Open(Self::new(Wants::Pin { number: self.typed })),
            Wants::Pin { number } => Pressed::Said(Input::Staff {
                number,
                pin: self.typed,
            }),
        }
    }

    /// After some time; `None` when nobody went on for [`PAD_WAIT_MAX`].
    #[must_use]
    pub fn aged(self, passed: Duration) -> Option<Self> {
        let idle = self.idle.saturating_add(passed);
        (idle < PAD_WAIT_MAX).then_some(Self { idle, ..self })
    }

    /// What was typed, as the screen may show it.
    #[must_use]
    pub fn seen(&self) -> String {
        let is_code =
            self.typed.len() <= CODE_DIGITS && self.typed.chars().all(|one| one.is_ascii_digit());
        let is_open = match self.wants {
            Wants::Code => is_code,
            Wants::Number => true,
            Wants::Pin { .. } => false,
        };
        if is_open {
            self.typed.clone()
        } else {
            // The dot is one cell by the tables and two in Japanese fonts.
            vec!["●"; self.typed.len()].join(" ")
        }
    }
}

/// Where the pad's parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where what was typed is shown.
    pub display: Rect,
    /// The keys.
    pub keys: Vec<(Key, Rect)>,
}

/// Where the parts of a pad in this area are; `None` when it has no room for one.
#[must_use]
pub fn layout(area: Rect) -> Option<Layout> {
    let (columns, rows) = GRID;
    let width = area.width.checked_div(columns)?.min(KEY_COLUMNS);
    let high = |display: u16| area.height.saturating_sub(display).checked_div(rows);
    let display = if KEY_ROWS <= high(3)? { 3 } else { 1 };
    let height = high(display)?.min(KEY_ROWS);
    // A key of five columns has its digit, a blank at each side, and the gap to the next.
    if width < 5 || height == 0 {
        return None;
    }
    let whole = Rect {
        width: width.saturating_mul(columns),
        height: height.saturating_mul(rows).saturating_add(display),
        ..area
    };
    let whole = crate::view::middle(area, whole.width, whole.height);
    let row = |line: [Key; 3], row: u16| {
        (0..columns).zip(line).map(move |(column, key)| {
            let place = Rect {
                x: whole.x.saturating_add(column.saturating_mul(width)),
                y: (whole.y.saturating_add(display)).saturating_add(row.saturating_mul(height)),
                width: width.saturating_sub(1),
                height,
            };
            (key, place)
        })
    };
    let digits = |digits: [char; 3]| digits.map(Key::Character);
    let last = [Key::Escape, Key::Character('0'), Key::Enter];
    let lines = [
        digits(['1', '2', '3']),
        digits(['4', '5', '6']),
        digits(['7', '8', '9']),
        last,
    ];
    Some(Layout {
        display: Rect {
            width: whole.width.saturating_sub(1),
            height: display,
            ..whole
        },
        keys: (0..rows)
            .zip(lines)
            .flat_map(|(number, line)| row(line, number))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(wants: Wants, keys: &str) -> Pad {
        keys.chars().fold(Pad::new(wants), |pad, one| {
            match pad.pressed(Key::Character(one)) {
                Pressed::Open(pad) => pad,
                other @ (Pressed::Closed | Pressed::Said(_)) => panic!("{other:?}"),
            }
        })
    }

    fn pin(digits: &str) -> Pad {
        let number = "1234".to_owned();
        typed(Wants::Pin { number }, digits)
    }

    fn said(pad: Pad) -> Input {
        match pad.pressed(Key::Enter) {
            Pressed::Said(input) => input,
            other @ (Pressed::Closed | Pressed::Open(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_code_a_badge_and_a_pin_are_sent_as_they_were_typed() {
        for code in ["012345", "AB-1234*Z", "1"] {
            let code = code.to_owned();
            assert_eq!(said(typed(Wants::Code, &code)), Input::Code { code });
        }
        let Pressed::Open(pad) = typed(Wants::Number, "77x88").pressed(Key::Enter) else {
            panic!("the PIN is asked next")
        };
        let number = "7788".to_owned();
        assert_eq!(
            pad,
            Pad::new(Wants::Pin {
                number: "7788".to_owned()
            })
        );
        let Pressed::Open(pad) = pad.pressed(Key::Character('9')) else {
            panic!("more digits are taken")
        };
        let pin = "9".to_owned();
        assert_eq!(said(pad), Input::Staff { number, pin });
    }

    #[test]
    fn what_is_longer_than_is_taken_is_not_taken_in_part() {
        let longest = "7".repeat(TYPED_BYTES_MAX);
        let code = longest.clone();
        assert_eq!(said(typed(Wants::Code, &longest)), Input::Code { code });
        let over = typed(Wants::Code, &format!("{longest}89"));
        assert!(!over.is_empty() && over.seen().is_empty());
        let empty = Pad::new(Wants::Code);
        for key in [Key::Enter, Key::Erase, Key::Escape] {
            assert_eq!(over.clone().pressed(key), Pressed::Open(empty.clone()));
        }
    }

    #[test]
    fn nothing_is_sent_of_an_empty_pad_and_cancelling_takes_two_keys() {
        let empty = Pad::new(Wants::Code);
        assert_eq!(
            empty.clone().pressed(Key::Enter),
            Pressed::Open(empty.clone())
        );
        assert_eq!(empty.clone().pressed(Key::Erase), Pressed::Closed);
        assert_eq!(empty.clone().pressed(Key::Escape), Pressed::Closed);
        let two = typed(Wants::Code, "12");
        assert_eq!(two.clone().pressed(Key::Escape), Pressed::Open(empty));
        assert_eq!(
            two.pressed(Key::Erase),
            Pressed::Open(typed(Wants::Code, "1"))
        );
    }

    #[test]
    fn a_pad_that_nobody_goes_on_with_is_emptied() {
        let short = Duration::from_millis(1);
        let pad = typed(Wants::Code, "123").aged(PAD_WAIT_MAX - short);
        let pad = pad.expect("still time");
        assert_eq!(pad.clone().aged(short), None);
        // A key begins the wait anew.
        let Pressed::Open(pad) = pad.pressed(Key::Character('4')) else {
            panic!("more digits are taken")
        };
        assert!(pad.aged(short).is_some());
    }

    #[test]
    fn a_pin_and_a_badge_are_dots_and_neither_is_in_the_text_for_finding_faults() {
        assert_eq!(typed(Wants::Code, "123456").seen(), "123456");
        assert_eq!(typed(Wants::Number, "1234567").seen(), "1234567");
        for hidden in [
            pin("8642"),
            typed(Wants::Code, "864"),
            typed(Wants::Code, "A8"),
        ] {
            let text = format!("{hidden:?} {:?} {:?}", hidden.wants, Key::Character('8'));
            assert!(!text.contains(['8', '6', '4', '2', 'A', '1']), "{text}");
        }
        for hidden in [
            pin("8642"),
            typed(Wants::Code, "1234567"),
            typed(Wants::Code, "A8"),
        ] {
            assert!(hidden.seen().chars().all(|one| "● ".contains(one)));
            assert_eq!(hidden.seen().matches('●').count(), hidden.typed.len());
        }
        let said = Pressed::Said(said(pin("8642")));
        assert!(!format!("{said:?}").contains("8642"));
    }

    #[test]
    fn the_keys_of_a_pad_never_overlap_and_stay_in_their_area_whatever_its_size() {
        let mut fitting = 0;
        for width in 0..=60 {
            for height in 0..=30 {
                let area = Rect::new(3, 2, width, height);
                let Some(pad) = layout(area) else {
                    assert!(width < 15 || height < 5, "{area}");
                    continue;
                };
                fitting += 1;
                let mut parts: Vec<Rect> = pad.keys.iter().map(|(_, place)| *place).collect();
                assert_eq!(parts.len(), 12);
                parts.push(pad.display);
                for (index, part) in parts.iter().enumerate() {
                    assert!(
                        !part.is_empty() && area.union(*part) == area,
                        "{part} {area}"
                    );
                    let overlaps = |other: &Rect| other.intersects(*part);
                    assert!(!parts[..index].iter().any(overlaps), "{part} {area}");
                }
            }
        }
        assert!(500 < fitting);
    }
}
