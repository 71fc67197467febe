//! The trial on a real terminal, which is tmux's: what a person sees, and the keys.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::kiosk::{self, Root};
use crate::media;

/// A tmux server of its own with one window, in which one command runs.
pub(crate) struct Terminal {
    socket: PathBuf,
    pub(crate) root: Root,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It is gone already when the trial was left.
        self.tmux(&["kill-server"]);
    }
}

impl Terminal {
    fn open() -> Self {
        let samples = media::sample("1-clean");
        let samples = samples.parent().unwrap().to_str().unwrap();
        Self::running(Root::for_everybody(), &["trial", "--samples", samples])
    }

    /// `kioskctl` with these arguments, on an installation whose path is short.
    #[track_caller]
    pub(crate) fn running(root: Root, arguments: &[&str]) -> Self {
        let terminal = Self {
            socket: root.path().join("tmux"),
            root,
        };
        let window = ["new-session", "-d", "-x", "100", "-y", "40"];
        let kioskctl = [
            env!("CARGO_BIN_EXE_kioskctl"),
            "--root",
            terminal.root.path().to_str().unwrap(),
        ];
        let started = terminal.tmux(&[&window, &kioskctl[..], arguments].concat());
        assert!(
            started.status.success(),
            "{}",
            String::from_utf8_lossy(&started.stderr)
        );
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            .arg("-u")
            .arg("-f")
            .arg("/dev/null")
            .arg("-S")
            .arg(&self.socket)
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env_remove("TMUX")
            .output()
            .expect("tmux runs")
    }

    pub(crate) fn press(&self, key: &str) {
        assert!(self.tmux(&["send-keys", key]).status.success());
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Waits until the screen shows every one of these words.
    #[track_caller]
    pub(crate) fn shows(&self, words: &[&str]) -> String {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            kiosk::until(&format!("{words:?}"), || {
                last = self.screen();
                words
                    .iter()
                    .all(|word| last.contains(word))
                    .then(|| last.clone())
            })
        }));
        seen.unwrap_or_else(|_| panic!("no {words:?} on the screen:\n{last}"))
    }
}

#[test]
fn each_key_inserts_its_medium_and_the_screen_answers_in_two_languages() {
    let terminal = Terminal::open();
    let answers = ["Allowed in", "Not allowed in"];
    let idle = terminal.shows(&["Insert your USB memory", "USBメモリを"]);
    assert!(!answers.iter().any(|words| idle.contains(words)), "{idle}");
    for (key, words) in [
        (
            "1",
            [
                "持ち込めます",
                "Allowed in",
                "No known threat was found",
                "M-0001",
            ],
        ),
        (
            "2",
            [
                "EICARテストファイル",
                "Not allowed in",
                "docs/保守.zip > update.tar.gz",
                "EICAR test file",
            ],
        ),
        (
            "3",
            [
                "登録されていないUSBです",
                "Not allowed in",
                "This USB is not registered",
                "RESULT",
            ],
        ),
        (
            "4",
            [
                "暗号で開けないものがあります",
                "Not allowed in yet",
                "cannot be opened",
                "RESULT",
            ],
        ),
    ] {
        terminal.press(key);
        terminal.shows(&words);
        terminal.press("0");
        terminal.shows(&["REMOVED"]);
    }
    terminal.press("q");
    kiosk::until("the end of the trial", || {
        (!terminal.tmux(&["has-session"]).status.success()).then_some(())
    });
}

#[test]
fn after_stop_a_letter_answers_what_was_done_and_the_digits_still_insert() {
    let terminal = Terminal::open();
    terminal.shows(&["Insert your USB memory"]);
    terminal.press("3");
    terminal.shows(&[
        "Not allowed in",
        "[k] 預かり Kept",
        "[h] 引き渡し Handed over",
    ]);
    terminal.press("0");
    terminal.shows(&["REMOVED", "[b] 返却 Given back"]);
    terminal.press("b");
    terminal.shows(&["処置を記録しました", "Recorded: Given back"]);
    terminal.press("3");
    terminal.shows(&["RESULT", "Not allowed in", "[k] 預かり Kept"]);
    terminal.press("q");
}
