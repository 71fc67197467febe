//! What a device calls itself drives nobody's terminal.

use crate::guest::Guest;

/// ESC [ 2 J, a line feed, quotes, `%n`, a bidirectional override and a zero-width space, in
/// base64. USB strings are UTF-16, so that they cannot be invalid UTF-8; the label is.
const HOSTILE64: &str = "QRtbMkoKIiclbuKAruKAiw==";

/// What nobody may see raw: control characters but the line feed, and hidden ones.
#[track_caller]
fn harmless(what: &str, text: &str) {
    let hidden = |one: &char| {
        (one.is_control() && *one != '\n') || matches!(one, '\u{202e}' | '\u{200b}' | '\u{fffd}')
    };
    let found: Vec<char> = text.chars().filter(hidden).collect();
    assert!(found.is_empty(), "{what} holds {found:?}:\n{text}");
}

#[test]
fn hostile_strings_and_labels_are_seen_as_visible_escapes_only() {
    let guest = Guest::restored();
    guest.insert("stick", "label", "VM-LABEL");
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "incomplete damaged", "{verdict:?}");
    // Where it is damaged: on a volume with this label.
    let screen = guest.wait_words("⟨U+001B⟩[2J%n\"⟨9B⟩⟨U+0007⟩");
    harmless("the screen with a label", &screen);

    // A second medium: now each has its card with its name.
    let long = "L".repeat(126);
    guest.run(&format!(
        "gadget new odd vid=0951 pid=1666 manufacturer={long} product64={HOSTILE64} \
         serial64={HOSTILE64} storage:/library/clean.img && gadget plug odd"
    ));
    let verdict = guest.wait_verdict(2);
    assert_eq!(verdict.answer(), "stop unregistered", "{verdict:?}");
    let screen = guest.wait_words("A⟨U+001B⟩[2J");
    assert!(screen.contains("STOP"), "{screen}");
    harmless("the screen with a name", &screen);

    let entries = guest.log();
    let of = |kind: &str| {
        let mut entries = entries.iter().rev();
        entries
            .find(|entry| entry["event"]["event"] == kind)
            .unwrap()["number"]
            .clone()
    };
    for (kind, expected) in [("inserted", "U+001B"), ("judged", "STOP")] {
        let shown = guest.run(&format!("kioskctl log show {}", of(kind)));
        assert!(shown.contains(expected), "{shown}");
        harmless("log show", &shown);
    }
    let shown = guest.run(&format!("kioskctl log show {}", of("inserted")));
    for escape in [
        "⟨U+001B⟩[2J",
        "⟨U+000A⟩",
        "%n",
        "⟨U+202E⟩",
        "⟨U+200B⟩",
        &long,
    ] {
        assert!(shown.contains(escape), "{escape}: {shown}");
    }
    harmless("log list", &guest.run("kioskctl log list"));
    harmless("log list --json", &guest.run("kioskctl log list --json"));
    for number in 1..=entries.len() {
        harmless(
            "log show",
            &guest.run(&format!("kioskctl log show {number}")),
        );
        harmless(
            "log show --json",
            &guest.run(&format!("kioskctl log show {number} --json")),
        );
    }
    harmless("the journal", &guest.journal("kioskd"));
}
