//! `kioskctl rules list`: one compiled list of hashes of any number of sources.

use std::path::PathBuf;

use bundle::lists::{Algorithm, Plan, Sort, build};

use crate::CommandError;
use crate::print;

/// Options of `kioskctl rules list`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files with digests: one a line, NSRL's, hashdeep's, or columns below a line of names
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<PathBuf>,
    /// What is on the list is known to be bad, and stops a medium
    #[arg(long, required_unless_present = "known", conflicts_with = "known")]
    block: bool,
    /// What is on the list is known to be published, which is noted and changes nothing
    #[arg(long)]
    known: bool,
    /// What the list is called in reports
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The file to make, NAME.hashes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    if arguments.output.extension() != Some("hashes".as_ref()) {
        let why = "a list is found by its name: let the output end in .hashes";
        return Err(CommandError::Lists(why.to_owned()));
    }
    let sort = match (arguments.block, arguments.known) {
        (true, false) => Sort::Block,
        (false, true) => Sort::Known,
        (true, true) | (false, false) => {
            let why = "say what the list is: either --block or --known";
            return Err(CommandError::Lists(why.to_owned()));
        }
    };
    let built = build(&Plan {
        sort,
        title: &arguments.name,
        sources: &arguments.sources,
        into: &arguments.output,
    })?;
    let rows = Algorithm::ALL.into_iter().map(|algorithm| {
        let rows = built.about.rows_of(algorithm);
        format!("{rows} {}", algorithm.word())
    });
    let rows: Vec<String> = rows.collect();
    print::line(&format!(
        "{}: {}; {} repeated, {} without room for their name",
        arguments.output.display(),
        rows.join(", "),
        built.repeated,
        built.unnamed
    ));
    Ok(0)
}
