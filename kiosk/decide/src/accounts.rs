//! `accounts.toml`: the people on the staff who may change, approve or audit.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::allowlist::TEXT_BYTES_MAX;
use crate::contractors::Contractors;
use crate::moment::Moment;
use crate::source::{ListError, Text};

/// Longest file of accounts, in bytes: [`ACCOUNTS_MAX`] accounts of a common length.
pub const ACCOUNTS_BYTES_MAX: usize = 256 * 1024;

/// Most accounts: a site has a handful.
pub const ACCOUNTS_MAX: usize = 200;

/// Longest name of an account or of a user, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Fewest and most digits of a person's number at the kiosk.
pub const NUMBER_DIGITS_MIN: usize = 2;
/// See [`NUMBER_DIGITS_MIN`].
pub const NUMBER_DIGITS_MAX: usize = 6;

/// Longest hash of a PIN, in bytes: argon2id with its parameters, salt and result has some 100.
pub const PIN_HASH_BYTES_MAX: usize = 300;

/// The accounts, checked: no two share a name, a user or a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    accounts: Vec<Account>,
}

/// One person of the staff.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// As the ledger names the person.
    pub name: String,
    /// The user of this machine who is that person; `None` for one who only uses the kiosk.
    pub user: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// The company, for one of a contractor's: the account ends with the contract.
    pub company: Option<String>,
    /// What the person types at the kiosk before the PIN.
    pub number: Option<String>,
    /// The PIN's argon2id hash, as PHC writes it.
    pub pin: Option<String>,
    /// Whether it may be used.
    pub is_active: bool,
}

impl std::fmt::Debug for Account {
    /// Without the PIN's hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Account({:?} {:?} active {})",
            self.name, self.role, self.is_active
        )
    }
}

impl Account {
    /// Whether it may be used: it was not ended, and neither was its company's contract.
    #[must_use]
    pub fn in_force(&self, contractors: &Contractors, at: &Moment) -> bool {
        let ended = |company: &String| contractors.contract_has_ended(company, at);
        self.is_active && !self.company.as_ref().is_some_and(ended)
    }
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Change lists and rules, and be the second person for another's change.
    Administrator,
    /// Be the second person, and change nothing alone.
    Approver,
    /// Read, and change nothing.
    Auditor,
}

impl Accounts {
    /// The accounts in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Account] {
        &self.accounts
    }

    /// The account of this name, ended ones too.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The account of a user of this machine.
    #[must_use]
    pub fn of_user(&self, user: &str) -> Option<&Account> {
        let mut accounts = self.accounts.iter();
        accounts.find(|account| account.user.as_deref() == Some(user))
    }

    /// The account with this number.
    #[must_use]
    pub fn numbered(&self, number: &str) -> Option<&Account> {
        let mut accounts = self.accounts.iter();
        accounts.find(|account| account.number.as_deref() == Some(number))
    }

    /// Whether somebody can sign in at the kiosk.
    #[must_use]
    pub fn has_pins(&self) -> bool {
        let can = |account: &Account| {
            account.is_active && account.number.is_some() && account.pin.is_some()
        };
        self.accounts.iter().any(can)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccounts {
    #[serde(default)]
    account: Vec<RawAccount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccount {
    name: Spanned<String>,
    user: Option<Spanned<String>>,
    role: Role,
    company: Option<Spanned<String>>,
    number: Option<Spanned<String>>,
    pin: Option<Spanned<String>>,
    status: RawStatus,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawStatus {
    Active,
    Ended,
}

/// Parses the text of `accounts.toml`.
///
/// # Errors
/// [`ListError`] with the first place that is wrong.
pub fn parse(text: &str) -> Result<Accounts, ListError> {
    let (source, raw) = Text::read::<RawAccounts>(text, ACCOUNTS_BYTES_MAX)?;
    if let Some(beyond) = raw.account.get(ACCOUNTS_MAX) {
        let what = format!("there are more than {ACCOUNTS_MAX} accounts");
        return Err(source.refuse(&beyond.name, what, "remove accounts that have ended"));
    }
    let mut names = BTreeMap::<&str, &Spanned<String>>::new();
    let mut users = BTreeMap::<&str, &Spanned<String>>::new();
    let mut numbers = BTreeMap::<&str, &Spanned<String>>::new();
    let mut accounts = Vec::with_capacity(raw.account.len());
    for entry in &raw.account {
        let account = account(&source, entry)?;
        let said = [
            (&mut names, Some(&entry.name), "this name"),
            (&mut users, entry.user.as_ref(), "this user"),
            (&mut numbers, entry.number.as_ref(), "this number"),
        ];
        for (seen, value, what) in said {
            let Some(value) = value else { continue };
            if let Some(first) = seen.insert(value.get_ref(), value) {
                let next = "give each account its own";
                return Err(source.twice(first, value, what.to_owned(), next));
            }
        }
        accounts.push(account);
    }
    Ok(Accounts { accounts })
}

fn account(source: &Text<'_>, raw: &RawAccount) -> Result<Account, ListError> {
    let line = |value: &Spanned<String>| source.line(value, NAME_BYTES_MAX);
    let company = raw.company.as_ref();
    Ok(Account {
        name: line(&raw.name)?,
        user: raw.user.as_ref().map(line).transpose()?,
        role: raw.role,
        company: company
            .map(|value| source.line(value, TEXT_BYTES_MAX))
            .transpose()?,
        number: raw
            .number
            .as_ref()
            .map(|value| number(source, value))
            .transpose()?,
        pin: raw
            .pin
            .as_ref()
            .map(|value| pin(source, value))
            .transpose()?,
        is_active: raw.status == RawStatus::Active,
    })
}

fn number(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let number = value.get_ref();
    let length = NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX;
    if length.contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(number.clone());
    }
    let what =
        format!("a number must be {NUMBER_DIGITS_MIN} to {NUMBER_DIGITS_MAX} digits in quotes");
    Err(source.refuse(value, what, "write it as \"07\""))
}

/// Only a hash, and only of the one kind: a PIN that somebody wrote here by hand is no secret
/// any more.
fn pin(source: &Text<'_>, value: &Spanned<String>) -> Result<String, ListError> {
    let pin = source.line(value, PIN_HASH_BYTES_MAX)?;
    if pin.starts_with("$argon2id$") {
        return Ok(pin);
    }
    let what = "this is no hash of a PIN";
    Err(source.refuse(value, what, "set the PIN with kioskctl account pin NAME"))
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
