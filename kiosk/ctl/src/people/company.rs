//! `kioskctl company`: who has a contract, until when, and what ends with it.

use std::path::PathBuf;

use broker::{Paths, site};
use decide::{Company, Moment, When};
use serde_json::json;
use wire::list_change::ListName;

use super::{Desk, Fields, Form, dated, ending, now, table, when};
use crate::CommandError;
use crate::print;

/// Options of `kioskctl company`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Add a company with the end of its contract
    Add {
        /// As the list of media spells it
        #[arg(value_name = "NAME")]
        name: String,
        /// Last day of its contract, or the moment at which it ends
        #[arg(long, value_name = "DATE|TIME", value_parser = when)]
        until: When,
        #[command(flatten)]
        said: Said,
    },
    /// List companies, those whose contract has ended too
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Change what is said of a company
    Edit {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Last day of its contract, or the moment at which it ends
        #[arg(long, value_name = "DATE|TIME", value_parser = when)]
        until: Option<When>,
        #[command(flatten)]
        said: Said,
    },
    /// End its contract with its visits, media and accounts, and say what must be handed back
    End(ending::Arguments),
}

#[derive(clap::Args)]
struct Said {
    /// Whom to call there
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_ref();
    match &arguments.command {
        Command::Add { name, until, said } => add(&Desk::of(paths, ledger)?, name, *until, said)?,
        Command::List { form } => list(*form, paths)?,
        Command::Edit { name, until, said } => {
            edit(&Desk::of(paths, ledger)?, name, *until, said)?;
        }
        Command::End(end) => ending::run(end, Desk::of(paths, ledger)?)?,
    }
    Ok(0)
}

fn add(desk: &Desk<'_>, name: &str, until: When, said: &Said) -> Result<(), CommandError> {
    let at = now(desk.paths)?;
    if until.has_ended(&at) {
        let why = format!("{until} is over: give a contract's end that is to come");
        return Err(CommandError::Asked(why));
    }
    let until = dated(until)?;
    let ((), entry) = desk.edit(ListName::Contractors, |document| {
        let mut fields = Fields::default();
        fields.say("name", name);
        fields.say("contract_until", until);
        fields.may_say("contact", said.contact.as_ref());
        fields.may_say("note", said.note.as_ref());
        document.append("company", &fields.0);
        Ok(())
    })?;
    print::line(&format!("company {name} added: entry {entry}"));
    Ok(())
}

fn edit(desk: &Desk<'_>, name: &str, until: Option<When>, said: &Said) -> Result<(), CommandError> {
    let mut fields = Fields::default();
    if let Some(until) = until {
        fields.say("contract_until", dated(until)?);
    }
    fields.may_say("contact", said.contact.as_ref());
    fields.may_say("note", said.note.as_ref());
    let ((), entry) = desk.edit(ListName::Contractors, |document| {
        for (key, value) in fields.0 {
            document.set("company", "name", name, key, value)?;
        }
        Ok(())
    })?;
    print::line(&format!("company {name} changed: entry {entry}"));
    Ok(())
}

fn list(form: Form, paths: &Paths) -> Result<(), CommandError> {
    let contractors = site::contractors(paths)?;
    let media = site::allowlist(paths)?;
    let at = now(paths)?;
    let columns = [
        "name",
        "state",
        "contract_until",
        "media",
        "open_visits",
        "contact",
        "note",
    ];
    let row = |company: &Company| {
        let visits = contractors.visits().iter();
        let open = visits.filter(|visit| visit.company == company.name && !visit.has_ended(&at));
        let media = media.iter().flat_map(|list| list.media());
        json!({
            "name": company.name,
            "state": state(company, &at),
            "contract_until": company.contract_until.to_string(),
            "media": media.filter(|medium| medium.company == company.name).count(),
            "open_visits": if company.contract_until.has_ended(&at) { 0 } else { open.count() },
            "contact": company.contact,
            "note": company.note,
        })
    };
    let rows: Vec<_> = contractors.companies().iter().map(row).collect();
    table(form, &columns, &rows);
    Ok(())
}

fn state(company: &Company, at: &Moment) -> &'static str {
    if company.contract_until.has_ended(at) {
        "ended"
    } else {
        "in force"
    }
}
