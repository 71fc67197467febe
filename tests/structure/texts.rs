//! Every text that ships can be read: the list of media, the policy, the units.

use crate::tree::{self, File, assert_complains, assert_none};

/// What a unit may be made of.
const SECTIONS: [&str; 6] = ["Unit", "Service", "Socket", "Install", "Timer", "Path"];

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
fn every_unit_can_be_read() {
    let units = [".service", ".socket", ".timer", ".path"];
    for file in units
        .iter()
        .flat_map(|ending| tree::files("systemd", ending))
    {
        assert_none(&unit_complaints(&file));
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
