//! The view that the screen gets: what may be known, and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use wire::Verdict;
use wire::ledger::Rules;
use wire::view::{
    LANES_MAX, Lane as Shown, OutOfService, RulesAge, STAFF_LINE_BYTES_MAX, Stage, View,
};

use crate::port::Port;
use crate::site::Site;
use crate::step::{Fitness, Lane, LaneId, Service, State};

/// What is known of the rules in force.
pub(crate) struct Care {
    /// Which.
    pub(crate) rules: Option<Rules>,
    /// What their age means here.
    pub(crate) age: RulesAge,
    /// Why others did not take their place.
    pub(crate) refused: Option<String>,
    /// What their self-test found wrong.
    pub(crate) fault: Option<String>,
}

/// Makes the view of `state`; `second` is why a second engine keeps the kiosk out of service.
pub(crate) fn view(
    sequence: u64,
    site: &Site,
    care: Care,
    allowlist: bool,
    second: Option<OutOfService>,
    state: &State,
    ports: &BTreeMap<LaneId, Port>,
) -> View {
    let now = Timestamp::now().to_zoned(site.zone.clone());
    let out_of_service = out_of_service(&care, allowlist, state, second);
    let failed = out_of_service == Some(OutOfService::SelfTest);
    // With more media than cards, those that anybody must not miss have one.
    let mut lanes: Vec<_> = state.lanes.iter().collect();
    lanes.sort_by_key(|(id, lane)| (weight(lane), **id));
    lanes.truncate(LANES_MAX);
    lanes.sort_by_key(|(id, _)| **id);
    let lanes = lanes
        .into_iter()
        .filter_map(|(id, lane)| Some(shown(lane, ports.get(id)?)))
        .collect();
    View {
        sequence,
        site_ja: site.policy.site_ja.clone(),
        site_en: site.policy.site_en.clone(),
        clock: now.strftime("%Y-%m-%d %H:%M").to_string(),
        rules: care.rules,
        rules_age: care.age,
        rules_refused: care.refused.as_deref().map(line),
        out_of_service,
        fault: care.fault.as_deref().filter(|_| failed).map(line),
        contact: site.policy.contact.clone(),
        lanes,
        open_cases: 0,
        gate: wire::view::Gate::default(),
        ledger: wire::view::Ledger::default(),
    }
}

/// Why no medium can be judged, what is to be mended first first.
fn out_of_service(
    care: &Care,
    allowlist: bool,
    state: &State,
    second: Option<OutOfService>,
) -> Option<OutOfService> {
    match (state.fitness, state.service, allowlist, &care.rules) {
        (Fitness::Untested, _, _, _) => Some(OutOfService::Testing),
        (Fitness::Fit | Fitness::Failed, Service::NoLedger, _, _) => Some(OutOfService::Ledger),
        (Fitness::Fit | Fitness::Failed, Service::Ready, false, _) => Some(OutOfService::Allowlist),
        (Fitness::Fit | Fitness::Failed, Service::Ready, true, None) => Some(OutOfService::Rules),
        (Fitness::Failed, Service::Ready, true, Some(_)) => Some(OutOfService::SelfTest),
        (Fitness::Fit, Service::Ready, true, Some(_)) => match care.age {
            RulesAge::Stale => Some(OutOfService::RulesStale),
            RulesAge::Fresh | RulesAge::Aging => second,
        },
    }
}

/// One line for staff, with nothing hidden in it.
fn line(text: &str) -> String {
    wire::name::line_within(text, STAFF_LINE_BYTES_MAX)
}

/// What may be left out last comes first: an answer that stops, then what has none, then PASS.
fn weight(lane: &Lane) -> u8 {
    match lane.shown().map(decide::Shown::verdict) {
        Some(Verdict::Stop | Verdict::Incomplete) => 0,
        None => 1,
        Some(Verdict::Pass) => 2,
    }
}

fn shown(lane: &Lane, port: &Port) -> Shown {
    let stage = match lane {
        Lane::Noticed if port.awaits_visit => Stage::AwaitingVisit,
        Lane::Noticed | Lane::Arriving { .. } => Stage::Checking,
        Lane::Scanning { .. } => port.scanning(),
        Lane::Judging { .. } | Lane::Withdrawing { .. } => Stage::Recording,
        Lane::Judged { shown } => answer(shown, port).map_or(Stage::Recording, Stage::Judged),
        Lane::Leaving { shown } => answer(shown, port).map_or(Stage::Recording, Stage::Removed),
    };
    Shown {
        label: port.identified.label(),
        stage,
        asking: port.case.map(|case| case.asking()),
        request: port.offer.map(|offer| offer.shown()),
    }
}

/// A verdict goes to the screen with its entry or not at all.
fn answer(shown: &decide::Shown, port: &Port) -> Option<Box<wire::view::Shown>> {
    let entry = shown.entry()?;
    let received = port.received.as_ref();
    let counts = received.map(|received| received.counts).unwrap_or_default();
    let first = received.and_then(|received| received.first.clone());
    Some(Box::new(wire::view::Shown {
        verdict: shown.verdict(),
        entry,
        reasons: shown.reasons().to_vec(),
        medium: port.admission.medium().map(str::to_owned),
        function: port
            .admission
            .refusal()
            .and_then(|refusal| refusal.function),
        files: counts.files.saturating_add(counts.members),
        bytes_read: received
            .and_then(|received| received.totals)
            .map_or(0, |totals| totals.bytes_read),
        first: first.filter(|_| shown.verdict() != Verdict::Pass),
        brought: port.brought.clone(),
        is_out: port.way == wire::custody::Way::Out,
        put_back: port.put_back.clone(),
        waivers: received
            .map(|received| received.examination.waivers.iter().copied().collect())
            .unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use decide::{Admission, Examination, Recording, RulesState, judge};
    use wire::Digest;
    use wire::ledger::EntryId;

    use super::*;

    fn care(rules: u64, age: RulesAge) -> Care {
        let rules = (0 < rules).then(|| Rules {
            bundle: "b".to_owned(),
            version: 1,
            issued: None,
            age_days: None,
            expired_days: None,
            rules,
            sha256: Digest([0; 32]),
            engines: Vec::new(),
        });
        Care {
            rules,
            age,
            refused: None,
            fault: None,
        }
    }

    #[test]
    fn only_tested_rules_that_are_young_enough_are_in_service() {
        let ready = |fitness| State {
            service: Service::Ready,
            fitness,
            ..State::new()
        };
        let out =
            |rules, age, fitness| out_of_service(&care(rules, age), true, &ready(fitness), None);
        let (fresh, aging, stale) = (RulesAge::Fresh, RulesAge::Aging, RulesAge::Stale);
        let (fit, failed) = (Fitness::Fit, Fitness::Failed);
        assert_eq!(out(1, fresh, fit), None);
        assert_eq!(out(1, aging, fit), None);
        assert_eq!(out(1, stale, fit), Some(OutOfService::RulesStale));
        assert_eq!(out(1, stale, failed), Some(OutOfService::SelfTest));
        assert_eq!(out(1, fresh, failed), Some(OutOfService::SelfTest));
        assert_eq!(out(0, aging, failed), Some(OutOfService::Rules));
        let untested = out(1, fresh, Fitness::Untested);
        assert_eq!(untested, Some(OutOfService::Testing));
        let list = out_of_service(&care(1, fresh), false, &ready(fit), None);
        assert_eq!(list, Some(OutOfService::Allowlist));
        let began = out_of_service(&care(1, fresh), true, &State::new(), None);
        assert_eq!(began, Some(OutOfService::Testing));
        for said in [OutOfService::Rules, OutOfService::Starting] {
            let out = out_of_service(&care(1, fresh), true, &ready(fit), Some(said));
            assert_eq!(out, Some(said));
        }
    }

    #[test]
    fn a_line_for_staff_is_cut_and_has_nothing_hidden() {
        let text = line(&"\u{202e}é".repeat(STAFF_LINE_BYTES_MAX));
        assert!(text.len() <= STAFF_LINE_BYTES_MAX, "{}", text.len());
        assert!(!text.chars().any(wire::name::is_hidden));
    }

    #[test]
    fn when_there_is_no_room_a_pass_is_left_out_first() {
        let entry = EntryId {
            number: 1,
            leaf_sha256: Digest([0; 32]),
        };
        let judged = |admission: &Admission| {
            let mut examination = Examination::not_started(RulesState::Working);
            examination.ending = decide::Ending::Complete;
            let shown = judge(admission, &examination).shown(Recording::Recorded(entry));
            Lane::Judged { shown }
        };
        let pass = judged(&Admission::Registered { id: "A".to_owned() });
        let stop = judged(&Admission::Refused(decide::twin(None)));
        assert!(weight(&stop) < weight(&Lane::Noticed));
        assert!(weight(&Lane::Noticed) < weight(&pass));
    }
}
