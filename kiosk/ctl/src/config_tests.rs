use super::*;

const MEDIA: &str = r#"
[[medium]]
id = "M-1"
vid = "0951"
pid = "1666"
serial = "A"
interfaces = ["08:06:50"]
capacity_bytes = 1
owner = "O"
company = "Minami"
valid_from = 2026-01-01
valid_until = 2027-01-01
status = "active"
storage_place = "S"
"#;

const CONTRACTORS: &str = r#"
[[company]]
name = "Kita"
contract_until = 2027-01-01
[[visit]]
id = "V-1"
person = "P"
company = "Kita"
media = ["M-1", "M-2"]
valid_from = 2026-01-01
valid_until = 2026-01-01
"#;

const ACCOUNTS: &str = r#"
[[account]]
name = "A"
user = "no-such-user"
role = "administrator"
pin = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"
status = "active"
[[account]]
name = "B"
user = "no-other-user"
role = "auditor"
status = "ended"
[[account]]
name = "C"
role = "approver"
company = "Higashi"
status = "active"
"#;

#[test]
fn what_is_hardly_meant_is_warned_of() {
    let media = decide::allowlist::parse(MEDIA).unwrap();
    let contractors = decide::contractors::parse(CONTRACTORS).unwrap();
    let accounts = decide::accounts::parse(ACCOUNTS).unwrap();
    let said = warnings(Some(&media), Some(&contractors), Some(&accounts));
    let parts = [
        "medium M-1: its company \"Minami\" has no contract",
        "visit V-1: no medium is registered as M-2",
        "account A: this machine has no user no-such-user",
        "account A: its PIN's hash",
        "account C: no company is called \"Higashi\"",
    ];
    assert_eq!(said.len(), parts.len(), "{said:?}");
    for (said, part) in said.iter().zip(parts) {
        assert!(said.contains(part), "{said}");
    }
    // Where there are no contracts at all, nothing is strange about media without one.
    let none = Contractors::default();
    assert_eq!(
        warnings(Some(&media), Some(&none), None),
        Vec::<String>::new()
    );
}
