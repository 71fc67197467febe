#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use bundle::SPECIMEN_BYTES_MAX;

use super::*;

fn set(canaries: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("deep/er")).unwrap();
    fs::write(folder.path().join("deep/er").join(CANARIES), canaries).unwrap();
    folder
}

fn one(kind: &str, rule: &str, piece: &str) -> String {
    format!("[[{kind}]]\nrule = \"{rule}\"\npieces = [{piece}]\n")
}

fn pair(piece: &str) -> String {
    one("canary", "r", piece) + &one("near_miss", "r", "\"y\"")
}

#[test]
fn every_specimen_is_in_its_places_and_the_medium_is_the_same_each_time() {
    let folder = set(&pair("\"x\""));
    let exam = Exam::of(folder.path()).unwrap();
    let places: Vec<_> = exam
        .subjects
        .iter()
        .map(|subject| (subject.expected, subject.places.clone()))
        .collect();
    let ordinals = |exam: &Exam| -> Vec<u64> {
        exam.subjects
            .iter()
            .map(|subject| subject.ordinal)
            .collect()
    };
    assert_eq!(ordinals(&exam), [1, 1]);
    let twice = Exam::of(set(&(pair("\"x\"") + &pair("\"z\""))).path()).unwrap();
    assert_eq!(ordinals(&twice), [1, 2, 1, 2]);
    let (file, zip, nested) = (Place::File, Place::Zip, Place::ZipInZip);
    assert_eq!(
        places,
        [
            (Expected::Found, vec![file, zip, nested]),
            (Expected::Absent, vec![file, zip])
        ]
    );
    assert_eq!(exam.sha256(), Exam::of(folder.path()).unwrap().sha256());
    let other = Exam::of(set(&pair("\"z\"")).path()).unwrap();
    assert_ne!(exam.sha256(), other.sha256());
    assert_eq!(
        trail(nested, 7),
        ["NESTED.ZIP", "INNER.ZIP", "00000007.BIN"]
    );
}

#[test]
fn a_set_without_a_canary_cannot_be_tested() {
    for text in ["", "near_miss = []\n"] {
        let error = Exam::of(set(text).path()).unwrap_err();
        assert!(matches!(error, ExamError::NoCanary { .. }), "{error}");
    }
    let error = Exam::of(set(&(pair("\"x\"") + &one("near_miss", "s", "\"y\""))).path());
    let error = error.unwrap_err();
    assert!(
        matches!(&error, ExamError::NearMissOnly { rule } if rule == "s"),
        "{error}"
    );
}

#[test]
fn what_is_malformed_or_not_there_is_named() {
    let folder = set("[[canray]]");
    let error = wire::explained(&Exam::of(folder.path()).unwrap_err());
    assert!(
        error.contains("deep/er/canary.toml") && error.contains("line 1"),
        "{error}"
    );
    let error = Exam::of(&folder.path().join("nothing")).unwrap_err();
    assert!(matches!(error, ExamError::Read { .. }), "{error}");
}

#[test]
fn canaries_are_looked_for_as_deep_as_rules_and_no_deeper() {
    let folder = tempfile::tempdir().unwrap();
    let at = |depth: usize| (1..depth).fold(folder.path().to_owned(), |path, _| path.join("d"));
    fs::create_dir_all(at(FOLDER_DEPTH_MAX + 1)).unwrap();
    let deepest = at(FOLDER_DEPTH_MAX + 1).join(CANARIES);
    fs::write(&deepest, pair("\"x\"")).unwrap();
    assert_eq!(specimens(folder.path()).unwrap().len(), 2);
    fs::create_dir(at(FOLDER_DEPTH_MAX + 2)).unwrap();
    fs::rename(deepest, at(FOLDER_DEPTH_MAX + 2).join(CANARIES)).unwrap();
    assert!(specimens(folder.path()).unwrap().is_empty());
}

#[test]
fn more_or_larger_specimens_than_the_limits_are_refused() {
    let zeros = |bytes: usize| {
        let piece = format!("{{ repeat = \"00\", count = {bytes} }}");
        one("canary", "r", &piece)
    };
    // The limits are of all files of a set together.
    let refused = |first: &str, second: &str| {
        let folder = set(first);
        fs::write(folder.path().join(CANARIES), second).unwrap();
        match specimens(folder.path()) {
            Ok(_) => false,
            Err(ExamError::TooMuch { .. }) => true,
            Err(error) => panic!("{error}"),
        }
    };
    let none = one("canary", "r", "");
    let most = none.repeat(SPECIMENS_MAX - 1);
    assert!(!refused(&most, &none));
    assert!(refused(&most, &none.repeat(2)));
    let (whole, rest) = (
        SPECIMENS_BYTES_MAX / SPECIMEN_BYTES_MAX,
        SPECIMENS_BYTES_MAX % SPECIMEN_BYTES_MAX,
    );
    let most = zeros(SPECIMEN_BYTES_MAX).repeat(whole);
    assert!(!refused(&most, &zeros(rest)));
    assert!(refused(&most, &zeros(rest + 1)));
    assert!(refused(&most, &(zeros(rest) + &zeros(1))));
}

#[test]
fn the_largest_specimens_fit_the_medium() {
    let specimens = [Specimen {
        rule: "r".to_owned(),
        expected: Expected::Absent,
        // Nine bits each.
        bytes: vec![0xFF; SPECIMENS_BYTES_MAX],
    }];
    let canary = Specimen {
        rule: "r".to_owned(),
        expected: Expected::Found,
        bytes: Vec::new(),
    };
    let all = [specimens[0].clone(), canary];
    // The limit counts them together; the canary is empty.
    let subjects = subjects(&all, Path::new("set")).unwrap();
    assert!(image(&all, &subjects).is_some());
}
