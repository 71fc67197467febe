//! `kioskctl log review`: somebody looks the ledger through and signs for it. The signature is an
//! entry itself, and the screen says when the next one is overdue.

mod since;

use std::path::Path;

use broker::Paths;
use record::reader::Filter;
use record::{Ledger, LedgerError};
use serde_json::json;
use wire::audit::{REMARK_BYTES_MAX, Reviewed};
use wire::ledger::{EntryId, Event};
use wire::waiver::is_said;

use super::{person, text};
use crate::CommandError;
use crate::ledger as writer;
use crate::print;
use crate::who::{self, Signer};
use since::Since;

/// Options of `kioskctl log review`.
#[derive(clap::Args)]
pub(super) struct Review {
    /// Up to this entry [default: the last one]
    #[arg(long, value_name = "N")]
    through: Option<u64>,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    remark: Option<String>,
    #[command(flatten)]
    signer: Signer,
    /// Say what there is to look at, and sign nothing
    #[arg(long, conflicts_with = "list")]
    dry_run: bool,
    /// List past reviews instead
    #[arg(long, conflicts_with_all = ["through", "remark", "account"])]
    list: bool,
    /// One JSON object, or one a line for a list
    #[arg(long)]
    json: bool,
    /// Of a list: comma-separated values with a head line
    #[arg(long, requires = "list", conflicts_with = "json")]
    csv: bool,
}

/// A review that was signed.
struct Signed {
    number: u64,
    recorded_utc: String,
    reviewed: Reviewed,
}

/// Runs the command.
pub(super) fn run(
    review: &Review,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    if review.list {
        return list(review, &signed(ledger)?);
    }
    if let Some(remark) = &review.remark
        && !is_said(remark, REMARK_BYTES_MAX)
    {
        let why = format!(
            "--remark is empty, longer than {REMARK_BYTES_MAX} bytes or has hidden characters"
        );
        return Err(CommandError::Asked(why));
    }
    // Who may not sign is told so before anything is read.
    let by = if review.dry_run {
        None
    } else {
        Some(who::reviewer(paths, &review.signer)?)
    };
    let head = match ledger.verify(None) {
        Ok(verified) => verified.head,
        Err(error) if error.is_alteration() => {
            return Ok(refused(review, &error));
        }
        Err(error) => return Err(error.into()),
    };
    let last = signed(ledger)?.pop();
    let first = last
        .as_ref()
        .map_or(1, |last| last.reviewed.through.number.saturating_add(1));
    let through = through(ledger, review.through, head, first, last.as_ref())?;
    let since = Since::count(ledger, first, through.number)?;
    if !review.json {
        tell(&since, last.as_ref(), through);
    }
    let entry = match by {
        None => None,
        Some((by, account)) => {
            let reviewed = Reviewed {
                by,
                account,
                through,
                remark: review.remark.clone(),
            };
            let event = Event::Reviewed(Box::new(reviewed));
            Some(writer::write(folder, paths, event)?)
        }
    };
    if review.json {
        let object = json!({
            "verified": true, "first": first, "through": through,
            "counts": since.object(), "entry": entry,
        });
        print::line(&object.to_string());
        return Ok(0);
    }
    let code = through.code();
    print::line(&match entry {
        Some(entry) => format!(
            "reviewed through entry {} · {code}: entry {entry}",
            through.number
        ),
        None => format!("through entry {} · {code}: nothing signed", through.number),
    });
    Ok(0)
}

/// The entry up to which it is looked through.
fn through(
    ledger: &Ledger,
    asked: Option<u64>,
    head: Option<EntryId>,
    first: u64,
    last: Option<&Signed>,
) -> Result<EntryId, CommandError> {
    let Some(head) = head else {
        let why = "the ledger has no entry: there is nothing to look through";
        return Err(CommandError::Asked(why.to_owned()));
    };
    let number = asked.unwrap_or(head.number);
    if head.number < number || number == 0 {
        let why = format!(
            "the ledger has no entry {number}; its last one is {}",
            head.number
        );
        return Err(CommandError::Asked(why));
    }
    if let Some(last) = last.filter(|_| number < first) {
        let why = format!(
            "entry {number} was looked through already: entry {} says so, through entry {}",
            last.number, last.reviewed.through.number
        );
        return Err(CommandError::Asked(why));
    }
    if number == head.number {
        return Ok(head);
    }
    let leaf_sha256 = ledger.entry(number)?.leaf_sha256;
    Ok(EntryId {
        number,
        leaf_sha256,
    })
}

/// What there is to look at.
fn tell(since: &Since, last: Option<&Signed>, through: EntryId) {
    match last {
        None => print::line("nobody has looked this ledger through yet"),
        Some(last) => print::line(&format!(
            "last review: through entry {}, {} by {}",
            last.reviewed.through.number,
            last.recorded_utc,
            who_signed(&last.reviewed)
        )),
    }
    print::line(&format!(
        "verified; to look at, up to entry {}: {}",
        through.number,
        since.entries()
    ));
    for (what, count) in since.said() {
        print::line(&format!("  {count:>8}  {what}"));
    }
}

/// A ledger that does not hold is not signed for.
fn refused(review: &Review, error: &LedgerError) -> u8 {
    if review.json {
        let why = error.to_string();
        print::line(&json!({ "verified": false, "why": why, "entry": null }).to_string());
    } else {
        print::line(&format!("NOT verified, so no review is signed: {error}"));
    }
    1
}

/// Every review, the oldest first.
fn signed(ledger: &Ledger) -> Result<Vec<Signed>, CommandError> {
    let mut all = Vec::new();
    for entry in ledger.entries(Filter::default())? {
        let entry = entry?;
        let content = entry.content()?;
        if let Event::Reviewed(reviewed) = content.event {
            all.push(Signed {
                number: entry.number,
                recorded_utc: content.recorded_utc,
                reviewed: *reviewed,
            });
        }
    }
    Ok(all)
}

/// The account that answers for it, and who ran the command.
fn who_signed(reviewed: &Reviewed) -> String {
    let by = person(&reviewed.by);
    match &reviewed.account {
        Some(account) => format!("{}, {by}", text(account)),
        None => by,
    }
}

fn list(review: &Review, all: &[Signed]) -> Result<u8, CommandError> {
    let head = ["entry", "recorded_utc", "through", "code", "by", "remark"];
    let cells = |signed: &Signed| {
        let reviewed = &signed.reviewed;
        vec![
            signed.number.to_string(),
            text(&signed.recorded_utc),
            reviewed.through.number.to_string(),
            reviewed.through.code(),
            who_signed(reviewed),
            reviewed.remark.as_deref().map(text).unwrap_or_default(),
        ]
    };
    if review.json {
        for signed in all {
            let reviewed = &signed.reviewed;
            let object = json!({
                "entry": signed.number, "recorded_utc": signed.recorded_utc,
                "through": reviewed.through, "by": reviewed.by,
                "account": reviewed.account, "remark": reviewed.remark,
            });
            print::line(&object.to_string());
        }
        return Ok(0);
    }
    if review.csv {
        print::head(&head.join(","));
        for signed in all {
            print::values(&print::record(cells(signed)));
        }
        return Ok(0);
    }
    let rows: Vec<_> = all.iter().map(cells).collect();
    print::table(&head, &rows);
    if rows.is_empty() {
        print::line("nobody has looked this ledger through yet");
    }
    Ok(0)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
