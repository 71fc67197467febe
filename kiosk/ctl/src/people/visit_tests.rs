use std::collections::BTreeSet;

use super::*;

fn at(now: &str) -> Moment {
    Moment {
        now: now.parse().unwrap(),
        zone: jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(9)),
    }
}

const COMPANY: &str = "[[company]]\nname = \"Kita\"\ncontract_until = 2026-11-30T17:00:00\n";

fn visit(id: &str, more: &str) -> String {
    format!(
        "{COMPANY}[[visit]]\nid = \"{id}\"\nperson = \"P\"\ncompany = \"Kita\"\n\
         valid_from = 2026-11-26\nvalid_until = 2026-11-27\n{more}\n"
    )
}

fn parsed(text: &str) -> Contractors {
    decide::contractors::parse(text).unwrap()
}

#[test]
fn the_next_id_is_one_more_than_the_highest() {
    assert_eq!(free_id(&Contractors::default()), "V-0001");
    assert_eq!(free_id(&parsed(&visit("V-0041", ""))), "V-0042");
    assert_eq!(free_id(&parsed(&visit("V-9999", ""))), "V-10000");
    assert_eq!(free_id(&parsed(&visit("spring", ""))), "V-0001");
}

#[test]
fn a_code_has_six_digits_and_is_none_that_anybody_would_try() {
    let accounts = Accounts::default();
    let codes: BTreeSet<String> = (0..2_000)
        .map(|_| free_code(&Contractors::default(), &accounts).unwrap())
        .collect();
    // Two thousand of a million: some meet by chance, and hardly thirty.
    assert!(codes.len() > 1_970, "{}", codes.len());
    for code in &codes {
        pin::check(code).unwrap();
        assert_eq!(code.len(), CODE_DIGITS);
    }
    let low = codes.iter().filter(|code| code.as_str() < "500000").count();
    assert!((800..1_200).contains(&low), "{low}");
}

#[test]
fn a_code_is_none_that_a_visit_has_or_had_and_nobodys_number() {
    // One code in a hundred is taken, half of them by visits that have ended: by chance alone
    // some twenty of two thousand would be.
    let mut text = COMPANY.to_owned();
    for number in 0..10_000 {
        let ended = ["", "ended = 2026-11-26T00:00:00Z\n"][number % 2];
        text.push_str(&format!(
            "[[visit]]\nid = \"V-{number}\"\nperson = \"P\"\ncompany = \"Kita\"\n\
             valid_from = 2026-11-26\nvalid_until = 2026-11-27\ncode = \"{:06}\"\n{ended}",
            number * 97
        ));
    }
    let contractors = parsed(&text);
    let visits = contractors.visits().iter();
    let mut taken: BTreeSet<String> = visits.filter_map(|one| one.code.clone()).collect();
    assert_eq!(taken.len(), 10_000);
    let accounts = "[[account]]\nname = \"A\"\nrole = \"auditor\"\nnumber = \"480214\"\n\
                    status = \"active\"\n";
    let accounts = decide::accounts::parse(accounts).unwrap();
    taken.insert("480214".to_owned());
    for _ in 0..2_000 {
        let code = free_code(&contractors, &accounts).unwrap();
        assert!(!taken.contains(&code), "{code}");
    }
}

#[test]
fn a_visit_is_to_come_open_over_or_ended_and_over_with_its_contract() {
    let contractors = parsed(&visit("V-1", ""));
    let ended = parsed(&visit("V-1", "ended = 2026-11-26T12:00:00"));
    for (now, says) in [
        ("2026-11-25T14:59:59Z", ["to come", "to come"]),
        ("2026-11-25T15:00:00Z", ["open", "open"]),
        ("2026-11-26T03:00:00Z", ["open", "ended"]),
        ("2026-11-27T14:59:59Z", ["open", "ended"]),
        ("2026-11-27T15:00:00Z", ["over", "ended"]),
    ] {
        let said =
            [&contractors, &ended].map(|list| state(list.visit("V-1").unwrap(), list, &at(now)));
        assert_eq!(said, says, "{now}");
    }
    let text = visit("V-1", "").replace("2026-11-30T17:00:00", "2026-11-26T08:00:00");
    let early = parsed(&text);
    let said = state(
        early.visit("V-1").unwrap(),
        &early,
        &at("2026-11-25T23:00:00Z"),
    );
    assert_eq!(said, "over");
}

#[test]
fn a_visit_falls_on_each_of_its_days_by_the_sites_calendar() {
    let contractors = parsed(&visit("V-1", ""));
    let visit = contractors.visit("V-1").unwrap();
    let falls = |day: &str| falls_on(visit, day.parse().unwrap(), &at("2026-11-26T00:00:00Z"));
    assert!(falls("2026-11-26") && falls("2026-11-27"));
    assert!(!falls("2026-11-25") && !falls("2026-11-28"));
}

#[test]
fn a_visit_lasts_no_longer_than_its_contract_and_ends_after_it_begins() {
    let contractors = parsed(COMPANY);
    let add = |company: &str| Add {
        person: "P".to_owned(),
        company: company.to_owned(),
        work_order: None,
        purpose: None,
        destination: None,
        media: Vec::new(),
        from: None,
        until: None,
        badge: None,
    };
    let at = at("2026-11-26T00:00:00Z");
    let fits = |company: &str, from: &str, until: &str| {
        let (from, until) = (when(from).unwrap(), when(until).unwrap());
        super::fits(&contractors, &add(company), from, until, &at)
            .map_err(|error| error.to_string())
    };
    fits("Kita", "2026-11-26", "2026-11-29").unwrap();
    fits("Kita", "2026-11-26", "2026-11-30T08:00:00Z").unwrap();
    for (company, from, until, why) in [
        (
            "Kita",
            "2026-11-26",
            "2026-11-30",
            "ends 2026-11-30T17:00:00, before this visit",
        ),
        (
            "Kita",
            "2026-11-26",
            "2026-11-30T17:00:01",
            "before this visit",
        ),
        (
            "Kita",
            "2026-11-29",
            "2026-11-28",
            "before it begins 2026-11-29",
        ),
        (
            "Kita",
            "2026-11-20",
            "2026-11-25",
            "would have ended 2026-11-25",
        ),
        ("Minami", "2026-11-26", "2026-11-26", "kioskctl company add"),
    ] {
        let error = fits(company, from, until).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
