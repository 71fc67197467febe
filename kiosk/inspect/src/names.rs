//! What a name alone gives away.

use wire::Finding;
use wire::name::is_hidden;

use crate::disguise::Kind;
use crate::sort::Sort;
use crate::text::decoded;
use crate::{block, notice};

/// Fewest blanks between two endings that push the second out of sight in the file list.
const PADDING_MIN: usize = 8;

/// Names that Windows keeps for devices, whatever their ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// The last part of a path as a person and as Windows see it.
pub(crate) struct Name {
    text: String,
    ending: String,
}

impl Name {
    /// Takes what is behind the last separator of `bytes`.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let last = bytes.rsplit(|byte| *byte == b'/').next();
        let text = decoded(last.unwrap_or_default());
        let text = text.rsplit('\\').next().unwrap_or_default().to_owned();
        let ending = trimmed(&text)
            .rsplit_once('.')
            .map(|(_, ending)| ending.trim().to_ascii_lowercase())
            .unwrap_or_default();
        Self { text, ending }
    }

    /// What is behind the last dot, in lower case, as Windows sees it.
    pub(crate) fn ending(&self) -> &str {
        &self.ending
    }

    /// The ending before the last one, in lower case.
    pub(crate) fn inner_ending(&self) -> Option<String> {
        let (stem, _) = trimmed(&self.text).rsplit_once('.')?;
        let (_, inner) = stem.rsplit_once('.')?;
        Some(inner.to_ascii_lowercase())
    }

    /// What the ending promises.
    pub(crate) fn sort(&self) -> Option<Sort> {
        Sort::of(&self.ending)
    }

    /// Whether it is `name`, in lower case.
    pub(crate) fn is(&self, name: &str) -> bool {
        trimmed(&self.text).eq_ignore_ascii_case(name)
    }

    /// Whether it begins with `start`, in lower case.
    pub(crate) fn begins(&self, start: &str) -> bool {
        let head = self.text.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    }
}

/// Windows drops blanks and dots at the end.
fn trimmed(text: &str) -> &str {
    text.trim_end_matches([' ', '.'])
}

/// What the name of a content of this kind gives away.
pub(crate) fn judge(name: &Name, kind: Kind) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_run = name.sort().is_some_and(Sort::is_run);
    findings.extend(doubled(name, kind));
    findings.extend(reversed(name, kind));
    if name
        .text
        .split(|letter: char| !letter.is_alphanumeric())
        .any(is_mixed)
    {
        let detail = "a word mixes Latin letters with others that look the same";
        findings.push(notice("name_lookalike", detail));
    }
    if is_run && trimmed(&name.text) != name.text {
        let detail = "blanks or dots behind the ending of what can be run";
        findings.push(notice("name_trailing", detail));
    }
    if (is_run || kind == Kind::Program) && name.text.chars().any(char::is_control) {
        let detail = "control characters in the name of what can be run";
        findings.push(notice("name_control", detail));
    }
    if is_device(&name.text) {
        let detail =
            "a name that Windows keeps for a device, so that the file is hard to open or delete";
        findings.push(notice("name_reserved", detail));
    }
    findings
}

/// An ending to read before the one that runs: Windows hides the last one.
fn doubled(name: &Name, kind: Kind) -> Option<Finding> {
    let outer = name.sort().filter(|sort| sort.is_run())?;
    let (stem, _) = trimmed(&name.text).rsplit_once('.')?;
    let shown = stem.trim_end_matches(|letter: char| {
        letter.is_whitespace() || is_hidden(letter) || matches!(letter, '_' | '.' | '\u{2800}')
    });
    let blanks = stem.chars().count().saturating_sub(shown.chars().count());
    let (first, inner_text) = shown.rsplit_once('.')?;
    let inner_ending = inner_text.to_ascii_lowercase();
    let inner = Sort::of(&inner_ending).filter(|sort| sort.is_read())?;
    if first.is_empty() {
        return None;
    }
    let padded = PADDING_MIN <= blanks;
    // Programs of .NET are named so by those who make them: Company.Product.Pdf.exe.
    let is_word = is_capitalised(inner_text) && name.ending == "exe" && !padded;
    // The text of LOVE-LETTER-FOR-YOU; notes, tables and pages have scripts named after them.
    let is_deep = inner != Sort::Text || inner_ending == "txt";
    let is_quiet = matches!(name.ending(), "vbs" | "vbe" | "jse" | "wsf" | "wsh" | "hta");
    let is_batch = matches!(name.ending(), "bat" | "cmd") && inner != Sort::Text;
    let blocks = match (kind, outer) {
        (Kind::Program, _) => !is_word,
        (Kind::Script | Kind::Text, Sort::Script) => padded || (is_deep && is_quiet) || is_batch,
        (Kind::Script | Kind::Text | Kind::Other | Kind::Empty, _) => false,
    };
    let detail = format!(
        "what can be run shows the ending of a file to read, {blanks} blanks before its own"
    );
    let rule = "name_double_extension";
    Some(if blocks {
        block(rule, detail)
    } else {
        notice(rule, detail)
    })
}

fn is_capitalised(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
}

/// What follows the override is shown from right to left: `exe.fdp` as `pdf.exe`.
fn reversed(name: &Name, kind: Kind) -> Option<Finding> {
    let is_override = |letter| matches!(letter, '\u{202E}' | '\u{202B}' | '\u{2067}');
    let (_, behind) = name.text.split_once(is_override)?;
    let rule = "name_reversed";
    let runs = match (kind, name.sort()) {
        (Kind::Program, Some(sort)) => sort.is_run(),
        (Kind::Script | Kind::Text, Some(sort)) => sort == Sort::Script,
        (Kind::Program | Kind::Script | Kind::Text | Kind::Other | Kind::Empty, _) => false,
    };
    if runs && behind.contains('.') {
        let detail = "the name of what can be run is shown from right to left, so that it ends as something else";
        return Some(block(rule, detail));
    }
    Some(notice(rule, "part of the name is shown from right to left"))
}

/// Latin letters beside letters of other scripts that look like Latin ones. Greek and Cyrillic
/// letters with a shape of their own are signs that engineers write: 5 μm, 10 kΩ.
fn is_mixed(word: &str) -> bool {
    word.chars().any(|letter| letter.is_ascii_alphabetic()) && word.chars().any(is_double)
}

fn is_double(letter: char) -> bool {
    matches!(
        letter,
        'а' | 'с'
            | 'е'
            | 'о'
            | 'р'
            | 'х'
            | 'у'
            | 'і'
            | 'ј'
            | 'ѕ'
            | 'ԁ'
            | 'ӏ'
            | 'һ'
            | 'ԛ'
            | 'ԝ'
            | 'А'
            | 'В'
            | 'Е'
            | 'К'
            | 'М'
            | 'Н'
            | 'О'
            | 'Р'
            | 'С'
            | 'Т'
            | 'Х'
            | 'І'
            | 'Ј'
            | 'Ѕ'
            | 'Α'
            | 'Β'
            | 'Ε'
            | 'Ζ'
            | 'Η'
            | 'Ι'
            | 'Κ'
            | 'Μ'
            | 'Ν'
            | 'Ο'
            | 'Ρ'
            | 'Τ'
            | 'Υ'
            | 'Χ'
            | 'ο'
            | 'ν'
    )
}

fn is_device(text: &str) -> bool {
    let stem = text.split(['.', ':']).next().unwrap_or_default();
    let stem = stem.trim_end().to_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        return true;
    }
    let number = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    number.is_some_and(|number| {
        let mut digits = number.chars();
        matches!(digits.next(), Some('1'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect;
    use crate::testing::{PROGRAM, rules};

    /// What is said of names of this content, without what the ending alone says.
    fn said(name: &str, content: &[u8]) -> Vec<(String, bool)> {
        let found = inspect(name.as_bytes(), content);
        rules(&found)
            .into_iter()
            .filter(|(rule, _)| rule.starts_with("name"))
            .map(|(rule, blocks)| (rule.to_owned(), blocks))
            .collect()
    }

    #[test]
    fn two_endings_block_when_an_honest_file_would_not_have_them() {
        let padded = format!("請求書.pdf{}.ps1", " ".repeat(PADDING_MIN));
        let dots = "report.txt\u{3000}\u{3000}.exe";
        let script = &b"copy a b\r\n"[..];
        for (name, content, blocks) in [
            ("請求書.pdf.exe", PROGRAM, true),
            ("a.JPG.scr", PROGRAM, true),
            ("a.txt.exe ", PROGRAM, true),
            (dots, PROGRAM, true),
            (&padded, script, true),
            ("Acme.Pdf.exe", PROGRAM, false),
            ("LOVE-LETTER-FOR-YOU.TXT.vbs", script, true),
            ("a.docx.js", script, false),
            ("a.docx.jse", script, true),
            ("a.pdf.bat", script, true),
            ("list.txt.bat", script, false),
            ("data.csv.vbs", script, false),
            ("a.pdf.exe", b"\0\x01", false),
            ("a.pdf.exe", b"", false),
        ] {
            let rule = "name_double_extension".to_owned();
            assert!(said(name, content).contains(&(rule, blocks)), "{name}");
        }
        for name in [
            "pdf.exe",
            ".txt.exe",
            "a.b.exe",
            "v1.2.exe",
            "a.pdf",
            "a.pdf.lnk",
            "a.exe.pdf",
        ] {
            assert_eq!(said(name, b"x"), [], "{name}");
        }
    }

    #[test]
    fn names_that_run_backwards_block_for_programs() {
        for (name, content, blocks) in [
            ("invoice\u{202E}fdp.exe", PROGRAM, true),
            ("invoice\u{202E}fdp.vbs", b"x", true),
            ("invoice\u{202E}fdp.exe", b"\0", false),
            ("invoice\u{202E}fdp.exe", b"x", false),
            ("in.voice\u{202E}fdp", PROGRAM, false),
            ("\u{202E}עברית.pdf", b"%PDF", false),
        ] {
            assert!(
                said(name, content).contains(&("name_reversed".to_owned(), blocks)),
                "{name}"
            );
        }
    }

    #[test]
    fn letters_that_only_look_latin_are_noticed() {
        for name in ["pаypal.txt", "Мicrosoft.exe", "ΑBC.pdf"] {
            assert_eq!(
                said(name, b"x"),
                [("name_lookalike".to_owned(), false)],
                "{name}"
            );
        }
        for name in [
            "5μm.txt",
            "10kΩ.csv",
            "ΔP.txt",
            "β版.zip",
            "Отчёт plan.pdf",
            "ＡＢＣ.txt",
            "αβγ.txt",
            "φ10x.dxf",
        ] {
            assert_eq!(said(name, b"x"), [], "{name}");
        }
    }

    #[test]
    fn names_that_windows_reads_otherwise_are_noticed() {
        for (name, rule) in [
            ("setup.exe ", "name_trailing"),
            ("setup.exe.", "name_trailing"),
            ("se\u{1}tup.exe", "name_control"),
            ("CON", "name_reserved"),
            ("aux.txt", "name_reserved"),
            ("com1.log", "name_reserved"),
            ("LPT³", "name_reserved"),
        ] {
            assert_eq!(said(name, b"x"), [(rule.to_owned(), false)], "{name}");
        }
        for name in [
            "note.txt ",
            "com.txt",
            "com10.txt",
            "console.txt",
            "com0",
            "Icon\r",
        ] {
            assert_eq!(said(name, b"x"), [], "{name}");
        }
    }

    #[test]
    fn the_last_part_of_a_path_counts() {
        assert_eq!(Name::new(b"a.exe/b.TXT").ending(), "txt");
        assert_eq!(Name::new(b"folder\\c.Doc .").ending(), "doc");
        // Code page 932 has bytes like a separator's in its letters: 表.
        assert_eq!(Name::new(b"\x95\x5C.xls").text, "表.xls");
        assert!(Name::new(b"Desktop.INI").is("desktop.ini"));
    }
}
