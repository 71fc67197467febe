//! What the engine says of a text that it refuses.

use yara_x::errors::CompileError;

use crate::compile;

/// The engine's code for what cannot be read as rules.
pub(super) const SYNTAX: &str = "E001";

/// What the engine said of a file.
pub(super) struct Complaint {
    pub(super) code: &'static str,
    /// Where, in bytes.
    pub(super) at: usize,
    /// What it does not know, when that is what is wrong.
    pub(super) unknown: Option<String>,
    pub(super) message: String,
}

/// Everything that is wrong with `text`, as far as the engine read it.
pub(super) fn complaints(text: &str, origin: &str, relaxed: bool) -> Vec<Complaint> {
    let mut compiler = compile::compiler(relaxed);
    let source = yara_x::SourceCode::from(text).with_origin(origin);
    if compiler.add_source(source).is_ok() {
        return Vec::new();
    }
    compiler.errors().iter().map(complaint).collect()
}

fn complaint(error: &CompileError) -> Complaint {
    let first = error.labels().next();
    let at = first.as_ref().map_or(0, |label| label.span().start());
    let said = first.map_or_else(String::new, |label| label.text().to_owned());
    let mut message = error.title().to_owned();
    if !said.is_empty() {
        message = format!("{message}: {said}");
    }
    let unknown = if let CompileError::UnknownIdentifier(error) = error {
        Some(error.identifier().to_owned())
    } else {
        None
    };
    Complaint {
        code: error.code(),
        at,
        unknown,
        message,
    }
}
