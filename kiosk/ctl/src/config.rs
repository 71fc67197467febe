//! `kioskctl config check`: whether the site's files can be used, and what in them looks wrong.

use broker::site::{self, Site, SiteError};
use broker::{Paths, pin};
use decide::{Accounts, Allowlist, Contractors};
use serde_json::json;

use crate::CommandError;
use crate::people::exists;
use crate::print;

/// Options of `kioskctl config`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Read the site's files as kioskd does. Exit status 0: all can be used, warnings or not;
    /// 2: one cannot
    Check {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

/// One file, as it was found.
struct Checked {
    file: String,
    /// What is wrong; `None` when it can be used.
    error: Option<String>,
    /// Whether there is one.
    is_there: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let Command::Check { json } = arguments.command;
    let policy = Site::read(paths).map(|_| ());
    let media = site::allowlist(paths);
    let contractors = site::contractors(paths);
    let accounts = site::accounts(paths);
    let checked = [
        checked(&paths.policy(), policy.as_ref().err()),
        checked(&paths.allowlist(), media.as_ref().err()),
        checked(&paths.contractors(), contractors.as_ref().err()),
        checked(&paths.accounts(), accounts.as_ref().err()),
    ];
    let warnings = warnings(
        media.ok().flatten().as_ref(),
        contractors.ok().as_ref(),
        accounts.ok().as_ref(),
    );
    let is_bad = checked.iter().any(|one| one.error.is_some());
    if json {
        let files = checked
            .iter()
            .map(|one| json!({ "file": one.file, "exists": one.is_there, "error": one.error }));
        let files: Vec<_> = files.collect();
        let object = json!({ "usable": !is_bad, "files": files, "warnings": warnings });
        print::line(&object.to_string());
    } else {
        for one in &checked {
            print::line(&said(one));
        }
        for warning in &warnings {
            print::line(&format!("warning: {warning}"));
        }
    }
    Ok(if is_bad { 2 } else { 0 })
}

fn checked(path: &std::path::Path, error: Option<&SiteError>) -> Checked {
    Checked {
        file: path.display().to_string(),
        error: error.map(|error| wire::name::with_causes(error)),
        is_there: path.exists(),
    }
}

fn said(one: &Checked) -> String {
    match &one.error {
        // It begins with file, line and column.
        Some(error) => error.clone(),
        None if one.is_there => format!("{}: ok", one.file),
        None => format!("{}: there is none", one.file),
    }
}

/// What can be read and is hardly meant.
fn warnings(
    media: Option<&Allowlist>,
    contractors: Option<&Contractors>,
    accounts: Option<&Accounts>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(media), Some(contractors)) = (media, contractors) {
        strangers(media, contractors, &mut warnings);
    }
    let accounts = accounts.map(Accounts::all).unwrap_or_default();
    for one in accounts.iter().filter(|one| one.is_active) {
        if let Some(user) = one.user.as_deref().filter(|user| !exists(user)) {
            let name = &one.name;
            warnings.push(format!("account {name}: this machine has no user {user}"));
        }
        if one.pin.as_deref().is_some_and(|hash| !pin::is_usable(hash)) {
            let name = &one.name;
            warnings.push(format!(
                "account {name}: its PIN's hash is none that kioskctl makes, and no PIN opens it"
            ));
        }
        let company = one.company.as_deref();
        let is_known = |name| contractors.is_none_or(|list| list.company(name).is_some());
        if let Some(company) = company.filter(|name| !is_known(name)) {
            let name = &one.name;
            warnings.push(format!("account {name}: no company is called {company:?}"));
        }
    }
    warnings
}

fn strangers(media: &Allowlist, contractors: &Contractors, warnings: &mut Vec<String>) {
    // Without companies there are no contracts, and all media are the plant's own.
    let has_contracts = !contractors.companies().is_empty();
    for medium in media.media().iter().filter(|_| has_contracts) {
        if contractors.company(&medium.company).is_none() {
            let (id, company) = (&medium.id, &medium.company);
            warnings.push(format!(
                "medium {id}: its company {company:?} has no contract that could end"
            ));
        }
    }
    for visit in contractors.visits() {
        for id in visit.media.iter().filter(|id| media.find(id).is_none()) {
            let visit = &visit.id;
            warnings.push(format!("visit {visit}: no medium is registered as {id}"));
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
