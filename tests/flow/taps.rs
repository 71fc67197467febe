//! What a person taps and types at the built screen, as kioskd hears it: the daemon is this
//! test, the terminal is tmux's, and a tap is a click as foot tells it.

use std::process::{Command, Output};

use jail::channel::{Channel, Listener};
use wire::standing::Mitigation;
use wire::view::{
    Asking, Choice, Gate, Input, Lane, Request, RulesAge, Shown, Stage, View, Visitor,
};
use wire::{Digest, MediumName, ReasonCode, Verdict};

use crate::kiosk::{self, Root};

/// A screen in a terminal, and the daemon that it is connected to.
struct Kiosk {
    root: Root,
    channel: Channel,
    sequence: u64,
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

impl Kiosk {
    fn open() -> Self {
        let root = Root::for_everybody();
        let socket = root.path().join("show.sock");
        let listener = Listener::bind(&socket, 0o600).unwrap();
        let command = [
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "22",
            env!("CARGO_BIN_EXE_kiosk-show"),
            "--socket",
            socket.to_str().unwrap(),
        ];
        let started = tmux(&root, &command);
        assert!(started.status.success(), "{started:?}");
        // The row that tmux keeps for itself belongs to the screen.
        assert!(
            tmux(&root, &["set", "-g", "status", "off"])
                .status
                .success()
        );
        let channel = listener.accept().unwrap();
        channel.set_nonblocking(true).unwrap();
        let sequence = 0;
        Self {
            root,
            channel,
            sequence,
        }
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        tmux(&self.root, arguments)
    }

    /// Tells the screen this until it shows all of the words.
    #[track_caller]
    fn shows(&mut self, view: &View, words: &[&str]) -> String {
        kiosk::until(&format!("{words:?}"), || {
            self.tell(view);
            let screen = self.tmux(&["capture-pane", "-p"]).stdout;
            let screen = String::from_utf8(screen).unwrap();
            words
                .iter()
                .all(|word| screen.contains(word))
                .then_some(screen)
        })
    }

    fn tell(&mut self, view: &View) {
        self.sequence = self.sequence.saturating_add(1);
        let view = View {
            sequence: self.sequence,
            ..view.clone()
        };
        let packet = wire::frame::encode(&view).unwrap();
        // A screen that is behind hears the next one.
        if let Err(error) = self.channel.send(&packet, &[]) {
            assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
    }

    /// What the screen says next, while it is told this.
    #[track_caller]
    fn hears(&mut self, view: &View) -> Input {
        kiosk::until("what the screen says", || {
            self.tell(view);
            match self.channel.receive() {
                Ok(packet) => Some(wire::frame::decode(&packet.unwrap().bytes).unwrap()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
                Err(error) => panic!("{error}"),
            }
        })
    }

    fn press(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.tmux(&["send-keys", key]).status.success());
        }
    }

    /// Clicks the first letter of these words.
    #[track_caller]
    fn tap(&self, screen: &str, words: &str) {
        let (row, column) = place(screen, words);
        let click = format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m");
        assert!(self.tmux(&["send-keys", "-l", &click]).status.success());
    }
}

fn tmux(root: &Root, arguments: &[&str]) -> Output {
    Command::new("tmux")
        .arg("-u")
        .arg("-f")
        .arg("/dev/null")
        .arg("-S")
        .arg(root.path().join("tmux"))
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env_remove("TMUX")
        .output()
        .expect("tmux runs")
}

/// Row and column of the words, counted from one as a terminal counts them.
#[track_caller]
fn place(screen: &str, words: &str) -> (usize, usize) {
    let cells = |text: &str| -> usize {
        let wide = |one: char| ('\u{3000}'..'\u{FFFF}').contains(&one);
        text.chars().map(|one| if wide(one) { 2 } else { 1 }).sum()
    };
    for (row, line) in (1..).zip(screen.lines()) {
        if let Some((before, _)) = line.split_once(words) {
            return (row, cells(before).saturating_add(1));
        }
    }
    panic!("no {words} on:\n{screen}");
}

fn view(gate: Gate, lanes: Vec<Lane>) -> View {
    View {
        sequence: 0,
        site_ja: "第1ゲート".to_owned(),
        site_en: "Gate 1".to_owned(),
        clock: "2026-11-26 08:30".to_owned(),
        rules: None,
        rules_age: RulesAge::Aging,
        rules_refused: None,
        out_of_service: None,
        fault: None,
        contact: None,
        lanes,
        open_cases: 0,
        gate,
        ledger: wire::view::Ledger::default(),
    }
}

fn asks_visit() -> Gate {
    Gate {
        asks_visit: true,
        takes_exits: true,
        takes_staff: true,
        ..Gate::default()
    }
}

fn unregistered() -> Lane {
    let shown = Shown {
        verdict: Verdict::Stop,
        entry: wire::ledger::EntryId {
            number: 7,
            leaf_sha256: Digest([7; 32]),
        },
        reasons: vec![wire::verdict::Reason {
            code: ReasonCode::Unregistered,
            count: 1,
        }],
        medium: None,
        function: None,
        files: 0,
        bytes_read: 0,
        first: None,
        waivers: Vec::new(),
        brought: None,
        is_out: false,
        put_back: None,
    };
    Lane {
        label: MediumName::new("DataTraveler 3.0").unwrap(),
        stage: Stage::Judged(Box::new(shown)),
        asking: Some(Asking {
            insertion: 6,
            waited_seconds: 3,
            answered: None,
        }),
        request: Some(Request {
            insertion: 6,
            is_recorded: false,
        }),
    }
}

#[test]
fn a_visit_code_is_tapped_or_typed_and_a_badge_is_read() {
    let mut kiosk = Kiosk::open();
    let idle = view(asks_visit(), vec![]);
    let screen = kiosk.shows(
        &idle,
        &["訪問番号を押してください", "Enter your visit code"],
    );
    for key in ["1           2", "5           6", "OK"] {
        kiosk.tap(&screen, key);
    }
    let code = |code: &str| {
        let code = code.to_owned();
        Input::Code { code }
    };
    let said = kiosk.hears(&idle);
    assert!(
        matches!(said, Input::Code { .. }) && said == code("15"),
        "{said:?}"
    );
    kiosk.press(&["0", "4", "8", "BSpace", "2", "Enter"]);
    assert!(kiosk.hears(&idle) == code("042"));
    kiosk.press(&["E", "M", "P", "-", "7", "Enter"]);
    assert!(kiosk.hears(&idle) == code("EMP-7"));
    let mut known = idle.clone();
    known.gate.visitor = Some(Visitor {
        person: "山田 太郎".to_owned(),
        company: "東亜設備".to_owned(),
        seconds_left: 290,
    });
    let screen = kiosk.shows(&known, &["山田 太郎", "4 min left", "[.] 終了"]);
    kiosk.tap(&screen, "[.] 終了");
    assert_eq!(kiosk.hears(&known), Input::SignOut);
    kiosk.press(&["-"]);
    assert_eq!(kiosk.hears(&known), Input::Exit(true));
}

#[test]
fn staff_sign_in_and_their_pin_is_never_on_the_screen() {
    let mut kiosk = Kiosk::open();
    let idle = view(asks_visit(), vec![]);
    let screen = kiosk.shows(&idle, &["[*] 係員"]);
    kiosk.tap(&screen, "[*] 係員");
    kiosk.shows(&idle, &["Enter your staff number"]);
    kiosk.press(&["7", "7", "8", "8", "Enter"]);
    kiosk.shows(&idle, &["Enter your PIN"]);
    kiosk.press(&["8", "6", "4", "2", "0", "9"]);
    let screen = kiosk.shows(&idle, &["● ● ● ● ● ●"]);
    assert!(
        !screen.contains("8642") && !screen.contains("7788"),
        "{screen}"
    );
    kiosk.press(&["Enter"]);
    let said = kiosk.hears(&idle);
    let number = "7788".to_owned();
    let pin = "864209".to_owned();
    assert!(said == Input::Staff { number, pin }, "{said:?}");
}

#[test]
fn a_stopped_medium_is_answered_about_and_its_registration_requested_by_taps() {
    let mut kiosk = Kiosk::open();
    let refused = view(Gate::default(), vec![unregistered()]);
    let screen = kiosk.shows(&refused, &["[5] 登録を申請", "[3] 引き渡し"]);
    kiosk.tap(&screen, "[5] 登録を申請");
    let requested = kiosk.hears(&refused);
    assert!(
        matches!(requested, Input::Request { insertion: 6, sequence } if sequence != 0),
        "{requested:?}"
    );
    let screen = kiosk.shows(&refused, &["申請しています"]);
    kiosk.tap(&screen, "申請しています");
    // Requested once: what is heard next is the answer.
    kiosk.tap(&screen, "[3] 引き渡し");
    let answered = kiosk.hears(&refused);
    let handed_over =
        |choice: Choice| choice.insertion == 6 && choice.choice == Mitigation::HandedOver;
    assert!(
        matches!(answered, Input::Case(choice) if handed_over(choice)),
        "{answered:?}"
    );
    let mut recorded = refused.clone();
    recorded.lanes[0].request = Some(Request {
        insertion: 6,
        is_recorded: true,
    });
    kiosk.shows(&recorded, &["申請しました", "Requested"]);
}
