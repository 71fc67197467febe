//! Documents as qpdf encrypts them.

use wire::Gap;

use super::holds;
use crate::testing::{What, made_by_shell, opened};

/// A document that qpdf encrypts with these arguments.
fn encrypted(arguments: &str) -> Vec<u8> {
    made_by_shell(&format!(
        r#"
cat > in.pdf <<'END'
%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(<a script>)>>>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>> endobj
4 0 obj <</Length 6>> stream
<page>
endstream endobj
trailer <</Root 1 0 R>>
END
echo '<attached>' > 点検.txt
qpdf --add-attachment 点検.txt -- in.pdf middle.pdf || test $? = 3
qpdf --allow-weak-crypto --encrypt {arguments} -- middle.pdf out || test $? = 3"#
    ))
}

const KINDS: [&str; 5] = [
    "40",
    "128 --use-aes=n",
    "128 --use-aes=y",
    "256 --force-R5",
    "256",
];

#[test]
fn an_empty_password_hides_nothing() {
    for kind in KINDS {
        let insecure = if kind.starts_with("256") {
            "--allow-insecure"
        } else {
            ""
        };
        for passwords in ["'' owner", "user ''"] {
            let pdf = opened(&encrypted(&format!("{passwords} {kind} {insecure}")));
            let about = format!("{passwords} {kind}: {pdf:?}");
            // Without a password of its own the owner's is the user's below 256 bits.
            if passwords == "user ''" && !kind.starts_with("256") {
                assert_eq!(pdf.gap, Some(Gap::Encrypted), "{about}");
                continue;
            }
            assert_eq!(pdf.gap, None, "{about}");
            assert_eq!(pdf.contents("点検.txt"), [b"<attached>\n"], "{about}");
            assert!(
                holds(&pdf, b"<page>") && holds(&pdf, b"<a script>"),
                "{about}"
            );
            assert!(!pdf.is_suspect(), "{about}");
        }
    }
}

#[test]
fn a_password_is_told() {
    for kind in KINDS {
        let pdf = opened(&encrypted(&format!("user owner {kind}")));
        assert_eq!(pdf.gap, Some(Gap::Encrypted), "{kind}");
        assert!(pdf.has_rule("container_encrypted") && pdf.is_withheld);
        assert!(!holds(&pdf, b"<page>") && !holds(&pdf, b"<a script>"));
    }
}

#[test]
fn object_streams_and_plain_metadata_are_opened_as_they_are() {
    for kind in [
        "128 --use-aes=y --cleartext-metadata",
        "256 --cleartext-metadata",
    ] {
        let sealed = encrypted(&format!("'' owner {kind} --"));
        let pdf = opened(&sealed);
        assert_eq!(pdf.gap, None);
    }
    let sealed = encrypted("'' owner 256 -- --object-streams=generate");
    let pdf = opened(&sealed);
    assert!(
        holds(&pdf, b"<page>") && holds(&pdf, b"<a script>"),
        "{pdf:?}"
    );
    assert_eq!(pdf.contents("点検.txt"), [b"<attached>\n"]);
    assert!(!pdf.is_suspect());
}

#[test]
fn an_encryption_that_is_not_known_is_told_and_names_that_are_plain_are_listed() {
    let content = b"%PDF-1.7
1 0 obj <</Filter/Adobe.PubSec/V 4/R 4>> endobj
2 0 obj <</F(attached.txt)/EF<</F 3 0 R>>>> endobj
3 0 obj <</Length 3>> stream
abc
endstream endobj
trailer <</Encrypt 1 0 R>>
startxref
0
%%EOF
";
    let pdf = opened(content);
    assert_eq!(pdf.gap, Some(Gap::Encrypted));
    assert_eq!(pdf.members[0].name, "attached.txt");
    assert_eq!(pdf.members[0].what, What::Unchecked(Gap::Encrypted));
    // The dictionary is not there.
    let missing = String::from_utf8(content.to_vec())
        .unwrap()
        .replace("1 0 R", "9 0 R");
    assert_eq!(opened(missing.as_bytes()).gap, Some(Gap::Encrypted));
    // Two of them.
    let two = String::from_utf8(content.to_vec()).unwrap()
        + "trailer <</Encrypt<</Filter/Other>>>> startxref 0 %%EOF";
    assert!(opened(two.as_bytes()).has_rule("pdf_several_encryptions"));
}

#[test]
fn a_changed_encryption_is_never_whole() {
    let sealed = encrypted("'' owner 256");
    let at = sealed
        .windows(4)
        .position(|window| window == b"/UE ")
        .unwrap();
    let begin = sealed[..at]
        .windows(3)
        .rposition(|window| window == b"/U ")
        .unwrap_or(at - 60);
    for at in (begin..at + 30).step_by(7) {
        let mut content = sealed.clone();
        content[at] ^= 1;
        let pdf = opened(&content);
        let is_found = holds(&pdf, b"<page>") && holds(&pdf, b"<attached>");
        assert!(is_found || pdf.is_suspect(), "byte {at}");
    }
}
