//! What hides where systems do not show it is found, and the place is named.

use serde_json::Value;

use crate::kiosk::Root;
use crate::media;

fn cases() -> Vec<Value> {
    media::cases(
        include_str!("scenarios/hidden.toml"),
        &["image", "kind", "path"],
    )
}

#[test]
fn a_canary_in_every_place_that_systems_do_not_show_is_stop_and_the_place_is_named() {
    let mut wrong = Vec::new();
    for case in cases() {
        let name = case["image"].as_str().unwrap();
        let report = Root::new().scan(&media::hidden(name), &[]);
        let start = case["path"].as_str().unwrap();
        let found = report.rows().iter().any(|row| {
            row["outcome"] == "matched"
                && row["kind"] == case["kind"]
                && row["path"]
                    .as_str()
                    .is_some_and(|path| path.starts_with(start))
        });
        if !found || report.verdict() != "stop" || report.status != 1 {
            wrong.push(format!("{name}: {}", report.summary()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_medium_that_hides_something_is_scanned_here() {
    let folder = media::hidden("x").with_file_name("");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut made: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".img").map(str::to_owned))
        .collect();
    made.sort();
    let cases = cases();
    let named = cases.iter().map(|case| case["image"].as_str().unwrap());
    let mut named: Vec<String> = named.map(str::to_owned).collect();
    named.sort();
    assert_eq!(made, named);
}
