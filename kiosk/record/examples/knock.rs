//! Sends one event to the socket it is given. Status 0: recorded; 1: not heard; 2: a fault.

use std::path::PathBuf;
use std::process::ExitCode;

use jail::channel::Channel;
use wire::frame;
use wire::ledger::{Answer, Append, Event};

fn main() -> ExitCode {
    let socket = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default());
    let event = Event::Started {
        kiosk: "knock".to_owned(),
        rules: None,
        again: false,
    };
    let (Ok(channel), Ok(packet)) = (
        Channel::connect(&socket),
        frame::encode(&Append { event, rows: false }),
    ) else {
        return ExitCode::from(2);
    };
    // A server that does not hear us may have closed the connection before or after this.
    let sent = channel.send(&packet, &[]);
    match sent.and_then(|()| channel.receive()) {
        Ok(Some(answer)) => match frame::decode(&answer.bytes) {
            Ok(Answer::Recorded(_)) => ExitCode::SUCCESS,
            Ok(Answer::Refused { .. } | Answer::Standing(_)) | Err(_) => ExitCode::from(2),
        },
        Ok(None) | Err(_) => ExitCode::from(1),
    }
}
