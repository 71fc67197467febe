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
    let lanes = state
        .lanes
        .iter()
        .filter_map(|(id, lane)| Some(shown(lane, ports.get(id)?)))
        .take(LANES_MAX)
        .collect();
    View {
        sequence,
        site_ja: site.policy.site_ja.clone(),
        site_en: site.policy.site_en.clone(),
        clock: now.strftime("%Y-%m-%d %H:%M").to_string(),
        rules,
        out_of_service,
        lanes,
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
    }))
}
