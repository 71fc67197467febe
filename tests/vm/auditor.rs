//! An auditor at an installed kiosk: somebody in kiosk-audit, with no other right. The writer of
//! the ledger is in a user namespace of its own there, and sees every auditor as nobody.

use serde_json::Value;

use crate::agent::Done;
use crate::guest::Guest;

/// Users of the machine: one whom the administrators made an auditor, and one whom nobody did.
const USERS: &str = "u auditor -\\nm auditor kiosk-audit\\nu stranger -\\n";

impl Guest {
    /// Runs kioskctl with the rights of this user.
    #[track_caller]
    fn kioskctl_as(&self, user: &str, arguments: &str) -> Done {
        self.try_run(&format!(
            "setpriv --reuid={user} --regid={user} --init-groups kioskctl {arguments}"
        ))
    }

    /// Who is named by the only event of this kind.
    #[track_caller]
    fn by(&self, kind: &str) -> String {
        let events: Vec<Value> = self.events(kind);
        assert_eq!(events.len(), 1, "{kind}: {events:?}");
        events[0]["by"]["user"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_auditor_verifies_reviews_exports_and_co_signs_and_writes_nothing_else() {
    let guest = Guest::restored();
    guest.run(&format!("printf '{USERS}' | systemd-sysusers -"));
    guest.insert("stick", "canary", "VM-CANARY");
    guest.wait_verdict(1);
    let receipt = guest.log().into_iter().find_map(|entry| {
        (entry["event"]["event"] == "judged").then(|| entry["event"]["insertion"].clone())
    });
    let receipt = receipt.unwrap();
    guest.run("mkdir /run/audit && chown auditor /run/audit");

    // What an auditor does.
    for arguments in [
        "log verify",
        "log review --remark '点検した'",
        "log export --format csv --output /run/audit/all.csv",
        "rules keygen --no-password --secret-key /run/audit/own.key --public-key /run/audit/own.pub",
        "log cosign --secret-key /run/audit/own.key --name audit.example -o /run/audit/signed.txt",
    ] {
        guest.kioskctl_as("auditor", arguments).succeeds(arguments);
    }
    let verify = "log verify --key /run/audit/own.pub --checkpoint /run/audit/signed.txt";
    let said = guest.kioskctl_as("auditor", verify).succeeds(verify);
    assert!(said.contains("co-signed by audit.example"), "{said}");
    let rows = guest.run("wc -l </run/audit/all.csv");
    assert!(
        rows.trim().parse().is_ok_and(|rows: u32| rows > 1),
        "{rows}"
    );
    for kind in ["reviewed", "exported", "cosigned"] {
        assert_eq!(guest.by(kind), "auditor", "{kind}");
    }

    // What an auditor does not, though the socket lets the command in; and what somebody who is
    // none cannot even begin.
    let before = guest.log().len();
    for (user, arguments) in [
        ("auditor", format!("log close {receipt} --action kept")),
        ("auditor", "log new-key --reason none".to_owned()),
        (
            "auditor",
            "media checkout VM-CLEAN --to x --until 2099-01-01".to_owned(),
        ),
        ("stranger", "log verify".to_owned()),
        ("stranger", "log list".to_owned()),
        ("stranger", "log review --remark x".to_owned()),
    ] {
        let done = guest.kioskctl_as(user, &arguments);
        assert_eq!(
            done.status, 2,
            "{user} {arguments}: {}{}",
            done.stdout, done.stderr
        );
    }
    assert_eq!(guest.log().len(), before);
    guest.verify_ledger();
}
