//! Parts of documents in the format of Office: what they fetch from elsewhere. Each part is a
//! member of the document's zip and is judged by itself. Searched as bytes, because Office reads
//! more than a strict reader of XML would.

use wire::Finding;

use crate::address::{self, is_bare, is_server, is_web};
use crate::bytes::{find_ascii, head, holds};
use crate::names::Name;
use crate::text::decoded;
use crate::{block, notice};

/// Longest instruction of a field that is put together, in bytes. What begins as DDE is seen in
/// the first of them.
pub(crate) const INSTRUCTION_BYTES_MAX: usize = 4096;

/// How far into a document in rich text its template is looked for, in bytes.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 1024 * 1024;

/// Longest reference to a letter, in bytes. What is longer is not one.
pub(crate) const REFERENCE_BYTES_MAX: usize = 12;

/// How far into a document in one file its mark is looked for, in bytes.
const MARK_BYTES: usize = 4096;

/// Relationships whose target is opened together with the document.
const OPENED: [&str; 5] = [
    "attachedtemplate",
    "oleobject",
    "frame",
    "subdocument",
    "externallinkpath",
];

/// Endings that a template and the source of a linked object honestly have.
const OFFICE: [&str; 16] = [
    "dot", "dotx", "dotm", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "xlsb", "xlt", "xltx",
    "xltm", "ppt", "pptx", "pptm",
];

/// Schemes that start a program of Windows, with a past of attacks.
const HANDLERS: [&str; 4] = ["ms-msdt:", "search-ms:", "search:query", "ms-officecmd:"];

/// What a part of a document gives away.
pub(crate) fn judge(name: &Name, content: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_flat = || {
        let head = head(content, MARK_BYTES);
        holds(head, b"<pkg:package") || holds(head, b"mso-application")
    };
    match name.ending() {
        "rels" => findings.extend(relationships(&decoded(content))),
        "xml" => {
            if is_flat() {
                findings.extend(relationships(&decoded(content)));
                findings.extend(fields(&decoded(content)));
            } else if is_story(name) {
                findings.extend(fields(&decoded(content)));
            }
            if name.begins("externallink") && holds(decoded(content).as_bytes(), b"ddelink") {
                findings.push(notice(
                    "dde_field",
                    "the workbook asks another program for data (DDE)",
                ));
            }
        }
        _ => {}
    }
    if content.starts_with(b"{\\rt") {
        findings.extend(rich_text(head(content, TEMPLATE_BYTES_MAX)));
    }
    findings
}

/// The template of a document in rich text, which stands before its text.
fn rich_text(content: &[u8]) -> Option<Finding> {
    let word = b"\\*\\template";
    let at = find_ascii(content, word)?.checked_add(word.len())?;
    let value = decoded(content.get(at..)?);
    let value = value.split(['{', '}']).next().unwrap_or_default().trim();
    let path = value.replace("\\\\", "/");
    if path.contains("\\u") || path.contains("\\'") {
        let detail = "the address of the template is spelled so that a person cannot read it";
        return Some(notice("document_remote_template", detail));
    }
    opened("attachedtemplate", &value.replace("\\\\", "\\"))
}

/// The parts of a document that hold text with fields.
fn is_story(name: &Name) -> bool {
    [
        "document",
        "header",
        "footer",
        "footnotes",
        "endnotes",
        "comments",
        "glossary",
    ]
    .iter()
    .any(|part| name.begins(part))
}

/// What a document's relationships lead to outside of it.
fn relationships(text: &str) -> Vec<Finding> {
    let mut remote: Option<Finding> = None;
    let mut handler = None;
    // No value in a tag holds the sign that begins the next, so no part is read twice.
    for piece in text.split('<') {
        let (name, attributes) = piece.split_once(char::is_whitespace).unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case("relationship") {
            continue;
        }
        let tag = Tag::read(attributes);
        let target = tag.target.trim();
        let lower = target.to_ascii_lowercase();
        if HANDLERS
            .iter()
            .any(|scheme| lower.starts_with(scheme) || lower.contains(&format!("!{scheme}")))
        {
            let detail = "the document opens a program of Windows by an address that attackers use";
            handler = Some(block("document_protocol_handler", detail));
        }
        let sort = tag
            .sort
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if tag.is_external && OPENED.contains(&sort.as_str()) {
            let found = opened(&sort, target);
            // One that blocks says more than any other.
            if remote
                .as_ref()
                .is_none_or(|known| found.as_ref().is_some_and(|found| found.tier < known.tier))
            {
                remote = found.or(remote);
            }
        }
    }
    remote.into_iter().chain(handler).collect()
}

/// What is opened together with the document.
fn opened(sort: &str, target: &str) -> Option<Finding> {
    let rule = "document_remote_template";
    let lower = target.to_ascii_lowercase();
    let mhtml = lower.starts_with("mhtml:") || lower.contains("!x-usc:");
    let web = is_web(target);
    if !(web || mhtml || is_server(target)) {
        return None;
    }
    let ending = address::ending(target);
    // Offices keep templates and linked tables on servers of their own, by name, and those are
    // files of Office.
    let known = OFFICE.contains(&ending.as_str());
    let odd = mhtml || is_bare(target) || (web && !known);
    if matches!(sort, "attachedtemplate" | "oleobject") && odd {
        let detail = "opening the document fetches a template or object that no office keeps in such a place";
        return Some(block(rule, detail));
    }
    Some(notice(
        rule,
        "opening the document fetches a part of it from a server",
    ))
}

/// The attributes of one relationship.
#[derive(Default)]
struct Tag {
    sort: String,
    target: String,
    is_external: bool,
}

impl Tag {
    /// Reads attributes up to the end of the tag.
    fn read(text: &str) -> Self {
        let mut tag = Self::default();
        let mut rest = text;
        loop {
            let end = rest.find(['=', '>']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end).unwrap_or_default();
            let Some(behind) = behind.strip_prefix('=') else {
                return tag;
            };
            let behind = behind.trim_start();
            let Some(quote) = behind
                .chars()
                .next()
                .filter(|quote| matches!(quote, '"' | '\''))
            else {
                return tag;
            };
            let Some((value, behind)) = behind.get(1..).and_then(|inner| inner.split_once(quote))
            else {
                return tag;
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "type" => tag.sort = unescaped(value),
                "target" => tag.target = unescaped(value),
                "targetmode" => tag.is_external = unescaped(value).eq_ignore_ascii_case("external"),
                _ => {}
            }
            rest = behind;
        }
    }
}

/// The letters that references stand for.
fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('&') {
        text.push_str(before);
        let end = behind
            .bytes()
            .take(REFERENCE_BYTES_MAX)
            .position(|byte| byte == b';');
        let reference = end.and_then(|end| {
            let (name, after) = behind.split_at_checked(end)?;
            Some((name, after.strip_prefix(';')?))
        });
        let letter = reference.and_then(|(name, _)| referred(name));
        match (reference, letter) {
            (Some((_, after)), Some(letter)) => {
                text.push(letter);
                rest = after;
            }
            _ => {
                text.push('&');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text
}

fn referred(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

/// Fields that ask another program for data and can start one. Their instruction may be split
/// over any number of runs.
fn fields(text: &str) -> Option<Finding> {
    let found = || {
        Some(notice(
            "dde_field",
            "a field asks another program for data and can start it (DDE)",
        ))
    };
    let mut instruction = String::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        let end = behind.find(['<', '>']).unwrap_or(behind.len());
        let (tag, after) = behind.split_at_checked(end).unwrap_or_default();
        let name = tag.split(char::is_whitespace).next().unwrap_or_default();
        let name = name
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .trim_end_matches('/');
        if name.eq_ignore_ascii_case("fldchar") && !tag.contains("\"separate\"") {
            instruction.clear();
        } else if name.eq_ignore_ascii_case("fldsimple") {
            let value = tag.split("instr=").nth(1).unwrap_or_default();
            if is_dde(&unescaped(value.trim_start_matches(['"', '\'']))) {
                return found();
            }
        } else if name.eq_ignore_ascii_case("instrtext")
            && instruction.len() < INSTRUCTION_BYTES_MAX
        {
            let value = after.strip_prefix('>').unwrap_or_default();
            let value = value.split('<').next().unwrap_or_default();
            if value.is_empty() {
                rest = after;
                continue;
            }
            instruction.extend(unescaped(value).chars().take(INSTRUCTION_BYTES_MAX));
            if is_dde(&instruction) {
                return found();
            }
        }
        rest = after;
    }
    None
}

fn is_dde(instruction: &str) -> bool {
    let first = instruction.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches('"');
    first.eq_ignore_ascii_case("dde") || first.eq_ignore_ascii_case("ddeauto")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect;
    use crate::testing::rules;

    fn relationship(sort: &str, target: &str) -> String {
        format!(
            "<Relationships><Relationship Id='rId1' Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{sort}\" \
             Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
        )
    }

    #[test]
    fn what_a_document_fetches_when_it_is_opened() {
        for (sort, target, blocks) in [
            ("attachedTemplate", "http://a.example/b.html!", true),
            ("attachedTemplate", "https://a.example/b", true),
            ("attachedTemplate", "http://8.8.8.8/b.dotm", true),
            (
                "attachedTemplate",
                "&#x68;ttp://a.example/b.php?x=1&amp;y",
                true,
            ),
            (
                "oleObject",
                "mhtml:http://a.example/x!x-usc:http://a.example/x",
                true,
            ),
            ("oleObject", r"\\8.8.8.8@80\x\a.xlsx", true),
            (
                "attachedTemplate",
                "https://office.example/Templates/b.dotx",
                false,
            ),
            (
                "attachedTemplate",
                r"file:///\\server\Templates\b.dotm",
                false,
            ),
            ("oleObject", r"file:///\\server\a\b.xlsx!Sheet1!R1C1", false),
            ("externalLinkPath", "https://a.example/b", false),
            ("frame", "http://a.example/b", false),
        ] {
            let content = relationship(sort, target);
            for name in ["settings.xml.rels", "document.xml.rels"] {
                let found = inspect(name.as_bytes(), content.as_bytes());
                assert_eq!(
                    rules(&found),
                    [("document_remote_template", blocks)],
                    "{sort} {target}"
                );
            }
        }
    }

    #[test]
    fn references_stand_for_letters_up_to_a_length() {
        let zeros = "0".repeat(REFERENCE_BYTES_MAX);
        for (value, text) in [
            ("a&amp;b&lt;&#x41;&#66;", "a&b<AB"),
            ("&", "&"),
            ("&;&bogus;", "&;&bogus;"),
            ("&#0000065;", "A"),
        ] {
            assert_eq!(unescaped(value), text);
        }
        let long = format!("&#{zeros}65;");
        assert_eq!(unescaped(&long), long);
    }

    #[test]
    fn the_template_of_rich_text_is_judged_like_any_other() {
        for (template, blocks) in [
            (r"http://a.example/b", Some(true)),
            (r"\\\\8.8.8.8\\a.dotm", Some(true)),
            (r"\\\\server\\a.dotm", Some(false)),
            (r"\u-65432?http://a.example", Some(false)),
            (r"C:\\uploads\\Normal.dotm", None),
        ] {
            let content = format!(r"{{\rtf1{{\*\template {template}}}x}}");
            let expected: Vec<_> = blocks
                .map(|blocks| ("document_remote_template", blocks))
                .into_iter()
                .collect();
            assert_eq!(
                rules(&inspect(b"a.doc", content.as_bytes())),
                expected,
                "{template}"
            );
        }
        let mut late = br"{\rtf1".to_vec();
        late.resize(TEMPLATE_BYTES_MAX, b' ');
        late.extend(br"{\*\template http://a.example/b}");
        assert_eq!(inspect(b"a.rtf", &late), []);
    }

    #[test]
    fn other_tags_and_comments_hide_nothing() {
        let real = relationship("attachedTemplate", "http://a.example/b");
        for before in [
            "<!-- <Relationship a=\" -->",
            "<Relationship ",
            "Relationship x",
            "<a b='",
        ] {
            let content = format!(
                "{before}{}",
                real.replace("<Relationship ", "<r:Relationship\n")
            );
            let found = inspect(b"a.rels", content.as_bytes());
            assert_eq!(
                rules(&found),
                [("document_remote_template", true)],
                "{before}"
            );
        }
    }

    #[test]
    fn what_an_honest_document_leads_to_says_nothing() {
        for (sort, target) in [
            ("hyperlink", "https://a.example/b.exe"),
            ("image", r"\\server\a.png"),
            ("attachedTemplate", "file:///C:/Users/a/Normal.dotm"),
            ("oleObject", "file:///C:\\a.xlsx"),
        ] {
            let content = relationship(sort, target);
            assert_eq!(
                inspect(b"a.rels", content.as_bytes()),
                [],
                "{sort} {target}"
            );
        }
        let inside =
            relationship("attachedTemplate", "http://a.example/b").replace("External", "Internal");
        assert_eq!(inspect(b"a.rels", inside.as_bytes()), []);
        assert_eq!(
            inspect(
                b"a.txt",
                relationship("frame", "http://a.example").as_bytes()
            ),
            []
        );
    }

    #[test]
    fn the_worst_of_several_is_told_wherever_it_stands() {
        let quiet = relationship("frame", "http://a.example/b");
        let loud = relationship("attachedTemplate", "http://a.example/b");
        for content in [format!("{quiet}{loud}"), format!("{loud}{quiet}")] {
            assert_eq!(
                rules(&inspect(b"a.rels", content.as_bytes())),
                [("document_remote_template", true)]
            );
        }
        let flat = format!("<?mso-application progid=\"Word.Document\"?><pkg:package>{loud}");
        assert_eq!(
            rules(&inspect(b"a.xml", flat.as_bytes())),
            [("document_remote_template", true)]
        );
        let late = format!("{}{flat}", " ".repeat(MARK_BYTES));
        assert_eq!(rules(&inspect(b"a.xml", late.as_bytes())), []);
    }

    #[test]
    fn addresses_that_start_a_program_block() {
        for target in [
            "ms-msdt:/id x",
            "MS-MSDT:/id",
            "search-ms:query=a&amp;crumb=location:\\\\s\\a",
        ] {
            let content = relationship("hyperlink", target);
            let found = inspect(b"document.xml.rels", content.as_bytes());
            assert_eq!(
                rules(&found),
                [("document_protocol_handler", true)],
                "{target}"
            );
        }
    }

    #[test]
    fn fields_that_ask_other_programs_are_noticed() {
        let run = |text: &str| {
            format!("<w:r><w:instrText xml:space=\"preserve\">{text}</w:instrText></w:r>")
        };
        let begin = "<w:fldChar w:fldCharType=\"begin\"/>";
        let long = "x".repeat(INSTRUCTION_BYTES_MAX);
        for (content, expected) in [
            (
                format!("{begin}{}", run(" DDEAUTO c:\\\\a.exe \"x\"")),
                true,
            ),
            (
                format!("{begin}{}{}{}", run(" D"), run("DE"), run(" c:\\\\a")),
                true,
            ),
            (format!("{begin}{}", run("&#68;DE a")), true),
            ("<w:fldSimple w:instr=\" dde a\">".to_owned(), true),
            (format!("{begin}{}", run(" PAGE ")), false),
            (format!("{begin}{}{begin}{}", run("D"), run("DX")), false),
            (format!("{begin}{}{}", run(&long), run(" DDE")), false),
            ("<w:t>DDEAUTO</w:t>".to_owned(), false),
        ] {
            let found = inspect(b"document.xml", content.as_bytes());
            let expected: Vec<_> = expected
                .then_some(("dde_field", false))
                .into_iter()
                .collect();
            assert_eq!(
                rules(&found),
                expected,
                "{}",
                &content[..content.len().min(200)]
            );
        }
        let link = "<externalLink><ddeLink ddeService=\"cmd\"/></externalLink>";
        assert_eq!(
            rules(&inspect(b"externalLink1.xml", link.as_bytes())),
            [("dde_field", false)]
        );
        assert_eq!(inspect(b"sheet1.xml", link.as_bytes()), []);
    }
}
