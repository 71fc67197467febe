//! The rules of this repository that a machine can check: who may depend on whom, where
//! unsafe code is, that every limit is tested, and that every text that ships can be read.
//!
//! Each rule is a function from texts to complaints, so that each is also shown to complain.

#[cfg(test)]
#[path = "structure/tree.rs"]
mod tree;

#[cfg(test)]
#[path = "structure/rust.rs"]
mod rust;

#[cfg(test)]
#[path = "structure/crates.rs"]
mod crates;

#[cfg(test)]
#[path = "structure/code.rs"]
mod code;

#[cfg(test)]
#[path = "structure/calls.rs"]
mod calls;

#[cfg(test)]
#[path = "structure/signatures.rs"]
mod signatures;

#[cfg(test)]
#[path = "structure/texts.rs"]
mod texts;

#[cfg(test)]
#[path = "structure/findings.rs"]
mod findings;

#[cfg(test)]
#[path = "structure/words.rs"]
mod words;
