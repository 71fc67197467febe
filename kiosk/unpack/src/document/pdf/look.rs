//! What the dictionaries of a document say: what it does, and what its streams are.

use std::borrow::Cow;

use wire::MediumName;
use wire::name::NAME_BYTES_MAX;

use super::reader::{REMEMBERED_NUMBERS_MAX, Reader};
use super::sweep::Object;
use super::tape::Tape;
use super::value::{Kind, Value, readable};
use crate::bytes::{length, rest};
use crate::member::Body;
use crate::walk::Halt;
use wire::Gap;

/// Most names that one embedded file is handed out under.
pub(super) const NAMES_MAX: usize = 4;

/// Most scripts that are members of their own; forms with a script for each of a thousand fields
/// are common, and their further ones are joined.
pub(super) const SCRIPTS_ALONE_MAX: usize = 32;

/// A stream that is a script.
pub(super) const SCRIPT: &str = "JavaScript";
/// A stream that is an embedded file of no name.
pub(super) const FILE: &str = "embedded file";
/// A stream that is a part of a form.
pub(super) const FORM: &str = "XFA form";

impl Reader<'_, '_, '_> {
    /// Looks at one object. Strings of one that `is_packed` were decrypted with their table.
    pub(super) fn look(
        &mut self,
        tape: &Tape<'_>,
        object: Object,
        is_packed: bool,
    ) -> Result<(), Halt> {
        if let Some(root) = tape.root() {
            let kind = root.get(b"Type");
            if tape.stream.is_some() && kind.is_some_and(|kind| kind.is_name(b"EmbeddedFile")) {
                self.label(object.number, FILE);
            }
            let act = root.get(b"S").and_then(Value::name);
            let acts: [&[u8]; 6] = [
                b"JavaScript",
                b"Launch",
                b"SubmitForm",
                b"ImportData",
                b"GoToE",
                b"Rendition",
            ];
            if act.is_some_and(|act| acts.contains(&act.as_ref()))
                && self.acting.len() < REMEMBERED_NUMBERS_MAX
            {
                self.acting.insert(object.number);
            }
        }
        for value in tape.values() {
            match value.kind() {
                Kind::Dictionary => self.look_at_dictionary(value, object, is_packed)?,
                Kind::Text | Kind::Hex => self.look_at_string(value, object, is_packed)?,
                Kind::Array | Kind::Name | Kind::Number | Kind::Reference | Kind::Word => {}
            }
        }
        Ok(())
    }

    fn look_at_dictionary(
        &mut self,
        value: Value<'_>,
        object: Object,
        is_packed: bool,
    ) -> Result<(), Halt> {
        let (mut launches, mut has_target, mut is_program) = (false, false, false);
        for (key, entry) in value.entries() {
            match key.as_ref() {
                b"S" => launches |= self.look_at_act(entry),
                b"F" => {
                    has_target = true;
                    is_program |= entry.string().is_none_or(|target| runs(&target));
                }
                b"Win" | b"Mac" | b"Unix" => (has_target, is_program) = (true, true),
                b"JS" => self.look_at_script(entry, object, is_packed)?,
                b"OpenAction" => {
                    if let Some(number) = entry.reference() {
                        self.opening.insert(number);
                    } else if entry
                        .get(b"S")
                        .is_some_and(|act| !act.is_name(b"GoTo") && !act.is_name(b"Named"))
                    {
                        self.walk
                            .notice("pdf_open_action", "does something when it is opened");
                    }
                }
                b"EF" => self.look_at_files(value, entry, object, is_packed),
                b"XFA" => {
                    for number in entry.items().filter_map(Value::reference) {
                        self.label(number, FORM);
                    }
                }
                _ => {}
            }
        }
        if launches && is_program {
            self.walk.block("pdf_launch", "starts a program");
        } else if launches && has_target {
            self.walk.notice("pdf_launch", "opens a file beside it");
        }
        Ok(())
    }

    /// What an action is; true when it starts something.
    fn look_at_act(&mut self, act: Value<'_>) -> bool {
        if act.reference().is_some() {
            let text = self.complete(act);
            let tape = Tape::value(Cow::Owned(text), 0);
            return tape.root().is_some_and(|act| self.look_at_act_name(act));
        }
        self.look_at_act_name(act)
    }

    fn look_at_act_name(&mut self, act: Value<'_>) -> bool {
        match act.name().as_deref() {
            Some(b"JavaScript") => self.walk.notice("pdf_javascript", "has scripts"),
            Some(b"SubmitForm") => self
                .walk
                .notice("pdf_submit_form", "sends what is filled in"),
            Some(b"Launch") => return true,
            _ => {}
        }
        false
    }

    /// A script is a member of its own.
    fn look_at_script(
        &mut self,
        script: Value<'_>,
        object: Object,
        is_packed: bool,
    ) -> Result<(), Halt> {
        if let Some(number) = script.reference() {
            self.walk.notice("pdf_javascript", "has scripts");
            self.label(number, SCRIPT);
        }
        let Some(text) = self.text(script, object, is_packed) else {
            return Ok(());
        };
        self.walk.notice("pdf_javascript", "has scripts");
        self.scripts_alone = self.scripts_alone.saturating_add(1);
        if SCRIPTS_ALONE_MAX < self.scripts_alone {
            return self.scripts.push(&text, self.walk);
        }
        self.walk.admit()?;
        let name = format!("{SCRIPT} in object {} {}", object.number, object.generation);
        let (name, _) = MediumName::cut(name.as_bytes());
        let body = match self.walk.budget.take_output(text.len()) {
            Ok(()) => Body::Content(Cow::Owned(text)),
            Err(why) => Body::Unchecked {
                gap: Gap::Limit,
                size_bytes: length(text.len()),
                why,
            },
        };
        self.walk.hand_out(name, Vec::new(), body)
    }

    /// The streams of an embedded file, and its name.
    fn look_at_files(
        &mut self,
        file: Value<'_>,
        streams: Value<'_>,
        object: Object,
        is_packed: bool,
    ) {
        self.walk.notice("pdf_embedded_file", "carries other files");
        let keys: [&[u8]; 5] = [b"UF", b"F", b"Unix", b"DOS", b"Mac"];
        let name = keys.iter().find_map(|key| {
            let name = file.get(key)?;
            let text = match name.reference() {
                Some(number) => {
                    let definitions = self.definitions(number).into_iter();
                    let mut strings = definitions.filter_map(|definition| {
                        let tape = Tape::value(Cow::Owned(definition), 0);
                        tape.root()?.string()
                    });
                    readable(strings.next_back()?)
                }
                None => self.text(name, object, is_packed)?,
            };
            (!text.is_empty()).then_some(text)
        });
        let streams = self.complete_dictionary(streams);
        let Some(name) = name else {
            for number in streams {
                self.label(number, FILE);
            }
            return;
        };
        // One byte more than is kept, so that cutting it is told.
        let name = rest(&name, 0, NAME_BYTES_MAX.saturating_add(1));
        for number in streams {
            let is_known = self.names.get(&number).is_some_and(|names| {
                names.iter().any(|known| known == name) || NAMES_MAX <= names.len()
            });
            if !is_known && self.take_memory(name.len()) {
                self.names.entry(number).or_default().push(name.to_vec());
            }
        }
    }

    /// The references in a dictionary that may itself be behind one.
    fn complete_dictionary(&mut self, value: Value<'_>) -> Vec<u32> {
        let Some(number) = value.reference() else {
            return value.items().filter_map(Value::reference).collect();
        };
        let definitions = self.definitions(number);
        let mut found = Vec::new();
        for definition in definitions {
            let tape = Tape::value(Cow::Owned(definition), 0);
            found.extend(tape.values().filter_map(Value::reference));
        }
        found
    }

    /// A string that is spelled otherwise than it reads is matched as it reads.
    fn look_at_string(
        &mut self,
        value: Value<'_>,
        object: Object,
        is_packed: bool,
    ) -> Result<(), Halt> {
        let raw = value.raw();
        let is_plain = value.kind() == Kind::Text
            && !raw.contains(&b'\\')
            && !raw.starts_with(b"(\xfe\xff")
            && !raw.starts_with(b"(\xff\xfe");
        if is_plain && (is_packed || self.cipher.is_none()) {
            return Ok(());
        }
        match self.text(value, object, is_packed) {
            Some(text) => self.strings.push(&text, self.walk),
            None => Ok(()),
        }
    }

    /// What a string says.
    fn text(&self, value: Value<'_>, object: Object, is_packed: bool) -> Option<Vec<u8>> {
        let text = value.string()?;
        if self.is_locked && self.cipher.is_none() {
            // Some documents encrypt only their embedded files, and so not their names.
            let is_readable = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
            return std::str::from_utf8(&text)
                .is_ok_and(is_readable)
                .then_some(text);
        }
        Some(readable(match &self.cipher {
            Some(cipher) if !is_packed => {
                cipher.decrypted(&text, cipher.strings, object.number, object.generation)
            }
            Some(_) | None => text,
        }))
    }

    fn label(&mut self, number: u32, label: &'static str) {
        if REMEMBERED_NUMBERS_MAX <= self.labels.len() {
            self.walk
                .limit("more names and numbers than are remembered");
        } else if label == FILE {
            // Parts of forms are embedded files, too.
            self.labels.entry(number).or_insert(label);
        } else {
            self.labels.insert(number, label);
        }
    }
}

/// What is shown and not run: files that one document may honestly lead to another by.
const SHOWN: [&[u8]; 17] = [
    b"pdf", b"htm", b"html", b"txt", b"csv", b"doc", b"docx", b"xls", b"xlsx", b"ppt", b"pptx",
    b"png", b"jpg", b"jpeg", b"gif", b"mp4", b"avi",
];

/// Whether a target may be run: everything that does not end as what is only shown.
fn runs(target: &[u8]) -> bool {
    let ending = target.rsplit(|byte| *byte == b'.').next();
    let ending = ending.unwrap_or_default().trim_ascii().to_ascii_lowercase();
    !target.contains(&b'.') || !SHOWN.contains(&ending.as_slice())
}
