//! Every text that ships can be read: the list of media, the policy, the units.

use crate::tree::{self, File, assert_complains, assert_none};

/// What a unit, or a setting of systemd's own services, may be made of.
const SECTIONS: [&str; 9] = [
    "Unit", "Service", "Socket", "Install", "Timer", "Path", "Journal", "Login", "Manager",
];

/// A systemd unit: sections of `Key=value`, each in a section that exists.
fn unit_complaints(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut section = None;
    let mut continued = false;
    for (number, line) in file.text.lines().enumerate() {
        let line = line.trim();
        let was_continued = std::mem::replace(&mut continued, line.ends_with('\\'));
        if line.is_empty() || line.starts_with(['#', ';']) || was_continued {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = Some(name);
            if !SECTIONS.contains(&name) {
                complaints.push(file.complaint(number, "unknown section"));
            }
        } else if section.is_none() {
            complaints.push(file.complaint(number, "a line before the first section"));
        } else if !line
            .split_once('=')
            .is_some_and(|(key, _)| key.chars().all(char::is_alphanumeric))
        {
            complaints.push(file.complaint(number, "not Key=value"));
        }
    }
    if section.is_none() {
        complaints.push(file.complaint(0, "no section"));
    }
    complaints
}

/// A unit of ours that a unit names and that is not there.
fn missing_units(file: &File, ours: &[String]) -> Vec<String> {
    let is_unit = |word: &str| word.ends_with(".service") || word.ends_with(".socket");
    let words = |line: &str| -> Vec<String> {
        let (_, value) = line.split_once('=').unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    let lines = file.text.lines().enumerate();
    let named = lines.flat_map(|(number, line)| {
        let code = if line.starts_with('#') { "" } else { line };
        words(code).into_iter().map(move |word| (number, word))
    });
    named
        .filter(|(_, word)| word.starts_with("kiosk") && is_unit(word) && !ours.contains(word))
        .map(|(number, word)| file.complaint(number, &format!("{word} is not there")))
        .collect()
}

/// Which items a udev rule may have: a key, perhaps with an attribute, and how it is used.
fn rule_item(item: &str) -> bool {
    let Some((left, value)) = item.split_once('"') else {
        return false;
    };
    let key = left.trim_end_matches([':', '+', '-', '!', '=']);
    let operator = left.strip_prefix(key).unwrap_or_default();
    let name = key.split('{').next().unwrap_or_default();
    let has_attribute = key == name || key.ends_with('}');
    let letters = |letter: char| letter.is_ascii_uppercase();
    let ends = value
        .strip_suffix('"')
        .is_some_and(|value| !value.contains('"'));
    !name.is_empty()
        && name.chars().all(letters)
        && has_attribute
        && matches!(operator, "==" | "!=" | "=" | "+=" | "-=" | ":=")
        && ends
}

/// udev rules: comments, and items with commas between them; every jump has its label.
fn rules_complaints(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in code_lines(file) {
        // None of our values has a comma.
        if !line.split(',').all(|item| rule_item(item.trim())) {
            complaints.push(file.complaint(number, "not KEY==\"value\" items"));
        }
        let jump = line.split_once("GOTO=\"").map(|(_, label)| label);
        if let Some(label) = jump
            && !file.text.contains(&format!("LABEL=\"{label}"))
        {
            complaints.push(file.complaint(number, "a jump without its label"));
        }
    }
    complaints
}

/// Lines that are neither blank nor comments.
fn code_lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.text.lines().enumerate();
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// `u name - "what" home shell`, `g name -`.
fn accounts_complaints(file: &File) -> Vec<String> {
    let is_name = |name: &str| name.starts_with("kiosk-") && name.is_ascii();
    let well_formed = |line: &str| {
        let quoted: Vec<&str> = line.split('"').collect();
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        match quoted.as_slice() {
            [group] => matches!(words(group).as_slice(),
                [kind, name, number] if kind == "g" && is_name(name) && number == "-"),
            [user, what, rest] => {
                matches!(words(user).as_slice(),
                    [kind, name, number] if kind == "u" && is_name(name) && number == "-")
                    && !what.is_empty()
                    && words(rest) == ["/", "/usr/sbin/nologin"]
            }
            _ => false,
        }
    };
    code_lines(file)
        .filter(|(_, line)| !well_formed(line))
        .map(|(number, _)| file.complaint(number, "no account without a login"))
        .collect()
}

/// `d path mode user group -`, where everybody is root or somebody of ours.
fn folders_complaints(file: &File, accounts: &str) -> Vec<String> {
    let known = |who: &str| who == "root" || accounts.contains(&format!(" {who} -"));
    let well_formed = |line: &str| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["d", path, mode, user, group, "-"] => {
            path.starts_with('/')
                && mode.len() == 4
                && u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & 0o022 == 0)
                && known(user)
                && known(group)
        }
        _ => false,
    };
    code_lines(file)
        .filter(|(_, line)| !well_formed(line))
        .map(|(number, _)| file.complaint(number, "no folder of somebody we know"))
        .collect()
}

#[test]
fn the_list_of_media_and_the_policy_can_be_read() {
    let list = tree::file("allowlist.toml");
    if let Err(error) = decide::allowlist::parse(&list.text) {
        panic!("{}", error.in_file(&list.path));
    }
    let policy = tree::file("systemd/kiosk.toml");
    if let Err(error) = decide::policy::parse(&policy.text) {
        panic!("{}", error.in_file(&policy.path));
    }
}

#[test]
fn every_limit_in_the_sample_policy_is_named_with_the_value_that_holds_without_it() {
    let policy = tree::file("systemd/kiosk.toml");
    let spelled_out: String = policy
        .text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(set) if set.contains("_max =") => format!("{set}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let defaults = serde_json::to_value(wire::scan::Limits::default()).unwrap();
    let table: toml::Table = spelled_out.parse().unwrap();
    assert_eq!(serde_json::to_value(&table["limits"]).unwrap(), defaults);
}

#[test]
fn every_unit_can_be_read_and_names_units_that_are_there() {
    let ours: Vec<String> = tree::paths("systemd")
        .iter()
        .filter_map(|path| path.strip_prefix("systemd/").map(str::to_owned))
        .collect();
    let units = [".service", ".socket", ".timer", ".path"];
    for file in units
        .iter()
        .flat_map(|ending| tree::files("systemd", ending))
    {
        assert_none(&unit_complaints(&file));
        assert_none(&missing_units(&file, &ours));
    }
    for name in ["journald", "logind", "system"] {
        assert_none(&unit_complaints(&tree::file(&format!(
            "systemd/{name}.conf"
        ))));
    }
    let unit = File::new(
        "a.service",
        "# kiosk-c.socket\n[Unit]\nRequires=kiosk-b.socket\n",
    );
    let complaints = missing_units(&unit, &["kiosk-a.socket".to_owned()]);
    assert_complains(&complaints, "a.service:3: kiosk-b.socket is not there");
    assert_eq!(complaints.len(), 1);
}

#[test]
fn the_presets_name_every_socket_and_program_that_starts_with_the_machine() {
    let preset = tree::file("systemd/kiosk.preset");
    for file in [".service", ".socket"]
        .iter()
        .flat_map(|ending| tree::files("systemd", ending))
        .filter(|file| file.text.contains("[Install]"))
    {
        let name = file.path.trim_start_matches("systemd/").to_owned();
        let line = format!("enable {name}");
        assert!(preset.text.lines().any(|each| each == line), "{name}");
    }
}

#[test]
fn no_scan_that_a_policy_allows_is_ended_by_its_unit() {
    let unit = tree::file("systemd/kiosk-scan@.service");
    let hours = unit
        .text
        .lines()
        .find_map(|line| line.strip_prefix("RuntimeMaxSec=")?.strip_suffix('h'));
    let seconds = hours.unwrap().parse::<u64>().unwrap() * 3600;
    assert!(decide::policy::SECONDS_LIMIT_MAX < seconds);
}

#[test]
fn udev_rules_accounts_and_folders_can_be_read() {
    for file in tree::files("systemd", ".rules") {
        assert_none(&rules_complaints(&file));
    }
    let accounts = tree::file("systemd/sysusers.conf");
    assert_none(&accounts_complaints(&accounts));
    assert_none(&folders_complaints(
        &tree::file("systemd/tmpfiles.conf"),
        &accounts.text,
    ));
}

#[test]
fn what_udev_and_systemd_would_misread_is_named() {
    let rules = |text: &str| rules_complaints(&File::new("a.rules", text));
    assert_none(&rules(
        "# x\n\nA==\"b\", ENV{C}=\"\", D:=\"e\", GOTO=\"end\"\nLABEL=\"end\"\n",
    ));
    for bad in [
        "A==\"b\" C==\"d\"",
        "A=b",
        "a==\"b\"",
        "ENV{C==\"d\"",
        "A===\"b\"",
        "A==\"b\",",
    ] {
        assert_complains(&rules(bad), "a.rules:1: not KEY");
    }
    assert_complains(&rules("GOTO=\"nowhere\""), "a jump without its label");

    let accounts = |text: &str| accounts_complaints(&File::new("a.conf", text));
    assert_none(&accounts(
        "# x\nu kiosk-a - \"A\" / /usr/sbin/nologin\ng kiosk-b -\n",
    ));
    for bad in [
        "u kiosk-a - \"A\" / /bin/sh",
        "u kiosk-a 0 \"A\" / /usr/sbin/nologin",
        "g root -",
    ] {
        assert_complains(&accounts(bad), "a.conf:1: no account");
    }

    let folders =
        |text: &str| folders_complaints(&File::new("a.conf", text), "u kiosk-a - \"A\" / x\n");
    assert_none(&folders("d /a 0750 kiosk-a root -\n"));
    for bad in [
        "d /a 0777 root root -",
        "d /a 0750 kiosk-b root -",
        "D /a 0750 root root -",
    ] {
        assert_complains(&folders(bad), "a.conf:1: no folder");
    }
}

#[test]
fn a_unit_that_systemd_would_misread_is_named() {
    let check = |text: &str| unit_complaints(&File::new("a.service", text));
    assert_none(&check(
        "# x\n[Unit]\nDescription=a = b\n\n[Service]\nExecStart=/a \\\n  --b c\nNoNewPrivileges=yes\n",
    ));
    assert_complains(
        &check("Description=a\n[Unit]\n"),
        "a.service:1: a line before",
    );
    assert_complains(&check("[Units]\n"), "unknown section");
    assert_complains(
        &check("[Unit]\nDescription a\n"),
        "a.service:2: not Key=value",
    );
    assert_complains(&check("# nothing\n"), "no section");
}
