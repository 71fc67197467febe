//! The way through one container: what every format needs while it hands out members.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wire::{Finding, Gap, MediumName, Tier};

use crate::budget::Budget;
use crate::bytes::{finding, length, rest};
use crate::document::pdf;
use crate::format::Format;
use crate::member::{Body, Member, Problem};
use crate::names::Names;
use crate::stream::sink::Cut;

/// Why a walk ends before the end of its container: always a limit of the whole file.
/// Everything else is noted and the walk goes on.
#[derive(Debug)]
pub(crate) struct Halt(&'static str);

/// The name of what belongs to no member.
const OUTSIDE: &[u8] = b"(data outside every member)";

/// One walk.
pub(crate) struct Walk<'w> {
    content: &'w [u8],
    pub(crate) budget: &'w mut Budget,
    visit: &'w mut dyn FnMut(Member<'_>, &mut Budget),
    pub(crate) names: Names,
    /// Whether one of the formats is a document that is searched in all of the content.
    pub(crate) is_searched: bool,
    seen: BTreeMap<&'static str, Seen>,
    /// Whether the format that is open is an archive.
    pub(crate) is_archive: bool,
    /// Whether what is open lies in something that is searched for archives: the search goes on
    /// behind it.
    is_within: bool,
    /// The first thing that keeps the container from being whole.
    gap: Option<Cut>,
}

/// One kind of finding about the container: however often it occurs, it is told once.
struct Seen {
    tier: Tier,
    detail: &'static str,
    times: u64,
}

impl<'w> Walk<'w> {
    pub(crate) fn new(
        content: &'w [u8],
        budget: &'w mut Budget,
        visit: &'w mut dyn FnMut(Member<'_>, &mut Budget),
    ) -> Self {
        Self {
            content,
            budget,
            visit,
            names: Names::default(),
            is_searched: false,
            seen: BTreeMap::new(),
            is_archive: false,
            is_within: false,
            gap: None,
        }
    }

    /// Asks for one more member, before anything is spent on it.
    pub(crate) fn admit(&mut self) -> Result<(), Halt> {
        self.budget.take_member().map_err(Halt)
    }

    /// Asks to read `bytes` that may have been read before, where no output pays for it.
    pub(crate) fn take_input(&mut self, bytes: usize) -> Result<(), Halt> {
        self.budget.take_input(bytes).map_err(Halt)
    }

    /// Hands out a member.
    pub(crate) fn hand_out(
        &mut self,
        name: MediumName,
        findings: Vec<Finding>,
        body: Body<'_>,
    ) -> Result<(), Halt> {
        let held_bytes = match &body {
            Body::Content(Cow::Owned(content))
            | Body::Partial {
                content: Cow::Owned(content),
                ..
            } => content.len(),
            Body::Content(Cow::Borrowed(_))
            | Body::Partial {
                content: Cow::Borrowed(_),
                ..
            }
            | Body::Unchecked { .. }
            | Body::Link(_)
            | Body::Folder
            | Body::Special => 0,
        };
        self.budget.hold(held_bytes);
        (self.visit)(
            Member {
                name,
                findings,
                body,
            },
            self.budget,
        );
        self.budget.release(held_bytes);
        self.budget.spent().map_or(Ok(()), |why| Err(Halt(why)))
    }

    /// Content that lies in the container as it is.
    pub(crate) fn stored<'a>(&mut self, content: &'a [u8]) -> Body<'a> {
        match self.budget.take_output(content.len()) {
            Ok(()) => Body::Content(Cow::Borrowed(content)),
            Err(why) => Body::Unchecked {
                gap: Gap::Limit,
                size_bytes: length(content.len()),
                why,
            },
        }
    }

    /// Something that is worth knowing and hides nothing.
    pub(crate) fn notice(&mut self, rule: &'static str, detail: &'static str) {
        self.tell(rule, Tier::Notice, detail);
    }

    /// Something by which two readers would see two different things.
    pub(crate) fn contradiction(&mut self, rule: &'static str, detail: &'static str) {
        self.tell(rule, Tier::Incomplete, detail);
    }

    /// Something that no honest file does.
    pub(crate) fn block(&mut self, rule: &'static str, detail: &'static str) {
        self.tell(rule, Tier::Block, detail);
    }

    /// The container has more of something than is looked at, or larger lists than memory allows.
    pub(crate) fn limit(&mut self, why: &'static str) {
        self.gap.get_or_insert((Gap::Limit, why));
    }

    /// The container is broken here; the walk goes on as far as it can.
    pub(crate) fn damaged(&mut self, why: &'static str) {
        self.gap.get_or_insert((Gap::Damaged, why));
    }

    /// The container is of a kind that is only partly opened.
    pub(crate) fn unsupported(&mut self, why: &'static str) {
        self.gap.get_or_insert((Gap::Unsupported, why));
    }

    /// A part of the container itself is cut for this reason.
    pub(crate) fn fault(&mut self, cut: Option<Cut>) {
        if let Some(cut) = cut {
            self.gap.get_or_insert(cut);
        }
    }

    /// The container's own list of members is encrypted.
    pub(crate) fn encrypted(&mut self, why: &'static str) {
        self.gap.get_or_insert((Gap::Encrypted, why));
    }

    /// Bytes that belong to no member. They are matched with the container's own bytes, so
    /// they are handed out only when there is a container in them.
    pub(crate) fn stray(&mut self, data: &[u8], detail: &'static str) -> Result<(), Halt> {
        if data.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        self.notice("container_extra_data", detail);
        self.field(data)
    }

    /// Hands out unpacked bytes that belong to no member. Nobody else matches them: in the container
    /// they are compressed.
    pub(crate) fn unowned(
        &mut self,
        data: Cow<'_, [u8]>,
        detail: &'static str,
    ) -> Result<(), Halt> {
        if data.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        self.notice("container_extra_data", detail);
        self.admit()?;
        let (name, _) = MediumName::cut(OUTSIDE);
        self.hand_out(name, Vec::new(), Body::Content(data))
    }

    /// What of `content` none of these parts reaches, as [`Walk::stray`] does.
    pub(crate) fn strays(
        &mut self,
        content: &[u8],
        covered: Vec<(usize, usize)>,
        detail: &'static str,
    ) -> Result<(), Halt> {
        gaps(content, covered).try_for_each(|gap| self.stray(gap, detail))
    }

    /// Searches all of `content` that no part in `covered` reaches: what was handed out and what the
    /// format has at fixed places. What the container says is its own, `own`, is told as nothing
    /// strange, and searched all the same: how long it is, anybody may write.
    pub(crate) fn uncovered(
        &mut self,
        content: &[u8],
        covered: &[(usize, usize)],
        own: &[(usize, usize)],
        detail: &'static str,
    ) -> Result<(), Halt> {
        let is_told =
            gaps(content, [covered, own].concat()).any(|gap| gap.iter().any(|byte| *byte != 0));
        if is_told {
            self.notice("container_extra_data", detail);
        }
        for gap in gaps(content, covered.to_vec()) {
            if gap.iter().any(|byte| *byte != 0) {
                self.field(gap)?;
            }
        }
        Ok(())
    }

    /// A field that may hold anything and that no reader of the format looks at.
    pub(crate) fn field(&mut self, data: &[u8]) -> Result<(), Halt> {
        // A part as long as the whole would be found again in itself.
        if data.is_empty() || self.is_within || self.content.len() <= data.len() {
            return Ok(());
        }
        self.take_input(data.len())?;
        // What the whole begins as is opened as the whole: its head alone is cut off. Nor is a
        // torn piece of a document that was searched in the whole one of its own.
        let is_head = std::ptr::eq(data.as_ptr(), self.content.as_ptr());
        let is_fresh = |one: &&Format| {
            let is_whole = is_head && (one.begins)(self.content);
            !(is_whole || self.is_searched && one.name == pdf::NAME)
        };
        // What documents leave between their parts is old and torn.
        let formats = if self.is_archive {
            crate::recognise_file(data)
        } else {
            crate::recognise(data)
        };
        let nested = formats.iter().any(is_fresh) || crate::unopenable(data).is_some();
        if !nested {
            return Ok(());
        }
        self.admit()?;
        let (name, _) = MediumName::cut(OUTSIDE);
        let body = self.stored(data);
        self.hand_out(name, Vec::new(), body)
    }

    /// Opens an archive that begins somewhere in the content.
    pub(crate) fn within(
        &mut self,
        open: impl FnOnce(&mut Self) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        self.names = Names::default();
        self.is_within = true;
        let result = open(self);
        self.is_within = false;
        result
    }

    /// Opens the content in a second way in which its parts lie in pieces. What comes out whole is
    /// handed out; what is wrong with the rest is left to the first way, which has it whole.
    pub(crate) fn beside(
        &mut self,
        open: impl FnOnce(&mut Walk<'_>) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        let visit = &mut *self.visit;
        let mut whole = |member: Member<'_>, budget: &mut Budget| {
            if !matches!(
                member.body,
                Body::Partial {
                    gap: Gap::Damaged,
                    ..
                } | Body::Unchecked {
                    gap: Gap::Damaged | Gap::Encrypted,
                    ..
                }
            ) {
                visit(member, budget);
            }
        };
        let mut walk = Walk::new(self.content, self.budget, &mut whole);
        open(&mut walk)
    }

    /// Puts the walk's findings and its end together.
    pub(crate) fn finish(self, result: Result<(), Halt>) -> Result<Vec<Finding>, Problem> {
        let findings: Vec<Finding> = self
            .seen
            .into_iter()
            .map(|(rule, seen)| {
                let detail = match seen.times {
                    1 => seen.detail.to_owned(),
                    times => format!("{} ({times} times)", seen.detail),
                };
                finding(rule, seen.tier, detail)
            })
            .collect();
        let gap = match result {
            Err(Halt(why)) => Some((Gap::Limit, why)),
            Ok(()) => self.gap,
        };
        match gap {
            Some((gap, why)) => Err(Problem { gap, why, findings }),
            None => Ok(findings),
        }
    }

    fn tell(&mut self, rule: &'static str, tier: Tier, detail: &'static str) {
        let seen = self.seen.entry(rule).or_insert(Seen {
            tier,
            detail,
            times: 0,
        });
        seen.times = seen.times.saturating_add(1);
    }
}

/// What none of these parts reaches.
fn gaps(content: &[u8], mut parts: Vec<(usize, usize)>) -> impl Iterator<Item = &[u8]> {
    parts.sort_unstable();
    parts.push((content.len(), content.len()));
    let mut at: usize = 0;
    let gaps = parts.into_iter().map(move |(begin, end)| {
        let gap = rest(content, at, begin.saturating_sub(at));
        at = at.max(end);
        gap
    });
    gaps.filter(|gap| !gap.is_empty())
}
