use crate::guest::Guest;
#[test]
fn scratch() {
    let guest = Guest::restored();
    let script = std::env::var("S").unwrap();
    for part in script.split("@@") {
        if let Some(part) = part.strip_prefix("&") {
            std::mem::forget(guest.start(part));
        } else if let Some(part) = part.strip_prefix("+") {
            let mut w = part.split_whitespace();
            guest.insert("stick", w.next().unwrap(), w.next().unwrap());
        } else {
            let done = guest.try_run(part);
            println!(
                "### {part}\n{}{}[{}]",
                done.stdout, done.stderr, done.status
            );
        }
    }
}
