//! The numbers in the tables are those of the entries, counted another way.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use report::Language;
use wire::ledger::{Event, Judged};
use wire::{Outcome, Tier, Verdict};

use crate::few;
use crate::html::{number, tables};
use crate::made::{Made, about, verified};
use crate::month::{self, Book as _};

fn judged(made: &Made) -> impl Iterator<Item = (&str, &Judged)> {
    made.entries.iter().filter_map(|(content, _)| {
        let judged = content.event.judged()?;
        Some((content.recorded_utc.as_str(), judged))
    })
}

/// The day at the site, which is nine hours ahead.
fn day(utc: &str) -> String {
    let time: Timestamp = utc.parse().unwrap();
    let ahead = time.checked_add(SignedDuration::from_hours(9)).unwrap();
    ahead.to_string()[..10].to_owned()
}

fn page(made: &Made) -> String {
    made.page(&about(verified()), &[Language::En])
}

/// The answers of each day as they stand, of the checkpoint or of scans by hand.
fn standing(made: &Made, by_hand: bool) -> BTreeMap<String, [u64; 3]> {
    let mut withdrawn = BTreeMap::new();
    let mut hands = Vec::new();
    for (content, _) in &made.entries {
        if let Event::Withdrawn {
            insertion, verdict, ..
        } = &content.event
        {
            withdrawn.insert(*insertion, *verdict);
        }
        if let Event::Inserted { claim: None, .. } = &content.event {
            hands.push(content.number);
        }
    }
    let mut days = BTreeMap::<String, [u64; 3]>::new();
    for (utc, judged) in judged(made) {
        if hands.contains(&judged.insertion) != by_hand {
            continue;
        }
        let day = days.entry(day(utc)).or_default();
        match withdrawn.get(&judged.insertion).unwrap_or(&judged.verdict) {
            Verdict::Pass => day[0] += 1,
            Verdict::Stop => day[1] += 1,
            Verdict::Incomplete => day[2] += 1,
        }
    }
    days
}

#[test]
fn verdicts_of_each_day_are_those_of_the_entries() {
    let made = Made::november();
    let html = page(&made);
    let tables = tables(&html, "en-verdicts");
    for (table, by_hand, least) in [(&tables[0], false, 20), (&tables[1], true, 1)] {
        let days = standing(&made, by_hand);
        assert!(least <= days.len());
        assert_eq!(table.len(), days.len() + 1);
        for (row, (day, [pass, stop, incomplete])) in table.iter().zip(&days) {
            let said: Vec<u64> = row[1..5].iter().map(|cell| number(cell)).collect();
            let all = pass + stop + incomplete;
            assert_eq!((&row[0], said), (day, vec![*pass, *stop, *incomplete, all]));
        }
        let sum: u64 = days.values().flatten().sum();
        assert_eq!(number(&table.last().unwrap()[4]), sum);
    }
    // Each piece of a bar stands for one kind of verdict at the checkpoint on one day.
    let days = standing(&made, false);
    let pieces = days.values().flatten().filter(|many| 0 < **many).count();
    // Three more are the legend's.
    let drawn = [
        "class=\"pass\"/>",
        "class=\"stop\"/>",
        "class=\"incomplete\" fill",
    ];
    let drawn: usize = drawn.iter().map(|shape| html.matches(shape).count()).sum();
    assert_eq!(drawn, pieces + 3);
}

#[test]
fn scans_by_hand_are_told_apart_from_the_checkpoint() {
    let made = Made::november();
    let html = page(&made);
    let summary = &tables(&html, "en-summary")[0];
    let said = |name: &str| {
        let row = summary.iter().find(|row| row[0] == name);
        number(&row.unwrap_or_else(|| panic!("{name}"))[1])
    };
    let sum = |by_hand, place: usize| -> u64 {
        standing(&made, by_hand)
            .values()
            .map(|day| day[place])
            .sum()
    };
    assert_eq!(said("○ PASS"), sum(false, 0));
    assert_eq!(said("✕ STOP"), sum(false, 1));
    assert_eq!(said("△ NOT FINISHED"), sum(false, 2));
    assert_eq!(said("Scans by hand"), 3);
    assert_eq!(said("By hand: ○ PASS"), 1);
    assert_eq!(said("By hand: ✕ STOP"), 1);
    assert_eq!(said("By hand: △ NOT FINISHED"), 1);
    // One was judged as M-0006, which it need not be: no medium was used, and the lines say so.
    let refused = &tables(&html, "en-refusals")[1];
    let refused = refused
        .iter()
        .filter(|row| row[2].starts_with("kioskctl scan "));
    let refused: Vec<&str> = refused.map(|row| row[2].as_str()).collect();
    assert_eq!(
        refused,
        ["kioskctl scan /srv/update.zip", "kioskctl scan stick.img"]
    );
    // Without any there are no lines about them.
    let mut none = Made::new();
    none.at(2, 600);
    few::insert(&mut none);
    few::pass(&mut none, 1);
    let html = page(&none);
    assert!(!html.contains("By hand: "));
    assert!(html.contains("No verdict of a scan by hand in this month."));
}

#[test]
fn a_pass_that_was_withdrawn_is_counted_as_what_stands_in_its_place() {
    let mut made = Made::new();
    made.at(2, 600);
    few::insert(&mut made);
    few::pass(&mut made, 1);
    let row = |made: &Made, section: &str| {
        let row = tables(&page(made), section)[0][0].clone();
        row[1..]
            .iter()
            .filter_map(|cell| cell.parse().ok())
            .collect::<Vec<u64>>()
    };
    assert_eq!(row(&made, "en-verdicts"), [1, 0, 0, 1, 0, 0]);
    few::withdraw(&mut made, 1, Verdict::Stop);
    assert_eq!(row(&made, "en-verdicts"), [0, 1, 0, 1, 1, 0]);
    assert_eq!(row(&made, "en-media"), [1, 0, 1, 0, 1]);
    assert_eq!(row(&made, "en-visits"), [1, 0, 1, 0, 1]);
    // The ledger's writer takes no withdrawal that says PASS; one from elsewhere brings none back.
    made.entries.pop();
    few::withdraw(&mut made, 1, Verdict::Pass);
    assert_eq!(row(&made, "en-verdicts"), [0, 0, 1, 1, 1, 0]);
}

#[test]
fn a_pass_of_the_last_minute_is_withdrawn_in_the_next_month() {
    let mut made = Made::new();
    made.at(30, 24 * 60 - 1);
    few::insert(&mut made);
    few::pass(&mut made, 1);
    let mut later = Made::new();
    few::withdraw(&mut later, 1, Verdict::Incomplete);
    let html = made.page_before(&later, &about(verified()));
    assert_eq!(
        tables(&html, "en-verdicts")[0][0][1..],
        ["0", "0", "1", "1", "1", "0"]
    );
    assert_eq!(tables(&html, "en-refusals")[1].len(), 1);
    // The month after only knows that there was one.
    let mut after = Made::new();
    after.at(1, 0);
    few::withdraw(&mut after, 1, Verdict::Incomplete);
    let html = page(&after);
    assert!(html.contains("Withdrawn in this month: 1 PASS of a month before"));
    assert!(tables(&html, "en-verdicts").is_empty());
}

#[test]
fn a_medium_that_its_entry_of_the_list_refused_is_that_medium() {
    let mut made = Made::new();
    made.at(2, 600);
    month::days::expired(&mut made, 3);
    let html = page(&made);
    let media = &tables(&html, "en-media")[0];
    assert_eq!(media.len(), 1);
    assert_eq!(media[0][0], "M-0014");
    assert_eq!(media[0][2..7], ["1", "0", "1", "0", "0"]);
    assert!(html.contains("13 of them were not used in this month"));
    assert_eq!(tables(&html, "en-refusals")[1][0][2], "M-0014");
    assert_eq!(tables(&html, "en-cases")[0][0][2], "M-0014");
}

#[test]
fn kinds_of_entries_sum_up_to_all_of_them() {
    let made = Made::november();
    let table = &tables(&page(&made), "en-kinds")[0];
    let mut kinds = BTreeMap::<String, u64>::new();
    for (content, _) in &made.entries {
        let json = serde_json::to_value(&content.event).unwrap();
        *kinds
            .entry(json["event"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let (sum, said) = table.split_last().unwrap();
    let said: BTreeMap<String, u64> = said
        .iter()
        .map(|row| (row[1].clone(), number(&row[2])))
        .collect();
    assert_eq!(said, kinds);
    assert_eq!(number(&sum[2]), u64::try_from(made.entries.len()).unwrap());
}

#[test]
fn every_kind_of_entry_has_its_words_and_happens_in_the_month() {
    let made = Made::november();
    let table = &tables(&page(&made), "en-kinds")[0];
    // What only the writer or another machine writes, and what is not made up here.
    let absent = [
        "interrupted",
        "waiver_ended",
        "rules_rolled_back",
        "enrolling",
        "key_set",
        "key_retired",
        "restored",
        "sealed",
    ];
    assert_eq!(table.len() - 1 + absent.len(), 33);
}

#[test]
fn findings_and_gaps_are_those_of_the_rows() {
    let made = Made::november();
    let html = page(&made);
    let mut rules = BTreeMap::<String, u64>::new();
    let mut gaps = 0;
    for row in made.entries.iter().flat_map(|(_, rows)| rows) {
        for finding in &row.findings {
            *rules.entry(finding.rule.clone()).or_default() += 1;
        }
        gaps += u64::from(matches!(row.outcome, Outcome::Unchecked(_)));
    }
    let found = tables(&html, "en-found");
    let said: BTreeMap<String, u64> = found[0]
        .iter()
        .map(|row| (row[1].clone(), number(&row[3])))
        .collect();
    assert_eq!(said, rules);
    let places: u64 = rules.values().sum();
    assert_eq!(u64::try_from(found[1].len()).unwrap(), places);
    // What stops comes first.
    let blocking = found[1]
        .iter()
        .take_while(|row| row[2].starts_with('✕'))
        .count();
    let rows = made.entries.iter().flat_map(|(_, rows)| rows);
    let findings = rows.flat_map(|row| &row.findings);
    assert_eq!(
        blocking,
        findings.filter(|one| one.tier == Tier::Block).count()
    );
    let missed = tables(&html, "en-gaps");
    let said: u64 = missed[0].iter().map(|row| number(&row[1])).sum();
    assert_eq!((said, missed[1].len()), (gaps, gaps.try_into().unwrap()));
}

#[test]
fn media_visits_and_reasons_are_those_of_the_entries() {
    let made = Made::november();
    let html = page(&made);
    let mut media = BTreeMap::<String, u64>::new();
    let mut visits = BTreeMap::<String, u64>::new();
    for (content, _) in &made.entries {
        if let Event::Inserted {
            medium,
            occasion,
            claim: Some(claim),
            ..
        } = &content.event
        {
            let serial = claim.serial.as_ref();
            let serial = serial.map(|serial| serial.escaped().to_string());
            // The one whose entry refused it is known by its verdict.
            let expired = serial.as_deref() == Some("E0D55EA570014");
            let medium = medium.as_deref().or(expired.then_some("M-0014"));
            let medium = medium.unwrap_or("not known as registered");
            *media.entry(medium.to_owned()).or_default() += 1;
            let visit = occasion.as_ref().and_then(|one| one.visit.as_ref());
            let visit = visit.map_or("without a visit", |visit| visit.id.as_str());
            *visits.entry(visit.to_owned()).or_default() += 1;
        }
    }
    for (section, counted) in [("en-media", media), ("en-visits", visits)] {
        let table = &tables(&html, section)[0];
        let said: BTreeMap<String, u64> = table
            .iter()
            .map(|row| (row[0].clone(), number(&row[2])))
            .collect();
        assert_eq!(said, counted, "{section}");
    }
    let mut reasons: u64 = judged(&made)
        .map(|(_, judged)| u64::try_from(judged.reasons.len()).unwrap())
        .sum();
    let mut lines = judged(&made)
        .filter(|(_, judged)| judged.verdict != Verdict::Pass)
        .count();
    for (content, _) in &made.entries {
        if let Event::Withdrawn { reasons: more, .. } = &content.event {
            reasons += u64::try_from(more.len()).unwrap();
            lines += 1;
        }
    }
    let table = tables(&html, "en-refusals");
    let said: u64 = table[0].iter().map(|row| number(&row[2])).sum();
    assert_eq!((said, table[1].len()), (reasons, lines));
}

#[test]
fn the_age_of_the_rules_is_the_greatest_of_each_day() {
    let made = Made::november();
    let mut oldest = BTreeMap::<String, u64>::new();
    for (content, _) in &made.entries {
        let rules = if let Event::Judged(judged) = &content.event {
            judged.rules.as_ref()
        } else if let Event::SelfTested(tested) = &content.event {
            Some(&tested.rules)
        } else if let Event::Started { rules, .. } = &content.event {
            rules.as_ref()
        } else {
            None
        };
        let Some(age) = rules.and_then(|rules| rules.age_days) else {
            continue;
        };
        let day = oldest.entry(day(&content.recorded_utc)).or_default();
        *day = age.max(*day);
    }
    let html = page(&made);
    assert_eq!(html.matches("class=\"dot\"").count(), oldest.len());
    let most = oldest.values().max().unwrap();
    assert!(html.contains(&format!("At most {most} days old.")));
}

#[test]
fn rules_older_than_todays_limit_are_warned_of_beside_the_policies_of_the_month() {
    let mut made = Made::november();
    let page = |made: &Made, limit| {
        let mut about = about(verified());
        about.age_days_max = Some(limit);
        made.page(&about, &[Language::En])
    };
    let html = page(&made, 30);
    assert!(html.contains("<p class=\"note\">At most 27 days old.</p>"));
    assert!(html.contains("no PASS after 30. All verdicts of the month were made by it."));
    let html = page(&made, 20);
    assert!(html.contains(
        "<p class=\"warn\">At most 27 days old, which is over the limit of 20 in the policy when this page is made. PASS was recorded by rules over it, at most 27 days old.</p>"
    ));
    // One verdict by another policy, and one without any.
    let mut policies = [None, Some(wire::Digest([1; 32]))].into_iter();
    for (content, _) in &mut made.entries {
        if let Event::Judged(judged) = &mut content.event
            && let Some(policy) = policies.next()
        {
            judged.policy_sha256 = policy;
        }
    }
    assert!(page(&made, 30).contains(
        "The verdicts of the month were made by 3 policies, 2 of them by others than this one."
    ));
}

#[test]
fn a_refusal_is_explained_once() {
    let html = page(&Made::november());
    assert_eq!(html.matches("has a keyboard").count(), 1);
    assert!(html.contains("list entry M-0003: has a keyboard</small>"));
}

#[test]
fn cases_reviews_and_sign_ins_are_those_of_the_entries() {
    let made = Made::november();
    let html = page(&made);
    let count = |is: &dyn Fn(&Event) -> bool| {
        made.entries
            .iter()
            .filter(|(content, _)| is(&content.event))
            .count()
    };
    let refused = count(&|event| matches!(event, Event::SignInRefused(_)));
    assert_eq!(tables(&html, "en-signins")[1].len(), refused);
    let reviews = &tables(&html, "en-reviews")[0];
    assert_eq!(
        reviews.len(),
        count(&|event| matches!(event, Event::Reviewed(_)))
    );
    assert_eq!(
        (reviews[0][3].as_str(), reviews[1][3].as_str()),
        ("11", "13")
    );
    // A scan by hand opens no case.
    let by_hand: u64 = standing(&made, true).values().map(|day| day[1]).sum();
    let stopped = judged(&made)
        .filter(|(_, judged)| judged.verdict == Verdict::Stop)
        .count()
        - usize::try_from(by_hand).unwrap();
    let closed = count(&|event| matches!(event, Event::Mitigated { .. }));
    // One more was a PASS that was withdrawn to STOP.
    assert_eq!(tables(&html, "en-cases")[0].len(), stopped + 1 - closed);
    assert!(html.contains("The next review is due 2026-12-09"));
}
