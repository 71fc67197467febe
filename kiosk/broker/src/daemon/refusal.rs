//! What is admitted, and what is not any more.

use decide::{Admission, Refusal};
use jiff::Timestamp;

use super::Daemon;
use super::source::Source;
use crate::identify::Identified;
use crate::port::{Port, Slot};
use crate::step::{Event, Lane, LaneId};
use crate::usb::sysfs::DeviceKey;

impl Daemon {
    /// What the list decides today. Without a list nothing is admitted.
    pub(super) fn asked(&self, identified: &Identified) -> Admission {
        match &self.allowlist {
            Some(list) => identified.admission(list, self.site.today(Timestamp::now())),
            None => Admission::Refused(Refusal {
                code: wire::ReasonCode::Unregistered,
                entry: None,
                detail: "there is no list of media".to_owned(),
                differences: Vec::new(),
                function: None,
            }),
        }
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
            let admission = self.asked(&self.ports.get(lane)?.identified);
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
