//! One content and all its members: what was established about each.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

use unpack::{Body, Budget, Format, Member};
use wire::name::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator, Reading};
use wire::{Finding, Gap, Outcome, Row, RowKind, Source, Tier};

use crate::content::{Bytes, Content};
use crate::digests::Digests;
use crate::emit;
use crate::engine::Matcher;
use crate::images;
use crate::lists::Lists;
use crate::members::{Members, Opened, Summary, outcome_of, worse};
use crate::second::{Asking, Second};
use crate::space::{placed, reading_of, runs_of, unreadable};

/// Examines contents one after the other and hands each row to `send`.
pub(crate) struct Examiner<'a, 'r> {
    pub(crate) matcher: Matcher<'r>,
    pub(crate) limits: &'a Limits,
    /// What is examined of the free space of disk images.
    pub(crate) spare: Spare,
    pub(crate) spool: Option<&'a File>,
    /// Where the next content of the medium is copied to, whatever is found in it.
    pub(crate) delivery: Option<&'a File>,
    /// Whether it was, as far as its reader gave all of it.
    pub(crate) delivered: bool,
    pub(crate) lists: &'a Lists,
    /// Another engine to ask about each content.
    pub(crate) second: Option<Second<'a>>,
    pub(crate) send: &'a mut dyn FnMut(Row),
    /// Bytes hashed so far, members included.
    pub(crate) hashed_bytes: u64,
}

/// What is known of a content beside its bytes.
pub(crate) struct Subject<'s> {
    pub(crate) volume: Option<u32>,
    pub(crate) path: MediumName,
    pub(crate) within: &'s [MediumName],
    pub(crate) kind: RowKind,
    pub(crate) size_bytes: u64,
    pub(crate) digests: Option<Digests>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) gap: Option<Gap>,
    /// Of raw space: its runs, offset and length, so that a match can be placed.
    pub(crate) runs: &'s [(u64, u64)],
}

impl Examiner<'_, '_> {
    /// Reads and judges `item`; sends its rows, members first. Answers with the bytes read, and
    /// whether those were all. `known_gap` is why it cannot be clean whatever its bytes hold.
    pub(crate) fn item(
        &mut self,
        item: &Item,
        reader: &mut dyn Read,
        known_gap: Option<Gap>,
    ) -> (u64, Reading) {
        let content = Content::read(reader, self.limits, self.spool, self.lists.wanted);
        self.hashed_bytes = self.hashed_bytes.saturating_add(content.read_bytes);
        let reading = reading_of(&content, item.kind, item.size_bytes);
        // Space that belongs to nobody and holds nothing needs no row.
        if reading == Reading::Zero && item.findings.is_empty() && item.kind != RowKind::Boot {
            return (content.read_bytes, reading);
        }
        let mut gap = content.gap.or(known_gap);
        let mut findings = item.findings.clone();
        findings.extend(unreadable(&content));
        if gap.is_none() && content.read_bytes != item.size_bytes {
            // A handed-over file has the size that the kernel gave a moment ago.
            let loose = item.locator == Locator::Loose;
            gap = Some(if loose { Gap::Changed } else { Gap::Damaged });
            let detail = format!(
                "{} bytes of {} could be read",
                content.read_bytes, item.size_bytes
            );
            findings.push(Finding::own(
                "size_differs",
                Source::Volume,
                Tier::Incomplete,
                detail,
            ));
        }
        findings.extend(deceptive(&item.path));
        if let Some(file) = self.delivery.take()
            && gap.is_none()
        {
            let copied = file.set_len(0);
            let copied = copied.and_then(|()| file.write_all_at(&content.bytes(), 0));
            self.delivered = copied.is_ok();
        }
        let subject = Subject {
            volume: item.volume,
            path: item.path.clone(),
            within: &[],
            kind: item.kind,
            size_bytes: content.read_bytes.max(item.size_bytes),
            digests: content.digests,
            findings,
            gap,
            runs: &runs_of(item),
        };
        let mut budget = Budget::new(self.limits, content.read_bytes);
        self.judge(subject, &content.bytes(), &mut budget);
        (content.read_bytes, reading)
    }

    /// Matches, opens and reports one content.
    pub(crate) fn judge(
        &mut self,
        subject: Subject<'_>,
        bytes: &Bytes<'_>,
        budget: &mut Budget,
    ) -> Summary {
        let Subject {
            volume,
            path,
            within,
            kind,
            size_bytes,
            digests,
            mut findings,
            gap,
            runs,
        } = subject;
        let listed = self.lists.look_up(digests.as_ref());
        findings.extend(listed.findings);
        let mut gap = gap.or(listed.gap);
        let sha256 = digests.map(|digests| digests.sha256);
        // The other engine works while this one does. It has to be done before members are asked
        // about, and before bytes that no engine has seen are parsed.
        let asking = self.ask(kind, bytes);
        let has_name = !matches!(kind, RowKind::Boot | RowKind::Unallocated | RowKind::Gap);
        match self.matcher.run(bytes, has_name.then_some(&path)) {
            Ok(found) => findings.extend(found.into_iter().map(|found| placed(found, runs))),
            Err(missed) => gap = gap.or(Some(missed)),
        }
        let (found, missed) = self.hear(asking);
        findings.extend(found);
        gap = gap.or(missed);
        let opened = match kind {
            RowKind::File | RowKind::Stream | RowKind::Deleted | RowKind::Member => {
                findings.extend(inspect::inspect(path.as_bytes(), bytes));
                if findings.iter().any(|one| one.rule == inspect::SPLIT_PART) {
                    gap = gap.or(Some(Gap::Unsupported));
                }
                let formats = unpack::recognise_file(bytes);
                self.open(volume, &path, within, bytes, formats, budget)
            }
            // Raw space has no form of its own, but a container in it must not hide behind that:
            // a file can be a disk image to one reader and an archive to another.
            RowKind::Boot | RowKind::Unallocated | RowKind::Gap => {
                let formats = unpack::recognise(bytes);
                if formats.is_empty() {
                    Opened::nothing()
                } else {
                    self.open(volume, &path, within, bytes, formats, budget)
                }
            }
        };
        findings.extend(opened.findings);
        gap = gap.or(opened.gap);
        let members = opened.members;

        findings.extend(hidden_gap(&findings, gap, members.outcome));
        let own = outcome_of(&findings, gap);
        let outcome = worse(own, members.outcome);
        findings.extend(members.findings);
        let row = Row {
            volume,
            path,
            within: within.to_vec(),
            kind,
            size_bytes,
            sha256,
            content_type: sha256.is_some().then(|| content_type(bytes)),
            outcome,
            inherited: own == Outcome::Clean && outcome != Outcome::Clean,
            findings: emit::bounded(findings),
        };
        let summary = Summary {
            outcome,
            findings: row.findings.clone(),
        };
        (self.send)(row);
        summary
    }

    /// Asks the second engine, if there is one.
    pub(crate) fn ask(&self, kind: RowKind, bytes: &Bytes<'_>) -> Asking {
        let second = self.second.as_ref();
        second.map_or(Asking::Not, |second| second.ask(kind, bytes))
    }

    /// What it answered.
    pub(crate) fn hear(&self, asking: Asking) -> (Option<Finding>, Option<Gap>) {
        let second = self.second.as_ref();
        second.map_or((None, None), |second| second.hear(asking))
    }

    /// Opens one content when it is a container or a disk image, and judges what is in it.
    fn open(
        &mut self,
        volume: Option<u32>,
        path: &MediumName,
        within: &[MediumName],
        bytes: &Bytes<'_>,
        formats: Vec<&'static Format>,
        budget: &mut Budget,
    ) -> Opened {
        let image = images::recognise(bytes);
        let foreign = if image.is_none() {
            unpack::unopenable(bytes)
        } else {
            None
        };
        if formats.is_empty() && image.is_none() && foreign.is_none() {
            return Opened::nothing();
        }
        let depth = u64::try_from(within.len()).unwrap_or(u64::MAX);
        if self.limits.container_depth_max <= depth {
            let detail = format!("{depth} containers around it");
            return Opened::unchecked(Gap::Limit, "container_depth_max", detail);
        }
        let mut around = within.to_vec();
        around.push(path.clone());
        let mut members = Members::none();
        let (mut findings, mut gap) = (Vec::new(), None);
        if !formats.is_empty() {
            let opened = unpack::open(&formats, bytes, budget, &mut |member, budget| {
                let name = member.name.clone();
                let summary = self.member(volume, &around, member, budget);
                members.add(&name, summary);
            });
            match opened {
                Ok(said) => findings = said,
                Err(problem) => {
                    gap = Some(problem.gap);
                    findings = problem.into_findings();
                }
            }
        }
        if let Some(name) = foreign {
            let detail = format!("a container of the kind {name} is not opened");
            let (source, tier) = (Source::Structure, Tier::Incomplete);
            findings.push(Finding::own("container_unsupported", source, tier, detail));
            gap = gap.or(Some(Gap::Unsupported));
        }
        if let Some(image) = image {
            let around = images::Around {
                volume,
                names: &around,
            };
            let (said, missed) = self.image(&around, bytes, image, &mut members, budget);
            findings.extend(said);
            gap = gap.or(missed);
        }
        Opened {
            members,
            findings,
            gap,
        }
    }

    fn member(
        &mut self,
        volume: Option<u32>,
        around: &[MediumName],
        member: Member<'_>,
        budget: &mut Budget,
    ) -> Summary {
        let Member {
            name,
            findings,
            body,
        } = member;
        let subject = |size_bytes, digests, findings, gap| Subject {
            volume,
            path: name.clone(),
            within: around,
            kind: RowKind::Member,
            size_bytes,
            digests,
            findings,
            gap,
            runs: &[],
        };
        match body {
            Body::Content(bytes) => self.known(subject, &bytes.into(), findings, None, budget),
            Body::Link(target) => {
                let bytes = Bytes::Lent(target.as_bytes());
                self.known(subject, &bytes, findings, None, budget)
            }
            Body::Special => self.known(subject, &Bytes::Lent(&[]), findings, None, budget),
            // A folder has no content of its own; what is wrong with its name is worth a row.
            Body::Folder if findings.is_empty() => Summary {
                outcome: Outcome::Clean,
                findings,
            },
            Body::Folder => self.known(subject, &Bytes::Lent(&[]), findings, None, budget),
            Body::Partial { content, gap, why } => {
                let mut findings = findings;
                findings.push(unchecked(why));
                self.known(subject, &content.into(), findings, Some(gap), budget)
            }
            Body::Unchecked {
                gap,
                size_bytes,
                why,
            } => {
                let mut findings = findings;
                findings.push(unchecked(why));
                let findings = emit::bounded(findings);
                let outcome = outcome_of(&findings, Some(gap));
                let Subject { path, .. } = subject(size_bytes, None, Vec::new(), None);
                (self.send)(Row {
                    volume,
                    path,
                    within: around.to_vec(),
                    kind: RowKind::Member,
                    size_bytes,
                    sha256: None,
                    content_type: None,
                    outcome,
                    inherited: false,
                    findings: findings.clone(),
                });
                Summary { outcome, findings }
            }
        }
    }

    /// A member whose whole content is at hand.
    fn known<'s>(
        &mut self,
        subject: impl Fn(u64, Option<Digests>, Vec<Finding>, Option<Gap>) -> Subject<'s>,
        bytes: &Bytes<'_>,
        findings: Vec<Finding>,
        gap: Option<Gap>,
        budget: &mut Budget,
    ) -> Summary {
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.hashed_bytes = self.hashed_bytes.saturating_add(size_bytes);
        // A digest is of the whole content or it is not given.
        let digests = gap.is_none().then(|| self.digests(bytes));
        self.judge(subject(size_bytes, digests, findings, gap), bytes, budget)
    }

    /// The digests of a content that is at hand.
    pub(crate) fn digests(&self, bytes: &[u8]) -> Digests {
        Digests::of(bytes, self.lists.wanted)
    }
}

/// What is to be said of a name that shows something else than it is.
pub(crate) fn deceptive(name: &MediumName) -> Option<Finding> {
    let detail = "the name holds characters that hide or reorder it";
    let (source, tier) = (Source::Structure, Tier::Notice);
    let is_deceptive = name.is_deceptive();
    is_deceptive.then(|| Finding::own("deceptive_name", source, tier, detail))
}

/// What blocks takes the place of a gap in the outcome. The gap is said all the same, because
/// what was found may be waived, and what was not examined may not.
fn hidden_gap(findings: &[Finding], gap: Option<Gap>, members: Outcome) -> Option<Finding> {
    let has = |tier| findings.iter().any(|finding| finding.tier == tier);
    let is_matched = has(Tier::Block) || members == Outcome::Matched;
    let hidden = gap.filter(|_| is_matched && !has(Tier::Incomplete))?;
    let why = format!("not all of it was examined: {hidden:?}").to_lowercase();
    let (source, tier) = (Source::Structure, Tier::Incomplete);
    Some(Finding::own("examined_in_part", source, tier, why))
}

fn unchecked(why: &str) -> Finding {
    Finding::own("member_unchecked", Source::Structure, Tier::Incomplete, why)
}

/// The media type by the content's first bytes.
fn content_type(bytes: &[u8]) -> String {
    file_format::FileFormat::from_bytes(bytes)
        .media_type()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_examined_is_said_beside_a_match_too() {
        let block = Finding::own("a_rule", Source::Yara, Tier::Block, "");
        let said = |findings: &[Finding], gap, members| {
            hidden_gap(findings, gap, members).map(|finding| (finding.rule, finding.tier))
        };
        let hidden = Some(("examined_in_part".to_owned(), Tier::Incomplete));
        let (timeout, clean) = (Some(Gap::Timeout), Outcome::Clean);
        let found = std::slice::from_ref(&block);
        assert_eq!(said(found, timeout, clean), hidden);
        assert_eq!(said(&[], timeout, Outcome::Matched), hidden);
        assert_eq!(said(&[], timeout, clean), None, "the outcome says it");
        assert_eq!(said(found, None, clean), None, "nothing is missing");
        let limit = Finding::own("container_limit", Source::Structure, Tier::Incomplete, "");
        assert_eq!(
            said(&[block, limit], timeout, clean),
            None,
            "it is said already"
        );
    }
}
