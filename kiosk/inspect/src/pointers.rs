//! Small files of Windows and of desktops that lead to something else or change how a folder
//! looks.

use wire::Finding;

use crate::address::{self, is_server, is_web};
use crate::bytes::{find_ascii, head, holds};
use crate::commands::{Command, interpreter};
use crate::names::Name;
use crate::sort::Sort;
use crate::text::{decoded, settings};
use crate::{block, notice};

/// Most that is looked at of one of these, in bytes. Those that people use have a few thousand.
pub(crate) const POINTER_BYTES_MAX: usize = 1024 * 1024;

/// What a file of one of these sorts, told by its name, gives away.
pub(crate) fn judge(name: &Name, content: &[u8]) -> Vec<Finding> {
    if content.is_empty() {
        return Vec::new();
    }
    let content = head(content, POINTER_BYTES_MAX);
    let found = match name.ending() {
        "url" | "website" => internet(&decoded(content)),
        "desktop" => desktop(&decoded(content)),
        "library-ms" | "search-ms" | "searchconnector-ms" => library(&decoded(content)),
        "scf" => command_file(&decoded(content)),
        "ini" if name.is("desktop.ini") => folder(&decoded(content)),
        "theme" => theme(&decoded(content)),
        "rdp" => Some(notice(
            "runs_from_network",
            "it opens a desktop of another machine, which may get this one's drives",
        )),
        "appref-ms" | "application" => application(&decoded(content)),
        "settingcontent-ms" => setting(&decoded(content)),
        _ => None,
    };
    found.into_iter().collect()
}

fn remote(detail: &str) -> Option<Finding> {
    Some(notice("shortcut_remote", detail))
}

/// A shortcut to an address.
fn internet(text: &str) -> Option<Finding> {
    let mut runs = false;
    for (section, key, value) in settings(text) {
        if section == "internetshortcut"
            && matches!(key.as_str(), "iconfile" | "workingdirectory")
            && is_server(value)
        {
            return remote("its icon or folder is on a server");
        }
        if key != "url" && key != "baseurl" {
            continue;
        }
        if is_server(value) {
            return remote("it leads to a server's files");
        }
        let lower = value.to_ascii_lowercase();
        let local = lower.starts_with("file:") || lower.get(1..2) == Some(":");
        let odd = ["search-ms:", "ms-msdt:", "javascript:", "shell:", "mhtml:"]
            .iter()
            .any(|scheme| lower.starts_with(scheme));
        let program = Sort::of(&address::ending(value)).is_some_and(Sort::is_run);
        // Hosts end in .com, which is the ending of old programs, too.
        let bare = lower.matches('/').count() < 3 && is_web(value);
        runs |= local || odd || (program && !bare);
    }
    if runs {
        return remote("it leads to a local file, a program or a script instead of a page");
    }
    None
}

/// A launcher of a desktop of Linux.
fn desktop(text: &str) -> Option<Finding> {
    for (_, key, value) in settings(text) {
        let lower = value.to_ascii_lowercase();
        let shell = [
            "sh -c",
            "bash -c",
            "curl ",
            "wget ",
            "python -c",
            "python3 -c",
            "base64 ",
        ]
        .iter()
        .any(|part| lower.contains(part));
        if key == "exec" && (shell || is_web(value)) {
            return remote("its program is a command for a shell");
        }
        if key == "url" && is_server(value) {
            return remote("it leads to a server's files");
        }
    }
    None
}

/// A library or saved search, which Windows opens like a folder.
fn library(text: &str) -> Option<Finding> {
    let mut rest = text;
    while let Some(at) = find_ascii(rest.as_bytes(), b"<url>") {
        rest = rest.get(at.saturating_add(5)..).unwrap_or_default();
        let value = rest.split('<').next().unwrap_or_default();
        if is_server(value) || is_web(value) {
            return remote("it shows files of a server as if they were on the medium");
        }
    }
    let lower = text.to_ascii_lowercase();
    let crumb = [
        "crumb=location:\\\\",
        "crumb=location:%5c%5c",
        "location:http",
    ]
    .iter()
    .any(|crumb| lower.contains(crumb));
    if crumb {
        return remote("it searches a server's files as if they were on the medium");
    }
    None
}

/// A command for the file list, with an icon.
fn command_file(text: &str) -> Option<Finding> {
    let server = settings(text).any(|(_, key, value)| key == "iconfile" && is_server(value));
    if server {
        return remote("its icon is fetched from a server as soon as it is seen");
    }
    None
}

/// How a folder looks.
fn folder(text: &str) -> Option<Finding> {
    for (section, key, value) in settings(text) {
        if section != ".shellclassinfo" || value.is_empty() {
            continue;
        }
        let value = value.trim_start_matches('@');
        let detail = match key.as_str() {
            "clsid" | "clsid2" | "uiclsid" => "the folder is shown as something else than a folder",
            "iconresource" | "iconfile" | "localizedresourcename" | "infotip"
                if is_server(value) || is_web(value) =>
            {
                "the folder's icon or name is fetched from a server as soon as it is seen"
            }
            _ => continue,
        };
        return Some(notice("folder_disguised", detail));
    }
    None
}

/// A theme: pictures and styles by their paths.
fn theme(text: &str) -> Option<Finding> {
    let server = settings(text).any(|(_, _, value)| is_server(value) || is_web(value));
    server.then(|| {
        notice(
            "runs_from_network",
            "the theme fetches pictures or styles from a server",
        )
    })
}

/// A program that installs itself from where its manifest says.
fn application(text: &str) -> Option<Finding> {
    let lower = text.to_ascii_lowercase();
    let web = ["http://", "https://", "codebase=\"\\\\", "file://"]
        .iter()
        .any(|part| lower.contains(part));
    web.then(|| {
        notice(
            "runs_from_network",
            "the program is fetched from a server when it is opened",
        )
    })
}

/// A page of the settings, which is any command.
fn setting(text: &str) -> Option<Finding> {
    let rule = "settings_runs_command";
    let mut found = None;
    let mut rest = text;
    while let Some(at) = find_ascii(rest.as_bytes(), b"<deeplink>") {
        rest = rest.get(at.saturating_add(10)..).unwrap_or_default();
        let link = rest.trim_start();
        let link = link.strip_prefix("<![CDATA[").unwrap_or(link);
        let link = link.split('<').next().unwrap_or_default().trim();
        let (program, arguments) =
            match link.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                Some(parts) => parts,
                None => link.split_once(char::is_whitespace).unwrap_or((link, "")),
            };
        let runs = interpreter(program);
        // Windows has pages of its own that run these two.
        let own = matches!(runs, Some("rundll32" | "msiexec"));
        let hostile =
            runs.is_some_and(|target| Command::new(target, arguments).hostile().is_some());
        if hostile || (runs.is_some() && !own) {
            return Some(block(
                rule,
                "a page of the settings that runs an interpreter",
            ));
        }
        found = Some(notice(
            rule,
            "a page of the settings, which runs a command when it is opened",
        ));
    }
    if found.is_none() && holds(text.as_bytes(), b"deeplink") {
        found = Some(notice(
            rule,
            "a page of the settings whose command is not spelled as usual",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect;
    use crate::testing::rules;

    /// What is said of texts of this name.
    fn check(name: &str, cases: &[(&str, &[(&str, bool)])]) {
        for (text, expected) in cases {
            let wide: Vec<u8> = "\u{FEFF}"
                .encode_utf16()
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect();
            for content in [text.as_bytes(), &wide] {
                assert_eq!(
                    rules(&inspect(name.as_bytes(), content)),
                    *expected,
                    "{name}: {text}"
                );
            }
        }
    }

    const REMOTE: &[(&str, bool)] = &[("shortcut_remote", false)];
    const NETWORK: &[(&str, bool)] = &[("runs_from_network", false)];
    const FOLDER: &[(&str, bool)] = &[("folder_disguised", false)];
    const RUNS: &[(&str, bool)] = &[("settings_runs_command", true)];
    const SETTING: &[(&str, bool)] = &[("settings_runs_command", false)];

    #[test]
    fn shortcuts_to_addresses() {
        check(
            "a.URL",
            &[
                (
                    "[InternetShortcut]\r\nURL=https://vendor.example/manual.html\r\n",
                    &[],
                ),
                ("[InternetShortcut]\r\nURL=https://vendor.com\r\n", &[]),
                (
                    "[InternetShortcut]\r\nURL=https://vendor.com/\r\nIconFile=C:\\a.ico",
                    &[],
                ),
                (
                    "[InternetShortcut]\r\nURL=https://vendor.example/a.exe\r\n",
                    REMOTE,
                ),
                (
                    "[InternetShortcut]\r\nURL=file://server/a/b.exe\r\n",
                    REMOTE,
                ),
                ("[InternetShortcut]\nurl = \"\\\\1.2.3.4@80\\a\"", REMOTE),
                (
                    "[InternetShortcut]\nURL=file:///C:/Windows/System32/cmd.exe",
                    REMOTE,
                ),
                (
                    "[InternetShortcut]\nURL=https://a.example/\nWorkingDirectory=\\\\server\\a",
                    REMOTE,
                ),
                (
                    "[InternetShortcut]\nURL=https://a.example/\nIconFile=\\\\server\\a.ico",
                    REMOTE,
                ),
            ],
        );
        check(
            "a.desktop",
            &[
                ("[Desktop Entry]\nExec=gimp %U\nURL=https://a.example", &[]),
                ("[Desktop Entry]\nExec=bash -c 'x'\n", REMOTE),
            ],
        );
    }

    #[test]
    fn libraries_and_icons_of_servers() {
        check(
            "a.library-ms",
            &[
                ("<url>knownfolder:{FDD39AD0}</url>", &[]),
                ("<url>C:\\a</url><URL>\\\\1.2.3.4\\a</URL>", REMOTE),
                ("<url>http://a.example/</url>", REMOTE),
            ],
        );
        check(
            "a.search-ms",
            &[
                ("crumb=location:\\\\server\\a", REMOTE),
                ("crumb=location:C:\\", &[]),
            ],
        );
        check(
            "a.scf",
            &[
                ("[Shell]\nIconFile=\\\\s\\a.ico", REMOTE),
                ("[Shell]\nIconFile=explorer.exe,3", &[]),
            ],
        );
        check(
            "Desktop.ini",
            &[
                (
                    "[.ShellClassInfo]\r\nIconResource=a.ico,0\r\nCLSID=\r\n",
                    &[],
                ),
                (
                    "[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\shell32.dll,-1\r\n",
                    &[],
                ),
                ("[.ShellClassInfo]\r\nCLSID2={0AFACED1}\r\n", FOLDER),
                (
                    "[.ShellClassInfo]\r\nIconResource=\\\\s\\a.ico,0\r\n",
                    FOLDER,
                ),
                (
                    "[.ShellClassInfo]\r\nLocalizedResourceName=@\\\\s\\a.dll,-1\r\n",
                    FOLDER,
                ),
                ("[Other]\r\nCLSID={0AFACED1}\r\n", &[]),
            ],
        );
        check(
            "other.ini",
            &[("[.ShellClassInfo]\r\nCLSID={0AFACED1}\r\n", &[])],
        );
    }

    #[test]
    fn what_runs_from_the_network() {
        check("a.rdp", &[("full address:s:server", NETWORK)]);
        check(
            "a.theme",
            &[
                ("[x]\nWallpaper=\\\\s\\a.jpg", NETWORK),
                ("[x]\nWallpaper=C:\\a.jpg", &[]),
            ],
        );
        check(
            "a.appref-ms",
            &[("http://a.example/b.application#b", NETWORK)],
        );
        check("a.application", &[("<assembly/>", &[])]);
    }

    #[test]
    fn the_beginning_of_a_pointer_is_looked_at() {
        let link = "[InternetShortcut]\nURL=file://s/a\n";
        let mut content = vec![b'\n'; POINTER_BYTES_MAX - link.len()];
        content.extend(link.bytes());
        assert_eq!(rules(&inspect(b"a.url", &content)), *REMOTE);
        content.splice(..0, *b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
        assert_eq!(inspect(b"a.url", &content), []);
    }

    #[test]
    fn settings_that_run_an_interpreter_block() {
        check(
            "a.SettingContent-ms",
            &[
                (
                    "<DeepLink>%windir%\\system32\\cmd.exe /c x</DeepLink>",
                    RUNS,
                ),
                (
                    "<DeepLink>\"C:\\Windows\\powershell.exe\" -c x</DeepLink>",
                    RUNS,
                ),
                (
                    "<DeepLink><![CDATA[mshta.exe http://a.example]]></DeepLink>",
                    RUNS,
                ),
                ("<DeepLink>rundll32.exe javascript:x</DeepLink>", RUNS),
                ("<DeepLink>a</DeepLink><deeplink>cmd /c x</deeplink>", RUNS),
                (
                    "<DeepLink>%windir%\\system32\\rundll32.exe shell32.dll,Options_RunDLL 0</DeepLink>",
                    SETTING,
                ),
                (
                    "<DeepLink>%windir%\\system32\\control.exe /name a</DeepLink>",
                    SETTING,
                ),
                ("<DeepLink x>cmd</DeepLink>", SETTING),
                ("<PCSettings/>", &[]),
            ],
        );
    }
}
