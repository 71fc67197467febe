//! `kioskctl status`: whether the kiosk is in service, as its screen is told.

use std::io::{self, ErrorKind};
use std::time::Duration;

use broker::Paths;
use jail::channel::Channel;
use wire::view::View;

use crate::CommandError;
use crate::print;
use crate::report::spelled;
use crate::views::{self, Heard};

/// Longest wait for the daemon's first view: it sends one every second.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Options of `kioskctl status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command: 0 in service, 1 out of service. No answer is an error.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let view = view(paths)?;
    if arguments.json {
        print::line(&object(&view).to_string());
    } else {
        text(&view).iter().for_each(|line| print::line(line));
    }
    Ok(u8::from(view.out_of_service.is_some()))
}

fn view(paths: &Paths) -> Result<View, CommandError> {
    let socket = paths.show_socket();
    let channel =
        Channel::connect(&socket).map_err(CommandError::file("reach kioskd at", socket))?;
    let silent = |kind: ErrorKind| CommandError::system("hear kioskd")(io::Error::from(kind));
    match views::next(&channel, ANSWER_WAIT)? {
        Heard::View(view) => Ok(*view),
        Heard::Nothing => Err(silent(ErrorKind::TimedOut)),
        Heard::Gone => Err(silent(ErrorKind::UnexpectedEof)),
    }
}

fn object(view: &View) -> serde_json::Value {
    serde_json::json!({
        "in_service": view.out_of_service.is_none(),
        "out_of_service": view.out_of_service,
        "fault": view.fault,
        "rules": view.rules,
        "rules_age": view.rules_age,
        "rules_refused": view.rules_refused,
        "media": view.lanes.len(),
    })
}

fn text(view: &View) -> Vec<String> {
    let mut lines = vec![match &view.out_of_service {
        None => "in service".to_owned(),
        Some(why) => format!("out of service: {}", spelled(why)),
    }];
    lines.extend(view.fault.as_ref().map(|fault| format!("  {fault}")));
    lines.push(match &view.rules {
        None => "rules: none".to_owned(),
        Some(rules) => format!(
            "rules: {} {}, {}, {} ({})",
            rules.bundle,
            rules.version,
            rules
                .age_days
                .map_or("undated".to_owned(), |days| format!("{days} days old")),
            spelled(&view.rules_age),
            rules.sha256
        ),
    });
    let refused = view.rules_refused.as_ref();
    lines.extend(refused.map(|why| format!("newer rules are not in use: {why}")));
    lines.push(format!("media: {}", view.lanes.len()));
    lines
}
