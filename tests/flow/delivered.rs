//! Bundles of rules that come on an administrator's medium.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bundles::Maker;
use crate::gate::Kiosk;
use crate::kiosk::run;
use crate::media;

/// The first sample's medium with these files beside its own.
fn medium_with(maker: &Maker, files: &[PathBuf]) -> PathBuf {
    let image = maker.at("1-clean.img");
    fs::copy(media::sample("1-clean"), &image).unwrap();
    for file in files {
        // One partition, 1 MiB in.
        let volume = format!("{}@@1M", image.display());
        run(Command::new("mcopy")
            .args(["-i", &volume])
            .arg(file)
            .arg("::"))
        .exits(0);
    }
    image
}

/// The first sample's medium is an administrator's.
fn let_it_install(kiosk: &Kiosk) {
    let list = fs::read_to_string(media::repository().join("allowlist.toml")).unwrap();
    let says = "serial = \"KIOSK-TRIAL-0001\"\n";
    assert!(list.contains(says));
    let list = list.replace(says, &format!("{says}installs_rules = true\n"));
    kiosk.root.list(&list);
    kiosk.reload();
}

fn insert(kiosk: &Kiosk, image: &Path) -> String {
    let claim = media::sample("1-clean").with_extension("claim.toml");
    kiosk.insert(image, Some(&claim))
}

/// What became of the bundle on the only medium.
fn brought(kiosk: &Kiosk, key: &str) -> Value {
    kiosk.until(key, |view| {
        let shown = &view["lanes"][0]["stage"]["judged"]["brought"];
        shown.get(key).cloned()
    })
}

#[test]
fn a_signed_bundle_on_an_administrators_medium_is_tested_and_put_into_force() {
    let kiosk = Kiosk::start();
    let maker = Maker::new(kiosk.root.path());
    let_it_install(&kiosk);
    let bundle = maker.at(&maker.made(3));
    let name = insert(&kiosk, &medium_with(&maker, &[bundle]));
    assert_eq!(kiosk.answer()["verdict"], "pass");
    let set = brought(&kiosk, "installed");
    assert_eq!(
        (&set["bundle"], &set["version"]),
        (&"trial".into(), &3.into())
    );
    kiosk.until("the new rules", |view| {
        (view["rules"]["bundle"] == "trial").then_some(())
    });
    let [told] = kiosk.told_of("rules_installed", 1).try_into().unwrap();
    assert_eq!(told["event"]["by"]["medium"], "M-0001");
    assert_eq!(told["event"]["file"], "trial-3.bundle");
    assert_eq!(maker.version(), 3);
    kiosk.remove(&name);
    kiosk.verifies();
}

#[test]
fn what_nobody_signed_or_is_one_of_two_is_refused_and_the_old_rules_stay() {
    let kiosk = Kiosk::start();
    let maker = Maker::new(kiosk.root.path());
    let_it_install(&kiosk);
    let unsigned = maker.at(&maker.built(4, &[]));
    let name = insert(&kiosk, &medium_with(&maker, &[unsigned]));
    let refused = brought(&kiosk, "refused");
    let why = refused["why"].as_str().unwrap();
    assert!(why.contains("is not signed"), "{why}");
    let [told] = kiosk.told_of("rules_refused", 1).try_into().unwrap();
    assert_eq!(told["event"]["by"]["medium"], "M-0001");
    kiosk.remove(&name);
    kiosk.until("an empty bay", |view| {
        view["lanes"].as_array().unwrap().is_empty().then_some(())
    });
    let two = [5, 6].map(|version| maker.at(&maker.made(version)));
    insert(&kiosk, &medium_with(&maker, &two));
    let refused = brought(&kiosk, "refused");
    let why = refused["why"].as_str().unwrap();
    assert!(why.contains("several bundles"), "{why}");
    assert_eq!(maker.version(), 0);
    let view = kiosk.view().unwrap();
    assert_eq!(view["rules"]["bundle"], "media-kiosk-base", "{view}");
}

#[test]
fn a_bundle_on_any_other_medium_is_a_file_like_any_other() {
    let kiosk = Kiosk::start();
    let maker = Maker::new(kiosk.root.path());
    let bundle = maker.at(&maker.made(3));
    insert(&kiosk, &medium_with(&maker, &[bundle]));
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "pass");
    assert!(answer.get("brought").is_none(), "{answer}");
    assert_eq!(maker.version(), 0);
    assert!(kiosk.told("rules_installed").is_empty());
}

#[test]
fn rules_that_are_too_old_are_renewed_by_a_medium_that_is_not_judged() {
    let kiosk = Kiosk::start();
    let maker = Maker::new(kiosk.root.path());
    let_it_install(&kiosk);
    let policy = "[site]\nname_ja = \"門\"\nname_en = \"Gate\"\ntime_zone = \"+09:00\"\n\
                  [rules]\nage_days_max = 1\n";
    let manifest = "usr/share/media-kiosk/signatures/manifest.toml";
    let old = "bundle = \"media-kiosk-base\"\nversion = 1\nissued = \"2020-01-01\"\n";
    let root = kiosk.root.path();
    fs::write(root.join(manifest), old).unwrap();
    fs::write(root.join("etc/media-kiosk/kiosk.toml"), policy).unwrap();
    kiosk.reload();
    kiosk.is_out("rules_stale");
    let today = run(Command::new("date").args(["-u", "+%F"])).stdout;
    let bundle = maker.built(3, &["--issued", today.trim()]);
    maker.sign(&bundle, "maker");
    insert(&kiosk, &medium_with(&maker, &[maker.at(&bundle)]));
    assert_eq!(kiosk.answer()["verdict"], "incomplete");
    brought(&kiosk, "installed");
    kiosk.serves();
    assert_eq!(maker.version(), 3);
}
