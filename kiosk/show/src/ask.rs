//! Asking what was done with a medium that was stopped: about which, since when, and the words.

use wire::Verdict;
use wire::standing::Mitigation;
use wire::view::{Asking, Lane, Stage};

use crate::act;
use crate::state::Screen;
use crate::text;
use crate::words::{Both, Words};

/// Whether a lane in this stage may be asked about: only what was stopped.
pub(crate) fn may_ask(stage: &Stage) -> bool {
    match stage {
        Stage::Judged(shown) | Stage::Removed(shown) => shown.verdict == Verdict::Stop,
        Stage::AwaitingVisit | Stage::Checking | Stage::Scanning { .. } | Stage::Recording => false,
    }
}

/// The first lane that waits for an answer: what came first is asked about first.
pub(crate) fn asked(screen: &Screen) -> Option<(&Lane, Asking)> {
    let mut waiting = lanes(screen).filter(|(_, asking)| asking.answered.is_none());
    waiting.next()
}

fn lanes(screen: &Screen) -> impl Iterator<Item = (&Lane, Asking)> {
    let lanes = act::live(screen).map_or(&[][..], |view| view.lanes.as_slice());
    lanes.iter().filter_map(|lane| Some((lane, lane.asking?)))
}

/// What is asked, in at most `cells` cells: with several media, about which.
pub(crate) fn question(words: &Words, screen: &Screen, cells: usize) -> Option<String> {
    let (lane, _) = asked(screen)?;
    let several = 1 < lanes(screen).count();
    let question = if several {
        text::readable(&lane.label)
    } else {
        words.say("ask-what").ja
    };
    Some(text::fit_middle(&question, cells))
}

/// Since when it is asked.
pub(crate) fn clock(asking: Asking) -> String {
    let seconds = asking.waited_seconds;
    format!("{}:{:02}", seconds / 60, seconds.wrapping_rem(60))
}

/// The answer that was recorded, when nothing is asked any more.
pub(crate) fn recorded(words: &Words, screen: &Screen) -> Option<Both> {
    let (_, asking) = lanes(screen).last()?;
    let recorded = words.say("ask-recorded");
    let what = words.say(word(asking.answered?));
    let line = |recorded: &str, what: &str| format!("{recorded}: {what}");
    Some(Both {
        ja: line(&recorded.ja, &what.ja),
        en: line(&recorded.en, &what.en),
    })
}

/// The word for an answer.
pub(crate) fn word(choice: Mitigation) -> &'static str {
    match choice {
        Mitigation::Kept => "ask-kept",
        Mitigation::GivenBack => "ask-given-back",
        Mitigation::HandedOver => "ask-handed-over",
    }
}

#[cfg(test)]
mod tests {
    use wire::view::{Choice, Input};

    use super::*;
    use crate::act::Key;
    use crate::fixtures::{pass, stop, view};
    use crate::state::{Link, Lost, News, update};

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
        let key = News::Key(Key::Character(key));
        let said = update(screen.clone(), key).take_said().1?;
        let Input::Case(choice) = said else {
            panic!("{said:?}")
        };
        Some(choice)
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
            update(screen.clone(), News::Key(Key::Character('1')))
                .take_wish()
                .1
                .is_some()
        );
        assert!(pressed(&screen, 'k').is_some());
        assert!(
            update(screen, News::Key(Key::Character('k')))
                .take_wish()
                .1
                .is_none()
        );
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
    fn the_question_names_the_medium_when_there_are_several() {
        let words = Words::new();
        let asked = |count| screen(false, &vec![Some(asking(7)); count]);
        assert_eq!(question(&words, &asked(1), 9).unwrap(), "処置は？");
        assert!(
            question(&words, &asked(2), 16)
                .unwrap()
                .starts_with("DataTraveler")
        );
        assert_eq!(clock(asking(7)), "1:23");
    }
}
