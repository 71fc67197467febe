use super::*;

const COMPANY: &str = "[[company]]\nname = \"A\"\ncontract_until = 2027-03-31\n";

fn visit_with(id: &str, keys: &str) -> String {
    format!(
        "[[visit]]\nid = \"{id}\"\nperson = \"p\"\ncompany = \"A\"\nvalid_from = 2026-11-30\n\
         valid_until = 2026-12-01\n{keys}\n"
    )
}

fn fault(text: &str) -> String {
    parse(text).unwrap_err().in_file("c.toml")
}

#[test]
fn companies_and_visits_are_read_in_their_order() {
    let text = format!(
        "{COMPANY}{}{}",
        visit_with("V-1", "code = \"000001\"\nwork_order = \"W-7\""),
        visit_with(
            "V-2",
            "badge = \"0012345678\"\nmedia = [\"M-0001\"]\nended = 2026-11-30T12:00:00"
        )
    );
    let all = parse(&text).unwrap();
    assert_eq!(all.companies().len(), 1);
    let ids: Vec<&str> = all.visits().iter().map(|visit| visit.id.as_str()).collect();
    assert_eq!(ids, ["V-1", "V-2"]);
    assert_eq!(all.visit("V-2").unwrap().media, ["M-0001"]);
    assert!(
        !format!("{all:?}").contains("000001"),
        "a code in a debug text"
    );
    assert_eq!(parse("").unwrap(), Contractors::default());
}

#[test]
fn every_slip_names_its_place_and_the_next_step() {
    let cases = [
        (
            format!("{COMPANY}{COMPANY}"),
            "a company of this name is already used",
        ),
        (
            visit_with("V-1", ""),
            "no company of the file has this name; add it",
        ),
        (
            format!("{COMPANY}{}", visit_with("V 1", "")),
            "an id must be",
        ),
        (
            format!("{COMPANY}{}", visit_with("V-1", "code = \"12345\"")),
            "a code must be 6 digits",
        ),
        (
            format!("{COMPANY}{}", visit_with("V-1", "code = \"12345x\"")),
            "a code must be 6 digits",
        ),
        (
            format!("{COMPANY}{}", visit_with("V-1", "badge = \"123456\"")),
            "a badge must be more than 6",
        ),
        (
            format!("{COMPANY}{}", visit_with("V-1", "colour = 1")),
            "unknown field `colour`",
        ),
        (
            format!("{COMPANY}{0}{0}", visit_with("V-1", "")),
            "this id of a visit is already used",
        ),
        (
            format!(
                "{COMPANY}{}{}",
                visit_with("V-1", "code = \"123456\""),
                visit_with("V-2", "code = \"123456\"")
            ),
            "this code or badge is already used",
        ),
    ];
    for (text, says) in cases {
        let said = fault(&text);
        assert!(said.starts_with("c.toml:") && said.contains(says), "{said}");
    }
}

#[test]
fn a_visit_that_was_ended_gives_its_code_back() {
    let first = visit_with("V-1", "code = \"123456\"\nended = 2026-11-30");
    let second = visit_with("V-2", "code = \"123456\"");
    assert!(parse(&format!("{COMPANY}{first}{second}")).is_ok());
}

#[test]
fn more_than_the_limits_is_refused() {
    let media = "\"M\", ".repeat(VISIT_MEDIA_MAX + 1);
    let visit = visit_with("V-1", &format!("media = [{media}]"));
    assert!(fault(&format!("{COMPANY}{visit}")).contains("at most 100 media"));
    let badge = format!("badge = \"{}\"", "x".repeat(BADGE_BYTES_MAX + 1));
    assert!(fault(&format!("{COMPANY}{}", visit_with("V-1", &badge))).contains("longer than 64"));
    let companies: String = (0..=COMPANIES_MAX)
        .map(|n| format!("[[company]]\nname = \"{n}\"\ncontract_until = 2027-03-31\n"))
        .collect();
    assert!(fault(&companies).contains("more than 1000 companies"));
    let visits: String = (0..=VISITS_MAX)
        .map(|n| visit_with(&format!("V-{n}"), ""))
        .collect();
    assert!(fault(&format!("{COMPANY}{visits}")).contains("more than 10000 visits"));
    let long = "#".repeat(CONTRACTORS_BYTES_MAX + 1);
    assert!(matches!(parse(&long), Err(ListError::TooLong { .. })));
}
