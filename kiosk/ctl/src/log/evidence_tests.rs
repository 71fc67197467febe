use std::process::Command;

use record::Writer;
use tempfile::TempDir;
use wire::custody::{Occasion, SignIn, VisitName, Way};
use wire::ledger::{Rules, Target};
use wire::scan::TargetKind;

use super::*;

fn visit(id: &str) -> VisitName {
    VisitName {
        id: id.to_owned(),
        person: "佐藤".to_owned(),
        company: "保守".to_owned(),
    }
}

fn inserted(id: Option<&str>) -> Event {
    Event::Inserted {
        target: Target {
            kind: TargetKind::Image,
            name: MediumName::new("stick.img").unwrap(),
            size_bytes: 1,
        },
        claim: None,
        medium: None,
        rules: None::<Rules>,
        occasion: id.map(|id| {
            Box::new(Occasion {
                visit: Some(visit(id)),
                way: Way::In,
                is_weak: false,
                is_enrolment: false,
            })
        }),
    }
}

/// 1 inserted on a visit, 2 signed in, 3 another visit, 4 inserted on none, 5 and 6 interrupted,
/// 7 signed out.
fn ledger(folder: &Path) {
    let mut writer = Writer::open(folder).unwrap();
    let sign = |id| SignIn::Visit(visit(id));
    for event in [
        inserted(Some("V-1")),
        Event::SignedIn(sign("V-1")),
        Event::SignedIn(sign("V-2")),
        inserted(None),
    ] {
        writer.append(&event, None).unwrap();
    }
    writer.interrupt(1, "pulled out").unwrap();
    writer.interrupt(4, "pulled out").unwrap();
    writer.append(&Event::SignedOut(sign("V-1")), None).unwrap();
}

/// An installation with a ledger, and a copy of it.
struct Site {
    root: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            root: tempfile::tempdir().unwrap(),
        };
        ledger(&site.paths().ledger());
        ledger(&site.copy());
        site
    }

    fn paths(&self) -> Paths {
        let paths = Paths::chosen(Some(self.root.path().to_owned()));
        fs::create_dir_all(paths.ledger()).unwrap();
        paths
    }

    fn copy(&self) -> PathBuf {
        self.root.path().join("copy")
    }

    /// Runs the command on the copy, or on the kiosk's own ledger.
    fn evidence(&self, said: &[&str], copy: Option<&Path>) -> Result<u8, CommandError> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let output = self.output();
        let output = output.to_str().unwrap();
        let words = [&["evidence", "--output", output], said].concat();
        let arguments = <Line as clap::Parser>::try_parse_from(words)
            .unwrap()
            .arguments;
        let folder = copy.map_or_else(|| self.paths().ledger(), Path::to_owned);
        run(
            &arguments,
            &Ledger::open(&folder).unwrap(),
            copy,
            &self.paths(),
        )
    }

    fn output(&self) -> PathBuf {
        self.root.path().join("bundle")
    }

    fn has_no_bundle(&self) -> bool {
        let names = fs::read_dir(self.root.path()).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        !names.any(|name| name.contains("bundle"))
    }

    /// Whether minisign takes the bundle with this key.
    fn is_signed_by(&self, key: &Path) -> bool {
        let list = self.output().join("tagmanifest-sha256.txt");
        let minisign = Command::new("minisign")
            .args(["-q", "-V", "-p"])
            .arg(key)
            .arg("-m")
            .arg(list)
            .output();
        minisign.unwrap().status.success()
    }
}

#[test]
fn a_visit_is_its_people_and_what_became_of_their_media() {
    let site = Site::new();
    let ledger = Ledger::open(&site.copy()).unwrap();
    assert_eq!(visit::entries(&ledger, "V-1").unwrap(), [1, 2, 5, 7]);
    assert_eq!(visit::entries(&ledger, "V-2").unwrap(), [3]);
    let error = visit::entries(&ledger, "V-3\u{202e}")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("V-3⟨U+202E⟩") && error.contains("visit list"),
        "{error}"
    );
}

#[test]
fn a_bundle_out_of_a_copy_is_signed_by_its_key_and_writes_no_entry() {
    let site = Site::new();
    let copy = site.copy();
    let status = site
        .evidence(&["--visit", "V-1", "--no-entry"], Some(&copy))
        .unwrap();
    assert_eq!(status, 0);
    assert!(site.is_signed_by(&site.output().join("data/ledger-minisign.pub")));
    assert_eq!(Ledger::open(&copy).unwrap().last().unwrap(), Some(7));
    assert!(site.output().join("data/entries/5.json").is_file());
    // Nothing is put in its place.
    assert!(site.evidence(&["1", "--no-entry"], Some(&copy)).is_err());
}

#[test]
fn a_person_signs_with_their_own_key_in_either_form() {
    let site = Site::new();
    let place = |name: &str| site.root.path().join(name);
    let key = rules::SecretKey::generate().unwrap();
    fs::write(place("key"), key.text(Some("geheim")).unwrap()).unwrap();
    fs::write(place("key.pub"), key.public_text()).unwrap();
    fs::write(place("password"), "geheim\n").unwrap();
    let (path, password) = (place("key"), place("password"));
    let signed = [
        "1",
        "2",
        "--no-entry",
        "--secret-key",
        path.to_str().unwrap(),
    ];
    let said = [
        &signed[..],
        &["--password-file", password.to_str().unwrap()],
    ]
    .concat();
    site.evidence(&said, Some(&site.copy())).unwrap();
    assert!(site.is_signed_by(&place("key.pub")));
    assert!(!site.is_signed_by(&site.output().join("data/ledger-minisign.pub")));

    fs::remove_dir_all(site.output()).unwrap();
    fs::write(&password, "Geheim\n").unwrap();
    let error = site.evidence(&said, Some(&site.copy())).unwrap_err();
    assert!(matches!(error, CommandError::Secret { .. }), "{error}");
    assert!(site.has_no_bundle());

    fs::write(&path, SecretKey::from_seed([3; 32]).pem()).unwrap();
    site.evidence(&signed, Some(&site.copy())).unwrap();
    assert!(site.is_signed_by(&site.output().join("data/signer.pub")));
    assert!(!site.is_signed_by(&place("key.pub")));
}

#[test]
fn what_is_not_written_down_is_not_handed_out() {
    let site = Site::new();
    let own = site
        .evidence(&["1", "--no-entry"], None)
        .unwrap_err()
        .to_string();
    assert!(own.contains("--ledger names"), "{own}");
    let beside = site.paths().ledger().join(".");
    assert!(site.evidence(&["1", "--no-entry"], Some(&beside)).is_err());
    // Beside this test there is no kiosk-record that could write.
    let error = site.evidence(&["1"], None).unwrap_err();
    assert!(matches!(error, CommandError::Record(_)), "{error}");
    let error = site
        .evidence(&["1", "99", "--no-entry"], Some(&site.copy()))
        .unwrap_err();
    assert!(matches!(error, CommandError::Evidence(_)), "{error}");
    assert!(site.has_no_bundle());
}

#[test]
fn whoever_cannot_read_the_ledgers_key_is_told_what_to_give() {
    let site = Site::new();
    fs::remove_file(site.copy().join(SECRET_FILE)).unwrap();
    let error = site
        .evidence(&["1", "--no-entry"], Some(&site.copy()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ledger.key") && error.contains("--secret-key"),
        "{error}"
    );
    assert!(site.has_no_bundle());
}
