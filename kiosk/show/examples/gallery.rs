//! Draws one screen and keeps it until a key is pressed, for looking at it and for pictures:
//!
//! ```text
//! cargo run -p show --example gallery -- pass
//! ```

use std::error::Error;
use std::time::Duration;

use show::{Key, News, Screen, Words, update, view};
use wire::ledger::{DiskTrouble, EntryId, Rules};
use wire::scan::Progress;
use wire::verdict::Reason;
use wire::view::{
    Asking, FirstFinding, Gate, Lane, Ledger, OutOfService, Request, RulesAge, Shown, Staff, Stage,
    Typed, View, Visitor,
};
use wire::{Digest, MediumName, ReasonCode, Title, Verdict};

const NAMES: &str = "idle checking scanning counting recording pass stop unregistered \
                     incomplete removed lanes out lost gate counts exit enrolling code wrong \
                     locked visitor number pin staff waiting waiting-two request requested \
                     requests put-back";

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(wanted) = picture(&name) else {
        return Err(format!("one of: {NAMES}").into());
    };
    let mut terminal = ratatui::try_init()?;
    let words = Words::new();
    let size = crossterm::terminal::size()?;
    let mut screen = Screen::new(size, false);
    if let Some(wanted) = wanted {
        // Twice, so that there is an estimate of the time.
        let second = View {
            sequence: 2,
            ..wanted.clone()
        };
        screen = update(screen, News::View(Box::new(wanted)));
        screen = update(screen, News::View(Box::new(second)));
    } else {
        screen = update(screen, News::Tick(Duration::from_secs(3600)));
    }
    for key in keys(&name) {
        screen = update(screen, News::Key(key));
    }
    loop {
        terminal.draw(|frame| view(&screen, &words, frame))?;
        if crossterm::event::read()?.is_key_press() {
            ratatui::try_restore()?;
            return Ok(());
        }
    }
}

/// What is pressed before the picture is taken.
fn keys(name: &str) -> Vec<Key> {
    let typed = match name {
        "number" => "777",
        "pin" => "77788\n8642",
        "code" => "1234",
        _ => "",
    };
    let key = |one| match one {
        '\n' => Key::Enter,
        one => Key::Character(one),
    };
    typed.chars().map(key).collect()
}

/// The named picture; `Some(None)` is the lost connection.
fn picture(name: &str) -> Option<Option<View>> {
    let stages = match name {
        "idle" | "out" | "gate" | "counts" | "exit" | "enrolling" | "code" | "wrong" | "locked"
        | "visitor" | "number" | "pin" | "staff" => vec![],
        "waiting" => vec![Stage::AwaitingVisit],
        "waiting-two" => vec![Stage::AwaitingVisit; 2],
        "request" | "requested" | "requests" => {
            let shown = shown(Verdict::Stop, Some(ReasonCode::Unregistered));
            vec![Stage::Judged(shown); if name == "requests" { 2 } else { 1 }]
        }
        "put-back" => {
            let mut shown = shown(Verdict::Pass, None);
            shown.is_out = true;
            shown.put_back = Some("保安室 キャビネットB 3段目".to_owned());
            vec![Stage::Judged(shown)]
        }
        "checking" => vec![Stage::Checking],
        "scanning" => vec![scanning(true)],
        "counting" => vec![scanning(false)],
        "recording" => vec![Stage::Recording],
        "pass" => vec![Stage::Judged(shown(Verdict::Pass, None))],
        "stop" => vec![Stage::Judged(shown(
            Verdict::Stop,
            Some(ReasonCode::Matched),
        ))],
        "unregistered" => vec![Stage::Judged(shown(
            Verdict::Stop,
            Some(ReasonCode::Unregistered),
        ))],
        "incomplete" => vec![Stage::Judged(shown(
            Verdict::Incomplete,
            Some(ReasonCode::Encrypted),
        ))],
        "removed" => vec![Stage::Removed(shown(Verdict::Pass, None))],
        "lanes" => vec![
            Stage::Judged(shown(Verdict::Pass, None)),
            Stage::Judged(shown(Verdict::Stop, Some(ReasonCode::Matched))),
            scanning(true),
            Stage::Judged(shown(Verdict::Incomplete, Some(ReasonCode::Encrypted))),
        ],
        "lost" => return Some(None),
        _ => return None,
    };
    Some(Some(View {
        sequence: 1,
        site_ja: "第1ゲート".to_owned(),
        site_en: "Gate 1".to_owned(),
        clock: "2026-11-23 08:30".to_owned(),
        rules: Some(Rules {
            bundle: "plant".to_owned(),
            version: 12,
            issued: Some("2026-11-20".to_owned()),
            age_days: Some(3),
            expired_days: None,
            rules: 40,
            sha256: Digest([7; 32]),
            engines: Vec::new(),
        }),
        rules_age: RulesAge::Fresh,
        rules_refused: None,
        out_of_service: (name == "out").then_some(OutOfService::Ledger),
        fault: None,
        contact: None,
        lanes: (41..)
            .zip(stages)
            .map(|(insertion, stage)| lane(name, insertion, stage))
            .collect(),
        open_cases: if name == "counts" { 2 } else { 0 },
        gate: gate(name),
        ledger: ledger(name),
    }))
}

fn ledger(name: &str) -> Ledger {
    let leaf = format!("1a2b3c4d5e6f7081{}", "0".repeat(48));
    let head = Digest::try_from(leaf).ok().map(|leaf_sha256| EntryId {
        number: 1234,
        leaf_sha256,
    });
    Ledger {
        head,
        disk_percent: Some(if name == "counts" { 85 } else { 12 }),
        review_due: Some("2026-11-20".to_owned()),
        is_review_overdue: name == "counts",
        disk_trouble: (name == "out").then_some(DiskTrouble::Full),
    }
}

fn lane(name: &str, insertion: u64, stage: Stage) -> Lane {
    let is_recorded = name == "requested";
    let asked = name.starts_with("request");
    Lane {
        label: medium_name("DataTraveler 3.0"),
        stage,
        asking: asked.then_some(Asking {
            insertion,
            waited_seconds: 12,
            answered: None,
        }),
        request: asked.then_some(Request {
            insertion,
            is_recorded,
        }),
    }
}

fn gate(name: &str) -> Gate {
    let mut gate = Gate::default();
    let plain = "gate counts exit enrolling code wrong locked visitor number pin staff waiting";
    if !plain.split_whitespace().any(|one| name.starts_with(one)) {
        return gate;
    }
    (gate.takes_exits, gate.takes_staff) = (true, true);
    let codes = [
        "code",
        "wrong",
        "locked",
        "visitor",
        "waiting",
        "waiting-two",
    ];
    gate.asks_visit = codes.contains(&name);
    gate.is_exit = name == "exit";
    gate.is_enrolling = name == "enrolling";
    gate.typed = matches!(name, "wrong" | "locked").then_some(Typed::Wrong);
    gate.locked_seconds = if name == "locked" { 27 } else { 0 };
    gate.visitor = (name == "visitor").then(|| Visitor {
        person: "山田 太郎".to_owned(),
        company: "東亜設備工業株式会社".to_owned(),
        seconds_left: 290,
    });
    gate.staff = (name == "staff").then(|| Staff {
        name: "鈴木 一郎".to_owned(),
        seconds_left: 110,
    });
    if name == "counts" {
        (gate.requests, gate.overdue) = (3, 12);
        gate.lists_refused = Some("allowlist.toml:12:8: two media have the same id".to_owned());
    }
    gate
}

fn medium_name(text: &str) -> MediumName {
    MediumName::cut(text.as_bytes()).0
}

fn scanning(walked: bool) -> Stage {
    let progress = Progress {
        files_found: 2960,
        files_done: 1204,
        bytes_found: 4_600_000_000,
        bytes_done: 1_900_000_000,
        matched: 0,
        walked,
        current: medium_name("点検記録/2026年11月/ﾎﾟﾝﾌﾟ室_図面.pdf"),
    };
    Stage::Scanning {
        progress,
        elapsed_seconds: 79,
    }
}

fn shown(verdict: Verdict, code: Option<ReasonCode>) -> Box<Shown> {
    let (trail, rule): (&[&str], _) = match code {
        Some(ReasonCode::Matched) => (
            &["保守/更新.zip", "inner/tools.tar", "bin/setup.exe"],
            "eicar_test_file",
        ),
        Some(ReasonCode::Encrypted) => (&["報告書.zip", "測定値.xlsx"], "encrypted"),
        _ => (&[], ""),
    };
    let trail: Vec<_> = trail.iter().map(|name| medium_name(name)).collect();
    let first = (!trail.is_empty()).then(|| FirstFinding {
        trail,
        rule: rule.to_owned(),
        cause: (rule == "encrypted").then(|| "container_encrypted".to_owned()),
        title: Title::cut("EICARテストファイル", "EICAR test file")
            .filter(|_| rule != "encrypted")
            .map(Box::new),
    });
    let reasons = code
        .into_iter()
        .map(|code| Reason { code, count: 2 })
        .collect();
    let unread = code == Some(ReasonCode::Unregistered);
    Box::new(Shown {
        verdict,
        entry: EntryId {
            number: 42,
            leaf_sha256: Digest([0x3f; 32]),
        },
        reasons,
        function: None,
        medium: (!unread).then(|| "M-0042".to_owned()),
        files: if unread { 0 } else { 2960 },
        bytes_read: if unread { 0 } else { 4_600_000_000 },
        first,
        waivers: Vec::new(),
        brought: None,
        is_out: false,
        put_back: None,
    })
}
