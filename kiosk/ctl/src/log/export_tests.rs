use super::*;

use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(said: &[&str]) -> Arguments {
    let words = ["export"].iter().chain(said);
    Line::try_parse_from(words).unwrap().arguments
}

#[test]
fn options_that_contradict_one_another_are_refused() {
    let entry = ["export", "--format", "csv", "--entry", "1"];
    let file = ["export", "--format", "cef", "--to", "journald"];
    for (said, more) in [
        (entry, ["--since", "1"]),
        (entry, ["--from", "2026-11-01"]),
        (entry, ["--until", "2026-11-01"]),
        (entry, ["--medium", "M-0001"]),
        (entry, ["--verdict", "pass"]),
        (file, ["--output", "a"]),
    ] {
        assert!(Line::try_parse_from(said).is_ok());
        assert!(
            Line::try_parse_from([&said[..], &more].concat()).is_err(),
            "{more:?}"
        );
    }
}

#[track_caller]
fn refused(said: &[&str], folder: Option<&Path>) -> String {
    let paths = Paths::chosen(Some("/nowhere".into()));
    let error = check(&arguments(said), folder, &paths).unwrap_err();
    error.to_string()
}

#[test]
fn what_makes_no_sense_is_refused_with_what_does() {
    let list = refused(&["--format", "sha256sums"], None);
    assert!(list.contains("--entry"), "{list}");
    let volume = refused(&["--format", "csv", "--volume", "1"], None);
    assert!(volume.contains("sha256sums or hashdeep"), "{volume}");
    let what = refused(&["--format", "xlsx", "--what", "entries"], None);
    assert!(what.contains("csv"), "{what}");
    let journal = refused(&["--format", "csv", "--to", "journald"], None);
    assert!(journal.contains("cef or syslog"), "{journal}");
}

#[test]
fn an_export_without_an_entry_is_for_copies_only() {
    let own = refused(&["--format", "csv", "--no-entry"], None);
    assert!(own.contains("--ledger names"), "{own}");
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    std::fs::create_dir_all(paths.ledger()).unwrap();
    let said = arguments(&["--format", "csv", "--no-entry"]);
    let beside = paths.ledger().join(".");
    assert!(check(&said, Some(&beside), &paths).is_err());
    assert!(check(&said, Some(folder.path()), &paths).is_ok());
}

#[test]
fn days_are_those_of_the_site_from_their_beginning_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let said = arguments(&[
        "--format",
        "csv",
        "--from",
        "2026-11-01",
        "--until",
        "2026-11-30",
    ]);
    let days = |paths: &Paths| {
        let selection = selection(&said, &Days::of(&said, paths).unwrap()).unwrap();
        let text = |at: Option<jiff::Timestamp>| at.unwrap().to_string();
        (text(selection.from), text(selection.until))
    };
    let utc = ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert_eq!(days(&paths), (utc.0.to_owned(), utc.1.to_owned()));
    for (from, until, is_taken) in [
        ("2026-11-02", "2026-11-01", false),
        ("2026-11-02", "2026-11-02", true),
    ] {
        let said = arguments(&["--format", "csv", "--from", from, "--until", until]);
        let taken = selection(&said, &Days::of(&said, &paths).unwrap());
        assert_eq!(taken.is_ok(), is_taken, "{from} {until}");
        if let Err(error) = taken {
            let error = error.to_string();
            assert!(error.contains("the first is the later one"), "{error}");
        }
    }
    let policy = paths.policy();
    std::fs::create_dir_all(policy.parent().unwrap()).unwrap();
    std::fs::write(&policy, include_str!("../../../../systemd/kiosk.toml")).unwrap();
    let japan = ("2026-10-31T15:00:00Z", "2026-11-30T15:00:00Z");
    assert_eq!(days(&paths), (japan.0.to_owned(), japan.1.to_owned()));
}
