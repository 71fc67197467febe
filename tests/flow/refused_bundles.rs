//! Bundles of rules that must not be taken: by name, and the old rules stay.

use std::fs;
use std::process::Command;

use crate::bundles::Plant;
use crate::kiosk::run;

/// One bundle that must be refused, and a word of why.
fn refused(plant: &Plant, what: &str, bytes: &[u8], words: &str) {
    let before = plant.status()["active"].clone();
    let told = plant.told("rules_refused").len();
    fs::write(plant.at("bad.bundle"), bytes).unwrap();
    let done = plant.rules(&["install", "bad.bundle"]);
    done.exits(1);
    assert!(done.stderr.contains(words), "{what}: {}", done.stderr);
    assert_eq!(plant.status()["active"], before, "{what}");
    let refusals = plant.told("rules_refused");
    assert_eq!(refusals.len(), told + 1, "{what}");
    let why = refusals[told]["why"].as_str().unwrap();
    assert!(why.contains(words), "{what}: {why}");
}

#[test]
fn what_is_wrong_with_a_bundle_is_named_and_the_old_one_stays() {
    let plant = Plant::new();
    let good = plant.made(5);
    plant.rules(&["install", &good]).exits(0);
    let next = fs::read(plant.at(&plant.made(6))).unwrap();
    // In the order of the file: manifest, its signature, the first content, its padding.
    let text = |name: &[u8]| {
        next.windows(name.len())
            .position(|part| part == name)
            .unwrap()
    };
    let flipped = |place: usize| {
        let mut bytes = next.clone();
        bytes[place] ^= 1;
        bytes
    };
    let manifest = text(b"manifest.toml\0");
    let signature = text(b"manifest.toml.minisig\0");
    let rule = text(b"trial/trial.yar\0");
    for (what, bytes, words) in [
        (
            "manifest",
            flipped(manifest + 512 + 20),
            "does not fit the manifest",
        ),
        (
            "manifest's mode",
            flipped(manifest + 106),
            "the header of manifest.toml was changed",
        ),
        (
            "signature",
            flipped(signature + 512 + 80),
            "does not fit the manifest",
        ),
        (
            "comment",
            flipped(signature + 512),
            "the signature is malformed",
        ),
        ("rule", flipped(rule + 512), "trial/trial.yar was changed"),
        (
            "rule's time",
            flipped(rule + 140),
            "the header of trial/trial.yar was changed",
        ),
        (
            "rule's name",
            flipped(rule),
            "trial/trial.yar should come next",
        ),
        (
            "end",
            flipped(next.len() - 1),
            "the end of the bundle should come next",
        ),
        ("cut", next[..next.len() - 700].to_vec(), "is cut off"),
        ("half", next[..next.len() / 2].to_vec(), "is cut off"),
        ("empty", Vec::new(), "is cut off"),
        (
            "longer",
            [&next[..], &[0; 512]].concat(),
            "something follows the end",
        ),
        (
            "foreign",
            b"rule a { condition: true }\n".repeat(50),
            "this is no bundle",
        ),
        (
            "unsigned",
            fs::read(plant.at(&plant.built(6, &[]))).unwrap(),
            "is not signed",
        ),
        ("huge", huge(), "is larger than"),
    ] {
        refused(&plant, what, &bytes, words);
    }
    assert_eq!(plant.version(), 5);
    run(plant.root.kioskctl().args(["log", "verify"])).exits(0);
}

/// A header that promises a manifest of 8 GiB.
fn huge() -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..13].copy_from_slice(b"manifest.toml");
    block[124..135].copy_from_slice(b"77777777777");
    block
}

#[test]
fn what_was_signed_and_does_not_hold_here_is_refused_by_name() {
    let plant = Plant::new();
    plant.rules(&["install", &plant.made(5)]).exits(0);
    plant.keygen("stranger");
    let signed = |version: u64, more: &[&str], key: &str| {
        let name = plant.built(version, more);
        plant.sign(&name, key);
        fs::read(plant.at(&name)).unwrap()
    };
    for (what, bytes, words) in [
        (
            "same",
            signed(5, &[], "maker"),
            "is not newer than version 5",
        ),
        (
            "older",
            signed(4, &[], "maker"),
            "is not newer than version 5",
        ),
        (
            "stranger",
            signed(6, &[], "stranger"),
            "which is not trusted here",
        ),
        (
            "expired",
            signed(6, &["--expires", "2020-02-01"], "maker"),
            "it expired",
        ),
        (
            "future",
            signed(6, &["--issued", "2119-01-01"], "maker"),
            "which is in the future",
        ),
        (
            "other name",
            signed(6, &["--name", "other"], "maker"),
            "is another bundle than trial",
        ),
        (
            "broken rule",
            crafted(&plant, "rule x { condition: y }", 1),
            "unknown identifier",
        ),
        (
            "fewer rules",
            crafted(&plant, "rule x { condition: true }", 2),
            "says 2 rules, and 1",
        ),
    ] {
        refused(&plant, what, &bytes, words);
    }
    let other = fs::read(plant.at(&plant.built(6, &["--name", "other"]))).unwrap();
    fs::write(plant.at("other.bundle"), other).unwrap();
    plant.sign("other.bundle", "maker");
    plant
        .rules(&["install", "--replace", "other.bundle"])
        .exits(0);
    assert_eq!(plant.status()["active"]["bundle"], "other");
}

/// A signed bundle that `rules build` would not make.
fn crafted(plant: &Plant, rule: &str, rules: u64) -> Vec<u8> {
    let (text, file) = (rule.as_bytes(), plant.at("crafted.yar"));
    fs::write(&file, text).unwrap();
    let sum = Command::new("sha256sum")
        .arg(&file)
        .output()
        .unwrap()
        .stdout;
    let sum = String::from_utf8(sum[..64].to_vec()).unwrap();
    let manifest = bundle::Manifest {
        bundle: "trial".to_owned(),
        version: 6,
        issued: "2020-01-01".parse().unwrap(),
        expires: "2120-01-01".parse().unwrap(),
        rules,
        files: vec![bundle::Listed {
            path: "x.yar".to_owned(),
            size_bytes: u64::try_from(text.len()).unwrap(),
            sha256: sum.try_into().unwrap(),
        }],
    };
    let packed = bundle::pack(&manifest, None, &mut |_| Ok(text), Vec::new()).unwrap();
    fs::write(plant.at("crafted.bundle"), packed).unwrap();
    plant.sign("crafted.bundle", "maker");
    fs::read(plant.at("crafted.bundle")).unwrap()
}
