//! Every system call that the jail allows says who needs it.

use crate::rust;
use crate::tree::{self, File, assert_complains, assert_none};

/// Most calls that one comment may speak for.
const GROUP_MAX: usize = 6;

fn unexplained(file: &File) -> Vec<String> {
    let (text, _) = rust::split_tests(&file.text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut complaints = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if rust::code(line).contains("libc::SYS_") && !is_explained(&lines, number) {
            complaints.push(file.complaint(number, "no comment says who needs this call"));
        }
    }
    complaints
}

/// Whether a comment stands above, with nothing between but other calls of its group.
fn is_explained(lines: &[&str], number: usize) -> bool {
    let mut calls = 0_usize;
    for line in lines.iter().take(number.saturating_add(1)).rev() {
        if line.starts_with("//") {
            return calls <= GROUP_MAX;
        }
        if line.is_empty() || *line == "}" {
            return false;
        }
        if line.contains("libc::SYS_") {
            calls = calls.saturating_add(1);
        }
    }
    false
}

#[test]
fn every_allowed_system_call_is_explained() {
    let files = tree::files("kiosk/jail/src", ".rs");
    let named: usize = files
        .iter()
        .map(|file| file.text.matches("libc::SYS_").count())
        .sum();
    assert!(30 < named, "the lists of system calls are not found");
    for file in files {
        assert_none(&unexplained(&file));
    }
}

#[test]
fn a_system_call_without_a_reason_is_named() {
    let text = "fn a() {\n    // Reading.\n    any(libc::SYS_read),\n    any(libc::SYS_lseek),\n\n    any(libc::SYS_open),\n}\n";
    let complaints = unexplained(&File::new("a.rs", text));
    assert_eq!(complaints.len(), 1);
    assert_complains(&complaints, "a.rs:6");
    let crowd = format!(
        "// Many.\n{}",
        "any(libc::SYS_read),\n".repeat(GROUP_MAX.saturating_add(1))
    );
    assert_eq!(unexplained(&File::new("a.rs", &crowd)).len(), 1);
}
