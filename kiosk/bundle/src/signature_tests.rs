use super::*;
use crate::trial::{Maker, files, manifest};

#[test]
fn a_signature_of_a_trusted_key_vouches() {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    let signature = maker.sign(&manifest);
    let text = manifest.text();
    let id = maker.trusted().vouch(text.as_bytes(), &signature).unwrap();
    assert_eq!(id.to_string(), "0101010101010101");
    comment(&manifest, &signature).unwrap();
    assert_eq!(maker.trusted().name(id), Some("maker.pub"));
}

#[test]
fn a_strangers_signature_names_both_keys() {
    let manifest = manifest(&files());
    let signature = Maker::new(2).sign(&manifest);
    let text = manifest.text();
    let refused = Maker::new(1).trusted().vouch(text.as_bytes(), &signature);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("0202020202020202"), "{message}");
    assert!(message.contains("0101010101010101"), "{message}");
    let refused = Keys::default().vouch(text.as_bytes(), &signature);
    assert!(refused.unwrap_err().to_string().contains("trusted: none"));
}

#[test]
fn another_key_under_a_trusted_number_does_not_vouch() {
    let manifest = manifest(&files());
    let forged = Maker::new(2).sign(&manifest);
    // The number of key 1 in the place of that of key 2.
    let mut lines: Vec<String> = forged.lines().map(str::to_owned).collect();
    let mut bytes = base64::decode(&lines[1]).unwrap();
    bytes[2..10].copy_from_slice(&[1; 8]);
    lines[1] = base64::encode(&bytes);
    let forged = format!("{}\n", lines.join("\n"));
    let refused = Maker::new(1)
        .trusted()
        .vouch(manifest.text().as_bytes(), &forged);
    assert_eq!(refused, Err(SignatureError::Wrong(KeyId([1; 8]))));
}

#[test]
fn only_one_spelling_is_taken() {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    let good = maker.sign(&manifest);
    let text = manifest.text();
    for bad in [
        good.replacen("media", "Media", 1),
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        format!("{good}more\n"),
        good.trim_end().to_owned(),
        good.replacen("trusted comment: bundle", "trusted comment:bundle", 1),
        good.replacen("=\n", "\n", 1),
        String::new(),
    ] {
        let refused = maker.trusted().vouch(text.as_bytes(), &bad);
        assert!(refused.is_err(), "{bad:?}");
    }
}

#[test]
fn the_old_kind_is_refused() {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    let old = maker.sign_text(&manifest.text(), &trusted_comment(&manifest), *b"Ed");
    let refused = maker.trusted().vouch(manifest.text().as_bytes(), &old);
    let Err(SignatureError::Form(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains("old kind"), "{why}");
}

#[test]
fn a_comment_of_another_manifest_is_refused_although_it_was_signed() {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    let signature = maker.sign_text(&manifest.text(), "bundle trial version 8", *b"ED");
    maker
        .trusted()
        .vouch(manifest.text().as_bytes(), &signature)
        .unwrap();
    assert!(matches!(
        comment(&manifest, &signature),
        Err(SignatureError::Form(_))
    ));
}

#[test]
fn what_is_no_key_is_named() {
    let mut keys = Keys::default();
    for bad in [
        "",
        "x",
        "untrusted comment: x\nAAAA\n",
        "untrusted comment: x\n!\n",
    ] {
        assert_eq!(
            keys.trust("bad.pub", bad),
            Err(SignatureError::Key("bad.pub".to_owned()))
        );
    }
    let long = format!(
        "{}{}",
        Maker::new(1).public(),
        " ".repeat(KEY_TEXT_BYTES_MAX)
    );
    assert!(keys.trust("long.pub", &long).is_err());
    keys.trust("one.pub", &Maker::new(1).public()).unwrap();
    let twice = keys.trust("two.pub", &Maker::new(1).public());
    assert!(matches!(twice, Err(SignatureError::Twice { .. })));
}

#[test]
fn more_keys_than_the_limit_are_refused() {
    let mut keys = Keys::default();
    let trust = |keys: &mut Keys, number: usize| {
        let maker = Maker::new(u8::try_from(number).unwrap());
        keys.trust("k.pub", &maker.public())
    };
    for number in 0..TRUSTED_KEYS_MAX {
        trust(&mut keys, number).unwrap();
    }
    assert_eq!(
        trust(&mut keys, TRUSTED_KEYS_MAX),
        Err(SignatureError::Keys)
    );
}
