//! What the tests share: opening everything, and building archives with the usual tools.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use std::path::Path;
use std::process::Command;

use wire::scan::Limits;
use wire::{Gap, Tier};

use crate::{Body, Budget, Format, Member, open, recognise, recognise_file, unopenable};

/// One member as it was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) what: What,
    pub(crate) rules: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Content,
    Partial(Gap),
    Unchecked(Gap),
    Link,
    Folder,
    Special,
}

/// All that is known about one container after it was opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) members: Vec<Seen>,
    pub(crate) rules: Vec<String>,
    pub(crate) gap: Option<Gap>,
    /// Whether any finding about the container forbids PASS.
    pub(crate) is_withheld: bool,
    pub(crate) spent: bool,
}

impl Opened {
    pub(crate) fn contents(&self, name: &str) -> Vec<&[u8]> {
        let named = self.members.iter().filter(|member| member.name == name);
        named.map(|member| member.content.as_slice()).collect()
    }

    pub(crate) fn has_rule(&self, rule: &str) -> bool {
        self.rules.iter().any(|own| own == rule)
    }

    /// Whether something says that not everything is as it should be.
    pub(crate) fn is_suspect(&self) -> bool {
        self.gap.is_some()
            || self.is_withheld
            || self.members.iter().any(|member| {
                matches!(member.what, What::Partial(_) | What::Unchecked(_))
                    || !member.rules.is_empty()
            })
    }
}

pub(crate) fn seen(member: &Member<'_>) -> Seen {
    let (content, what) = match &member.body {
        Body::Content(content) => (content.to_vec(), What::Content),
        Body::Partial { content, gap, .. } => (content.to_vec(), What::Partial(*gap)),
        Body::Unchecked { gap, .. } => (Vec::new(), What::Unchecked(*gap)),
        Body::Link(target) => (target.as_bytes().to_vec(), What::Link),
        Body::Folder => (Vec::new(), What::Folder),
        Body::Special => (Vec::new(), What::Special),
    };
    let rules = member
        .findings
        .iter()
        .map(|finding| finding.rule.clone())
        .collect();
    Seen {
        name: member.name.escaped().to_string(),
        content,
        what,
        rules,
    }
}

/// The names of the containers that a content is.
pub(crate) fn kinds(content: &[u8]) -> Vec<&'static str> {
    recognise(content).into_iter().map(Format::name).collect()
}

/// The same of a file that may be no container at all.
pub(crate) fn opened_file(content: &[u8]) -> Option<Opened> {
    let found = (!recognise_file(content).is_empty()).then(|| opened(content));
    found.filter(|opened| opened.gap.is_some() || !opened.members.is_empty())
}

/// Opens one level with the usual limits.
pub(crate) fn opened(content: &[u8]) -> Opened {
    opened_within(content, &Limits::default())
}

pub(crate) fn opened_within(content: &[u8], limits: &Limits) -> Opened {
    let formats = recognise_file(content);
    assert!(!formats.is_empty(), "a container");
    let mut budget = Budget::new(limits, u64::try_from(content.len()).unwrap());
    let mut members = Vec::new();
    let result = open(&formats, content, &mut budget, &mut |member, _| {
        members.push(seen(&member))
    });
    let (gap, findings) = match result {
        Ok(findings) => (None, findings),
        Err(problem) => (Some(problem.gap), problem.into_findings()),
    };
    Opened {
        members,
        is_withheld: findings.iter().any(|finding| finding.tier != Tier::Notice),
        rules: findings.into_iter().map(|finding| finding.rule).collect(),
        gap,
        spent: budget.spent().is_some(),
    }
}

/// Everything that can be reached in `content`, over all levels, itself included; the
/// number is how many bytes were handed out.
pub(crate) fn reach(
    content: &[u8],
    depth: usize,
    budget: &mut Budget,
    visit: &mut dyn FnMut(&[u8]),
) -> bool {
    visit(content);
    let formats = recognise_file(content);
    if formats.is_empty() {
        return unopenable(content).is_none();
    }
    if depth == 0 {
        return false;
    }
    let mut is_whole = true;
    let result = open(
        &formats,
        content,
        budget,
        &mut |member, budget| match &member.body {
            Body::Content(content) => is_whole &= reach(content, depth - 1, budget, visit),
            Body::Partial { content, .. } => {
                let _ = reach(content, depth - 1, budget, visit);
                is_whole = false;
            }
            Body::Unchecked { .. } => is_whole = false,
            Body::Link(target) => visit(target.as_bytes()),
            Body::Folder | Body::Special => {}
        },
    );
    match result {
        Ok(findings) => is_whole && findings.iter().all(|finding| finding.tier == Tier::Notice),
        Err(_) => false,
    }
}

/// Whether one of the contents that can be reached in `content` is `wanted`.
pub(crate) fn reaches(content: &[u8], wanted: &[u8]) -> bool {
    let mut budget = Budget::new(&Limits::default(), u64::try_from(content.len()).unwrap());
    let mut is_found = false;
    let _ = reach(content, 4, &mut budget, &mut |one| {
        is_found |= one == wanted;
    });
    is_found
}

/// Archives of which each holds the content `behind`, to be hidden behind something.
pub(crate) fn to_hide() -> [Vec<u8>; 2] {
    let zip =
        "import zipfile\nz = zipfile.ZipFile('out', 'w')\nz.writestr('a', b'behind')\nz.close()";
    [gzipped(b"behind"), made(zip)]
}

/// Runs a Python program in `folder`; it is the tests' maker of archives.
pub(crate) fn python(folder: &Path, program: &str) {
    run(Command::new("python3").arg("-c").arg(program), folder);
}

/// Runs a command line in `folder`.
pub(crate) fn shell(folder: &Path, line: &str) {
    run(Command::new("sh").arg("-c").arg(line), folder);
}

fn run(command: &mut Command, folder: &Path) {
    let output = command
        .current_dir(folder)
        .output()
        .expect("the tool is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The archive that a Python program leaves as `out`.
pub(crate) fn made(program: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), program);
    std::fs::read(folder.path().join("out")).unwrap()
}

/// The archive that a shell line leaves as `out`.
pub(crate) fn made_by_shell(line: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    shell(folder.path(), line);
    std::fs::read(folder.path().join("out")).unwrap()
}

/// What a tool that reads `content` writes.
pub(crate) fn piped(content: &[u8], line: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in"), content).unwrap();
    shell(folder.path(), &format!("{line} < in > out"));
    std::fs::read(folder.path().join("out")).unwrap()
}

/// What a gzip stream of `content` looks like.
pub(crate) fn gzipped(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
