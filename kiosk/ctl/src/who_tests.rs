use decide::{accounts, contractors};
use jiff::tz::TimeZone;

use super::*;

const ACCOUNTS: &str = r#"
[[account]]
name = "A. Sato"
user = "sato"
role = "administrator"
pin = "$argon2id$a"
status = "active"
[[account]]
name = "B. Ito"
role = "approver"
pin = "$argon2id$b"
status = "active"
[[account]]
name = "C. Abe"
user = "abe"
role = "auditor"
pin = "$argon2id$c"
status = "active"
[[account]]
name = "D. Ono"
user = "ono"
role = "administrator"
pin = "$argon2id$d"
status = "ended"
[[account]]
name = "E. Mori"
user = "mori"
role = "administrator"
pin = "$argon2id$e"
company = "Kita"
status = "active"
[[account]]
name = "F. Ueda"
role = "approver"
status = "active"
"#;

fn staff(text: &str) -> Staff {
    let contract = "[[company]]\nname = \"Kita\"\ncontract_until = 2026-11-30T17:00:00\n";
    Staff {
        accounts: accounts::parse(text).unwrap(),
        contractors: contractors::parse(contract).unwrap(),
        at: at("2026-11-30T07:59:59Z"),
    }
}

fn at(now: &str) -> Moment {
    Moment {
        now: now.parse().unwrap(),
        zone: TimeZone::fixed(jiff::tz::Offset::constant(9)),
    }
}

/// Root, for whoever logged in as this user.
fn through_sudo(login: Option<&str>) -> Person {
    Person {
        uid: 0,
        user: "root".to_owned(),
        login_uid: login.map(|_| 1000),
        login_user: login.filter(|name| !name.is_empty()).map(str::to_owned),
        medium: None,
    }
}

#[test]
fn without_accounts_whoever_can_may_and_with_one_only_administrators_in_force() {
    for login in [None, Some("abe"), Some("")] {
        staff("").administrator(&through_sudo(login)).unwrap();
    }
    let staff = staff(ACCOUNTS);
    for login in ["sato", "mori"] {
        staff.administrator(&through_sudo(Some(login))).unwrap();
    }
    for (login, why) in [
        (None, "root has no account"),
        (Some(""), "a user without a name has no account"),
        (Some("abe"), "the account C. Abe is not an administrator's"),
        (Some("ono"), "the account D. Ono has ended"),
        (Some("kato"), "kato has no account"),
    ] {
        let error = staff.administrator(&through_sudo(login)).unwrap_err();
        assert_eq!(error, format!("{why}; who may: A. Sato, E. Mori"));
    }
}

#[test]
fn whoever_logged_in_counts_and_not_the_rights_that_are_used() {
    let text = ACCOUNTS.replace("\"sato\"", "\"root\"");
    let staff = staff(&text);
    staff.administrator(&through_sudo(None)).unwrap();
    staff.administrator(&through_sudo(Some("root"))).unwrap();
    // Somebody else who became root is not root.
    staff
        .administrator(&through_sudo(Some("kato")))
        .unwrap_err();
    staff.administrator(&through_sudo(Some(""))).unwrap_err();
}

#[test]
fn the_account_of_a_company_ends_with_its_contract() {
    let mut staff = staff(ACCOUNTS);
    let mori = through_sudo(Some("mori"));
    staff.administrator(&mori).unwrap();
    staff.at = at("2026-11-30T08:00:00Z");
    let error = staff.administrator(&mori).unwrap_err();
    assert_eq!(error, "the account E. Mori has ended; who may: A. Sato");
    let sato = through_sudo(Some("sato"));
    let error = staff.second(&sato, "E. Mori").unwrap_err();
    assert_eq!(error, "the account E. Mori has ended; who can be: B. Ito");
}

#[test]
fn the_second_person_is_another_one_in_force_who_has_a_pin_and_is_no_auditor() {
    let staff = staff(ACCOUNTS);
    let sato = through_sudo(Some("sato"));
    assert_eq!(staff.second(&sato, "B. Ito").unwrap().name, "B. Ito");
    assert_eq!(staff.second(&sato, "E. Mori").unwrap().name, "E. Mori");
    for (name, why) in [
        ("A. Sato", "the second person must be another one"),
        ("C. Abe", "the account C. Abe is an auditor's"),
        ("D. Ono", "the account D. Ono has ended"),
        ("F. Ueda", "the account F. Ueda has no PIN"),
        ("b. ito", "the second person has no account"),
    ] {
        let error = staff.second(&sato, name).unwrap_err();
        assert_eq!(error, format!("{why}; who can be: B. Ito, E. Mori"));
    }
}

#[test]
fn administrators_and_auditors_review_and_nobody_signs_with_an_account_that_has_ended_or_no_pin() {
    let nobody = through_sudo(None);
    assert_eq!(staff("").reviewer(&nobody, None), Ok(None));
    assert!(staff("").reviewer(&nobody, Some("C. Abe")).is_err());
    let staff = staff(ACCOUNTS);
    let name = |login, named| {
        let found = staff.reviewer(&through_sudo(login), named);
        found.map(|account| account.unwrap().name.as_str())
    };
    assert_eq!(name(Some("sato"), None), Ok("A. Sato"));
    assert_eq!(name(Some("abe"), None), Ok("C. Abe"));
    // Beside an administrator, or somebody who has no account.
    assert_eq!(name(Some("sato"), Some("C. Abe")), Ok("C. Abe"));
    assert_eq!(name(None, Some("C. Abe")), Ok("C. Abe"));
    for (login, named, why) in [
        (None, None, "root has no account"),
        (Some("kato"), None, "kato has no account"),
        (Some("ono"), None, "the account D. Ono has ended"),
        (Some("sato"), Some("D. Ono"), "the account D. Ono has ended"),
        (
            Some("sato"),
            Some("B. Ito"),
            "the account B. Ito is an approver's",
        ),
        (Some("sato"), Some("X"), "X has no account"),
    ] {
        let error = name(login, named).unwrap_err();
        assert_eq!(error, format!("{why}; who may: A. Sato, C. Abe, E. Mori"));
    }
    let bare = ACCOUNTS.replace("pin = \"$argon2id$c\"\n", "");
    let staff = self::staff(&bare);
    let error = staff.reviewer(&nobody, Some("C. Abe")).unwrap_err();
    assert!(
        error.starts_with("the account C. Abe has no PIN"),
        "{error}"
    );
}

#[test]
fn a_file_that_only_root_reads_is_told_from_one_that_is_wrong() {
    let read = |kind: std::io::ErrorKind| {
        CommandError::Site(site::SiteError::Read {
            path: "/etc/media-kiosk/accounts.toml".into(),
            source: kind.into(),
        })
    };
    assert!(is_shut(&read(std::io::ErrorKind::PermissionDenied)));
    assert!(!is_shut(&read(std::io::ErrorKind::InvalidData)));
    let wrong = site::SiteError::Malformed("accounts.toml:1:1".to_owned());
    assert!(!is_shut(&CommandError::Site(wrong)));
}

#[test]
fn a_file_with_a_pin_gives_its_first_line_and_no_long_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pin");
    let asked = |text: &str| {
        std::fs::write(&file, text).unwrap();
        ask(Some(&file), "--pin-file", "PIN").ok()
    };
    assert_eq!(asked("480213\r\nmore\n").as_deref(), Some("480213"));
    let longest = "4".repeat(PIN_LINE_BYTES_MAX);
    assert_eq!(asked(&longest), Some(longest.clone()));
    assert_eq!(asked(&format!("{longest}4")), None);
    assert_eq!(asked("\n480213"), None);
}
