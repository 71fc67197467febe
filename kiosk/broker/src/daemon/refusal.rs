//! What is admitted, and what is not any more.

use decide::{Admission, Identity, Moment, Refusal};

use super::source::Source;
use super::{Daemon, report};
use crate::clock::Step;
use crate::identify::Identified;
use crate::port::{Port, Slot};
use crate::step::{Event, Lane, LaneId};
use crate::usb::sysfs::DeviceKey;

impl Daemon {
    /// The time, by the site's calendar.
    pub(super) fn moment(&self) -> Moment {
        self.site.moment(self.clock.now())
    }

    /// What the lists decide now about a medium by what it says of itself: that of the media,
    /// and the contract of its company. Without a list nothing is admitted.
    pub(super) fn by_claim(&self, identified: &Identified) -> Admission {
        let at = self.moment();
        match &self.allowlist {
            Some(list) => {
                let own = identified.admission(list, at.today());
                decide::under_contract(own, list, &self.lists.contractors, &at)
            }
            None => Admission::Refused(Refusal {
                code: wire::ReasonCode::Unregistered,
                entry: None,
                detail: "there is no list of media".to_owned(),
                differences: Vec::new(),
                function: None,
            }),
        }
    }

    /// What the lists decide now about a medium that is in: by its claim, and where the site
    /// asks for one by its visit too.
    pub(super) fn asked(&self, port: &Port) -> Admission {
        let own = self.by_claim(&port.identified);
        let (true, Some(list)) = (self.site.policy.gate.visit_required, &self.allowlist) else {
            return own;
        };
        if port.awaits_visit {
            return own;
        }
        let visit = port.visit.as_ref();
        let visit = visit.and_then(|visit| self.lists.contractors.visit(&visit.id));
        let contractors = &self.lists.contractors;
        decide::on_visit(own, list, contractors, visit, &self.moment())
    }

    /// Whether a medium was found by its model alone.
    pub(super) fn is_weak(&self, lane: LaneId) -> bool {
        let id = self
            .ports
            .get(&lane)
            .and_then(|port| port.admission.medium());
        id.is_some_and(|id| self.is_model(id))
    }

    /// Whether another device is in as the same entry, which knows it by its model alone: one of
    /// them is not the medium that was registered, and nobody can tell which.
    pub(super) fn has_double(&self, device: &DeviceKey, admission: &Admission) -> bool {
        let Some(id) = admission.medium().filter(|id| self.is_model(id)) else {
            return false;
        };
        let other = |port: &Port| match &port.slot {
            Slot::Usb(one, _) => one != device && port.admission.medium() == Some(id),
            Slot::Image(_) => false,
        };
        self.ports.values().any(other)
    }

    fn is_model(&self, id: &str) -> bool {
        let medium = self.allowlist.as_ref().and_then(|list| list.find(id));
        medium.is_some_and(|medium| medium.identity == Identity::Model)
    }

    /// Looks at the clock. A step is written down, and everything that is in is asked about.
    pub(super) fn watch_clock(&mut self) {
        if let Some(Step { expected, found }) = self.clock.look() {
            report(&format!("the clock stepped from {expected} to {found}"));
            self.note(wire::ledger::Event::ClockStepped {
                expected: format!("{expected:.3}"),
                found: format!("{found:.3}"),
            });
            self.time_moved();
        }
    }

    /// It is later than was known.
    pub(super) fn time_moved(&mut self) {
        let lanes: Vec<LaneId> = self.ports.keys().copied().collect();
        self.ask_again(&lanes);
    }

    /// The lanes of a device's media that are in, but for the one with this sequence.
    pub(super) fn lanes_of(&self, device: &DeviceKey, but: Option<u64>) -> Vec<LaneId> {
        let is_it = |port: &Port| match &port.slot {
            Slot::Usb(one, place) => {
                one == device && (but.is_none() || (place.is_some() && *place != but))
            }
            Slot::Image(_) => false,
        };
        let is_in = |id: &LaneId| {
            let lane = self.state.lanes.get(id);
            lane.is_some_and(|lane| !matches!(lane, Lane::Leaving { .. }))
        };
        let ports = self.ports.iter();
        ports
            .filter(|(id, port)| is_it(port) && is_in(id))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Refuses all media of a device but the one with this sequence.
    pub(super) fn refuse_device(
        &mut self,
        device: &DeviceKey,
        but: Option<u64>,
        why: fn(Option<&str>) -> Refusal,
    ) {
        for lane in self.lanes_of(device, but) {
            let medium = self
                .ports
                .get(&lane)
                .and_then(|port| port.admission.medium());
            let refusal = why(medium);
            self.refuse(lane, refusal);
        }
    }

    /// Asks the list again about everything that it admitted: it was read again, or time has
    /// passed. Nothing is admitted that was refused.
    pub(super) fn ask_again(&mut self, lanes: &[LaneId]) {
        let refusal = |lane: &LaneId| {
            let admission = self.asked(self.ports.get(lane)?);
            Some((*lane, admission.refusal()?.clone()))
        };
        let refused: Vec<_> = lanes.iter().filter_map(refusal).collect();
        for (lane, refusal) in refused {
            self.refuse(lane, refusal);
        }
    }

    fn refuse(&mut self, lane: LaneId, refusal: Refusal) {
        let admitted = |port: &&mut Port| port.admission.refusal().is_none();
        if let Some(port) = self.ports.get_mut(&lane).filter(admitted) {
            port.admission = Admission::Refused(refusal.clone());
            if let Slot::Usb(device, _) = port.slot.clone() {
                self.shut_out(&device);
            }
            if self.state.lanes.get(&lane) == Some(&Lane::Noticed) {
                // Without a driver nothing more will be known of it.
                self.insert(lane, None);
            } else {
                self.happen(Event::Refused { lane, refusal });
            }
        }
    }

    pub(super) fn shut_out(&mut self, device: &DeviceKey) {
        if let Source::Usb(usb) = &mut self.source {
            usb.shut_out(device);
        }
    }
}
