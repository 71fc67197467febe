//! `kiosk-scan compile`: rule sources in, machine code out.
//!
//! It runs confined like a scan, without its last filter: the code generator needs to make
//! its own pages executable. Its input is what an administrator installed, not a medium.

mod tiers;

use std::io::Write as _;
use std::os::fd::AsFd;

use jail::channel::Channel;
use wire::frame;
use wire::rules::{
    COMPILED_BYTES_MAX, COMPILER_MESSAGE_BYTES_MAX, Compile, Compiled, EXTERNALS, Purpose,
    SOURCES_BYTES_MAX, Sources,
};

use crate::ScanError;
use crate::{engine, gather};

pub(crate) fn run() -> Result<(), ScanError> {
    let channel = Channel::from_stdin().map_err(ScanError::Channel)?;
    let packet = channel
        .receive()
        .map_err(ScanError::Channel)?
        .ok_or(ScanError::Starter("nothing"))?;
    let order: Compile = frame::decode(&packet.bytes)?;
    let mut descriptors = packet.fds.into_iter();
    let (Some(sources), Some(result), None) =
        (descriptors.next(), descriptors.next(), descriptors.next())
    else {
        return Err(ScanError::Starter("an order without its two descriptors"));
    };
    let size = jail::memory::require_sealed(sources.as_fd()).map_err(ScanError::Channel)?;
    if SOURCES_BYTES_MAX < size {
        return Err(ScanError::Starter("more rule sources than the limit"));
    }
    let text = jail::memory::map(sources.as_fd(), size).map_err(ScanError::Channel)?;
    let given: Sources =
        serde_json::from_slice(&text).map_err(|_| ScanError::Starter("malformed rule sources"))?;
    if u64::try_from(given.files.len()) != Ok(order.files) {
        return Err(ScanError::Starter(
            "another number of rule sources than it says",
        ));
    }

    // Entering closes what is not kept, so nothing else may own a descriptor afterwards.
    drop(sources);
    let _confined = jail::supervisor::enter(
        &[channel.as_fd(), result.as_fd()],
        &jail::supervisor::SupervisorLimits::default(),
    )
    .map_err(ScanError::Jail)?;
    let made = match order.purpose {
        Purpose::Run => compiled(&given).map(|(rules, bytes)| (Compiled::Done { rules }, bytes)),
        Purpose::Gather => gathered(&given).map(|bytes| (Compiled::Gathered, bytes)),
    };
    let answer = match made {
        Ok((answer, bytes)) => {
            std::fs::File::from(result)
                .write_all(&bytes)
                .map_err(ScanError::Channel)?;
            answer
        }
        Err((origin, mut message)) => {
            message.truncate(message.floor_char_boundary(COMPILER_MESSAGE_BYTES_MAX));
            Compiled::Refused { origin, message }
        }
    };
    channel
        .send(&frame::encode(&answer)?, &[])
        .map_err(ScanError::Channel)
}

/// A compiler as every set of rules gets it. It accepts no rule that is slow by construction:
/// that would spend the time of every file of every medium.
pub(crate) fn compiler(relaxed: bool) -> yara_x::Compiler<'static> {
    let mut compiler = yara_x::Compiler::new();
    compiler
        .relaxed_re_syntax(relaxed)
        .enable_includes(false)
        .error_on_slow_pattern(true)
        .error_on_slow_loop(true);
    for name in EXTERNALS {
        // A fixed name, once, with a text: there is nothing that could be refused. And if it
        // were, rules that ask for it would not compile.
        let _ = compiler.define_global(name, "");
    }
    compiler
}

/// All files compiled, each in a namespace of its own, or the first refusal.
fn compiled(sources: &Sources) -> Result<(u64, Vec<u8>), (String, String)> {
    let mut compiler = compiler(sources.overrides.relaxed_expressions);
    for file in &sources.files {
        compiler.new_namespace(&file.origin);
        let source = yara_x::SourceCode::from(file.text.as_str()).with_origin(&file.origin);
        if let Err(error) = compiler.add_source(source) {
            return Err((file.origin.clone(), error.to_string()));
        }
    }
    let rules = compiler.build();
    let (settings, count) = tiers::settings(&rules, sources)
        .map_err(|message| (bundle::OVERRIDES.to_owned(), message))?;
    let bytes = rules
        .serialize()
        .map_err(|error| (String::new(), error.to_string()))?;
    let bytes = engine::packed(&settings, &bytes).map_err(|error| (String::new(), error))?;
    within_limit(bytes).map(|bytes| (count, bytes))
}

/// What of the files compiles, and what does not, as JSON.
fn gathered(sources: &Sources) -> Result<Vec<u8>, (String, String)> {
    let bytes = serde_json::to_vec(&gather::gather(&sources.files))
        .map_err(|error| (String::new(), error.to_string()))?;
    within_limit(bytes)
}

fn within_limit(bytes: Vec<u8>) -> Result<Vec<u8>, (String, String)> {
    if COMPILED_BYTES_MAX < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        let message = format!("the compiled rules are larger than {COMPILED_BYTES_MAX} bytes");
        return Err((String::new(), message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use wire::Tier;
    use wire::rules::SourceFile;

    fn source(origin: &str, text: &str) -> SourceFile {
        SourceFile {
            origin: origin.to_owned(),
            text: text.to_owned(),
        }
    }

    fn compiled(files: &[SourceFile]) -> Result<(u64, Vec<u8>), (String, String)> {
        super::compiled(&Sources {
            files: files.to_vec(),
            ..Sources::default()
        })
    }

    #[test]
    fn what_was_compiled_loads_and_matches_with_its_tier() {
        let (count, bytes) = compiled(&[
            source(
                "a.yar",
                r#"rule one { strings: $a = "needle" condition: $a }"#,
            ),
            source(
                "b.yar",
                r#"rule two { meta: tier = "notice" strings: $a = "needle" condition: $a }"#,
            ),
        ])
        .unwrap();
        let engine = Engine::load(&bytes).unwrap();
        assert_eq!((count, engine.rules()), (2, 2));
        let found = engine.matcher(5).run(b"a needle here", None).unwrap();
        let tiers: Vec<_> = found
            .iter()
            .map(|(f, at)| (f.rule.as_str(), f.tier, *at))
            .collect();
        assert_eq!(
            tiers,
            [
                ("one", Tier::Block, Some(2)),
                ("two", Tier::Notice, Some(2))
            ]
        );
        assert!(engine.matcher(5).run(b"hay", None).unwrap().is_empty());
    }

    #[test]
    fn a_refused_source_is_named() {
        let refused = compiled(&[source("x/bad.yar", "rule x { condition: nothing }")]);
        let (origin, message) = refused.unwrap_err();
        assert_eq!(origin, "x/bad.yar");
        assert!(message.contains("nothing"), "{message}");
    }

    #[test]
    fn a_slow_rule_is_refused() {
        let slow = r#"rule slow { strings: $a = /.*x.*/s condition: $a }"#;
        assert!(compiled(&[source("slow.yar", slow)]).is_err());
    }
}
