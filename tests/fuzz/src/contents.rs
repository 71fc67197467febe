//! Opening a content with all that is in it, as the scanner does, and holding what comes out
//! against what must be true of every content. What is not true is a panic.

mod damage;

mod judge;

use std::time::Duration;

use unpack::{Body, Budget, Format, Member, open, recognise_file, unopenable};
use wire::scan::Limits;
use wire::{Finding, Tier};

use crate::campaign::cpu_ms;
use crate::medium::wide;

pub use judge::Contents;

/// The rooms of `unpack` as targets, and which formats each begins with; none is all of them.
pub const ROOMS: [(&str, &[&str]); 9] = [
    (
        "stream",
        &[
            "gzip", "lzma", "bzip2", "xz", "zstd", "lz4", "snappy", "lzop", "compress", "pack",
            "szdd", "kwaj", "lzip",
        ],
    ),
    ("zip", &["zip", "tar", "ar", "cpio", "rpm"]),
    ("packed", &["7z", "rar"]),
    ("cabinet", &["cab", "lzh", "arj"]),
    (
        "mail",
        &[
            "tnef",
            "binhex",
            "macbinary",
            "applesingle",
            "mbox",
            "mail",
            "mail inside",
        ],
    ),
    (
        "document",
        &[
            "compound file",
            "onenote",
            "activemime",
            "rtf",
            "pdf",
            "pkcs7",
        ],
    ),
    ("program", &["pe", "elf", "mach-o"]),
    (
        "text",
        &["encoded text", "wide text", "mbox", "mail", "mail inside"],
    ),
    ("content", &[]),
];

/// Where the kernel says what this process used.
const OWN_STAT: &str = "/proc/self/stat";

/// Most of everything that one input may have. Small, so that they are crossed.
pub const LIMITS: Limits = Limits {
    files_max: 1000,
    folder_depth_max: 128,
    memory_bytes_max: 1 << 20,
    content_bytes_max: 1 << 20,
    container_depth_max: 4,
    members_max: 500,
    unpacked_bytes_max: 4 << 20,
    unpacked_ratio_max: 200,
    match_seconds_max: 1,
    file_seconds_max: 1,
    walk_seconds_max: 1,
    scan_seconds_max: 1,
    worker_memory_bytes_max: 256 << 20,
};

/// Longest time of the processor that one input may take, in a program without optimisation for it.
pub const TIME_MAX: Duration = Duration::from_secs(5);

/// What came out of a content, over all levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Members with content.
    pub members: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Whether anything was said that keeps the content from being clean.
    pub is_told: bool,
    /// What was said.
    pub said: Vec<String>,
}

/// Opens `content` and everything in it.
#[must_use]
pub fn reach(content: &[u8], limits: &Limits) -> Reached {
    let formats = recognise_file(content);
    walked(content, &formats, limits)
}

fn walked(content: &[u8], formats: &[&'static Format], limits: &Limits) -> Reached {
    let mut budget = Budget::new(limits, wide(content.len()));
    let mut reached = Reached::default();
    level(
        content,
        formats,
        limits,
        limits.container_depth_max,
        &mut budget,
        &mut reached,
    );
    // What lies in its container as it is is counted, too, so that both hold for all levels.
    assert!(
        reached.members <= limits.members_max,
        "invariant: members {reached:?}"
    );
    assert!(
        reached.bytes <= limits.unpacked_bytes_max,
        "invariant: bytes {reached:?}"
    );
    reached
}

fn level(
    content: &[u8],
    formats: &[&'static Format],
    limits: &Limits,
    depth: u64,
    budget: &mut Budget,
    reached: &mut Reached,
) {
    if unopenable(content).is_some() {
        reached.tell("not opened");
    }
    if formats.is_empty() {
        return;
    }
    let Some(below) = depth.checked_sub(1) else {
        reached.tell("depth");
        return;
    };
    let whole = wide(content.len()).max(limits.memory_bytes_max);
    let result = open(formats, content, budget, &mut |member, budget| {
        held_against_limits(&member, whole);
        for finding in &member.findings {
            reached.hear(finding);
        }
        match &member.body {
            Body::Content(content) => {
                reached.count(content);
                level(
                    content,
                    &recognise_file(content),
                    limits,
                    below,
                    budget,
                    reached,
                );
            }
            Body::Partial { content, why, .. } => {
                reached.tell(why);
                reached.count(content);
                level(
                    content,
                    &recognise_file(content),
                    limits,
                    below,
                    budget,
                    reached,
                );
            }
            Body::Unchecked { why, .. } => reached.tell(why),
            Body::Link(target) => reached.count(target.as_bytes()),
            Body::Folder | Body::Special => {}
        }
    });
    match result {
        Ok(findings) => findings.iter().for_each(|finding| reached.hear(finding)),
        Err(problem) => {
            assert!(!problem.why.is_empty(), "invariant: a reason");
            reached.tell(problem.why);
            problem
                .findings
                .iter()
                .for_each(|finding| reached.hear(finding));
        }
    }
    if budget.spent().is_some() {
        assert!(reached.is_told, "invariant: a spent budget is told");
    }
}

/// A member is no larger than may be held, or a part of what is there already.
fn held_against_limits(member: &Member<'_>, whole: u64) {
    let content = match &member.body {
        Body::Content(content) | Body::Partial { content, .. } => content,
        Body::Unchecked { why, .. } => {
            assert!(!why.is_empty(), "invariant: a reason");
            return;
        }
        Body::Link(_) | Body::Folder | Body::Special => return,
    };
    let bytes = wide(content.len());
    assert!(bytes <= whole, "invariant: a member of {bytes} bytes");
}

impl Reached {
    fn count(&mut self, content: &[u8]) {
        self.members = self.members.saturating_add(1);
        self.bytes = self.bytes.saturating_add(wide(content.len()));
    }

    fn tell(&mut self, why: &str) {
        self.is_told = true;
        self.said.push(why.to_owned());
    }

    fn hear(&mut self, finding: &Finding) {
        self.is_told |= finding.tier != Tier::Notice;
        self.said.push(finding.rule.clone());
    }
}

/// Runs the target with this name; `false` when there is none.
pub fn run(name: &str, input: &[u8]) -> bool {
    let begun = cpu_ms(OWN_STAT).unwrap_or(0);
    if name == "inspect" {
        // The name and the content, with a line's end between them.
        let mut parts = input.splitn(2, |byte| *byte == b'\n');
        let (path, content) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
        for finding in inspect::inspect(path, content) {
            assert!(!finding.rule.is_empty(), "invariant: a rule");
        }
    } else {
        let Some((_, wanted)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            return false;
        };
        let formats: Vec<_> = recognise_file(input)
            .into_iter()
            .filter(|format| wanted.is_empty() || wanted.contains(&format.name()))
            .collect();
        let _ = walked(input, &formats, &LIMITS);
    }
    let took = cpu_ms(OWN_STAT).unwrap_or(0).saturating_sub(begun);
    assert!(
        u128::from(took) < TIME_MAX.as_millis(),
        "invariant: {took} ms for one input"
    );
    true
}
