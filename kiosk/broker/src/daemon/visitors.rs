//! Media that wait for the code of a visit.

use std::time::Instant;

use decide::{Admission, Refusal};
use wire::ReasonCode;

use super::Daemon;
use super::source::{NOTICED_WAIT_MAX, Source};
use crate::port::{Port, Slot};
use crate::step::{Event, Lane, LaneId};

impl Daemon {
    /// Whether a medium that was admitted by its claim waits for the code of a visit.
    pub(super) fn awaits_visit(&self, by_claim: &Admission) -> bool {
        let is_registered = matches!(by_claim, Admission::Registered { .. });
        is_registered && self.site.policy.gate.visit_required && self.gate.visit().is_none()
    }

    /// Takes the visit and the way that were said for a medium that has just come; or has it wait
    /// for a visit's code. Says whether it waits.
    pub(super) fn begins_to_wait(&mut self, lane: LaneId) -> bool {
        let waits = self
            .ports
            .get(&lane)
            .is_some_and(|port| self.awaits_visit(&port.admission));
        if waits {
            if let Some(port) = self.ports.get_mut(&lane) {
                port.awaits_visit = true;
            }
            self.happen(Event::Noticed { lane });
        } else {
            self.joins(lane);
        }
        waits
    }

    /// A medium comes with the visit and on the way that were said.
    pub(super) fn joins(&mut self, lane: LaneId) {
        // What the list refuses uses up neither the visit's time nor the way that was said.
        let admitted = |port: &&mut Port| port.admission.refusal().is_none();
        if let Some(port) = self.ports.get_mut(&lane).filter(admitted) {
            port.visit = self.gate.used_visit();
            port.way = self.gate.take_way();
        }
        let admission = self.ports.get(&lane).map(|port| self.asked(port));
        if let (Some(admission), Some(port)) = (admission, self.ports.get_mut(&lane))
            && port.admission.refusal().is_none()
        {
            port.admission = admission;
        }
    }

    /// Whether an administrator waits for such a medium: one that is storage and nothing else,
    /// and that no entry names.
    pub(super) fn enrols(&self, by_claim: &Admission) -> bool {
        let code = by_claim.refusal().map(|refusal| refusal.code);
        code == Some(ReasonCode::Unregistered) && self.is_enrolling()
    }

    /// Goes on with the media that wait, if somebody has given a code since, or none is asked
    /// for any more; and refuses those that the list refuses now.
    pub(super) fn ask_visitors(&mut self) {
        for lane in self.waiting_for_visit() {
            let Some(by_claim) = self
                .ports
                .get(&lane)
                .map(|port| self.by_claim(&port.identified))
            else {
                continue;
            };
            if self.awaits_visit(&by_claim) {
                continue;
            }
            self.begin_waiting(lane);
        }
    }

    /// Refuses the media that have waited too long.
    pub(super) fn give_up_waiting(&mut self) {
        for lane in self.waiting_for_visit() {
            let Some(port) = self.ports.get_mut(&lane) else {
                continue;
            };
            if port.noticed.elapsed() < NOTICED_WAIT_MAX {
                continue;
            }
            port.awaits_visit = false;
            port.admission = Admission::Refused(Refusal {
                code: ReasonCode::NoVisit,
                entry: port.admission.medium().map(str::to_owned),
                detail: "no code of a visit was given in time".to_owned(),
                differences: Vec::new(),
                function: None,
            });
            self.let_go(lane);
            self.insert(lane, None);
        }
    }

    fn waiting_for_visit(&self) -> Vec<LaneId> {
        let waits = |id: &LaneId| self.state.lanes.get(id) == Some(&Lane::Noticed);
        let ports = self.ports.iter().filter(|(_, port)| port.awaits_visit);
        ports.map(|(id, _)| *id).filter(waits).collect()
    }

    /// A medium that waited is begun with, as one that has just come.
    fn begin_waiting(&mut self, lane: LaneId) {
        let Some(port) = self.ports.get_mut(&lane) else {
            return;
        };
        port.awaits_visit = false;
        port.noticed = Instant::now();
        self.joins(lane);
        let Some(port) = self.ports.get(&lane) else {
            return;
        };
        let is_refused = port.admission.refusal().is_some();
        match (port.slot.clone(), &mut self.source) {
            (Slot::Usb(device, _), Source::Usb(usb)) if !is_refused => {
                usb.let_in(&device, Instant::now());
            }
            (Slot::Usb(_, _), _) | (Slot::Image(_), _) => {
                if is_refused {
                    self.let_go(lane);
                }
                self.insert(lane, None);
            }
        }
    }

    /// A refused medium is not read, so it is let go of.
    fn let_go(&mut self, lane: LaneId) {
        if let Some(port) = self.ports.get_mut(&lane) {
            port.identified.opened = None;
            if let Slot::Usb(device, _) = port.slot.clone() {
                self.shut_out(&device);
            }
        }
    }
}
