use std::collections::BTreeMap;

use jiff::civil::date;

use super::*;
use crate::manifest::BUNDLE_TOTAL_BYTES_MAX;
use crate::trial::{Maker, bundle, files, manifest};

/// What was unpacked, with whether its end came.
#[derive(Default)]
struct Kept {
    files: BTreeMap<String, (Vec<u8>, bool)>,
    now: Vec<u8>,
}

impl Unpack for Kept {
    fn begin(&mut self, file: &Listed) -> io::Result<()> {
        self.files.insert(file.path.clone(), (Vec::new(), false));
        self.now.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.now.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, file: &Listed) -> io::Result<()> {
        self.files
            .insert(file.path.clone(), (self.now.clone(), true));
        Ok(())
    }
}

fn read(bytes: &[u8], keys: &Keys) -> Result<(Manifest, Kept), BundleError> {
    let archive = Archive::signed(bytes, keys)?;
    let mut kept = Kept::default();
    let manifest = archive.manifest().clone();
    archive.unpack(&mut kept)?;
    Ok((manifest, kept))
}

/// A good bundle and the keys that it is good for.
fn good() -> (Vec<u8>, Keys) {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    let signature = maker.sign(&manifest);
    (
        bundle(&manifest, Some(&signature), &files()),
        maker.trusted(),
    )
}

/// The words of the refusal.
#[track_caller]
fn refused(bytes: &[u8], keys: &Keys) -> String {
    match read(bytes, keys) {
        Ok(_) => panic!("it was taken"),
        Err(error) => wire::name::with_causes(&error),
    }
}

#[test]
fn a_bundle_comes_back_as_it_was_packed() {
    let (bytes, keys) = good();
    let (read_back, kept) = read(&bytes, &keys).unwrap();
    assert_eq!(read_back, manifest(&files()));
    for (path, content) in files() {
        assert_eq!(kept.files[path], (content, true), "{path}");
    }
    assert_eq!(kept.files.len(), files().len());
    // Nothing in it depends on when or where it was packed.
    assert_eq!(bytes, good().0);
}

#[test]
fn every_bit_flipped_anywhere_is_refused() {
    let (bytes, keys) = good();
    for place in 0..bytes.len() {
        let mut bad = bytes.clone();
        // One bit a byte, another one each time, all of them over every eight bytes.
        bad[place] ^= 1 << (place % 8);
        assert!(
            read(&bad, &keys).is_err(),
            "byte {place} of {}",
            bytes.len()
        );
    }
    // Every bit of the first two headers and what is signed between them.
    let headers = (0..bytes.len()).step_by(BLOCK_BYTES).take(3);
    for place in headers.flat_map(|start| start..start + 200) {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[place] ^= 1 << bit;
            assert!(read(&bad, &keys).is_err(), "bit {bit} of byte {place}");
        }
    }
}

#[test]
fn every_length_but_its_own_is_refused() {
    let (bytes, keys) = good();
    for length in 0..bytes.len() {
        let error = read(&bytes[..length], &keys).err().expect("it was cut off");
        assert!(matches!(error, BundleError::CutOff(_)), "{length}: {error}");
    }
    for more in [&[0; 1][..], &[0; 512], &[0; 10240], b"x"] {
        let bad = [&bytes[..], more].concat();
        assert_eq!(
            refused(&bad, &keys),
            "something follows the end of the bundle"
        );
    }
}

#[test]
fn nothing_is_used_before_a_trusted_key_vouches_for_it() {
    let manifest = manifest(&files());
    let bytes = bundle(&manifest, Some(&Maker::new(2).sign(&manifest)), &files());
    let said = refused(&bytes, &Maker::new(1).trusted());
    assert!(
        said.contains("key 0202020202020202, which is not trusted"),
        "{said}"
    );

    let unsigned = bundle(&manifest, None, &files());
    let said = refused(&unsigned, &Maker::new(1).trusted());
    assert!(said.contains("is not signed"), "{said}");

    // The signature of another manifest by the same key.
    let maker = Maker::new(1);
    let mut other = manifest.clone();
    other.version += 1;
    let bytes = bundle(&other, Some(&maker.sign(&manifest)), &files());
    let said = refused(&bytes, &maker.trusted());
    assert!(said.contains("does not fit the manifest"), "{said}");

    // A manifest that is no manifest is only looked at when it was signed.
    let text = "not = 'a manifest'\n";
    let mut bytes = header::header(MANIFEST, 19).unwrap().to_vec();
    bytes.extend(text.as_bytes());
    bytes.resize(1024, 0);
    let signature = Maker::new(2).sign_text(text, "x", *b"ED");
    let length = u64::try_from(signature.len()).unwrap();
    bytes.extend(header::header(SIGNATURE, length).unwrap());
    bytes.extend(signature.as_bytes());
    bytes.resize(2048, 0);
    assert!(refused(&bytes, &Maker::new(1).trusted()).contains("not trusted"));
    assert!(refused(&bytes, &Maker::new(2).trusted()).contains("unknown field"));
}

#[test]
fn reordered_missing_and_extra_files_are_named() {
    let (maker, all) = (Maker::new(1), files());
    let manifest = manifest(&all);
    let signature = maker.sign(&manifest);
    // The archive of a manifest that lists other files, under the good manifest.
    let under = |files: &[(&'static str, Vec<u8>)]| {
        let other = super::super::trial::manifest(files);
        let packed = bundle(&other, Some(&signature), files);
        let skip = |text: &str| 512 + text.len().next_multiple_of(512);
        let rest = &packed[skip(&other.text()) + skip(&signature)..];
        let mut bytes = bundle(&manifest, Some(&signature), &all);
        bytes.truncate(skip(&manifest.text()) + skip(&signature));
        bytes.extend_from_slice(rest);
        refused(&bytes, &maker.trusted())
    };
    let mut reordered = all.clone();
    reordered.swap(0, 1);
    assert_eq!(
        under(&reordered),
        "a/canary.toml should come next, and a/one.yar comes"
    );
    assert_eq!(
        under(&all[1..]),
        "a/canary.toml should come next, and a/one.yar comes"
    );
    assert_eq!(
        under(&all[..3]),
        "lists/empty.hashes should come next, and the end of the bundle comes"
    );
    let mut extra = all.clone();
    extra.push(("z.yar", Vec::new()));
    assert_eq!(
        under(&extra),
        "the end of the bundle should come next, and z.yar comes"
    );
    let mut longer = all.clone();
    longer[0].1.push(b' ');
    assert_eq!(under(&longer), "the header of a/canary.toml was changed");
    let mut changed = all.clone();
    changed[0].1[0] ^= 1;
    assert_eq!(
        under(&changed),
        "a/canary.toml was changed: its SHA-256 is not the manifest's"
    );
}

#[test]
fn what_is_larger_than_its_limit_is_refused_before_it_is_read() {
    let keys = Maker::new(1).trusted();
    let block = header::header(MANIFEST, MANIFEST_BYTES_MAX + 1).unwrap();
    assert!(refused(&block, &keys).contains("manifest.toml of 12582913 bytes is larger"));
    let manifest = manifest(&files());
    let mut bytes = bundle(&manifest, None, &files());
    bytes.truncate(512 + manifest.text().len().next_multiple_of(512));
    bytes.extend(header::header(SIGNATURE, SIGNATURE_BYTES_MAX + 1).unwrap());
    assert!(refused(&bytes, &keys).contains("larger than 2048 bytes"));

    let maker = Maker::new(1);
    let mut large = manifest;
    large.files[1].size_bytes = BUNDLE_TOTAL_BYTES_MAX;
    let signature = maker.sign(&large);
    let mut bytes = header::header(MANIFEST, u64::try_from(large.text().len()).unwrap())
        .unwrap()
        .to_vec();
    bytes.extend(large.text().as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes.extend(header::header(SIGNATURE, u64::try_from(signature.len()).unwrap()).unwrap());
    bytes.extend(signature.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    assert!(refused(&bytes, &keys).contains("more than 4294967296 bytes"));
}

#[test]
fn what_is_no_bundle_is_told() {
    let keys = Maker::new(1).trusted();
    for other in [
        vec![0; 4096],
        b"rule a { condition: true }".repeat(100),
        vec![0xff; 1024],
    ] {
        let error = read(&other, &keys).err().unwrap();
        assert!(matches!(error, BundleError::Foreign), "{error}");
    }
}

#[test]
fn a_bundle_that_is_to_be_signed_is_read_signed_or_not() {
    let (maker, manifest) = (Maker::new(1), manifest(&files()));
    for signature in [None, Some(maker.sign(&manifest))] {
        let bytes = bundle(&manifest, signature.as_deref(), &files());
        let archive = Archive::to_be_signed(bytes.as_slice()).unwrap();
        assert_eq!(archive.signature(), signature.as_deref());
        assert_eq!(archive.key(), None);
        let mut kept = Kept::default();
        archive.unpack(&mut kept).unwrap();
        assert_eq!(kept.files.len(), 4);
        for length in 0..bytes.len() {
            let cut = Archive::to_be_signed(&bytes[..length]);
            let cut = cut.and_then(|archive| archive.unpack(&mut Kept::default()));
            assert!(cut.is_err(), "{length}");
        }
    }
}

#[test]
fn an_expired_bundle_is_read_and_says_so() {
    let (bytes, keys) = good();
    let (manifest, _) = read(&bytes, &keys).unwrap();
    assert!(manifest.holds(date(2027, 2, 26)).is_ok());
    assert!(manifest.holds(date(2027, 2, 27)).is_err());
}

#[test]
fn a_file_that_changes_while_it_is_packed_makes_no_bundle() {
    let manifest = manifest(&files());
    for content in [&b"short"[..], &[b' '; 4096]] {
        let mut out = Vec::new();
        let made = crate::pack(&manifest, None, &mut |_| Ok(content), &mut out);
        assert_eq!(made.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn what_cannot_be_put_away_stops_the_reader() {
    struct Full;
    impl Unpack for Full {
        fn begin(&mut self, _: &Listed) -> io::Result<()> {
            Ok(())
        }
        fn write(&mut self, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn end(&mut self, _: &Listed) -> io::Result<()> {
            Ok(())
        }
    }
    let (bytes, keys) = good();
    let error = Archive::signed(bytes.as_slice(), &keys)
        .unwrap()
        .unpack(&mut Full);
    assert!(matches!(error, Err(BundleError::Write { path, .. }) if path == "a/canary.toml"));
}
