//! The QEMU machine protocol: one JSON object a line, on a socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// QEMU answers at once, unless the machine is gone or very busy.
const ANSWER: Duration = Duration::from_secs(60);

/// A connection on which commands can be given.
pub(crate) struct Qmp {
    stream: BufReader<UnixStream>,
    events: Vec<Value>,
}

impl Qmp {
    /// Connects and ends the greeting. `None` while QEMU does not listen yet.
    pub(crate) fn connect(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).ok()?;
        stream.set_read_timeout(Some(ANSWER)).unwrap();
        let mut qmp = Self {
            stream: BufReader::new(stream),
            events: Vec::new(),
        };
        qmp.read();
        qmp.call("qmp_capabilities", &json!({}));
        Some(qmp)
    }

    /// Gives a command and returns what it returns.
    #[track_caller]
    pub(crate) fn call(&mut self, command: &str, arguments: &Value) -> Value {
        match self.try_call(command, arguments) {
            Ok(value) => value,
            Err(error) => panic!("QEMU refuses {command} {arguments}: {error}"),
        }
    }

    /// Gives a command that may be refused.
    ///
    /// # Errors
    /// QEMU's own words.
    pub(crate) fn try_call(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        let line = json!({ "execute": command, "arguments": arguments });
        writeln!(self.stream.get_mut(), "{line}").expect("QEMU reads its commands");
        loop {
            let mut message = self.read();
            if message.get("event").is_some() {
                self.events.push(message);
            } else if message.get("error").is_some() {
                return Err(message["error"]["desc"].to_string());
            } else {
                return Ok(message["return"].take());
            }
        }
    }

    /// Waits for an event, also one that came before.
    pub(crate) fn wait_event(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(place) = self.events.iter().position(&is_it) {
                return self.events.remove(place);
            }
            let message = self.read();
            self.events.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        assert!(
            read.is_ok_and(|bytes| 0 < bytes),
            "QEMU ended or does not answer"
        );
        serde_json::from_str(&line).expect("QEMU speaks JSON")
    }
}
