//! The view that the screen gets: what may be known, and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use wire::Verdict;
use wire::ledger::Rules;
use wire::view::{LANES_MAX, Lane as Shown, OutOfService, Stage, View};

use crate::port::Port;
use crate::site::Site;
use crate::step::{Lane, LaneId, Service, State};

/// Makes the view of `state`.
pub(crate) fn view(
    sequence: u64,
    site: &Site,
    rules: Option<Rules>,
    allowlist: bool,
    state: &State,
    ports: &BTreeMap<LaneId, Port>,
) -> View {
    let now = Timestamp::now().to_zoned(site.zone.clone());
    let out_of_service = match (state.service, allowlist, &rules) {
        (Service::NoLedger, _, _) => Some(OutOfService::Ledger),
        (Service::Ready, false, _) => Some(OutOfService::Allowlist),
        (Service::Ready, true, None) => Some(OutOfService::Rules),
        (Service::Ready, true, Some(_)) => None,
    };
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
        rules,
        out_of_service,
        lanes,
        open_cases: 0,
    }
}

/// What may be left out last comes first: an answer that stops, then what has none, then PASS.
fn weight(lane: &Lane) -> u8 {
    match lane {
        Lane::Judged { shown } | Lane::Leaving { shown } => match shown.verdict() {
            Verdict::Stop | Verdict::Incomplete => 0,
            Verdict::Pass => 2,
        },
        Lane::Noticed
        | Lane::Arriving { .. }
        | Lane::Scanning { .. }
        | Lane::Judging { .. }
        | Lane::Withdrawing { .. } => 1,
    }
}

fn shown(lane: &Lane, port: &Port) -> Shown {
    let stage = match lane {
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
