//! Requests for registration, made at the kiosk, and media that come back to it.

use wire::custody::{Returned, Way};
use wire::ledger::Event;
use wire::view::Request;
use wire::{ReasonCode, Verdict};

use super::ledger::Owner;
use super::{Daemon, report};
use crate::step::{Lane, LaneId};

/// The offer to request the registration of one medium.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    insertion: u64,
    /// The first view in which it was made.
    sequence: u64,
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// On its way to the ledger.
    Sent,
    Recorded,
}

impl Offer {
    /// Whether it is taken by a word about `insertion` from the view `sequence`, when the last
    /// view was `last`; and nobody has taken it yet.
    fn takes(&self, insertion: u64, sequence: u64, last: u64) -> bool {
        insertion == self.insertion
            && (self.sequence..=last).contains(&sequence)
            && self.said == Said::Nothing
    }

    /// What the screen shows of it.
    pub(crate) fn shown(&self) -> Request {
        Request {
            insertion: self.insertion,
            is_recorded: self.said == Said::Recorded,
        }
    }
}

impl Daemon {
    /// Offers a request for every medium that was refused because it is not registered. The
    /// next view carries it.
    pub(super) fn offer_requests(&mut self) {
        if !self.site.policy.gate.requests {
            return;
        }
        let next = self.sequence.saturating_add(1);
        for (id, port) in &mut self.ports {
            let shown = self.state.lanes.get(id).and_then(Lane::shown);
            let unregistered = shown.is_some_and(|shown| {
                let mut reasons = shown.reasons().iter();
                shown.entry().is_some()
                    && reasons.any(|reason| reason.code == ReasonCode::Unregistered)
            });
            // Nobody can register what does not say what it is.
            let of = port.insertion.filter(|_| port.identified.claim.is_some());
            if let (true, None, Some(insertion)) = (unregistered, port.offer, of) {
                port.offer = Some(Offer {
                    insertion,
                    sequence: next,
                    said: Said::Nothing,
                });
            }
        }
    }

    /// Somebody asks for a medium to be registered.
    pub(super) fn request(&mut self, insertion: u64, sequence: u64) {
        let last = self.sequence;
        let takes = |offer: &Offer| offer.takes(insertion, sequence, last);
        let mut ports = self.ports.iter_mut();
        let found = ports.find(|(_, port)| port.offer.as_ref().is_some_and(takes));
        if let Some((id, offer)) = found.and_then(|(id, port)| Some((*id, port.offer.as_mut()?))) {
            offer.said = Said::Sent;
            let event = Event::Requested { insertion };
            self.unsent.push_back((Owner::Request(id), Some(event)));
            let _ = self.ask_standing();
        }
    }

    /// The ledger has taken the request, or refused it.
    pub(super) fn request_answered(&mut self, id: LaneId, recorded: bool) {
        if let Some(offer) = self.ports.get_mut(&id).and_then(|port| port.offer.as_mut()) {
            offer.said = if recorded {
                Said::Recorded
            } else {
                Said::Nothing
            };
        }
        self.changed = true;
    }

    /// A medium that passed on its way out is back, if it was lent: the ledger knows.
    pub(super) fn take_back(&mut self, lane: LaneId) {
        let shown = self.state.lanes.get(&lane).and_then(Lane::shown);
        let passed =
            shown.is_some_and(|shown| shown.verdict() == Verdict::Pass && shown.entry().is_some());
        let Some(port) = self.ports.get(&lane).filter(|_| passed) else {
            return;
        };
        let (Way::Out, Some(medium)) = (port.way, port.admission.medium()) else {
            return;
        };
        let place = self.place_of(medium);
        let event = Event::Returned(Box::new(Returned {
            medium: medium.to_owned(),
            insertion: port.insertion,
            place: place.clone(),
            by: None,
        }));
        if let Some(port) = self.ports.get_mut(&lane) {
            port.put_back = place;
        }
        self.unsent.push_back((Owner::Return, Some(event)));
        let _ = self.ask_standing();
    }

    /// Where a registered medium is kept.
    fn place_of(&self, medium: &str) -> Option<String> {
        let medium = self.allowlist.as_ref()?.find(medium)?;
        Some(medium.storage_place.clone())
    }

    /// What is not lent cannot come back: that is no fault of the ledger's.
    pub(super) fn return_refused(why: &str) {
        report(&format!("a medium on its way out is not taken back: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_only_when_it_was_offered_in_a_view_that_was_sent() {
        let mut offer = Offer {
            insertion: 7,
            sequence: 100,
            said: Said::Nothing,
        };
        assert!(offer.takes(7, 100, 110));
        assert!(!offer.takes(7, 99, 110), "before it was offered");
        assert!(!offer.takes(7, 111, 110), "a view that was never sent");
        assert!(!offer.takes(8, 105, 110), "another medium");
        assert!(!offer.shown().is_recorded);
        offer.said = Said::Sent;
        assert!(!offer.takes(7, 105, 110), "requested already");
        assert!(!offer.shown().is_recorded, "shown before it is recorded");
        offer.said = Said::Recorded;
        assert!(offer.shown().is_recorded);
    }
}
