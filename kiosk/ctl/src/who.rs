//! Who is at the controls, as the accounts of the staff say, and the second person beside them.
//!
//! While there are no accounts, anybody who can write the site's files may change them: on a new
//! kiosk somebody must make the first account. With the first account that ends.

mod tries;

use std::path::{Path, PathBuf};

use broker::{Paths, person, pin, site};
use decide::{Account, Accounts, Contractors, Moment, Role};
use jiff::Timestamp;
use wire::rule_change::Person;
use wire::waiver::is_same_person;

use crate::CommandError;
use crate::terminal;

pub(crate) use tries::latest;

/// Longest first line of a file with a PIN, in bytes: longer than any PIN, and no file that was
/// given by mistake is read into a message.
const PIN_LINE_BYTES_MAX: usize = 64;

/// The second person of a change.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Second {
    /// Who else answers for it: another person, whose PIN is asked where there are accounts
    #[arg(long, value_name = "NAME")]
    pub(crate) second: Option<String>,
    /// A file with the second person's PIN in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE", requires = "second")]
    pub(crate) second_pin_file: Option<PathBuf>,
}

/// The accounts, with what says whether they are in force.
pub(crate) struct Staff {
    pub(crate) accounts: Accounts,
    contractors: Contractors,
    at: Moment,
}

impl Staff {
    /// Reads them.
    ///
    /// # Errors
    /// When a file cannot be used: nobody may do anything by a list that cannot be read.
    pub(crate) fn read(paths: &Paths) -> Result<Self, CommandError> {
        let accounts = site::accounts(paths)?;
        let is_foreign = accounts.all().iter().any(|one| one.company.is_some());
        // Only a contract ends by a clock, which is not to be turned back.
        let now = if is_foreign {
            latest(paths)?
        } else {
            Timestamp::now()
        };
        Ok(Self {
            accounts,
            contractors: site::contractors(paths)?,
            at: site::Site::read(paths)?.moment(now),
        })
    }

    /// Whether nobody has an account.
    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.all().is_empty()
    }

    /// Whether an account may be used: it was not ended, and neither was its company's contract.
    pub(crate) fn in_force(&self, account: &Account) -> bool {
        account.in_force(&self.contractors, &self.at)
    }

    /// The account of a person at the controls, in force or not.
    pub(crate) fn of(&self, person: &Person) -> Option<&Account> {
        self.accounts.of_user(user_of(person)?)
    }

    /// Whether this person may change lists. Without accounts everybody may who can.
    fn administrator(&self, person: &Person) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        let own = self.of(person);
        let user = user_of(person).unwrap_or("a user without a name");
        let why = match own {
            Some(own) if own.role == Role::Administrator && self.in_force(own) => return Ok(()),
            Some(own) if !self.in_force(own) => format!("the account {} has ended", own.name),
            Some(own) => format!("the account {} is not an administrator's", own.name),
            None => format!("{user} has no account"),
        };
        let may = self.named(|one| one.role == Role::Administrator && one.user.is_some());
        Err(format!("{why}; who may: {may}"))
    }

    /// The account that answers for a review: of this name, or that of this person; `None` where
    /// there are no accounts. Approvers look at single changes, and at no ledger.
    fn reviewer(&self, person: &Person, name: Option<&str>) -> Result<Option<&Account>, String> {
        if self.is_empty() {
            return match name {
                None => Ok(None),
                Some(_) => Err("there are no accounts to sign with".to_owned()),
            };
        }
        let found = match name {
            Some(name) => self.accounts.find(name),
            None => self.of(person),
        };
        let reviews = |one: &Account| match one.role {
            Role::Administrator | Role::Auditor => self.in_force(one),
            Role::Approver => false,
        };
        let who = name.or(user_of(person));
        let who = who.unwrap_or("a user without a name");
        let why = match found {
            Some(one) if reviews(one) && (name.is_none() || one.pin.is_some()) => {
                return Ok(Some(one));
            }
            Some(one) if !self.in_force(one) => format!("the account {} has ended", one.name),
            Some(one) if reviews(one) => format!("the account {} has no PIN", one.name),
            Some(one) => format!("the account {} is an approver's", one.name),
            None => format!("{who} has no account"),
        };
        Err(format!("{why}; who may: {}", self.named(reviews)))
    }

    /// The account of who is named as the second person, beside this one.
    fn second(&self, by: &Person, name: &str) -> Result<&Account, String> {
        let own = self.of(by).map_or("", |own| own.name.as_str());
        let can = |one: &Account| match one.role {
            Role::Administrator | Role::Approver => {
                self.in_force(one) && one.pin.is_some() && !is_same_person(&one.name, own)
            }
            Role::Auditor => false,
        };
        let found = self.accounts.find(name);
        let why = match found {
            Some(one) if can(one) => return Ok(one),
            Some(one) if is_same_person(&one.name, own) => {
                "the second person must be another one".to_owned()
            }
            Some(one) if !self.in_force(one) => format!("the account {} has ended", one.name),
            Some(one) if one.pin.is_none() => format!("the account {} has no PIN", one.name),
            Some(one) => format!("the account {} is an auditor's", one.name),
            None => "the second person has no account".to_owned(),
        };
        Err(format!("{why}; who can be: {}", self.named(can)))
    }

    /// The accounts in force of which something holds, for people.
    fn named(&self, is: impl Fn(&Account) -> bool) -> String {
        let all = self.accounts.all().iter();
        let names: Vec<&str> = all
            .filter(|one| self.in_force(one) && is(one))
            .map(|one| one.name.as_str())
            .collect();
        if names.is_empty() {
            return "nobody".to_owned();
        }
        names.join(", ")
    }
}

/// The user whom accounts know: who logged in, else whose rights are used. Somebody who logged
/// in and has no name is nobody, and not root.
pub(crate) fn user_of(person: &Person) -> Option<&str> {
    match person.login_uid {
        Some(_) => person.login_user.as_deref(),
        None => Some(person.user.as_str()).filter(|user| !user.is_empty()),
    }
}

/// The person at the controls, who may change lists.
///
/// # Errors
/// [`CommandError::NotAllowed`], which names who may.
pub(crate) fn administrator(paths: &Paths) -> Result<Person, CommandError> {
    let person = person::here();
    let staff = Staff::read(paths)?;
    staff
        .administrator(&person)
        .map_err(CommandError::NotAllowed)?;
    Ok(person)
}

/// Who looks the ledger through.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Signer {
    /// Sign as this administrator or auditor, whose PIN is asked [default: whoever runs this]
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// A file with that PIN in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE", requires = "account")]
    pub(crate) pin_file: Option<PathBuf>,
}

/// Who runs this, and the account that answers for a review. Only root can read the accounts: an
/// auditor who is not root is one by the group that may write such entries, and the ledger's
/// writer lets nobody else write them.
///
/// # Errors
/// [`CommandError::NotAllowed`] when there are accounts and none that may review signs.
pub(crate) fn reviewer(
    paths: &Paths,
    said: &Signer,
) -> Result<(Person, Option<String>), CommandError> {
    let person = person::here();
    let staff = match Staff::read(paths) {
        Ok(staff) => staff,
        Err(error) if person.uid != 0 && said.account.is_none() && is_shut(&error) => {
            return Ok((person, None));
        }
        Err(error) => return Err(error),
    };
    let account = staff.reviewer(&person, said.account.as_deref());
    let account = account.map_err(CommandError::NotAllowed)?;
    if let (Some(account), true) = (account, said.account.is_some()) {
        tries::confirm(paths, account, || {
            let what = format!("PIN of {}", account.name);
            ask(said.pin_file.as_deref(), "--pin-file", &what)
        })?;
    }
    Ok((person, account.map(|account| account.name.clone())))
}

/// Whether a file of the site's may not be read by whoever runs this.
fn is_shut(error: &CommandError) -> bool {
    let CommandError::Site(site::SiteError::Read { source, .. }) = error else {
        return false;
    };
    source.kind() == std::io::ErrorKind::PermissionDenied
}

/// The name of whoever runs this, as the ledger is to have it: of the account where there is one,
/// else of the user who logged in. With accounts nobody signs with another name.
///
/// # Errors
/// [`CommandError::NotAllowed`] for another one's name.
pub(crate) fn signer(paths: &Paths, said: Option<&str>) -> Result<String, CommandError> {
    let person = person::here();
    let staff = Staff::read(paths)?;
    let user = user_of(&person);
    let user = user.map_or_else(|| format!("uid {}", person.uid), str::to_owned);
    let own = staff.of(&person).map_or(user, |own| own.name.clone());
    match said {
        Some(said) if staff.is_empty() => Ok(said.to_owned()),
        Some(said) if said != own => Err(CommandError::NotAllowed(format!(
            "this is written down in the name of {own}: leave the other name out"
        ))),
        Some(_) | None => Ok(own),
    }
}

/// The second person beside `by`, confirmed by the PIN; without accounts the name as it was said.
///
/// # Errors
/// [`CommandError::NotAllowed`] when there are accounts and nobody was named, one who cannot be
/// the second person, the PIN is wrong or the account is locked.
pub(crate) fn second(
    paths: &Paths,
    by: &Person,
    said: &Second,
) -> Result<Option<String>, CommandError> {
    let staff = Staff::read(paths)?;
    if staff.is_empty() {
        let said = said.second.as_deref();
        return said.map(|name| another(by, name)).transpose();
    }
    let Some(name) = &said.second else {
        let why = "this needs two people: say with --second who else answers for it";
        return Err(CommandError::NotAllowed(why.to_owned()));
    };
    let account = staff.second(by, name).map_err(CommandError::NotAllowed)?;
    tries::confirm(paths, account, || {
        let what = format!("PIN of {name}");
        ask(said.second_pin_file.as_deref(), "--second-pin-file", &what)
    })?;
    Ok(Some(account.name.clone()))
}

/// The second person where there are no accounts: a name, and not that of whoever runs this.
fn another(by: &Person, name: &str) -> Result<String, CommandError> {
    if !wire::waiver::is_said(name, wire::waiver::PERSON_BYTES_MAX) {
        let why = "--second names nobody; give the name of the second person";
        return Err(CommandError::Asked(why.to_owned()));
    }
    let own = [Some(&by.user), by.login_user.as_ref()];
    if own
        .into_iter()
        .flatten()
        .any(|own| is_same_person(own, name))
    {
        return Err(CommandError::Asked(format!(
            "{name} is who runs this; the second person is another one"
        )));
    }
    Ok(name.to_owned())
}

/// A PIN: the first line of a file, else what the terminal answers.
///
/// # Errors
/// When the file or the terminal gives none.
pub(crate) fn ask(
    file: Option<&Path>,
    option: &'static str,
    what: &str,
) -> Result<String, CommandError> {
    let Some(file) = file else {
        let asked = terminal::secret(what, option);
        return asked.map_err(CommandError::system("ask for the PIN"));
    };
    let text = std::fs::read_to_string(file).map_err(CommandError::file("read", file))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || PIN_LINE_BYTES_MAX < line.len() {
        let why = format!("the first line of {} is no PIN", file.display());
        return Err(CommandError::Asked(why));
    }
    let line = line.to_owned();
    pin::wipe(text);
    Ok(line)
}

#[cfg(test)]
#[path = "who_tests.rs"]
mod tests;
