//! What clamd's configuration must say before it can be relied on. clamd has no command that
//! tells how it is set, so its file is read; what can be tried out is tried out as well.

use std::collections::BTreeMap;

/// Longest configuration, in bytes. Debian's with all its comments is 20 KiB.
pub(super) const CONF_BYTES_MAX: u64 = 1 << 20;

/// Smallest `MaxFileSize` and `MaxScanSize`, in bytes. Larger contents are NOT FINISHED, and
/// clamd's defaults of 100 and 400 MB would make that of many updates. clamd itself ends at 2 GiB.
const FILE_BYTES_LEAST: u64 = 1 << 30;
const SCAN_BYTES_LEAST: u64 = 2 << 30;

/// Smallest `MaxFiles` and `MaxRecursion`: what our own limits open, and clamd's default.
const FILES_LEAST: u64 = 100_000;
const RECURSION_LEAST: u64 = 17;

/// Switches besides `Scan...` without which clamd leaves out some of what it knows; on when
/// they are not set.
const LOOKS: [&str; 4] = [
    "heuristicalerts",
    "bytecode",
    "phishingsignatures",
    "phishingscanurls",
];

/// Why clamd must not be used like this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: write {next:?} there and start clamd anew")]
pub struct ConfError {
    /// What is wrong, with its line when it has one.
    pub what: String,
    /// What should stand there.
    pub next: String,
}

/// Checks a configuration; gives the socket it names.
///
/// # Errors
/// The first setting that is not as the kiosk needs it.
pub(super) fn check(text: &str) -> Result<String, ConfError> {
    let settings = Settings::read(text)?;
    settings.on("AlertExceedsMax")?;
    // It remembers what was clean by MD5, for which anybody can make two contents.
    settings.on("DisableCache")?;
    if settings.is_on("AlertEncrypted") != Some(true) {
        settings.on("AlertEncryptedArchive")?;
        settings.on("AlertEncryptedDoc")?;
    }
    settings.at_least("MaxFileSize", FILE_BYTES_LEAST, true)?;
    settings.at_least("MaxScanSize", SCAN_BYTES_LEAST, true)?;
    settings.at_least("MaxFiles", FILES_LEAST, true)?;
    settings.at_least("MaxRecursion", RECURSION_LEAST, false)?;
    settings.nothing_off()?;
    let socket = settings.get("LocalSocket").map(|(_, value)| value);
    socket.map(str::to_owned).ok_or_else(|| ConfError {
        what: "no LocalSocket is set".to_owned(),
        next: "LocalSocket /run/clamav/clamd.ctl".to_owned(),
    })
}

/// Each key in lower case, with its line and value.
struct Settings<'t>(BTreeMap<String, (usize, &'t str)>);

impl<'t> Settings<'t> {
    fn read(text: &'t str) -> Result<Self, ConfError> {
        let mut settings = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line
                .split_once(|space: char| space.is_ascii_whitespace())
                .unwrap_or((line, ""));
            let number = number.saturating_add(1);
            let value = value.trim().trim_matches('"');
            let before = settings.insert(key.to_ascii_lowercase(), (number, value));
            if before.is_some() && Self::decides(key) {
                return Err(ConfError {
                    what: format!("line {number}: {key} is set twice"),
                    next: format!("{key} once"),
                });
            }
        }
        Ok(Self(settings))
    }

    /// Whether a key is one that is looked at here; some others may come several times.
    fn decides(key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        [
            "alert",
            "max",
            "scan",
            "disablecache",
            "heuristic",
            "bytecode",
            "phishing",
            "localsocket",
        ]
        .iter()
        .any(|start| key.starts_with(start))
    }

    fn get(&self, key: &str) -> Option<(usize, &'t str)> {
        self.0.get(&key.to_ascii_lowercase()).copied()
    }

    /// Whether a switch is on; `None` when it is not set.
    fn is_on(&self, key: &str) -> Option<bool> {
        let (_, value) = self.get(key)?;
        Some(
            ["yes", "true", "1"]
                .iter()
                .any(|on| value.eq_ignore_ascii_case(on)),
        )
    }

    fn on(&self, key: &str) -> Result<(), ConfError> {
        if self.is_on(key) == Some(true) {
            return Ok(());
        }
        Err(self.wrong(key, "must be on", &format!("{key} yes")))
    }

    fn at_least(&self, key: &str, least: u64, unlimited: bool) -> Result<(), ConfError> {
        let number = self.get(key).and_then(|(_, value)| bytes(value));
        match number {
            Some(0) if unlimited => Ok(()),
            Some(number) if least <= number => Ok(()),
            Some(_) | None => {
                let what = format!("must be set to {least} or more");
                Err(self.wrong(key, &what, &format!("{key} {least}")))
            }
        }
    }

    /// Every kind of content that clamd can look into must be looked into.
    fn nothing_off(&self) -> Result<(), ConfError> {
        for key in self.0.keys() {
            let other = ["scanonaccess", "scanpartialmessages"].contains(&key.as_str());
            let looks = key.starts_with("scan") && !other || LOOKS.contains(&key.as_str());
            if looks && self.is_on(key) == Some(false) {
                return Err(self.wrong(key, "must not be off", &format!("{key} yes")));
            }
        }
        // A guess that is said first ends the search for what is known.
        let first = "heuristicscanprecedence";
        if self.is_on(first) == Some(true) {
            return Err(self.wrong(first, "must not be on", &format!("{first} no")));
        }
        Ok(())
    }

    fn wrong(&self, key: &str, what: &str, next: &str) -> ConfError {
        let at = self.get(key).map_or_else(
            || "is not set and ".to_owned(),
            |(number, _)| format!("in line {number} "),
        );
        ConfError {
            what: format!("{key} {at}{what}"),
            next: next.to_owned(),
        }
    }
}

/// A number with `K`, `M` or `G` behind it, as clamd takes them.
fn bytes(value: &str) -> Option<u64> {
    let (digits, factor) = match value.char_indices().last()? {
        (end, 'k' | 'K') => (value.get(..end)?, 1 << 10),
        (end, 'm' | 'M') => (value.get(..end)?, 1 << 20),
        (end, 'g' | 'G') => (value.get(..end)?, 1 << 30),
        (_, _) => (value, 1_u64),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| digits.parse::<u64>().ok()).flatten()?;
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../../systemd/clamd.conf");

    #[test]
    fn the_sample_is_what_the_kiosk_needs() {
        assert_eq!(check(SAMPLE).unwrap(), "/run/clamav/clamd.ctl");
    }

    #[test]
    fn each_setting_that_hides_something_is_refused_by_name() {
        for (from, to, key) in [
            ("AlertExceedsMax yes", "", "AlertExceedsMax"),
            (
                "AlertExceedsMax yes",
                "AlertExceedsMax no",
                "AlertExceedsMax",
            ),
            ("AlertExceedsMax yes", "AlertExceedsMax", "AlertExceedsMax"),
            (
                "AlertEncrypted yes",
                "AlertEncryptedArchive yes",
                "AlertEncryptedDoc",
            ),
            ("DisableCache yes", "#DisableCache yes", "DisableCache"),
            ("MaxFileSize 2000M", "MaxFileSize 100M", "MaxFileSize"),
            ("MaxFileSize 2000M", "", "MaxFileSize"),
            ("MaxScanSize 8000M", "MaxScanSize 400M", "MaxScanSize"),
            (
                "MaxScanSize 8000M",
                "MaxScanSize 8000M # all",
                "MaxScanSize",
            ),
            ("MaxFiles 200000", "MaxFiles 10000", "MaxFiles"),
            ("MaxRecursion 20", "MaxRecursion 0", "MaxRecursion"),
            (
                "MaxRecursion 20",
                "MaxRecursion 20\nmaxrecursion 1",
                "maxrecursion",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nScanPDF no",
                "scanpdf",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nHeuristicAlerts 0",
                "heuristicalerts",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nBytecode no",
                "bytecode",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nBytecode yes\nBytecode no",
                "Bytecode",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nPhishingSignatures no",
                "phishingsignatures",
            ),
            (
                "DisableCache yes",
                "DisableCache yes\nHeuristicScanPrecedence yes",
                "heuristicscanprecedence",
            ),
            (
                "LocalSocket /run/clamav/clamd.ctl",
                "TCPSocket 3310",
                "LocalSocket",
            ),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            let error = check(&SAMPLE.replace(from, to)).unwrap_err();
            assert!(error.what.contains(key), "{to}: {error}");
        }
    }

    #[test]
    fn numbers_are_read_as_clamd_reads_them() {
        assert_eq!(bytes("2000M"), Some(2_097_152_000));
        assert_eq!(bytes("1g"), Some(FILE_BYTES_LEAST));
        assert_eq!(bytes("10"), Some(10));
        for wrong in [
            "",
            "M",
            "-1",
            "1 M",
            "0x10",
            "99999999999999999999",
            "18446744073709551615G",
        ] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        let unlimited = SAMPLE.replace("MaxScanSize 8000M", "MaxScanSize 0");
        assert!(check(&unlimited).is_ok());
    }
}
