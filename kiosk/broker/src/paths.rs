//! Where the kiosk's files are.

use std::path::{Path, PathBuf};

/// Every path of an installation, below one root.
#[derive(Clone, Debug)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// The installation below `root`; `/` for the real one.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Below `root` when given, else below `MEDIA_KIOSK_ROOT` when set, else the real one.
    #[must_use]
    pub fn chosen(root: Option<PathBuf>) -> Self {
        let root = root
            .or_else(|| std::env::var_os("MEDIA_KIOSK_ROOT").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("/"));
        Self { root }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The root itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.at("etc/media-kiosk/kiosk.toml")
    }

    /// The list of registered media.
    #[must_use]
    pub fn allowlist(&self) -> PathBuf {
        self.at("etc/media-kiosk/allowlist.toml")
    }

    /// Companies and visits.
    #[must_use]
    pub fn contractors(&self) -> PathBuf {
        self.at("etc/media-kiosk/contractors.toml")
    }

    /// The accounts of staff.
    #[must_use]
    pub fn accounts(&self) -> PathBuf {
        self.at("etc/media-kiosk/accounts.toml")
    }

    /// The rules that were shipped.
    #[must_use]
    pub fn shipped_rules(&self) -> PathBuf {
        self.at("usr/share/media-kiosk/signatures")
    }

    /// Where sets of rules are installed.
    #[must_use]
    pub fn rules(&self) -> PathBuf {
        self.at("var/lib/media-kiosk/rules")
    }

    /// The public keys of those who may make rules, a file each.
    #[must_use]
    pub fn rule_keys(&self) -> PathBuf {
        self.at("etc/media-kiosk/rule-keys")
    }

    /// The rules that an administrator installed: a link to one of the sets.
    #[must_use]
    pub fn installed_rules(&self) -> PathBuf {
        self.at("var/lib/media-kiosk/rules/active")
    }

    /// Compiled rules, and the key that vouches for them.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.at("var/lib/media-kiosk/cache")
    }

    /// The ledger's folder.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.at("var/lib/media-kiosk/ledger")
    }

    /// Where content too large for memory is copied.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.at("var/lib/media-kiosk/spool")
    }

    /// The folder of sockets.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.at("run/media-kiosk")
    }

    /// Where kiosk-record listens.
    #[must_use]
    pub fn record_socket(&self) -> PathBuf {
        self.at("run/media-kiosk/record.sock")
    }

    /// Where an installed kiosk-scan is started for a scan.
    #[must_use]
    pub fn scan_socket(&self) -> PathBuf {
        self.at("run/media-kiosk/scan.sock")
    }

    /// Where an installed kiosk-scan is started to compile rules.
    #[must_use]
    pub fn compile_socket(&self) -> PathBuf {
        self.at("run/media-kiosk/compile.sock")
    }

    /// Where kioskd listens for screens.
    #[must_use]
    pub fn show_socket(&self) -> PathBuf {
        self.at("run/media-kiosk/show.sock")
    }
}

/// Another program of the kiosk: beside the one that is running, where all are installed.
///
/// # Errors
/// When the system cannot tell which program is running.
pub fn program(name: &str) -> std::io::Result<PathBuf> {
    let current = std::env::current_exe()?;
    Ok(current.parent().unwrap_or(Path::new("/usr/bin")).join(name))
}
