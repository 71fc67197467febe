//! Asking what was done with a medium that was stopped: the keys and the row that names them.
//!
//! The keypad of a kiosk has digits. In the virtual bay digits insert media, so that letters
//! choose there; they do at a real kiosk too.

use wire::Verdict;
use wire::standing::Mitigation;
use wire::view::{Asking, Choice, Lane, Stage};

use crate::state::{Link, Screen};
use crate::text;
use crate::words::{Both, Words};

/// Whether a lane in this stage may be asked about: only what was stopped.
pub(crate) fn may_ask(stage: &Stage) -> bool {
    match stage {
        Stage::Judged(shown) | Stage::Removed(shown) => shown.verdict == Verdict::Stop,
        Stage::AwaitingVisit | Stage::Checking | Stage::Scanning { .. } | Stage::Recording => false,
    }
}

/// What a key chooses about the medium that is asked about, if one is.
pub(crate) fn chosen(screen: &Screen, key: char) -> Option<Choice> {
    let (_, asking) = asked(screen)?;
    let has_digits = screen.bay.is_none();
    let mut all = Mitigation::ALL.into_iter();
    let choice = all.find(|one| {
        let (digit, letter) = keys(*one);
        key.eq_ignore_ascii_case(&letter) || (has_digits && key == digit)
    })?;
    Some(Choice {
        insertion: asking.insertion,
        sequence: screen.sequence?,
        choice,
    })
}

/// The digit and the letter that choose this.
fn keys(choice: Mitigation) -> (char, char) {
    match choice {
        Mitigation::Kept => ('1', 'k'),
        Mitigation::GivenBack => ('2', 'b'),
        Mitigation::HandedOver => ('3', 'h'),
    }
}

/// The first lane that waits for an answer: what came first is asked about first.
fn asked(screen: &Screen) -> Option<(&Lane, Asking)> {
    let mut waiting = lanes(screen).filter(|(_, asking)| asking.answered.is_none());
    waiting.next()
}

fn lanes(screen: &Screen) -> impl Iterator<Item = (&Lane, Asking)> {
    let lanes = match &screen.link {
        Link::Live(view) if view.out_of_service.is_none() => view.lanes.as_slice(),
        Link::Live(_) | Link::Connecting | Link::Lost(_) => &[],
    };
    lanes.iter().filter_map(|lane| Some((lane, lane.asking?)))
}

/// The question with its keys and a clock, or the answer that was recorded; `None` when
/// nothing is asked.
pub(crate) fn line(words: &Words, screen: &Screen, cells: usize) -> Option<String> {
    let Some((lane, asking)) = asked(screen) else {
        let (_, asking) = lanes(screen).last()?;
        let recorded = words.say("ask-recorded");
        let what = words.say(word(asking.answered?));
        let line = |recorded: &str, what: &str| format!("{recorded}: {what}");
        let both = Both {
            ja: line(&recorded.ja, &what.ja),
            en: line(&recorded.en, &what.en),
        };
        return Some(text::fit_start(&both.joined(), cells));
    };
    let seconds = asking.waited_seconds;
    let clock = format!("{}:{:02}", seconds / 60, seconds.wrapping_rem(60));
    let key = |choice: Mitigation| {
        let (digit, letter) = keys(choice);
        if screen.bay.is_none() { digit } else { letter }
    };
    let long = |choice: Mitigation| {
        let both = words.say(word(choice));
        format!("[{}] {} {}", key(choice), both.ja, both.en)
    };
    let short = |choice: Mitigation| format!("[{}]{}", key(choice), words.say(word(choice)).ja);
    let full = Mitigation::ALL.map(long).join("  ");
    let several = 1 < lanes(screen).count();
    let question = if several {
        text::readable(&lane.label)
    } else {
        words.say("ask-what").ja
    };
    let used = text::width(&full)
        .saturating_add(text::width(&clock))
        .saturating_add(5);
    let room = cells.saturating_sub(used);
    if cells <= used.saturating_add(4) {
        let short = Mitigation::ALL.map(short).join(" ");
        return Some(text::fit_start(&format!("{short} {clock}"), cells));
    }
    Some(format!(
        "{}  {full}  {clock}",
        text::fit_middle(&question, room)
    ))
}

fn word(choice: Mitigation) -> &'static str {
    match choice {
        Mitigation::Kept => "ask-kept",
        Mitigation::GivenBack => "ask-given-back",
        Mitigation::HandedOver => "ask-handed-over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{pass, stop, view};
    use crate::state::{Lost, News, update};

    fn asking(insertion: u64) -> Asking {
        Asking {
            insertion,
            waited_seconds: 83,
            answered: None,
        }
    }

    fn screen(bay: bool, asked: &[Option<Asking>]) -> Screen {
        let mut view = view(5, vec![Stage::Judged(stop()); asked.len()]);
        for (lane, asking) in view.lanes.iter_mut().zip(asked) {
            lane.asking = *asking;
        }
        update(Screen::new((80, 22), bay), News::View(Box::new(view)))
    }

    fn pressed(screen: &Screen, key: char) -> Option<Choice> {
        update(screen.clone(), News::Key(key)).take_choice().1
    }

    #[test]
    fn a_key_answers_about_the_first_medium_that_waits() {
        let answered = Asking {
            answered: Some(Mitigation::Kept),
            ..asking(3)
        };
        let screen = screen(
            false,
            &[None, Some(answered), Some(asking(7)), Some(asking(9))],
        );
        for (keys, choice) in ["1kK", "2bB", "3hH"].iter().zip(Mitigation::ALL) {
            for key in keys.chars() {
                let expected = Choice {
                    insertion: 7,
                    sequence: 5,
                    choice,
                };
                assert_eq!(pressed(&screen, key), Some(expected));
            }
        }
        assert_eq!(pressed(&screen, '4'), None);
        assert_eq!(pressed(&screen, 'q'), None);
    }

    #[test]
    fn digits_insert_in_the_bay_and_answer_nothing_there() {
        let screen = screen(true, &[Some(asking(7))]);
        assert_eq!(pressed(&screen, '1'), None);
        assert!(
            update(screen.clone(), News::Key('1'))
                .take_wish()
                .1
                .is_some()
        );
        assert!(pressed(&screen, 'k').is_some());
        assert!(update(screen, News::Key('k')).take_wish().1.is_none());
    }

    #[test]
    fn nothing_is_answered_when_nothing_is_asked_or_known() {
        assert_eq!(pressed(&screen(false, &[None]), '1'), None);
        let lost = update(screen(false, &[Some(asking(7))]), News::Disconnected);
        assert_eq!(pressed(&lost, '1'), None);
    }

    #[test]
    fn a_question_about_what_was_not_stopped_is_garbled() {
        let mut view = view(1, vec![Stage::Judged(pass())]);
        view.lanes[0].asking = Some(asking(7));
        let screen = update(Screen::new((80, 22), false), News::View(Box::new(view)));
        assert_eq!(screen.link, Link::Lost(Lost::Garbled));
    }

    #[test]
    fn the_question_its_keys_and_its_clock_fit_the_row() {
        let words = Words::new();
        for (bay, asked) in [(false, 1), (true, 1), (false, 4)] {
            let screen = screen(bay, &vec![Some(asking(7)); asked]);
            for cells in [40, 80, 120] {
                let line = line(&words, &screen, cells).unwrap();
                assert!(text::width(&line) <= cells, "{line}");
                let key = if bay { "[k]" } else { "[1]" };
                for part in [key, "預かり", "返却", "引き渡し", "1:23"] {
                    assert!(line.contains(part), "{line}");
                }
                assert!(cells < 80 || line.contains("Handed over"), "{line}");
            }
        }
        let answered = Asking {
            answered: Some(Mitigation::GivenBack),
            ..asking(7)
        };
        let line = line(&words, &screen(false, &[Some(answered)]), 80).unwrap();
        assert_eq!(line, "処置を記録しました: 返却 / Recorded: Given back");
    }
}
