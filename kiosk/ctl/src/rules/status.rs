//! `kioskctl rules status`.

use broker::Paths;
use broker::rules::store::{self, Installed, Status};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::CommandError;
use crate::print;

/// Options of `kioskctl rules status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command. Installed rules that cannot be used are status 1.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let status = store::status(paths, Timestamp::now())?;
    if arguments.json {
        let object = json!({
            "schema": "media-kiosk/rules/1",
            "active": status.active.as_ref().map(object),
            "previous": status.previous.as_ref().map(object),
            "broken_off": status.broken_off,
        });
        print::part(&format!("{object}\n"));
    } else {
        text(&status);
    }
    let bad = status.active.is_some_and(|active| active.wrong.is_some());
    Ok(u8::from(bad))
}

fn object(installed: &Installed) -> Value {
    let set = installed.set.as_ref();
    json!({
        "set": installed.name,
        "bundle": set.map(|set| &set.bundle),
        "version": set.map(|set| set.version),
        "issued": set.map(|set| &set.issued),
        "expires": set.map(|set| &set.expires),
        "age_days": installed.age_days,
        "rules": set.map(|set| set.rules),
        "files": installed.files,
        "size_bytes": installed.size_bytes,
        "manifest_sha256": set.map(|set| set.manifest_sha256),
        "key_id": set.map(|set| &set.key_id),
        "key_file": installed.key_file,
        "usable": installed.wrong.is_none(),
        "wrong": installed.wrong,
    })
}

fn text(status: &Status) {
    match &status.active {
        Some(active) => about("in force", active),
        None => {
            print::line("in force: the rules that came with the programs; no bundle is installed")
        }
    }
    if let Some(previous) = &status.previous {
        about("before", previous);
    }
    if status.broken_off {
        print::line("an installation broke off: the next install or rollback clears it away");
    }
}

fn about(what: &str, installed: &Installed) {
    match &installed.set {
        Some(set) => {
            print::line(&format!("{what}: {} version {}", set.bundle, set.version));
            let age = installed
                .age_days
                .map_or_else(String::new, |age| format!(", {age} days old"));
            print::line(&format!("  issued   {}{age}", set.issued));
            print::line(&format!("  expires  {}", set.expires));
            print::line(&format!(
                "  holds    {} rules, {} files, {} bytes",
                set.rules, installed.files, installed.size_bytes
            ));
            print::line(&format!("  manifest {}", set.manifest_sha256));
            let file = installed.key_file.as_deref().unwrap_or("not trusted here");
            print::line(&format!("  key      {} ({file})", set.key_id));
        }
        None => print::line(&format!(
            "{what}: {} (its manifest cannot be read)",
            installed.name
        )),
    }
    match &installed.wrong {
        None => print::line("  every file is as it was signed"),
        Some(wrong) => print::line(&format!("  CANNOT BE USED: {wrong}")),
    }
}
