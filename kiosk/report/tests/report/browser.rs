//! What Chromium makes of the pages: no word of complaint, no request but for the file itself,
//! nothing wider than the window, and as many sheets of paper as there should be.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use report::certificate::{Certificate, SHEET_NAMED_MAX, render};
use report::{Language, State};
use serde_json::{Value, json};
use wire::Verdict;
use wire::ledger::Event;
use wire::scan::TargetKind;

use crate::made::{Made, about, verified, zone};
use crate::month;
use crate::written::Written;

/// Keeps a page where whoever wants to look at it says: `REPORT_PAGES=DIR`.
fn keep(path: &Path) {
    let Some(folder) = std::env::var_os("REPORT_PAGES") else {
        return;
    };
    let name = path.file_name().unwrap();
    fs::copy(path, Path::new(&folder).join(name)).unwrap();
}

/// A browser without a window, spoken to over its own two pipes: it listens on no port.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    profile: tempfile::TempDir,
    sent: u64,
    heard: Vec<Value>,
}

impl Browser {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // Chromium takes its orders on descriptor 3 and answers on 4.
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-quic \
            --no-first-run --disable-background-networking --disable-component-update \
            --disable-sync --remote-debugging-pipe --user-data-dir=\"$1\" \
            3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
            child,
            profile,
            sent: 0,
            heard: Vec::new(),
        }
    }

    /// Asks, and waits for the answer; what is told meanwhile is kept.
    fn ask(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let heard = self.hear();
            if heard["id"] == json!(self.sent) {
                assert!(heard.get("error").is_none(), "{method}: {heard}");
                return heard["result"].clone();
            }
            self.heard.push(heard);
        }
    }

    fn hear(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(
            bytes.pop(),
            Some(0),
            "chromium (Debian's package) does not run"
        );
        serde_json::from_slice(&bytes).unwrap()
    }

    fn open(&mut self, path: &Path) -> Opened {
        let about = json!({ "url": "about:blank" });
        let target = self.ask(None, "Target.createTarget", about)["targetId"].clone();
        let flat = json!({ "targetId": target, "flatten": true });
        let attached = self.ask(None, "Target.attachToTarget", flat);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Network", "Log", "Runtime", "Audits"] {
            self.ask(Some(&session), &format!("{domain}.enable"), json!({}));
        }
        self.heard.clear();
        let url = format!("file://{}", path.display());
        self.ask(Some(&session), "Page.navigate", json!({ "url": url }));
        while !self.told(&session, "Page.loadEventFired") {
            let heard = self.hear();
            self.heard.push(heard);
        }
        // Whatever a page would still do after it was loaded.
        let wait = json!({ "expression": "new Promise(done => setTimeout(done, 300))", "awaitPromise": true });
        self.ask(Some(&session), "Runtime.evaluate", wait);
        let told = self
            .heard
            .drain(..)
            .filter(|one| one["sessionId"] == json!(session));
        Opened {
            told: told.collect(),
            session,
        }
    }

    fn told(&self, session: &str, method: &str) -> bool {
        let of =
            |one: &&Value| one["sessionId"] == json!(session) && one["method"] == json!(method);
        self.heard.iter().any(|one| of(&one))
    }

    /// How wide the content of a page is in a window of this width.
    fn width(&mut self, opened: &Opened, width: u64) -> u64 {
        let window =
            json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        self.ask(
            Some(&opened.session),
            "Emulation.setDeviceMetricsOverride",
            window,
        );
        let ask = json!({ "expression": "document.documentElement.scrollWidth" });
        let answer = self.ask(Some(&opened.session), "Runtime.evaluate", ask);
        answer["result"]["value"].as_u64().unwrap()
    }

    /// How many names of rules do not fit one line on paper, of how many.
    fn broken_names(&mut self, opened: &Opened) -> (u64, u64) {
        let print = json!({ "media": "print" });
        let session = Some(opened.session.as_str());
        self.ask(session, "Emulation.setEmulatedMedia", print);
        // 182 mm, what the margins leave of A4.
        self.width(opened, 688);
        let ask = "(() => { const names = [...document.querySelectorAll('.r > span')]; \
            const high = one => 1.5 * parseFloat(getComputedStyle(one).lineHeight); \
            return [names.filter(one => high(one) < one.offsetHeight).length, names.length]; })()";
        let ask = json!({ "expression": ask, "returnByValue": true });
        let answer = self.ask(session, "Runtime.evaluate", ask);
        let screen = json!({ "media": "" });
        self.ask(session, "Emulation.setEmulatedMedia", screen);
        let number = |place: usize| answer["result"]["value"][place].as_u64().unwrap();
        (number(0), number(1))
    }

    /// On how many sheets of A4 a page is printed.
    fn sheets(&mut self, opened: &Opened) -> usize {
        let paper = json!({ "preferCSSPageSize": true, "transferMode": "ReturnAsStream" });
        let printed = self.ask(Some(&opened.session), "Page.printToPDF", paper);
        let mut pdf = String::new();
        loop {
            let handle = json!({ "handle": printed["stream"] });
            let read = self.ask(Some(&opened.session), "IO.read", handle);
            assert_eq!(read["base64Encoded"], json!(true));
            pdf.push_str(&plain(read["data"].as_str().unwrap()));
            if read["eof"] == json!(true) {
                break;
            }
        }
        assert!(pdf.starts_with("%PDF"));
        pdf.matches("/Type /Page\n").count()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::read_dir(self.profile.path());
    }
}

/// What base64 stands for, each byte as one letter.
fn plain(base64: &str) -> String {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut text = String::new();
    for four in base64.as_bytes().chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, letter| {
            bits << 6 | u32::from(if *letter == b'=' { 0 } else { value(*letter) })
        });
        let bytes = bits.to_be_bytes();
        let many = 3 - four.iter().filter(|letter| **letter == b'=').count();
        text.extend(bytes[1..=many].iter().map(|byte| char::from(*byte)));
    }
    text
}

/// A page that is open.
struct Opened {
    session: String,
    told: Vec<Value>,
}

impl Opened {
    fn of(&self, method: &str) -> Vec<&Value> {
        let told = self.told.iter();
        told.filter(|one| one["method"] == json!(method)).collect()
    }

    /// Where its requests went.
    fn requests(&self) -> Vec<&str> {
        let urls = self.of("Network.requestWillBeSent").into_iter();
        urls.map(|one| one["params"]["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// What the console or the browser has to complain of.
    fn complaints(&self) -> Vec<&Value> {
        [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
            "Audits.issueAdded",
        ]
        .into_iter()
        .flat_map(|method| self.of(method))
        .collect()
    }

    #[track_caller]
    fn is_quiet(&self, path: &Path) {
        assert!(self.complaints().is_empty(), "{:?}", self.complaints());
        let own = format!("file://{}", path.display());
        let others: Vec<&str> = self
            .requests()
            .into_iter()
            .filter(|url| *url != own && *url != "data:,")
            .collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(self.requests().contains(&own.as_str()));
    }
}

#[test]
fn a_page_complains_of_nothing_asks_for_nothing_and_fits_its_window_and_paper() {
    let folder = tempfile::tempdir().unwrap();
    let (made, empty) = (Made::november(), Made::new());
    let bad = State::NotVerified {
        why: "ledger altered: entry 17 was changed: its bytes do not hash to its leaf".to_owned(),
    };
    let mut browser = Browser::start();
    for (name, state, languages) in [
        ("ja", verified(), &[Language::Ja][..]),
        ("en", verified(), &[Language::En]),
        ("both", verified(), &Language::ALL),
        ("bad", bad, &[Language::Ja]),
        ("empty", verified(), &[Language::Ja]),
    ] {
        let path = folder.path().join(format!("{name}.html"));
        let made = if name == "empty" { &empty } else { &made };
        fs::write(&path, made.page(&about(state), languages)).unwrap();
        keep(&path);
        let opened = browser.open(&path);
        opened.is_quiet(&path);
        for width in [1280, 794] {
            assert!(browser.width(&opened, width) <= width, "{name} at {width}");
        }
        let (broken, names) = browser.broken_names(&opened);
        assert_eq!((broken, names == 0), (0, name == "empty"), "{name}");
        let sheets = browser.sheets(&opened);
        assert!(
            (5..=20 * languages.len()).contains(&sheets),
            "{name}: {sheets}"
        );
    }
}

#[test]
fn a_certificate_is_one_sheet_a_language_whatever_past_sheet_named_max_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = Written::open(folder.path());
    month::write(&mut written, 4);
    let name = "受領/".to_owned() + &"図面".repeat(60);
    for verdict in [Verdict::Pass, Verdict::Incomplete] {
        month::days::scan(&mut written, 3, (TargetKind::Folder, &name), verdict, None);
    }
    month::days::expired(&mut written, 3);
    drop(written);
    let ledger = record::Ledger::open(folder.path()).unwrap();
    let last = ledger.last().unwrap().unwrap();
    let bad = State::NotVerified {
        why: "ledger altered: entry 17 was changed: its bytes do not hash to its leaf".to_owned(),
    };
    let mut browser = Browser::start();
    let mut seen = std::collections::BTreeSet::new();
    for entry in ledger.entries(record::reader::Filter::default()).unwrap() {
        let entry = entry.unwrap();
        let Event::Judged(judged) = entry.content().unwrap().event else {
            continue;
        };
        // One of each kind is enough.
        let kind = judged.target.kind;
        let is_refused = judged.refused.is_some();
        if !seen.insert((
            judged.verdict,
            judged.reasons.len(),
            is_refused,
            format!("{kind:?}"),
        )) {
            continue;
        }
        let certificate = Certificate::read(&ledger, entry.number, last).unwrap();
        for (name, state) in [("good", verified()), ("bad", bad.clone())] {
            let html = render(&certificate, &about(state), &zone(), &Language::ALL).unwrap();
            if judged.medium.as_deref() == Some("M-0009") && judged.reasons.len() == 2 {
                // Eleven were found or not examined; in each language some are named.
                assert_eq!(html.matches("<li>").count(), 2 * (SHEET_NAMED_MAX + 1));
                assert!(html.contains("ほか5件") && html.contains("and 5 more"));
            }
            let path = folder.path().join(format!("{name}-{}.html", entry.number));
            fs::write(&path, html).unwrap();
            keep(&path);
            let opened = browser.open(&path);
            opened.is_quiet(&path);
            assert_eq!(browser.sheets(&opened), 2, "{name} {}", entry.number);
            assert!(browser.width(&opened, 794) <= 794);
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn a_page_that_asks_or_complains_is_seen_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    let path = folder.path().join("asks.html");
    fs::write(&path, "<!DOCTYPE html><title>x</title><link rel=icon href='data:,'><img src='file:///nowhere.png'>").unwrap();
    assert!(
        browser
            .open(&path)
            .requests()
            .contains(&"file:///nowhere.png")
    );
    let path = folder.path().join("complains.html");
    fs::write(&path, "<!DOCTYPE html><title>x</title><link rel=icon href='data:,'><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><script>console.error(1)</script>").unwrap();
    assert!(!browser.open(&path).complaints().is_empty());
}
