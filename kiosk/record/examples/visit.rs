//! Tries at a server what it is told, one thing after the other, and says a line of each:
//! `standing` asks; `exported`, `reviewed`, `cosigned`, `started` and `inserted` hand in such an
//! event; `open` opens another connection and keeps it; `deaf` asks and never takes an answer.

use std::path::{Path, PathBuf};

use jail::channel::Channel;
use wire::audit::{Cosigned, Exported, Reviewed};
use wire::frame;
use wire::ledger::{Answer, Append, EntryId, Event, Target};
use wire::rule_change::Person;
use wire::scan::TargetKind;
use wire::standing::{Ask, Asked};
use wire::{Digest, MediumName};

/// More questions than any socket holds answers to.
const QUESTIONS: usize = 10_000;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let socket = PathBuf::from(arguments.next().unwrap_or_default());
    let mut kept = Vec::new();
    let mut first = EntryId {
        number: 1,
        leaf_sha256: Digest([0; 32]),
    };
    for what in arguments {
        let said = match what.to_str().unwrap_or_default() {
            "open" => open(&socket, &mut kept),
            "deaf" => deaf(&mut kept),
            "standing" => ask(&socket, &mut first),
            named => hand_in(&socket, named, first),
        };
        let mut out = std::io::stdout();
        let _ = std::io::Write::write_fmt(&mut out, format_args!("{said}\n"));
    }
}

fn question() -> Vec<u8> {
    let ask = Asked::Standing;
    frame::encode(&Ask { ask }).unwrap_or_default()
}

fn exchange(channel: &Channel, packet: &[u8]) -> Option<Answer> {
    channel.send(packet, &[]).ok()?;
    let answer = channel.receive().ok()??;
    frame::decode(&answer.bytes).ok()
}

fn open(socket: &Path, kept: &mut Vec<Channel>) -> String {
    let Ok(channel) = Channel::connect(socket) else {
        return "no connection".to_owned();
    };
    let heard = exchange(&channel, &question()).is_some();
    if heard {
        kept.push(channel);
    }
    (if heard { "heard" } else { "away" }).to_owned()
}

/// Asks over a kept connection and takes no answer, until the server lets it go.
fn deaf(kept: &mut Vec<Channel>) -> String {
    let Some(channel) = kept.pop() else {
        return "nothing is open".to_owned();
    };
    let mut questions = (0..QUESTIONS).map(|_| channel.send(&question(), &[]));
    let is_let_go = questions.any(|sent| sent.is_err());
    (if is_let_go { "let go" } else { "still heard" }).to_owned()
}

fn ask(socket: &Path, first: &mut EntryId) -> String {
    let answer = Channel::connect(socket).ok();
    match answer.and_then(|channel| exchange(&channel, &question())) {
        Some(Answer::Standing(standing)) => {
            *first = standing.head.unwrap_or(*first);
            "standing".to_owned()
        }
        other => format!("{other:?}"),
    }
}

fn hand_in(socket: &Path, named: &str, first: EntryId) -> String {
    let Some(event) = event(named, first) else {
        return format!("nothing is called {named}");
    };
    let packet = frame::encode(&Append { event, rows: false }).unwrap_or_default();
    let answer = Channel::connect(socket).ok();
    match answer.and_then(|channel| exchange(&channel, &packet)) {
        Some(Answer::Recorded(entry)) => format!("recorded {}", entry.number),
        Some(Answer::Refused { why, .. }) => format!("refused {why}"),
        other => format!("{other:?}"),
    }
}

fn event(named: &str, first: EntryId) -> Option<Event> {
    let by = Person {
        uid: 1000,
        user: "auditor".to_owned(),
        login_uid: None,
        login_user: None,
        medium: None,
    };
    Some(match named {
        "exported" => Event::Exported(Box::new(Exported {
            by,
            format: "csv".to_owned(),
            first: 1,
            last: 1,
            entries: 1,
            file: None,
            sha256: None,
        })),
        "reviewed" => Event::Reviewed(Box::new(Reviewed {
            by,
            account: None,
            through: first,
            remark: None,
        })),
        "cosigned" => Event::Cosigned(Box::new(Cosigned {
            by,
            key: "auditor+00000000+AA==".to_owned(),
            note: "a note".to_owned(),
        })),
        "started" => Event::Started {
            kiosk: "visit".to_owned(),
            rules: None,
            again: false,
        },
        "inserted" => Event::Inserted {
            target: Target {
                kind: TargetKind::Image,
                name: MediumName::new("x").ok()?,
                size_bytes: 1,
            },
            claim: None,
            medium: None,
            rules: None,
            occasion: None,
        },
        _ => return None,
    })
}
