//! One verdict on one sheet of paper.

mod sheet;

use record::Ledger;
use record::entry::Content;
use wire::custody::VisitName;
use wire::ledger::{Event, Judged};
use wire::{Claim, Digest, Gap, Outcome, Reason, Row, Tier, Verdict};

use crate::bounded::count;
use crate::error::ReportError;
use crate::gather::found::trail;
use crate::gather::verdicts::standing;
use crate::read::{known, walk};

pub use sheet::render;

/// Most findings that the sheet names: it is one sheet.
pub const SHEET_NAMED_MAX: usize = 6;

/// What a certificate says, in no language yet.
#[derive(Debug)]
pub struct Certificate {
    judged: Box<Judged>,
    /// The verdict's entry.
    entry: u64,
    leaf_sha256: Digest,
    recorded_utc: String,
    host: String,
    origin: Origin,
    claim: Option<Box<Claim>>,
    visit: Option<VisitName>,
    inserted_utc: Option<String>,
    removed_utc: Option<String>,
    /// The answer that took the place of a PASS, and its entry.
    withdrawn: Option<(u64, Verdict, Vec<Reason>)>,
    /// Not every entry after the verdict can be read, and one of them may withdraw it.
    is_later_unreadable: bool,
    rows: Rows,
}

/// Where a verdict was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// At the checkpoint, about what was inserted there.
    Checkpoint,
    /// By `kioskctl scan`: nothing was inserted, and nothing is let in.
    ByHand,
    /// The entry of the insertion cannot be read.
    Unknown,
}

/// One thing that the sheet names.
#[derive(Debug)]
enum Named {
    Found { rule: String, place: String },
    Missed { gap: Gap, place: String },
}

/// What the rows of the verdict say together.
#[derive(Debug, Default)]
struct Rows {
    clean: u64,
    matched: u64,
    unchecked: u64,
    findings: u64,
    waived: u64,
    /// The first findings that are more than a notice, and the first gaps.
    named: Vec<Named>,
    unnamed: u64,
    unreadable: bool,
}

impl Certificate {
    /// The verdict at this entry, or that of the insertion at this entry, from the ledger's first
    /// `last` entries.
    ///
    /// # Errors
    /// [`ReportError::NoVerdict`]; or the ledger cannot be read.
    pub fn read(ledger: &Ledger, number: u64, last: u64) -> Result<Self, ReportError> {
        let content = ledger.entry(number)?.content()?;
        let (content, judged) = if let Event::Judged(judged) = &content.event {
            let judged = judged.clone();
            (content, judged)
        } else if let Event::Inserted { .. } = content.event {
            verdict_of(ledger, number, last)?
        } else {
            return Err(ReportError::NoVerdict(number));
        };
        let said = content.rows;
        let mut certificate = Self {
            entry: content.number,
            leaf_sha256: ledger.entry(content.number)?.leaf_sha256,
            recorded_utc: content.recorded_utc,
            host: content.host,
            origin: Origin::Unknown,
            claim: None,
            visit: None,
            inserted_utc: None,
            removed_utc: None,
            withdrawn: None,
            is_later_unreadable: last < content.number,
            rows: Rows::default(),
            judged,
        };
        certificate.insertion(ledger);
        certificate.after(ledger, last)?;
        certificate.rows(ledger);
        let rows = &mut certificate.rows;
        let counted = rows.clean.saturating_add(rows.matched);
        let counted = counted.saturating_add(rows.unchecked);
        rows.unreadable |= said.unwrap_or(0) != counted;
        Ok(certificate)
    }

    /// The answer that stands: after a withdrawal it is never PASS.
    pub fn verdict(&self) -> Verdict {
        let withdrawn = self.withdrawn.as_ref();
        withdrawn.map_or(self.judged.verdict, |(_, verdict, _)| standing(*verdict))
    }

    /// Whether everything that the sheet is made of could be read: the insertion, the rows of the
    /// verdict, and what came after it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.rows.unreadable && !self.is_later_unreadable && self.origin != Origin::Unknown
    }

    /// The verdict's entry.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.entry
    }

    fn insertion(&mut self, ledger: &Ledger) {
        let Some(content) = known(ledger.entry(self.judged.insertion)) else {
            return;
        };
        if let Event::Inserted {
            claim, occasion, ..
        } = content.event
        {
            self.origin = if claim.is_some() {
                Origin::Checkpoint
            } else {
                Origin::ByHand
            };
            self.claim = claim;
            self.visit = occasion.and_then(|one| one.visit);
            self.inserted_utc = Some(content.recorded_utc);
        }
    }

    /// What became of it later.
    fn after(&mut self, ledger: &Ledger, last: u64) -> Result<(), ReportError> {
        for (number, read) in walk(ledger, self.entry.saturating_add(1), last)? {
            let Some(content) = known(read) else {
                self.is_later_unreadable = true;
                continue;
            };
            let at = self.judged.insertion;
            if let Event::Withdrawn {
                insertion,
                verdict,
                reasons,
            } = content.event
            {
                if insertion == at {
                    self.withdrawn = Some((number, verdict, reasons));
                }
            } else if let Event::Removed { insertion } = content.event
                && insertion == at
            {
                self.removed_utc = Some(content.recorded_utc);
            }
        }
        Ok(())
    }

    fn rows(&mut self, ledger: &Ledger) {
        for row in ledger.rows(self.entry) {
            let Ok(row) = row else {
                self.rows.unreadable = true;
                return;
            };
            let rows = &mut self.rows;
            let mut named = Vec::new();
            match row.outcome {
                Outcome::Clean => count(&mut rows.clean),
                Outcome::Matched => count(&mut rows.matched),
                Outcome::Unchecked(gap) => {
                    count(&mut rows.unchecked);
                    if !row.inherited {
                        let place = place(&row);
                        named.push(Named::Missed { gap, place });
                    }
                }
            }
            for finding in row.findings.iter().filter(|one| one.member_of.is_none()) {
                count(&mut rows.findings);
                if finding.waiver.is_some() {
                    count(&mut rows.waived);
                }
                if finding.tier == Tier::Block {
                    let rule = finding.rule.clone();
                    let place = place(&row);
                    named.push(Named::Found { rule, place });
                }
            }
            for one in named {
                if rows.named.len() < SHEET_NAMED_MAX {
                    rows.named.push(one);
                } else {
                    count(&mut rows.unnamed);
                }
            }
        }
    }
}

/// Longest place on the sheet, in bytes: two lines of it.
const PLACE_BYTES: usize = 180;

fn place(row: &Row) -> String {
    wire::name::line_within(&trail(row), PLACE_BYTES)
}

fn verdict_of(
    ledger: &Ledger,
    inserted: u64,
    last: u64,
) -> Result<(Content, Box<Judged>), ReportError> {
    for (_, read) in walk(ledger, inserted.saturating_add(1), last)? {
        let Some(content) = known(read) else { continue };
        if let Event::Judged(judged) = &content.event
            && judged.insertion == inserted
        {
            let judged = judged.clone();
            return Ok((content, judged));
        }
    }
    Err(ReportError::NoVerdict(inserted))
}
