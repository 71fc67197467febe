use super::*;

const LIST: &str = "\
# 一覧 / the list

# before the first
[[medium]] # a heading
id = \"M-1\" # its id
owner = 'A # B'   # the owner
interfaces = [ # inside
  \"08:06:50\", # one
] # after it

# between
[[medium]]
id = \"M-2\"
owner = \"C\"
# at the end";

fn document(text: &str) -> Document {
    Document::read(text, "allowlist.toml").unwrap()
}

fn interfaces(texts: &[&str]) -> toml_edit::Value {
    toml_edit::Value::Array(texts.iter().copied().collect())
}

#[test]
fn a_text_comes_out_as_it_went_in() {
    for text in [
        "",
        "# only this",
        LIST,
        "\u{FEFF}# x\r\n[[medium]]\r\nid = \"a\"\r\n",
    ] {
        assert_eq!(document(text).text(), text);
    }
}

#[test]
fn a_value_is_changed_where_it_stands() {
    let mut list = document(LIST);
    list.set("medium", "id", "M-1", "owner", "日本".into())
        .unwrap();
    let expected = LIST.replace("'A # B'", "\"日本\"");
    assert_eq!(list.text(), expected);
    list.set("medium", "id", "M-1", "owner", "日本".into())
        .unwrap();
    assert_eq!(list.text(), expected);
}

#[test]
fn comments_within_a_value_that_is_replaced_stand_above_it() {
    let mut list = document(LIST);
    let value = interfaces(&["08:06:62"]);
    list.set("medium", "id", "M-1", "interfaces", value)
        .unwrap();
    let expected = LIST.replace(
        "interfaces = [ # inside\n  \"08:06:50\", # one\n] # after it",
        "# inside\n# one\ninterfaces = [\"08:06:62\"] # after it",
    );
    assert_eq!(list.text(), expected);
    list.unset("medium", "id", "M-1", "interfaces").unwrap();
    let expected = expected.replace("interfaces = [\"08:06:62\"] # after it", "# after it");
    assert_eq!(list.text(), expected);
    list.unset("medium", "id", "M-1", "interfaces").unwrap();
    assert_eq!(list.text(), expected);
}

#[test]
fn a_new_key_comes_after_the_others_and_a_new_entry_at_the_end() {
    let mut list = document(LIST);
    list.set("medium", "id", "M-1", "note", "n".into()).unwrap();
    list.append("medium", &[("id", "M-3".into()), ("vid", "0951".into())]);
    list.append("medium", &[("id", "M-4".into())]);
    list.set("medium", "id", "M-4", "owner", "D".into())
        .unwrap();
    let expected = LIST.replace("] # after it\n", "] # after it\nnote = \"n\"\n")
        + "\n\n[[medium]]\nid = \"M-3\"\nvid = \"0951\"\n\n[[medium]]\nid = \"M-4\"\nowner = \"D\"\n";
    assert_eq!(list.text(), expected);
    assert!(list.set("medium", "id", "M-5", "note", "n".into()).is_err());
}

#[test]
fn a_text_of_windows_keeps_its_mark_and_its_line_ends() {
    let text = format!("\u{FEFF}{}", LIST.replace('\n', "\r\n"));
    let mut list = document(&text);
    list.set("medium", "id", "M-2", "note", "n".into()).unwrap();
    list.append("medium", &[("id", "M-3".into())]);
    let out = list.text();
    assert!(out.starts_with('\u{FEFF}'));
    assert_eq!(out.replace("\r\n", "").matches(['\r', '\n']).count(), 0);
    assert!(out.ends_with(
        "owner = \"C\"\r\nnote = \"n\"\r\n# at the end\r\n\r\n[[medium]]\r\nid = \"M-3\"\r\n"
    ));
}

#[test]
fn the_ledger_is_told_which_fields_change_and_no_secret() {
    let before =
        "[[visit]]\nid = \"V-1\"\ncode = \"111111\"\nperson = \"A\"\n\n[[visit]]\nid = \"V-2\"\n";
    let after = "[[visit]]\nid = \"V-1\"\ncode = \"222222\"\nperson = 'A'\nended = 2026-01-01\n\n\
                 [[visit]]\nid = \"V-3\"\nbadge = \"secret-badge\"\n";
    let changed = change::between(before, after);
    let json = serde_json::to_value(&changed).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            { "kind": "visit", "id": "V-1", "change": "edited", "fields": [
                { "key": "code", "before": null, "after": null },
                { "key": "ended", "before": null, "after": "2026-01-01" } ] },
            { "kind": "visit", "id": "V-3", "change": "added", "fields": [
                { "key": "id", "before": null, "after": "\"V-3\"" },
                { "key": "badge", "before": null, "after": null } ] },
            { "kind": "visit", "id": "V-2", "change": "removed", "fields": [
                { "key": "id", "before": "\"V-2\"", "after": null } ] },
        ])
    );
}

#[test]
fn an_entry_of_the_ledger_names_as_many_changes_as_fit_and_counts_the_others() {
    use wire::list_change::{CHANGED_BYTES_MAX, CHANGED_NAMED_MAX, FIELD_BYTES_MAX};
    let listed = |count: usize, note: &str| {
        let entries = (0..count).map(|id| format!("[[m]]\nid = \"{id}\"\nnote = \"{note}\"\n"));
        let after: String = entries.collect();
        let empty = ListChange {
            list: ListName::Media,
            by: None,
            second: None,
            reason: None,
            before_sha256: None,
            after_sha256: None,
            changed: change::between("", &after),
            more: 0,
        };
        empty.fitted()
    };
    let counts = |change: &ListChange| (change.changed.len(), change.more);
    assert_eq!(counts(&listed(20, "n")), (20, 0));
    // Few bytes each: the count is what ends it. Many: the bytes are.
    let size = |change: &ListChange| serde_json::to_vec(&change.changed).unwrap().len();
    let all = |change: &ListChange| change.changed.len() + usize::try_from(change.more).unwrap();
    let change = listed(CHANGED_NAMED_MAX + 1, "n");
    assert!(size(&change) <= CHANGED_BYTES_MAX + 1);
    assert_eq!(all(&change), CHANGED_NAMED_MAX + 1);
    let change = listed(300, &"x".repeat(FIELD_BYTES_MAX * 2));
    assert!(size(&change) <= CHANGED_BYTES_MAX + 1);
    assert_eq!(counts(&change), (300, 0), "all by name");
    assert!(change.changed[299].fields.is_empty());
    let note = change.changed[0].fields[1].after.as_ref().unwrap();
    assert_eq!(note.len(), FIELD_BYTES_MAX);
}
