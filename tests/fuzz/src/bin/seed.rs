//! Cuts an input for the fuzzer from an image: the sectors that reading it takes, without the
//! contents of files. `seed TARGET IMAGE OPTIONS OUT`; see tests/fuzz/README.md.

use std::error::Error;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;

use fuzz::{Medium, target};

/// Most sectors of one input: what libFuzzer is told to keep inputs below, see `run`.
const SECTORS_MAX: usize = 250;

fn tried() -> Result<String, Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, image, options, out] = words.as_slice() else {
        return Err("usage: seed TARGET IMAGE OPTIONS OUT".into());
    };
    let options = options.parse()?;
    let image = Rc::new(std::fs::read(image)?);
    let medium = Rc::new(Medium::whole(image).tracking());
    // A reader that fails on the image is what the fuzzer is for.
    let look = AssertUnwindSafe(|| target::look(name, options, medium.clone()));
    if let Ok(None) = catch_unwind(look) {
        return Err(format!("{name}: no such target").into());
    }
    let sectors = medium.touched().into_iter();
    let filled = sectors.filter(|number| medium.sector(*number).iter().any(|byte| *byte != 0));
    let sectors = filled.take(SECTORS_MAX).collect();
    let input = medium.describe(options, &sectors);
    std::fs::write(out, &input)?;
    Ok(format!(
        "{out}: {} sectors, {} bytes",
        sectors.len(),
        input.len()
    ))
}

fn main() -> ExitCode {
    let mut error_out = std::io::stderr();
    let (said, status) = match tried() {
        Ok(said) => (said, ExitCode::SUCCESS),
        Err(error) => (format!("seed: {error}"), ExitCode::from(2)),
    };
    let _ = writeln!(error_out, "{said}");
    status
}
