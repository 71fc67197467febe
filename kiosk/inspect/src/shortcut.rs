//! Shortcuts (`.lnk`), which every worm on sticks uses since Windows no longer starts programs
//! from them by itself.

mod items;
mod parse;
#[cfg(test)]
mod tests;

use wire::Finding;

use crate::address;
use crate::commands::{Command, interpreter};
use crate::names::Name;
use crate::sort::Sort;
use crate::{block, notice};

use parse::Link;

/// Fewest blanks before arguments that push them out of the field where Windows shows them.
const PADDING_MIN: usize = 128;

/// Fewest bytes behind a shortcut's end that are worth a word, in bytes.
const BEHIND_BYTES_MIN: usize = 1024;

/// Icons of folders, drives and documents, by their number, in the libraries that hold those of
/// Windows.
const ICONS: [(&str, &[u32]); 3] = [
    ("shell32.dll", &[0, 1, 3, 4, 7, 8, 54, 69, 70, 71, 151, 152]),
    (
        "imageres.dll",
        &[
            2, 3, 4, 5, 14, 27, 30, 62, 67, 68, 72, 97, 102, 107, 108, 112, 123,
        ],
    ),
    ("explorer.exe", &[0, 1]),
];

/// Programs whose own icon is that of the documents they open.
const READERS: [&str; 9] = [
    "winword", "excel", "powerpnt", "acrord32", "acrobat", "wordpad", "notepad", "msedge",
    "wmplayer",
];

/// What a shortcut gives away, whatever its name; and what is no shortcut under its ending.
pub(crate) fn judge(name: &Name, content: &[u8]) -> Vec<Finding> {
    let Some(link) = Link::read(content) else {
        let claims = name.ending() == "lnk" && !content.is_empty();
        let detail = "named as a shortcut and is none";
        return claims
            .then(|| notice("shortcut_malformed", detail))
            .into_iter()
            .collect();
    };
    let mut findings = Vec::new();
    if let Some(fault) = link.fault {
        findings.push(notice("shortcut_malformed", fault));
    }
    let runs = link.targets.iter().find_map(|target| interpreter(target));
    findings.extend(commanded(&link, runs));
    if link.panel.iter().any(|path| is_foreign(path)) {
        let detail = "a page of the control panel whose library is loaded from outside the system as soon as the shortcut is seen";
        findings.push(block("shortcut_panel_library", detail));
    }
    if is_padded(&link.arguments) {
        let detail = "blanks push its arguments out of sight";
        findings.push(block("shortcut_argument_padded", detail));
    }
    if runs.is_some() && is_misleading(&link) {
        let detail = "it runs an interpreter and has the icon of a document, folder or drive";
        findings.push(notice("shortcut_icon_misleads", detail));
    }
    if link
        .icons
        .iter()
        .any(|icon| address::is_server(icon) || address::is_web(icon))
    {
        let detail = "its icon is fetched from a server as soon as it is seen";
        findings.push(notice("shortcut_remote_icon", detail));
    }
    let mut named = link.targets.iter().chain([&link.relative, &link.folder]);
    if named.any(|target| address::is_server(target)) {
        findings.push(notice("shortcut_remote", "it leads to a server"));
    }
    if BEHIND_BYTES_MIN <= link.behind {
        let detail = format!("{} bytes stand behind its end", link.behind);
        findings.push(notice("shortcut_appended", detail));
    }
    findings
}

fn commanded(link: &Link, runs: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(target) = runs else {
        return findings;
    };
    let command = Command::new(target, &link.arguments);
    if let Some(why) = command.hostile() {
        findings.push(block("shortcut_runs_command", why));
    }
    let beside = if command.runs_beside() {
        ", with a script or program beside it"
    } else {
        ""
    };
    let window = if link.is_minimised {
        ", in a minimised window"
    } else {
        ""
    };
    let detail = format!("it runs the interpreter {target}{beside}{window}");
    findings.push(notice("shortcut_runs_interpreter", detail));
    findings
}

/// Where pages of the control panel come from that belong to Windows and to installed programs.
fn is_foreign(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let behind_drive = path.get(1..).and_then(|rest| rest.strip_prefix(":\\"));
    let known = match behind_drive {
        Some(rest) => ["windows\\", "winnt\\", "program files", "progra~"]
            .iter()
            .any(|root| rest.starts_with(root)),
        None => [
            "%systemroot%",
            "%windir%",
            "%programfiles",
            "%commonprogramfiles",
        ]
        .iter()
        .any(|root| path.starts_with(root)),
    };
    !known || path.contains("..")
}

fn is_padded(arguments: &str) -> bool {
    let mut blanks = 0_usize;
    for letter in arguments.chars() {
        let is_blank = letter.is_whitespace() || wire::name::is_hidden(letter) && letter != '\0';
        if !is_blank && PADDING_MIN <= blanks && letter != '\0' {
            return true;
        }
        blanks = if is_blank {
            blanks.saturating_add(1)
        } else {
            0
        };
    }
    false
}

fn is_misleading(link: &Link) -> bool {
    link.icons.iter().any(|icon| {
        let lower = icon.to_ascii_lowercase();
        let library = ICONS.iter().find(|(library, _)| lower.ends_with(library));
        let ending = address::ending(&lower);
        library.is_some_and(|(_, numbers)| numbers.contains(&link.icon_number.unsigned_abs()))
            || Sort::of(&ending).is_some_and(Sort::is_read)
            || READERS.contains(&crate::commands::program(icon).as_str())
    })
}
