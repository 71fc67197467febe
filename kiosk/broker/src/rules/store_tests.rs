use std::fs;
use std::os::unix::fs::symlink;

use super::state::REMEMBERED_NAMES_MAX;
use super::*;

/// A store with these sets, of which only the manifests matter here.
struct Trial {
    root: tempfile::TempDir,
    paths: Paths,
}

impl Trial {
    fn new(versions: &[u64]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        for version in versions {
            let folder = paths.rules().join("sets").join(format!("{version}-aa"));
            fs::create_dir_all(&folder).unwrap();
            let text = format!(
                "bundle = \"trial\"\nversion = {version}\nissued = \"2026-11-26\"\nexpires = \
                 \"2027-01-01\"\nrules = 1\n\n[[file]]\npath = \"a.yar\"\nsize_bytes = 1\nsha256 = \
                 \"{}\"\n",
                "0".repeat(64)
            );
            Manifest::parse(&text).unwrap();
            fs::write(folder.join(bundle::MANIFEST), text).unwrap();
        }
        Self { root, paths }
    }

    fn link(&self, name: &str, version: u64) {
        let link = self.paths.rules().join(name);
        symlink(format!("sets/{version}-aa"), link).unwrap();
    }

    /// What the store writes into the ledger when it settles.
    fn settled(&self) -> Vec<Event> {
        let store = Store::open(&self.paths).unwrap();
        let mut written = Vec::new();
        let mut book = |event: Event| {
            written.push(event);
            Ok(EntryId {
                number: 1,
                leaf_sha256: Digest([0; 32]),
            })
        };
        store.settle(&crate::person::here(), &mut book).unwrap();
        written
    }

    fn sets(&self) -> Vec<String> {
        let folder = fs::read_dir(self.paths.rules().join("sets")).unwrap();
        let mut names: Vec<String> = folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_change_that_was_switched_is_brought_to_its_end() {
    let trial = Trial::new(&[1, 2, 3]);
    trial.link("active", 3);
    trial.link("previous", 1);
    let pending = "to = \"3-aa\"\nfrom = \"2-aa\"\n";
    fs::write(trial.paths.rules().join("pending.toml"), pending).unwrap();
    assert_eq!(trial.settled(), []);
    let store = Store::open(&trial.paths).unwrap();
    assert_eq!(store.folder.active().unwrap().as_deref(), Some("3-aa"));
    assert_eq!(store.folder.previous().unwrap().as_deref(), Some("2-aa"));
    assert_eq!(store.folder.highest("trial").unwrap(), Some(3));
    assert_eq!(store.folder.pending().unwrap(), None);
    assert_eq!(trial.sets(), ["2-aa", "3-aa"]);
}

#[test]
fn a_change_that_was_not_switched_is_told_to_the_ledger_and_cleared_away() {
    let trial = Trial::new(&[1, 2, 3]);
    trial.link("active", 2);
    trial.link("previous", 1);
    let rules = trial.paths.rules();
    fs::write(
        rules.join("pending.toml"),
        "to = \"3-aa\"\nfrom = \"2-aa\"\n",
    )
    .unwrap();
    fs::create_dir(rules.join("incoming")).unwrap();
    fs::write(rules.join("written"), "half").unwrap();
    symlink("sets/3-aa", rules.join("next")).unwrap();
    let written = trial.settled();
    let [Event::RulesRefused(refused)] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(
        (refused.bundle.as_deref(), refused.version),
        (Some("trial"), Some(3))
    );
    assert_eq!(trial.sets(), ["1-aa", "2-aa"]);
    for gone in ["pending.toml", "incoming", "written", "next"] {
        assert!(rules.join(gone).symlink_metadata().is_err(), "{gone}");
    }
    assert_eq!(trial.settled(), []);
    // What was not in force does not count as installed.
    let store = Store::open(&trial.paths).unwrap();
    assert_eq!(store.folder.highest("trial").unwrap(), Some(2));
}

#[test]
fn a_return_to_the_rules_of_the_programs_is_brought_to_its_end() {
    let trial = Trial::new(&[1]);
    fs::write(
        trial.paths.rules().join("pending.toml"),
        "from = \"1-aa\"\n",
    )
    .unwrap();
    assert_eq!(trial.settled(), []);
    let store = Store::open(&trial.paths).unwrap();
    assert_eq!(store.folder.active().unwrap(), None);
    assert_eq!(store.folder.previous().unwrap().as_deref(), Some("1-aa"));
    assert_eq!(store.folder.highest("trial").unwrap(), Some(1));
}

#[test]
fn a_note_of_the_store_that_it_did_not_write_stops_everything() {
    for (name, text) in [
        ("pending.toml", "to = 3"),
        ("versions.toml", "[highest]\ntrial = -1\n"),
        ("versions.toml", "[highest]\ntrial = 1\n[more]\n"),
    ] {
        let trial = Trial::new(&[]);
        fs::create_dir_all(trial.paths.rules()).unwrap();
        fs::write(trial.paths.rules().join(name), text).unwrap();
        let store = Store::open(&trial.paths).unwrap();
        let wrong = store
            .folder
            .pending()
            .and_then(|_| store.folder.highest("trial"));
        assert!(matches!(wrong, Err(StoreError::State { .. })), "{text}");
    }
}

#[test]
fn more_names_than_are_remembered_are_refused() {
    let trial = Trial::new(&[1]);
    trial.link("active", 1);
    let names = |count: usize| -> String {
        let lines = (0..count).map(|number| format!("n{number} = 1\n"));
        format!("[highest]\n{}", lines.collect::<String>())
    };
    let pending = Pending {
        to: Some("1-aa".to_owned()),
        from: None,
    };
    let store = Store::open(&trial.paths).unwrap();
    let versions = trial.paths.rules().join("versions.toml");
    fs::write(&versions, names(REMEMBERED_NAMES_MAX - 1)).unwrap();
    store.folder.finish(&pending).unwrap();
    fs::write(&versions, names(REMEMBERED_NAMES_MAX)).unwrap();
    assert!(matches!(
        store.folder.finish(&pending),
        Err(StoreError::State { .. })
    ));
}

#[test]
fn a_store_without_keys_installs_nothing() {
    let trial = Trial::new(&[]);
    let mut store = Store::open(&trial.paths).unwrap();
    let request = Request {
        by: crate::person::here(),
        file: MediumName::new("a.bundle").unwrap(),
        now: Timestamp::UNIX_EPOCH,
        replace: false,
    };
    let mut told = 0;
    let mut book = |event: Event| {
        assert!(matches!(event, Event::RulesRefused(_)));
        told += 1;
        Ok(EntryId {
            number: 1,
            leaf_sha256: Digest([0; 32]),
        })
    };
    let error = store.install(&b""[..], &request, &mut book).unwrap_err();
    assert!(!error.is_refusal());
    let words = wire::name::with_causes(&error);
    assert!(
        words.contains("no key is trusted: put the maker's public key into"),
        "{words}"
    );
    assert_eq!(told, 1);
    assert!(
        trial
            .root
            .path()
            .join("var/lib/media-kiosk/rules/lock")
            .exists()
    );
}
