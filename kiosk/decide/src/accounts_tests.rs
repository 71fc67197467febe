use super::*;

fn account_with(name: &str, keys: &str) -> String {
    format!(
        "[[account]]\nname = \"{name}\"\nrole = \"administrator\"\nstatus = \"active\"\n{keys}\n"
    )
}

fn fault(text: &str) -> String {
    parse(text).unwrap_err().in_file("a.toml")
}

#[test]
fn an_account_is_found_by_name_user_and_number() {
    let text = format!(
        "{}{}",
        account_with(
            "佐藤",
            "user = \"sato\"\nnumber = \"07\"\npin = \"$argon2id$v=19$x\""
        ),
        "[[account]]\nname = \"old\"\nrole = \"auditor\"\nstatus = \"ended\"\nuser = \"old\"\n"
    );
    let all = parse(&text).unwrap();
    assert_eq!(all.of_user("sato").unwrap().name, "佐藤");
    assert_eq!(all.numbered("07").unwrap().role, Role::Administrator);
    assert!(!all.find("old").unwrap().is_active);
    assert!(all.has_pins());
    assert!(
        !format!("{all:?}").contains("argon2"),
        "a hash in a debug text"
    );
    assert!(!parse("").unwrap().has_pins());
}

#[test]
fn every_slip_names_its_place_and_the_next_step() {
    let twice = |keys: &str| format!("{}{}", account_with("a", keys), account_with("b", keys));
    let cases = [
        (
            format!("{0}{0}", account_with("a", "")),
            "this name is already used",
        ),
        (twice("user = \"u\""), "this user is already used"),
        (twice("number = \"07\""), "this number is already used"),
        (
            account_with("a", "number = \"7\""),
            "a number must be 2 to 6 digits",
        ),
        (
            account_with("a", "number = \"1234567\""),
            "a number must be 2 to 6 digits",
        ),
        (
            account_with("a", "pin = \"123456\""),
            "this is no hash of a PIN; set the PIN",
        ),
        (
            account_with("a", "password = \"x\""),
            "unknown field `password`",
        ),
        (
            "[[account]]\nname = \"a\"\nstatus = \"active\"\n".to_owned(),
            "missing field `role`",
        ),
    ];
    for (text, says) in cases {
        let said = fault(&text);
        assert!(said.starts_with("a.toml:") && said.contains(says), "{said}");
    }
    assert!((NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&2));
}

#[test]
fn more_than_the_limits_is_refused() {
    let many: String = (0..=ACCOUNTS_MAX)
        .map(|n| account_with(&n.to_string(), ""))
        .collect();
    assert!(fault(&many).contains("more than 200 accounts"));
    let long = account_with(&"x".repeat(NAME_BYTES_MAX + 1), "");
    assert!(fault(&long).contains("longer than 64"));
    let pin = format!("pin = \"$argon2id${}\"", "x".repeat(PIN_HASH_BYTES_MAX));
    assert!(fault(&account_with("a", &pin)).contains("longer than 300"));
    let text = "#".repeat(ACCOUNTS_BYTES_MAX + 1);
    assert!(matches!(parse(&text), Err(ListError::TooLong { .. })));
}
