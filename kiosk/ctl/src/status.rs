//! `kioskctl status`: whether the kiosk is in service, as its screen is told.

use std::io::{self, ErrorKind};
use std::time::Duration;

use broker::Paths;
use jail::channel::Channel;
use wire::view::{Ledger, View};

use crate::CommandError;
use crate::print;
use crate::report::spelled;
use crate::views::{self, Heard};

/// Longest wait for the daemon's first view: it sends one every second.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Options of `kioskctl status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 in service, 1 out of service. No answer is an error.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let view = view(paths)?;
    if arguments.json {
        print::line(&object(&view).to_string());
    } else {
        text(&view).iter().for_each(|line| print::line(line));
    }
    Ok(u8::from(view.out_of_service.is_some()))
}

fn view(paths: &Paths) -> Result<View, CommandError> {
    let socket = paths.show_socket();
    let channel =
        Channel::connect(&socket).map_err(CommandError::file("reach kioskd at", socket))?;
    let silent = |kind: ErrorKind| CommandError::system("hear kioskd")(io::Error::from(kind));
    match views::next(&channel, ANSWER_WAIT)? {
        Heard::View(view) => Ok(*view),
        Heard::Nothing => Err(silent(ErrorKind::TimedOut)),
        Heard::Gone => Err(silent(ErrorKind::UnexpectedEof)),
    }
}

fn object(view: &View) -> serde_json::Value {
    serde_json::json!({
        "in_service": view.out_of_service.is_none(),
        "out_of_service": view.out_of_service,
        "fault": view.fault,
        "rules": view.rules,
        "rules_age": view.rules_age,
        "rules_refused": view.rules_refused,
        "media": view.lanes.len(),
        "ledger": view.ledger,
    })
}

fn text(view: &View) -> Vec<String> {
    let mut lines = vec![match &view.out_of_service {
        None => "in service".to_owned(),
        Some(why) => format!("out of service: {}", spelled(why)),
    }];
    lines.extend(view.fault.as_ref().map(|fault| format!("  {fault}")));
    lines.push(match &view.rules {
        None => "rules: none".to_owned(),
        Some(rules) => format!(
            "rules: {} {}, {}, {} ({})",
            rules.bundle,
            rules.version,
            rules
                .age_days
                .map_or("undated".to_owned(), |days| format!("{days} days old")),
            spelled(&view.rules_age),
            rules.sha256
        ),
    });
    let refused = view.rules_refused.as_ref();
    lines.extend(refused.map(|why| format!("newer rules are not in use: {why}")));
    lines.push(format!("media: {}", view.lanes.len()));
    lines.extend(ledger(&view.ledger));
    lines
}

/// How the ledger stands, as far as it is known.
fn ledger(ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    let head = ledger.head.as_ref();
    lines.extend(head.map(|head| format!("ledger: head {} {}", head.number, head.code())));
    if let Some(percent) = ledger.disk_percent {
        let warning = ledger.disk_warning().map(|_| ": make room");
        let warning = warning.unwrap_or_default();
        lines.push(format!("ledger's disk: {percent} % in use{warning}"));
    }
    if let Some(trouble) = &ledger.disk_trouble {
        lines.push(format!("ledger's disk: {}", spelled(trouble)));
    }
    if let Some(due) = &ledger.review_due {
        let what = match ledger.overdue_since() {
            Some(_) => "OVERDUE since",
            None => "due by",
        };
        let due = wire::name::line(due);
        lines.push(format!("ledger's review: {what} {due}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use wire::Digest;
    use wire::ledger::{DiskTrouble, EntryId};

    use super::*;

    #[test]
    fn head_disk_and_review_are_said_where_they_are_known() {
        assert!(ledger(&Ledger::default()).is_empty());
        let mut told = Ledger {
            head: Some(EntryId {
                number: 7,
                leaf_sha256: Digest([0x1a; 32]),
            }),
            disk_percent: Some(12),
            review_due: Some("2026-12-03".to_owned()),
            ..Ledger::default()
        };
        let said = [
            "ledger: head 7 1a1a 1a1a 1a1a 1a1a",
            "ledger's disk: 12 % in use",
            "ledger's review: due by 2026-12-03",
        ];
        assert_eq!(ledger(&told), said);
        told.disk_percent = Some(80);
        told.is_review_overdue = true;
        told.disk_trouble = Some(DiskTrouble::Full);
        let said = [
            "ledger: head 7 1a1a 1a1a 1a1a 1a1a",
            "ledger's disk: 80 % in use: make room",
            "ledger's disk: full",
            "ledger's review: OVERDUE since 2026-12-03",
        ];
        assert_eq!(ledger(&told), said);
    }
}
