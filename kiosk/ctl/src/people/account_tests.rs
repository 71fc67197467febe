use super::*;

fn account(name: &str, role: &str, more: &str) -> String {
    format!("[[account]]\nname = \"{name}\"\nrole = \"{role}\"\n{more}\n")
}

#[test]
fn the_last_administrator_who_can_still_run_a_command_stays() {
    let text = [
        account("A", "administrator", "user = \"a\"\nstatus = \"active\""),
        account("B", "administrator", "user = \"b\"\nstatus = \"ended\""),
        account("C", "administrator", "status = \"active\""),
        account("D", "approver", "user = \"d\"\nstatus = \"active\""),
    ];
    let accounts = decide::accounts::parse(&text.concat()).unwrap();
    let without = |name: &str| one_is_left(&accounts, |one| one.name != name);
    for name in ["B", "C", "D", "E"] {
        without(name).unwrap();
    }
    let error = without("A").unwrap_err().to_string();
    assert!(
        error.contains("the last administrator's account"),
        "{error}"
    );
    one_is_left(&Accounts::default(), |_| false).unwrap();
}

#[test]
fn a_role_is_spelled_as_the_list_reads_it() {
    for role in [Role::Administrator, Role::Approver, Role::Auditor] {
        let text = account("A", spelled(role), "status = \"active\"");
        let accounts = decide::accounts::parse(&text).unwrap();
        assert_eq!(accounts.find("A").unwrap().role, role);
    }
}

#[test]
fn the_machine_knows_its_users() {
    assert!(exists("root"));
    assert!(!exists("nobody-of-this-name"));
}
