//! Where media come from, and what becomes of them on the way to their lane.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use decide::{Admission, Refusal};
use wire::Gap;

use super::{Daemon, DaemonError, report, system};
use crate::bay::{Bay, Moved};
use crate::identify::Identified;
use crate::port::{Port, Slot};
use crate::step::{Action, Event, Lane, LaneId};
use crate::usb::sysfs::DeviceKey;
use crate::usb::{News, Usb};

/// Longest time from a device's insertion to an answer or to its scan. Letting it in and
/// opening its disk have shorter limits of their own; this one has no exception.
pub const NOTICED_WAIT_MAX: Duration = Duration::from_secs(120);

/// Where media come from.
pub enum Source {
    /// A folder of disk images, for trials and tests.
    Bay(Bay),
    /// The USB ports of this machine.
    Usb(Box<Usb>),
}

impl Source {
    /// What to wait on.
    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        match self {
            Self::Bay(bay) => vec![bay.as_fd()],
            Self::Usb(usb) => usb.descriptors().to_vec(),
        }
    }
}

impl Daemon {
    /// Takes in what the source says. `heard` says that a descriptor of it is ready.
    pub(super) fn look_at_source(&mut self, heard: bool) -> Result<(), DaemonError> {
        match &mut self.source {
            Source::Bay(_) if !heard => Ok(()),
            Source::Bay(bay) => {
                let moved = bay.moved().map_err(system("watch the bay"))?;
                moved.into_iter().for_each(|one| self.look_into_bay(one));
                Ok(())
            }
            Source::Usb(usb) => {
                if heard {
                    usb.hear();
                }
                let news = usb.news(Instant::now());
                let news = news.map_err(system("see what is plugged in"))?;
                news.into_iter().for_each(|one| self.hear_of_ports(one));
                self.give_up_the_late();
                Ok(())
            }
        }
    }

    /// Treats what is in and has no lane as newly inserted.
    pub(super) fn look_again(&mut self) {
        let ports = &self.ports;
        match &mut self.source {
            Source::Bay(bay) => match bay.present() {
                Ok(mut names) => {
                    let is_in = |name: &OsString| {
                        let mut ports = ports.values();
                        ports.any(|port| port.slot == Slot::Image(name.clone()))
                    };
                    names.retain(|name| !is_in(name));
                    names.into_iter().for_each(|name| self.insert_image(name));
                }
                Err(error) => report(&format!("cannot list the bay: {error}")),
            },
            Source::Usb(usb) => usb.look_again(&|device| {
                let of_device =
                    |port: &Port| matches!(&port.slot, Slot::Usb(one, _) if one == device);
                ports.values().any(of_device)
            }),
        }
    }

    fn look_into_bay(&mut self, moved: Moved) {
        match moved {
            Moved::In(name) => {
                self.remove(|slot| *slot == Slot::Image(name.clone()));
                self.insert_image(name);
            }
            Moved::Out(name) => self.remove(|slot| *slot == Slot::Image(name.clone())),
            Moved::Unknown => {
                self.remove(|_| true);
                let _ = self.take(Action::LookAgain);
            }
        }
    }

    fn insert_image(&mut self, name: OsString) {
        let (true, Source::Bay(bay)) = (self.allowlist.is_some(), &self.source) else {
            return;
        };
        let identified = match Identified::image(&bay.image(&name), &bay.claim(&name)) {
            Ok(identified) => identified,
            Err(error) => {
                // It went away before it could be opened, or it is no file.
                report(&format!("cannot open an image in the bay: {error}"));
                return;
            }
        };
        let by_claim = self.by_claim(&identified);
        let enrols = self.enrols(&by_claim);
        let mut port = Port::new(Slot::Image(name), identified, by_claim);
        port.enrols = enrols;
        let lane = self.new_lane(port);
        if !self.begins_to_wait(lane) {
            self.insert(lane, None);
        }
    }

    fn hear_of_ports(&mut self, news: News) {
        match news {
            News::Came(device, identified) => self.came(device, *identified),
            News::Seen(device, identified) => self.seen(device, *identified),
            News::Medium(device, sequence, identified) => {
                self.medium(device, sequence, *identified, None);
            }
            News::MediumFailed(device, sequence, identified, gap, why) => {
                self.medium(device, sequence, *identified, Some((gap, why)));
            }
            News::Failed(device, gap, why) => match self.waiting(&device) {
                Some(lane) => self.unreadable(lane, gap, why),
                None => report(&format!("usb {}: {why}", device.port)),
            },
            News::Empty(device) => {
                if let Some(lane) = self.waiting(&device) {
                    self.happen(Event::Empty { lane });
                }
            }
            News::MediumGone(device, sequence) => self.remove(|slot| match slot {
                Slot::Usb(other, place) => {
                    *other == device && place.is_none_or(|at| at == sequence)
                }
                Slot::Image(_) => false,
            }),
            News::Went(device) => self.remove(|slot| match slot {
                Slot::Usb(other, _) => *other == device,
                Slot::Image(_) => false,
            }),
            News::Trouble(what) => report(&what),
        }
    }

    /// A device is there, and has no driver. Its descriptors decide whether it gets one.
    fn came(&mut self, device: DeviceKey, identified: Identified) {
        let Some(claim) = identified.claim.clone() else {
            return;
        };
        let works = self.site.policy.fixed(&device.port, &claim);
        let works = works.map(|fixed| fixed.works);
        let Source::Usb(usb) = &mut self.source else {
            return;
        };
        match works {
            Some(true) => return usb.let_work(&device, Instant::now()),
            Some(false) => return usb.shut_out(&device),
            None => {}
        }
        // Nothing is begun without a list, without a ledger to write it down in, or before the
        // rules are tested; it is looked at again later.
        if !self.state.takes_media() || self.allowlist.is_none() {
            return usb.shut_out(&device);
        }
        let twins = usb.twins(&device, &claim);
        let own = self.by_claim(&identified);
        let doubled = !twins.is_empty() || self.has_double(&device, &own);
        let by_claim = unless(own, doubled, decide::twin);
        let enrols = self.enrols(&by_claim);
        let mut port = Port::new(Slot::Usb(device.clone(), None), identified, by_claim);
        port.enrols = enrols;
        let lane = self.new_lane(port);
        let waits = self.begins_to_wait(lane);
        if !waits {
            self.happen(Event::Noticed { lane });
        }
        for twin in &twins {
            self.refuse_device(twin, None, decide::twin);
        }
        let port = self.ports.get(&lane);
        let refused = port.is_none_or(|port| port.admission.refusal().is_some());
        if refused && !enrols {
            self.shut_out(&device);
            self.insert(lane, None);
        } else if !waits
            && port.is_some()
            && let Source::Usb(usb) = &mut self.source
        {
            usb.let_in(&device, Instant::now());
        }
    }

    /// A device that was let in shows a medium: from here on it has a lane again, if the one of
    /// the device is gone or another medium's.
    fn seen(&mut self, device: DeviceKey, identified: Identified) {
        if self.waiting(&device).is_none() {
            let admission = self.by_claim(&identified);
            let lane = self.new_lane(Port::new(Slot::Usb(device, None), identified, admission));
            self.joins(lane);
            self.happen(Event::Noticed { lane });
        }
    }

    /// The medium of a device is open: now its capacity is known, and all of its claim.
    fn medium(
        &mut self,
        device: DeviceKey,
        sequence: u64,
        identified: Identified,
        fault: Option<(Gap, String)>,
    ) {
        let (Some(claim), Source::Usb(usb)) = (&identified.claim, &self.source) else {
            return;
        };
        let twins = usb.twins(&device, claim);
        let waiting = self.waiting(&device);
        let mut port = Port::new(
            Slot::Usb(device.clone(), Some(sequence)),
            identified,
            Admission::ByHand,
        );
        match waiting.and_then(|lane| self.ports.get(&lane)) {
            Some(noticed) => port.follow(noticed),
            None => port.visit = self.gate.used_visit(),
        }
        let own = self.asked(&port);
        let others = self.lanes_of(&device, Some(sequence));
        let doubled = !twins.is_empty() || self.has_double(&device, &own);
        let admission = unless(own, doubled, decide::twin);
        let admission = unless(admission, !others.is_empty(), decide::several);
        for twin in &twins {
            self.refuse_device(twin, None, decide::twin);
        }
        self.refuse_device(&device, Some(sequence), decide::several);
        if admission.refusal().is_some() {
            self.shut_out(&device);
        }
        port.admission = admission;
        if port.admission.refusal().is_some() {
            // It is not read, so it is let go of.
            port.identified.opened = None;
        }
        let gap = fault.map(|(gap, why)| {
            port.fault = Some(why);
            gap
        });
        let lane = match waiting {
            Some(lane) => {
                self.ports.insert(lane, port);
                lane
            }
            None => self.new_lane(port),
        };
        self.insert(lane, gap);
    }

    fn unreadable(&mut self, lane: LaneId, gap: Gap, why: String) {
        if let Some(port) = self.ports.get_mut(&lane) {
            port.fault = Some(why);
            self.insert(lane, Some(gap));
        }
    }

    /// Devices that have shown nothing to scan for too long.
    fn give_up_the_late(&mut self) {
        // What waits for a person is given up for that.
        let late = |port: &Port| !port.awaits_visit && NOTICED_WAIT_MAX <= port.noticed.elapsed();
        let noticed = self.state.lanes.iter();
        let noticed = noticed.filter(|(_, lane)| **lane == Lane::Noticed);
        let lanes: Vec<LaneId> = noticed
            .filter(|(id, _)| self.ports.get(id).is_none_or(late))
            .map(|(id, _)| *id)
            .collect();
        for lane in lanes {
            let why = "the device did not become ready".to_owned();
            self.unreadable(lane, Gap::Timeout, why);
        }
    }

    fn new_lane(&mut self, port: Port) -> LaneId {
        self.lanes_ever = self.lanes_ever.saturating_add(1);
        let lane = LaneId(self.lanes_ever);
        self.ports.insert(lane, port);
        lane
    }

    pub(super) fn insert(&mut self, lane: LaneId, fault: Option<Gap>) {
        let Some(port) = self.ports.get(&lane) else {
            return;
        };
        let admission = port.admission.clone();
        let rules = self.rules_state();
        self.happen(Event::Inserted {
            lane,
            admission,
            rules,
            fault,
        });
    }

    /// Ends what is in the slots that `is_it` names. What was only noticed gets its entry too.
    fn remove(&mut self, is_it: impl Fn(&Slot) -> bool) {
        let of_slot = |(id, port): (&LaneId, &Port)| is_it(&port.slot).then_some(*id);
        let lanes: Vec<LaneId> = self.ports.iter().filter_map(of_slot).collect();
        for lane in lanes {
            if self.state.lanes.get(&lane) == Some(&Lane::Noticed) {
                self.insert(lane, Some(Gap::Removed));
            }
            self.happen(Event::Removed { lane });
        }
    }

    /// The lane of a device that has not shown a medium yet.
    fn waiting(&self, device: &DeviceKey) -> Option<LaneId> {
        let noticed = |id: &LaneId| self.state.lanes.get(id) == Some(&Lane::Noticed);
        let is_it = |port: &Port| port.slot == Slot::Usb(device.clone(), None);
        let mut ports = self.ports.iter();
        let (id, _) = ports.find(|(id, port)| is_it(port) && noticed(id))?;
        Some(*id)
    }
}

/// The admission, unless there is something against it and it names nothing itself.
fn unless(own: Admission, against: bool, why: fn(Option<&str>) -> Refusal) -> Admission {
    if against && own.refusal().is_none() {
        Admission::Refused(why(own.medium()))
    } else {
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errand::ERRAND_WAIT_MAX;
    use crate::usb::ports::{DISK_WAIT_MAX, SETTLE_WAIT_MAX};

    #[test]
    fn a_device_has_the_time_that_its_steps_may_take_one_after_the_other() {
        let steps = ERRAND_WAIT_MAX.saturating_mul(2);
        let steps = steps.saturating_add(DISK_WAIT_MAX);
        let steps = steps.saturating_add(SETTLE_WAIT_MAX);
        assert!(steps < NOTICED_WAIT_MAX, "{steps:?}");
    }

    #[test]
    fn what_is_refused_already_keeps_its_reason() {
        let registered = Admission::Registered {
            id: "M-1".to_owned(),
        };
        let code = |admission: &Admission| admission.refusal().map(|refusal| refusal.code);
        assert_eq!(unless(registered.clone(), false, decide::twin), registered);
        let refused = unless(registered, true, decide::twin);
        assert_eq!(code(&refused), Some(wire::ReasonCode::CloneSuspected));
        let several = unless(refused.clone(), true, decide::several);
        assert_eq!(several, refused);
    }
}
