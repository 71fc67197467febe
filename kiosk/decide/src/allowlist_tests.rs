#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use super::*;

const ENTRY: &str = r#"[[medium]]
id = "M-0001"
vid = "0951"
pid = "1666"
serial = "S-1"
interfaces = ["08:06:50"]
capacity_bytes = 33554432
owner = "佐藤"
company = "保守会社A"
valid_from = 2026-04-01
valid_until = 2027-03-31
status = "active"
storage_place = "守衛所"
"#;

/// The refusal of [`ENTRY`] with `from` replaced by `to`: place and message.
fn refusal(from: &str, to: &str) -> (usize, usize, String) {
    assert!(ENTRY.contains(from), "{from:?}");
    let error = parse(&ENTRY.replace(from, to)).expect_err(to);
    (error.at().line, error.at().column, error.to_string())
}

#[test]
fn an_entry_reads_as_it_is_written() {
    let list = parse(ENTRY).unwrap();
    let [medium] = list.media() else {
        panic!("{list:?}")
    };
    assert_eq!(list.find("M-0001"), Some(medium));
    assert_eq!(list.find("M-0002"), None);
    assert_eq!(
        (medium.vid, medium.pid, medium.capacity_bytes),
        (0x0951, 0x1666, 33_554_432)
    );
    assert_eq!(medium.serial.as_deref(), Some("S-1"));
    assert_eq!(medium.interfaces.first().unwrap().to_string(), "08:06:50");
    assert_eq!(medium.valid_until, jiff::civil::date(2027, 3, 31));
    assert_eq!(medium.status, Status::Active);
    assert_eq!(medium.note, None);
}

#[test]
fn an_empty_list_registers_nothing() {
    assert!(parse("").unwrap().media().is_empty());
}

#[test]
fn the_shipped_sample_parses_and_has_the_three_media_of_the_trial() {
    let list = parse(include_str!("../../../allowlist.toml")).unwrap();
    let ids: Vec<&str> = list
        .media()
        .iter()
        .map(|medium| medium.id.as_str())
        .collect();
    assert_eq!(ids, ["M-0001", "M-0002", "M-0004"]);
}

#[test]
fn every_key_but_serial_and_note_is_required() {
    for line in ENTRY.lines().skip(1) {
        let key = line.split(' ').next().unwrap();
        let result = parse(&ENTRY.replace(&format!("{line}\n"), ""));
        if key == "serial" {
            assert_eq!(result.unwrap().media().first().unwrap().serial, None);
        } else {
            let error = result.expect_err(key).to_string();
            assert_eq!(
                error,
                format!("line 1, column 1: missing field `{key}`; add the key"),
            );
        }
    }
}

#[test]
fn an_unknown_key_is_an_error_with_its_place() {
    let (line, column, text) = refusal("serial =", "serail =");
    assert_eq!((line, column), (5, 1), "{text}");
    assert!(text.contains("unknown field `serail`"), "{text}");
    let (line, column, text) = refusal("[[medium]]", "[[media]]");
    assert_eq!((line, column), (1, 3), "{text}");
}

#[test]
fn a_wrong_value_is_an_error_with_its_place_and_a_next_step() {
    for (from, to, place, fragment) in [
        ("\"M-0001\"", "\"M 0001\"", (2, 6), "as on the label"),
        ("\"M-0001\"", "\"\"", (2, 6), "an id must be"),
        ("\"0951\"", "\"951\"", (3, 7), "as lsusb shows it"),
        ("\"0951\"", "0x0951", (3, 7), "invalid type"),
        ("\"1666\"", "\"16 66\"", (4, 7), "four hexadecimal digits"),
        ("\"S-1\"", "\"\"", (5, 10), "the text is empty"),
        ("\"S-1\"", "\"a\\u202eb\"", (5, 10), "cannot be seen"),
        ("[\"08:06:50\"]", "[]", (6, 14), "0 interfaces"),
        (
            "\"08:06:50\"",
            "\"08:06:50\", \"8:6:50\"",
            (6, 27),
            "must look like",
        ),
        ("33554432", "0", (7, 18), "outside 1 to"),
        ("33554432", "-1", (7, 18), "correct the value"),
        (
            "2026-04-01",
            "2026-04-01T00:00:00Z",
            (10, 14),
            "without a time",
        ),
        ("2026-04-01", "\"2026-04-01\"", (10, 14), "correct"),
        ("2026-04-01", "2026-02-30", (10, 14), "correct"),
        ("2027-03-31", "2026-03-31", (11, 15), "before the first"),
        (
            "\"active\"",
            "\"Active\"",
            (12, 10),
            "choose one of the values named",
        ),
        ("\"守衛所\"", "\"守\\n衛\"", (13, 17), "cannot be seen"),
    ] {
        let (line, column, text) = refusal(from, to);
        assert_eq!((line, column), place, "{to}: {text}");
        assert!(text.contains(fragment), "{to}: {text}");
    }
}

#[test]
fn two_entries_with_one_id_are_refused_naming_both_places() {
    let text = format!("{ENTRY}\n{}", ENTRY.replace("S-1", "S-2"));
    assert_eq!(
        parse(&text).unwrap_err().to_string(),
        "line 16, column 6: the id M-0001 is already used at line 2, column 6; \
         give each medium its own id"
    );
}

#[test]
fn two_entries_with_one_identity_are_refused_naming_both_places() {
    let text = format!("{ENTRY}\n{}", ENTRY.replace("M-0001", "M-0002"));
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.starts_with("line 19, column 10: the identity 0951:1666"),
        "{error}"
    );
    assert!(error.contains("at line 5, column 10"), "{error}");
}

#[test]
fn the_same_serial_at_another_product_is_another_medium() {
    let second = ENTRY.replace("M-0001", "M-0002").replace("1666", "1667");
    assert_eq!(parse(&format!("{ENTRY}{second}")).unwrap().media().len(), 2);
}

#[test]
fn texts_past_their_limits_are_refused() {
    let long_id = format!("\"{}\"", "x".repeat(ID_BYTES_MAX + 1));
    assert!(refusal("\"M-0001\"", &long_id).2.contains("1 to 32"));
    let long_text = format!("\"{}\"", "x".repeat(TEXT_BYTES_MAX + 1));
    assert!(
        refusal("\"佐藤\"", &long_text)
            .2
            .contains("longer than 200")
    );
    let long_serial = format!("\"{}\"", "x".repeat(SERIAL_BYTES_MAX + 1));
    assert!(
        refusal("\"S-1\"", &long_serial)
            .2
            .contains("longer than 378")
    );
    let long_list = format!("#{}", "x".repeat(LIST_BYTES_MAX));
    assert!(matches!(parse(&long_list), Err(ListError::TooLong { .. })));
    let interface = "\"08:06:50\",".repeat(wire::claim::INTERFACES_MAX + 1);
    assert!(
        refusal("\"08:06:50\"", &interface)
            .2
            .contains("33 interfaces")
    );
}

#[test]
fn a_list_past_its_number_of_media_is_refused() {
    let entry = |index: usize| {
        ENTRY
            .replace("M-0001", &format!("M-{index}"))
            .replace("S-1", &format!("S-{index}"))
    };
    let full: String = (0..MEDIA_MAX).map(entry).collect();
    assert_eq!(parse(&full).unwrap().media().len(), MEDIA_MAX);
    let error = parse(&format!("{full}{}", entry(MEDIA_MAX))).unwrap_err();
    assert!(
        error.to_string().contains("more than 10000 media"),
        "{error}"
    );
}

#[test]
fn only_an_entry_that_says_so_may_install_rules() {
    let one = |text: &str| parse(text).unwrap().media()[0].installs_rules;
    assert!(!one(ENTRY));
    assert!(one(&format!("{ENTRY}installs_rules = true\n")));
    assert!(!one(&format!("{ENTRY}installs_rules = false\n")));
    assert!(parse(&format!("{ENTRY}installs_rules = \"yes\"\n")).is_err());
}

#[test]
fn an_entry_by_its_model_says_all_of_it_and_no_serial_number() {
    let entry = |id: &str, keys: &str| {
        format!(
            "[[medium]]\nid = \"{id}\"\nvid = \"0951\"\npid = \"1666\"\n{keys}\n\
             interfaces = [\"08:06:50\"]\ncapacity_bytes = 1000\nowner = \"o\"\ncompany = \"c\"\n\
             valid_from = 2026-01-01\nvalid_until = 2026-12-31\nstatus = \"active\"\n\
             storage_place = \"s\"\n"
        )
    };
    let all = "identity = \"model\"\nmanufacturer = \"a\"\nproduct = \"b\"\nrelease = \"0110\"";
    let list = parse(&entry("A", all)).unwrap();
    assert_eq!(list.media()[0].identity, Identity::Model);
    let cases = [
        (
            entry("A", "identity = \"model\"\nproduct = \"b\""),
            "must say all of that",
        ),
        (
            entry("A", &format!("serial = \"1\"\n{all}")),
            "known by that",
        ),
        (
            entry("A", "identity = \"serial\""),
            "no serial number to know it by",
        ),
        (
            entry("A", &all.replace("0110", "11")),
            "four hexadecimal digits",
        ),
        (
            entry("A", "identity = \"looks\"\nserial = \"1\""),
            "unknown variant",
        ),
        (
            format!("{}{}", entry("A", all), entry("B", all)),
            "this model without a serial number is already used",
        ),
    ];
    for (text, says) in cases {
        let said = parse(&text).unwrap_err().in_file("a.toml");
        assert!(said.contains(says), "{said}");
    }
}
