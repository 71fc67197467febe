//! Where an address leads.

/// Whether it names a server in the manner of Windows or by `file:`.
pub(crate) fn is_server(address: &str) -> bool {
    let address = address.trim().trim_matches('"');
    let lower = lowered(address);
    let rest = lower.strip_prefix("file:").unwrap_or(&lower);
    let slashes = rest
        .len()
        .saturating_sub(rest.trim_start_matches('/').len());
    let path = rest.trim_start_matches('/');
    if rest.len() != lower.len() {
        // file://server/share and file://///server/share name one, file:///C:/x does not.
        let is_local = path.is_empty()
            || path
                .as_bytes()
                .get(1)
                .is_some_and(|second| matches!(second, b':' | b'|'))
            || slashes < 2
            || slashes == 3;
        return !is_local || path.starts_with('\\');
    }
    // Paths of devices and long paths are local: \\.\ and \\?\, but \\?\UNC\ is not.
    let rest = match lower.strip_prefix(r"\\?\unc\") {
        Some(server) => server,
        None => match lower
            .strip_prefix(r"\\")
            .or_else(|| lower.strip_prefix("//"))
        {
            Some(rest) => rest,
            None => return false,
        },
    };
    let host = rest.split(['\\', '/']).next().unwrap_or_default();
    !host.is_empty() && host != "." && host != "?"
}

/// Whether it is fetched over the web.
pub(crate) fn is_web(address: &str) -> bool {
    let lower = lowered(address.trim());
    ["http://", "https://", "ftp://", "http:\\", "https:\\"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

/// Whether a machine is named in a way that no office names its servers: by a public number, or
/// by a share reached over the web's port.
pub(crate) fn is_bare(address: &str) -> bool {
    let lower = lowered(address.trim());
    let rest = lower
        .split_once(':')
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https" | "ftp" | "file"))
        .map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest
        .trim_start_matches(['/', '\\'])
        .split(['/', '\\', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(front, back)| {
        let is_port = back == "ssl" || back.bytes().all(|digit| digit.is_ascii_digit());
        if is_port { front } else { back }
    });
    let host = host.split([':', '@']).next().unwrap_or_default();
    let parts: Option<Vec<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        // Private networks and the machine itself: RFC 1918, RFC 1122, RFC 3927.
        Some([10 | 127, _, _, _] | [192, 168, _, _] | [172, 16..=31, _, _] | [169, 254, _, _]) => {
            false
        }
        Some([_, _, _, _]) => true,
        Some(_) | None => false,
    }
}

fn lowered(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// The ending of the file that an address names, in lower case and without a query.
pub(crate) fn ending(address: &str) -> String {
    let path = address.split(['?', '#', '!']).next().unwrap_or_default();
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    last.rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_from_local_paths() {
        for address in [
            r"\\server\share\a",
            "//server/share",
            r"\\?\UNC\server\a",
            "file://server/a",
            r"file:///\\server\a",
            "FILE://///server/a",
            r"\\1.2.3.4@80\a",
        ] {
            assert!(is_server(address), "{address}");
        }
        for address in [
            r"C:\a",
            "file:///C:/a",
            "file:///C|/a",
            r"\\.\C:",
            r"\\?\C:\a",
            "a.txt",
            "",
            r"\\",
            "file:",
            "file:a.doc",
            "file:///home/a",
            "http://server/a",
        ] {
            assert!(!is_server(address), "{address}");
        }
    }

    #[test]
    fn public_numbers_are_bare() {
        for address in [
            "http://8.8.8.8/a",
            "https://u@8.8.8.8:81/a",
            r"\\8.8.8.8@80\a",
            "http://8.8.8.8",
            r"\\8.8.8.8@ssl@443\a",
        ] {
            assert!(is_bare(address), "{address}");
        }
        for address in [
            "http://10.0.0.1/a",
            r"\\192.168.1.2\a",
            "http://example.com/",
            "http://1.2.3/",
            r"\\server\a",
        ] {
            assert!(!is_bare(address), "{address}");
        }
    }

    #[test]
    fn the_ending_of_an_address_is_its_files() {
        assert_eq!(ending("http://a.example/b/c.DOTM?x=y.z"), "dotm");
        assert_eq!(ending(r"\\s\x\Book1.xlsx!Sheet1!R1C1"), "xlsx");
        assert_eq!(ending("http://a.example/b"), "");
        assert!(is_web("HTTPS://a") && !is_web("mhtml:http://a"));
    }
}
