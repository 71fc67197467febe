//! `kioskctl account`: the people on the staff who may change, approve or audit.

use std::path::{Path, PathBuf};

use broker::{Paths, pin, site};
use decide::{Account, Accounts, Role};
use nix::unistd::User;
use serde_json::json;
use wire::list_change::ListName;

use super::{Desk, Fields, Form, now, table};
use crate::CommandError;
use crate::print;
use crate::who::{self, user_of};

/// Options of `kioskctl account`.
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
    /// Add an account; the first one must be an administrator's
    Add(Add),
    /// List accounts, ended ones too
    List {
        #[command(flatten)]
        form: Form,
    },
    /// End an account
    End {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give an account another PIN, and unlock it
    Pin {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// A file with the PIN in its first line [default: the terminal is asked, twice]
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Add {
    /// The person, as the ledger is to name them
    #[arg(value_name = "NAME")]
    name: String,
    /// What the person may do
    #[arg(long, value_name = "ROLE")]
    role: RoleName,
    /// The user of this machine who is that person [default for the first account: who runs this]
    #[arg(long, value_name = "UNIXUSER")]
    user: Option<String>,
    /// The contractor's company, with whose contract the account ends
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// What the person types at the kiosk before the PIN: 2 to 6 digits
    #[arg(long, value_name = "NN")]
    number: Option<String>,
    /// A file with the PIN in its first line [default: the terminal is asked, twice]
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// Changes lists and rules, and is the second person for another's change
    Administrator,
    /// Is the second person, and changes nothing alone
    Approver,
    /// Reads, and changes nothing
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Approver => Self::Approver,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

fn spelled(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Approver => "approver",
        Role::Auditor => "auditor",
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_ref();
    match &arguments.command {
        Command::Add(add) => self::add(&Desk::of(paths, ledger)?, add)?,
        Command::List { form } => list(*form, paths)?,
        Command::End { name, reason } => {
            let desk = Desk::of(paths, ledger)?;
            let reason = reason.clone();
            end(&Desk { reason, ..desk }, name)?;
        }
        Command::Pin { name, pin_file } => {
            other_pin(&Desk::of(paths, ledger)?, name, pin_file.as_deref())?;
        }
    }
    Ok(0)
}

fn add(desk: &Desk<'_>, add: &Add) -> Result<(), CommandError> {
    let accounts = site::accounts(desk.paths)?;
    let is_first = accounts.all().is_empty();
    let role = Role::from(add.role);
    let own = user_of(&desk.by).map(str::to_owned);
    let user = add.user.clone().or_else(|| own.filter(|_| is_first));
    if is_first && (role != Role::Administrator || user.is_none() || add.company.is_some()) {
        let why = "the first account must be an administrator's, of the plant's own people, with \
                   --user: nobody could make a second one";
        return Err(CommandError::Asked(why.to_owned()));
    }
    if let Some(company) = &add.company {
        let at = now(desk.paths)?;
        let contractors = site::contractors(desk.paths)?;
        let is_there = contractors.company(company).is_some();
        if !is_there || contractors.contract_has_ended(company, &at) {
            let why =
                format!("no company called {company:?} has a contract: see kioskctl company list");
            return Err(CommandError::Asked(why));
        }
    }
    // The PIN is asked last: nobody types one for nothing.
    if accounts.find(&add.name).is_some() {
        let why = format!("there is an account {} already, or was", add.name);
        return Err(CommandError::Asked(why));
    }
    let needs_pin = role != Role::Auditor || add.number.is_some() || add.pin_file.is_some();
    let hash = if needs_pin {
        Some(new_pin(&add.name, add.pin_file.as_deref())?)
    } else {
        None
    };
    let ((), entry) = desk.edit(ListName::Accounts, |document| {
        let mut fields = Fields::default();
        fields.say("name", add.name.as_str());
        fields.may_say("user", user.as_ref());
        fields.say("role", spelled(role));
        fields.may_say("company", add.company.as_ref());
        fields.may_say("number", add.number.as_ref());
        fields.may_say("pin", hash.as_ref());
        fields.say("status", "active");
        document.append("account", &fields.0);
        Ok(())
    })?;
    print::line(&format!("account {} added: entry {entry}", add.name));
    if let Some(user) = user.filter(|user| !exists(user)) {
        print::note(&format!(
            "this machine has no user {user} yet: adduser {user}"
        ));
    }
    Ok(())
}

/// Whether the machine has a user; not knowing is no.
pub(crate) fn exists(user: &str) -> bool {
    User::from_name(user).ok().flatten().is_some()
}

/// The hash of a new PIN, which the terminal is asked for twice.
fn new_pin(name: &str, file: Option<&Path>) -> Result<String, CommandError> {
    let option = "--pin-file";
    let typed = who::ask(file, option, &format!("new PIN of {name}"))?;
    if file.is_none() {
        pin::check(&typed)?;
        let again = who::ask(None, option, "the same PIN again")?;
        let is_same = again == typed;
        pin::wipe(again);
        if !is_same {
            pin::wipe(typed);
            let why = "these were two different PINs; nothing is done";
            return Err(CommandError::Asked(why.to_owned()));
        }
    }
    let hash = pin::hash(&typed);
    pin::wipe(typed);
    Ok(hash?)
}

fn list(form: Form, paths: &Paths) -> Result<(), CommandError> {
    let staff = who::Staff::read(paths)?;
    let columns = [
        "name", "state", "role", "user", "number", "company", "has_pin",
    ];
    let row = |one: &Account| {
        json!({
            "name": one.name,
            "state": if staff.in_force(one) { "active" } else { "ended" },
            "role": spelled(one.role),
            "user": one.user,
            "number": one.number,
            "company": one.company,
            "has_pin": one.pin.is_some(),
        })
    };
    let rows: Vec<_> = staff.accounts.all().iter().map(row).collect();
    table(form, &columns, &rows);
    Ok(())
}

/// Whether an administrator is left when only those are that are to stay.
///
/// # Errors
/// When nobody could change a list any more.
pub(super) fn one_is_left(
    accounts: &Accounts,
    stays: impl Fn(&Account) -> bool,
) -> Result<(), CommandError> {
    let can =
        |one: &&Account| one.is_active && one.role == Role::Administrator && one.user.is_some();
    let mut administrators = accounts.all().iter().filter(can);
    if accounts.all().is_empty() || administrators.any(stays) {
        return Ok(());
    }
    let why = "this would end the last administrator's account: make another one first \
               (kioskctl account add NAME --role administrator --user UNIXUSER)";
    Err(CommandError::NotAllowed(why.to_owned()))
}

fn end(desk: &Desk<'_>, name: &str) -> Result<(), CommandError> {
    let ((), entry) = desk.edit(ListName::Accounts, |document| {
        // By the text under the lock: two administrators could end each other.
        let accounts = decide::accounts::parse(&document.text())
            .map_err(|error| CommandError::Asked(error.in_file("accounts.toml")))?;
        one_is_left(&accounts, |one| one.name != name)?;
        document.set("account", "name", name, "status", "ended".into())
    })?;
    print::line(&format!("account {name} ended: entry {entry}"));
    Ok(())
}

fn other_pin(desk: &Desk<'_>, name: &str, file: Option<&Path>) -> Result<(), CommandError> {
    let accounts = site::accounts(desk.paths)?;
    if !accounts.find(name).is_some_and(|one| one.is_active) {
        let why = format!("there is no active account {name:?}: see kioskctl account list");
        return Err(CommandError::Asked(why));
    }
    let hash = new_pin(name, file)?;
    let ((), entry) = desk.edit(ListName::Accounts, |document| {
        document.set("account", "name", name, "pin", hash.into())
    })?;
    print::line(&format!("account {name} has another PIN: entry {entry}"));
    Ok(())
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
