//! Questions of workers to a second engine, and its answers. The supervisor passes them on, so that
//! what read hostile bytes speaks with nobody else, and sees to it that an answer gets to the
//! worker that asked or to nobody.

use wire::consult::{Asked, Opinion, Question};
use wire::frame;
use wire::{Finding, Gap, Source, Tier};

use super::{Crew, Doing};
use crate::board::Board;

impl Crew<'_> {
    /// Passes on a question of the worker at `place`.
    pub(super) fn ask(&mut self, place: usize, asked: Asked) {
        self.asked = self.asked.saturating_add(1);
        let number = self.asked;
        if let Some(seat) = self.seats.get_mut(place) {
            seat.waits_for = Some(number);
        }
        let question = Question {
            number,
            place: u32::try_from(place).unwrap_or(u32::MAX),
            asked,
        };
        let sent = self.tools.questions.is_some_and(|questions| {
            let packet = frame::encode(&question);
            packet.is_ok_and(|packet| questions.send(&packet, &[]).is_ok())
        });
        if !sent {
            self.tell(unanswered(number));
        }
    }

    /// Reads one answer. Without somebody to answer, all who wait are told so.
    pub(super) fn hear_opinion(&mut self) {
        let Some(questions) = self.tools.questions else {
            return;
        };
        let packet = questions.receive();
        let opinion = match &packet {
            Ok(Some(packet)) if packet.fds.is_empty() => frame::decode::<Opinion>(&packet.bytes),
            Ok(Some(_) | None) | Err(_) => Err(frame::FrameError::TooLong(0)),
        };
        match opinion {
            Ok(opinion) => self.tell(opinion),
            Err(_) => {
                self.tools.questions = None;
                let waiting: Vec<u64> =
                    (self.seats.iter().filter_map(|seat| seat.waits_for)).collect();
                for number in waiting {
                    self.tell(unanswered(number));
                }
            }
        }
    }

    /// Passes an answer on to the worker that waits for it. One that is gone does not: its
    /// content has its row.
    fn tell(&mut self, opinion: Opinion) {
        let asked = |seat: &&mut super::Seat| seat.waits_for == Some(opinion.number);
        if let Some(seat) = self.seats.iter_mut().find(asked) {
            seat.waits_for = None;
            if let (Doing::Working(task), Some(found)) = (&mut seat.doing, &opinion.finding) {
                Board::remember(task, found);
            }
            // A worker that cannot be told is dead, which its socket will say.
            let _ = frame::encode(&opinion).map(|packet| seat.channel.send(&packet, &[]));
        }
    }
}

/// What a worker is told when nobody is there to answer.
fn unanswered(number: u64) -> Opinion {
    let why = "nobody asks the second engine any more";
    let (source, tier) = (Source::Clamav, Tier::Incomplete);
    Opinion {
        number,
        finding: Some(Finding::own("clamav_failed", source, tier, why)),
        gap: Some(Gap::Unreadable),
    }
}
