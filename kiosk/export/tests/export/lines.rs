//! CEF, RFC 5424 and the journal, each read by a reader written from its specification.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;

use export::Selection;
use export::cef::CEF_VALUE_BYTES_MAX;
use export::journal::{Form, datagram};
use export::line::{self, CUT, HEX, LINE_BYTES_MAX, LINE_HEX_BYTES_MAX, LINE_VALUE_BYTES_MAX};
use record::Writer;
use wire::{Finding, MediumName, Outcome, Row, Source, Tier, Verdict};

use crate::common::{exported, hostile_ledger, inert, row, scan};

/// A line of CEF: its seven fields and its values.
fn cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let mut head = Vec::new();
    let mut field = String::new();
    let mut letters = line.strip_prefix("CEF:").unwrap().chars();
    while head.len() < 7 {
        match letters.next().expect("the header has seven fields") {
            '\\' => {
                let escaped = letters.next().unwrap();
                assert!(matches!(escaped, '\\' | '|'), "{line}");
                field.push(escaped);
            }
            '|' => head.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    // A key is what stands between the blank before it and an equals sign without a backslash.
    let mut values = BTreeMap::new();
    let mut tokens: Vec<(String, String)> = Vec::new();
    let (mut key, mut value) = (None, String::new());
    let mut rest = letters.as_str().chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => value.push(match rest.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                escaped @ ('\\' | '=') => escaped,
                other => panic!("no escape: {other}"),
            }),
            '=' => {
                let (before, name) = value.rsplit_once(' ').unwrap_or(("", &value));
                if let Some(key) = key.take() {
                    tokens.push((key, before.to_owned()));
                }
                key = Some(name.to_owned());
                value = String::new();
            }
            letter => value.push(letter),
        }
    }
    tokens.extend(key.map(|key| (key, value)));
    for (key, value) in tokens {
        assert!(
            key.chars().all(|letter| letter.is_ascii_alphanumeric()),
            "{key:?}"
        );
        assert!(
            values.insert(key.clone(), value).is_none(),
            "{key} twice in {line}"
        );
    }
    (head, values)
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_cef() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::cef::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n"]);
    let lines: Vec<_> = text.lines().map(cef).collect();
    // Inserted, judged, and one for each of the two contents.
    assert_eq!(lines.len(), 4 * names.len());
    for (lines, (entry, name)) in lines.chunks(4).zip(&names) {
        let spelled = name.escaped().to_string();
        let ids: Vec<&str> = lines.iter().map(|(head, _)| head[4].as_str()).collect();
        assert_eq!(ids, ["inserted", "judged-stop", "finding", "finding"]);
        let (head, judged) = &lines[1];
        assert_eq!(head[..3], ["0", "media-kiosk", "media-kiosk"]);
        assert_eq!(head[5..], ["Medium STOP", "9"]);
        assert_eq!(judged["mkEntry"], entry.to_string());
        assert_eq!(judged["act"], "stop");
        assert_eq!(judged["fname"], spelled);
        assert_eq!(
            (&*judged["cs1Label"], &*judged["cs1"]),
            ("medium", "M-0001")
        );
        assert_eq!(
            (&*judged["cs2Label"], &*judged["cs2"]),
            ("reasons", "matched 2")
        );
        assert!(judged["rt"].parse::<u64>().unwrap() > 1_600_000_000_000);
        assert_eq!(lines[0].1["mkClaimProduct"], spelled);
        let (_, matched) = &lines[2];
        assert_eq!(matched["filePath"], spelled);
        assert!(matched["msg"].contains(&spelled));
        assert_eq!(matched["fileHash"], "09".repeat(32));
        assert_eq!(lines[3].1["mkWithin"], spelled);
        assert_eq!(lines[3].1["mkGap"], "encrypted");
    }
}

/// A message of RFC 5424, by its grammar (section 6).
struct Message {
    priority: u32,
    time: String,
    host: String,
    app: String,
    id: String,
    data: Vec<(String, String)>,
    text: String,
}

fn syslog(line: &str) -> Message {
    let printable = |text: &str, max: usize| {
        assert!((1..=max).contains(&text.len()), "{text:?}");
        assert!(
            text.bytes().all(|byte| (33..=126).contains(&byte)),
            "{text:?}"
        );
        text.to_owned()
    };
    let (priority, rest) = line.strip_prefix('<').unwrap().split_once('>').unwrap();
    let mut fields = rest.splitn(7, ' ');
    let mut next = || fields.next().unwrap();
    assert_eq!(next(), "1");
    let time = next().to_owned();
    let (_, fraction) = time.split_once('.').unwrap();
    assert!(
        fraction.len() <= "123456Z".len() && fraction.ends_with('Z'),
        "{time}"
    );
    time.parse::<jiff::Timestamp>().unwrap();
    let (host, app) = (printable(next(), 255), printable(next(), 48));
    assert_eq!(next(), "-");
    let id = printable(next(), 32);
    let rest = next().strip_prefix('[').unwrap();
    let (sd_id, mut rest) = rest.split_once(' ').unwrap();
    printable(sd_id, 32);
    let mut data = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(!printable(name, 32).contains(['=', ']', '"']), "{name}");
        let (mut plain, mut letters) = (String::new(), value.chars());
        loop {
            match letters.next().unwrap() {
                '"' => break,
                ']' => panic!("a bare bracket in {line}"),
                '\\' => match letters.next().unwrap() {
                    escaped @ ('"' | '\\' | ']') => plain.push(escaped),
                    other => plain.extend(['\\', other]),
                },
                letter => plain.push(letter),
            }
        }
        data.push((name.to_owned(), plain));
        match letters.next().unwrap() {
            ' ' => rest = letters.as_str(),
            ']' => {
                rest = letters.as_str();
                break;
            }
            other => panic!("{other:?} after a value"),
        }
    }
    Message {
        priority: priority.parse().unwrap(),
        time,
        host,
        app,
        id,
        data,
        text: rest.strip_prefix(" \u{feff}").unwrap().to_owned(),
    }
}

impl Message {
    fn value(&self, name: &str) -> &str {
        let mut found = self.data.iter().filter(|(one, _)| one == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} twice");
        value
    }
}

#[test]
fn a_hostile_name_is_whole_and_inert_in_syslog() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::syslog::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n", "\u{feff}"]);
    let messages: Vec<_> = text.lines().map(syslog).collect();
    assert_eq!(messages.len(), 4 * names.len());
    let host = nix_host();
    for (messages, (entry, name)) in messages.chunks(4).zip(&names) {
        let spelled = name.escaped().to_string();
        let ids: Vec<&str> = messages.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["inserted", "judged", "finding", "finding"]);
        // Log audit: routine, an alarm, an alarm, a warning.
        let priorities: Vec<u32> = messages.iter().map(|one| one.priority).collect();
        assert_eq!(priorities, [13 * 8 + 6, 13 * 8 + 1, 13 * 8 + 1, 13 * 8 + 4]);
        let judged = &messages[1];
        assert_eq!(
            (judged.host.as_str(), judged.app.as_str()),
            (&*host, "media-kiosk")
        );
        assert!(judged.time.len() == "2026-11-23T08:30:00.123456Z".len());
        assert_eq!(judged.value("entry"), entry.to_string());
        assert_eq!(judged.value("verdict"), "stop");
        assert_eq!(judged.value("target.name"), spelled);
        assert_eq!(messages[2].value("path"), spelled);
        assert!(messages[2].text.starts_with("Content matched"));
        assert!(messages[2].text.contains(&spelled));
        assert_eq!(messages[3].value("within"), spelled);
    }
}

/// What the kernel calls this machine.
fn nix_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    name.trim().to_owned()
}

#[test]
fn journald_gets_every_line_with_its_values_as_fields() {
    let folder = tempfile::tempdir().unwrap();
    let names = hostile_ledger(folder.path());
    let path = folder.path().join("socket");
    let journald = UnixDatagram::bind(&path).unwrap();
    for form in [Form::Syslog, Form::Cef] {
        let ledger = record::Ledger::open(folder.path()).unwrap();
        for (entry, name) in &names {
            let book = export::Book::open(&ledger, Selection::of(*entry)).unwrap();
            let socket = UnixDatagram::unbound().unwrap();
            line::lines(&book, |line| {
                socket.send_to(&datagram(line, form), &path).unwrap();
                Ok(())
            })
            .unwrap();
            let spelled = name.escaped().to_string();
            for (event, key) in [
                ("judged", "KIOSK_TARGET_NAME"),
                ("finding", "KIOSK_PATH"),
                ("finding", "KIOSK_WITHIN"),
            ] {
                let mut buffer = vec![0; 1 << 18];
                let length = journald.recv(&mut buffer).unwrap();
                let text = inert(&buffer[..length], &["\n"]);
                let fields: BTreeMap<_, _> = text
                    .lines()
                    .map(|line| line.split_once('=').unwrap())
                    .collect();
                assert_eq!(fields["KIOSK_EVENT"], event);
                assert_eq!(fields["SYSLOG_FACILITY"], "13");
                assert_eq!(fields["SYSLOG_IDENTIFIER"], "media-kiosk");
                assert_eq!(fields["KIOSK_ENTRY"], entry.to_string());
                assert_eq!(fields[key], spelled);
                match form {
                    Form::Cef => assert_eq!(cef(fields["MESSAGE"]).0[1], "media-kiosk"),
                    Form::Syslog => assert!(fields["MESSAGE"].starts_with(if event == "judged" {
                        "Medium STOP"
                    } else {
                        "Content "
                    })),
                }
            }
        }
    }
}

#[test]
fn what_is_too_long_for_a_line_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let name = MediumName::new(vec![0xff; wire::name::NAME_BYTES_MAX]).unwrap();
    let mut long = row(&name, Outcome::Matched);
    long.within = vec![name.clone(); 3];
    long.findings = vec![
        Finding {
            member_of: Some(name.clone()),
            ..Finding::own("x", Source::Yara, Tier::Block, "")
        };
        2
    ];
    let mut writer = Writer::open(folder.path()).unwrap();
    let entry = scan(&mut writer, Verdict::Stop, &name, &[long]);
    let (bytes, _) = exported(folder.path(), Selection::of(entry), |book, out| {
        export::syslog::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n", "\u{feff}"]);
    let mut cut = 0;
    for line in text.lines() {
        let message = syslog(line);
        assert!(
            line.len() < LINE_BYTES_MAX + 2 * LINE_VALUE_BYTES_MAX,
            "{}",
            line.len()
        );
        for (name, value) in &message.data {
            if name.ends_with(HEX) {
                assert_eq!(value.len(), LINE_HEX_BYTES_MAX, "{name} is whole");
            }
            let is_short = value.len() <= LINE_VALUE_BYTES_MAX;
            assert!(is_short || name.ends_with(HEX), "{name}");
            cut += usize::from(value.ends_with(CUT));
        }
    }
    assert!(3 < cut, "{cut}");
}

#[test]
fn refusals_withdrawals_wrong_pins_and_changed_lists_have_signatures_of_their_own() {
    use wire::custody::{Refused, SignInFault, SignInRefused};
    use wire::ledger::Event;
    use wire::list_change::{ListChange, ListName};
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut append = |event: Event| writer.append(&event, None).unwrap().number;
    let name = MediumName::new("stick").unwrap();
    let insertion = append(crate::common::inserted(&name));
    let unregistered = wire::Reason {
        code: wire::ReasonCode::Unregistered,
        count: 1,
    };
    append(Event::Judged(Box::new(wire::ledger::Judged {
        reasons: vec![unregistered],
        medium: None,
        totals: None,
        refused: Some(Box::new(Refused {
            entry: None,
            detail: "no entry | has = this serial".to_owned(),
            differences: Vec::new(),
        })),
        ..crate::common::judged(insertion, Verdict::Stop, 0, &name)
    })));
    append(Event::SignInRefused(Box::new(SignInRefused {
        whom: None,
        why: SignInFault::Unknown,
        locked_seconds: 30,
    })));
    append(Event::ListChanged(Box::new(ListChange {
        list: ListName::Media,
        by: None,
        second: None,
        reason: None,
        before_sha256: None,
        after_sha256: Some(wire::Digest([1; 32])),
        changed: Vec::new(),
        more: 0,
    })));
    let (bytes, _) = exported(folder.path(), Selection::default(), |book, out| {
        export::cef::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n"]);
    let lines: Vec<_> = text.lines().map(cef).collect();
    let heads: Vec<[&str; 3]> = lines
        .iter()
        .map(|(head, _)| [head[4].as_str(), head[5].as_str(), head[6].as_str()])
        .collect();
    let wanted = [
        ["inserted", "Medium inserted", "1"],
        ["refused", "Medium STOP", "9"],
        ["sign_in_refused", "Sign-in refused", "6"],
        ["list_changed", "List changed by hand", "6"],
    ];
    assert_eq!(heads, wanted);
    assert_eq!(
        lines[1].1["mkRefusedDetail"],
        "no entry | has = this serial"
    );
    assert_eq!(lines[2].1["reason"], "unknown");
}

#[test]
fn what_the_dictionary_of_cef_has_no_room_for_or_a_reader_takes_off_is_there_in_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let named = |text: &str| MediumName::new(text).unwrap();
    let long = named(&"点".repeat(1_200));
    let names = [
        long.clone(),
        named("blank "),
        named(" first"),
        named("plain"),
    ];
    let finding = Finding {
        member_of: Some(named(&"m".repeat(200))),
        ..Finding::own(&"r".repeat(100), Source::Yara, Tier::Block, "")
    };
    let rows = names.clone().map(|name| Row {
        findings: vec![finding.clone(); 16],
        ..row(&name, Outcome::Matched)
    });
    let mut writer = Writer::open(folder.path()).unwrap();
    let entry = scan(&mut writer, Verdict::Stop, &long, &rows);
    let (bytes, _) = exported(folder.path(), Selection::of(entry), |book, out| {
        export::cef::write(book, out).unwrap()
    });
    let text = inert(&bytes, &["\n"]);
    let lines: Vec<_> = text.lines().map(cef).collect();
    assert_eq!(lines.len(), 5);
    let mut at_its_most = 0;
    for (_, values) in &lines {
        for (name, most) in CEF_VALUE_BYTES_MAX {
            let value = values.get(name).map_or("", String::as_str);
            assert!(value.len() <= most, "{name} has {} bytes", value.len());
            at_its_most += usize::from(value.ends_with(CUT));
        }
    }
    // fname and msg; then filePath and msg, or msg alone, and cs3 each time.
    assert_eq!(at_its_most, 2 + 3 + 2 + 2 + 2);
    let hex = |name: &MediumName| wire::name::hex(name.as_bytes());
    assert_eq!(lines[0].1["mkTargetNameHex"], hex(&long));
    for (line, name) in lines[1..].iter().zip(&names).take(3) {
        assert_eq!(line.1["mkPathHex"], hex(name), "{:?}", line.1["filePath"]);
    }
    assert!(!lines[4].1.contains_key("mkPathHex"));
    let findings = wire::name::unhex(&lines[4].1["mkFindingsHex"]).unwrap();
    let findings = String::from_utf8(findings).unwrap();
    let shown = lines[4].1["cs3"].strip_suffix(CUT).unwrap();
    assert!(findings.starts_with(shown) && shown.len() < findings.len());
}
