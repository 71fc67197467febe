use super::*;

fn at(now: &str) -> Moment {
    Moment {
        now: now.parse().unwrap(),
        zone: jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(9)),
    }
}

#[test]
fn a_contract_ends_now_or_as_it_is_said_and_never_later_than_it_would() {
    let now = at("2026-11-26T03:00:00Z");
    for (contract, said, end) in [
        ("2026-11-30", None, "2026-11-26T03:00:00Z"),
        (
            "2026-11-30",
            Some("2026-11-26T08:00:00Z"),
            "2026-11-26T08:00:00Z",
        ),
        ("2026-11-25", None, "2026-11-25"),
        ("2026-11-25", Some("2026-11-27T00:00:00Z"), "2026-11-25"),
        ("2026-11-26T12:00:00", None, "2026-11-26T12:00:00"),
    ] {
        let contract = When::parse(contract).unwrap();
        let said = said.map(|said| said.parse().unwrap());
        assert_eq!(super::end(&contract, said, &now).to_string(), end);
    }
}

#[test]
fn visits_that_are_over_before_the_contract_need_no_mark() {
    let visit = |id: &str, until: &str, more: &str| {
        format!(
            "[[visit]]\nid = \"{id}\"\nperson = \"P\"\ncompany = \"Kita\"\n\
             valid_from = 2026-11-01\nvalid_until = {until}\n{more}\n"
        )
    };
    let text = [
        "[[company]]\nname = \"Kita\"\ncontract_until = 2026-11-30\n".to_owned(),
        visit("V-1", "2026-11-25", ""),
        visit("V-2", "2026-11-26", ""),
        visit("V-3", "2026-11-30", "ended = 2026-11-26T02:00:00Z"),
        visit("V-4", "2026-11-30", "ended = 2026-11-26T04:00:00Z"),
    ];
    let contractors = decide::contractors::parse(&text.concat()).unwrap();
    let now = at("2026-11-26T03:00:00Z");
    let open = super::open(&contractors, "Kita", now.now, &now);
    let ids: Vec<&str> = open.iter().map(|visit| visit.id.as_str()).collect();
    assert_eq!(ids, ["V-2", "V-4"]);
}
