//! The set that is being made: in memory, and in a folder beside its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use broker::Paths;
use broker::rules::{self, Loaded};
use bundle::{AsksEmpty, Dropped, Expected};
use wire::rules::{Gathered, GatheredFile, LeftOut, Overrides, RuleTier};

use super::collect::Collected;
use super::shown;
use crate::CommandError;

/// What the manifest says.
pub(super) struct About {
    pub(super) name: String,
    pub(super) version: u64,
    /// A date.
    pub(super) issued: String,
}

/// Rules that compile, and a list of those that do not.
pub(super) struct Set {
    pub(super) files: Vec<GatheredFile>,
    pub(super) dropped: Dropped,
    pub(super) relaxed_expressions: bool,
    beside: Vec<(String, PathBuf)>,
    /// For each name the files whose rule has it, private ones left aside.
    places: BTreeMap<String, Vec<String>>,
}

impl Set {
    pub(super) fn new(gathered: Gathered, collected: Collected) -> Self {
        let mut left_out = collected.left_out;
        left_out.extend(gathered.left_out);
        left_out.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        let mut asks_empty = Vec::new();
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in &gathered.files {
            for rule in &file.rules {
                if !rule.asks_empty.is_empty() {
                    asks_empty.push(AsksEmpty {
                        file: file.origin.clone(),
                        line: rule.line,
                        rule: rule.name.clone(),
                        asks: rule.asks_empty.clone(),
                    });
                }
                if !rule.private {
                    let of_name = places.entry(rule.name.clone()).or_default();
                    of_name.push(file.origin.clone());
                }
            }
        }
        Self {
            files: gathered.files,
            dropped: Dropped {
                left_out,
                asks_empty,
            },
            relaxed_expressions: gathered.relaxed_expressions,
            beside: collected.beside,
            places,
        }
    }

    /// All rules of the set, private ones too.
    pub(super) fn rules(&self) -> usize {
        self.files.iter().map(|file| file.rules.len()).sum()
    }

    /// The file of the rule that a finding names; `detail` says it where several have the name.
    pub(super) fn place(&self, rule: &str, detail: &str) -> Option<&str> {
        let files = self.places.get(rule)?;
        let named = detail.strip_prefix("of ").unwrap_or_default();
        // Raw space says where as well.
        let named = named.split(" at byte ").next().unwrap_or_default();
        match files.as_slice() {
            [one] => Some(one),
            several => several
                .iter()
                .find(|file| *file == named)
                .map(String::as_str),
        }
    }

    /// Takes out of `overrides` what is said of rules that were left out, and gives it back. What
    /// is said of rules that never were there stays, and will be an error.
    pub(super) fn keep_met(&self, overrides: &mut Overrides) -> Vec<String> {
        let is_of =
            |out: &LeftOut, file: Option<&String>| file.is_none_or(|file| *file == out.file);
        let out = |rule: &str, file: Option<&String>| {
            let left_out = self.dropped.left_out.iter();
            let mut of_name = left_out.filter(|out| out.rule.as_deref() == Some(rule));
            let kept = self.places.get(rule).into_iter().flatten();
            let mut kept = kept.filter(|place| file.is_none_or(|file| file == *place));
            kept.next().is_none() && of_name.any(|out| is_of(out, file))
        };
        let mut unmet = Vec::new();
        overrides.rule.retain(|one| {
            let gone = out(&one.rule, one.file.as_ref());
            if gone {
                unmet.push(one.rule.clone());
            }
            !gone
        });
        let kept: BTreeSet<&String> = self.files.iter().map(|file| &file.origin).collect();
        overrides.file.retain(|one| {
            let was = self.dropped.left_out.iter().any(|out| out.file == one.file);
            let gone = was && !kept.contains(&one.file);
            if gone {
                unmet.push(one.file.clone());
            }
            !gone
        });
        unmet
    }

    /// Somebody wrote a canary so that its rule is seen to work: a set that has the canary and
    /// lost the rule would never pass its own test.
    pub(super) fn require_canaries(&self, overrides: &Overrides) -> Result<(), CommandError> {
        let canaries = self
            .beside
            .iter()
            .filter(|(name, _)| name.ends_with(bundle::CANARIES));
        for (_, path) in canaries {
            let text = fs::read_to_string(path).map_err(CommandError::file("read", path))?;
            let said = bundle::canaries(&text)
                .map_err(|error| CommandError::Build(format!("{}: {error}", path.display())))?;
            for one in said.iter().filter(|one| one.expected == Expected::Found) {
                let off = overrides
                    .rule
                    .iter()
                    .find(|said| said.rule == one.rule && said.tier == RuleTier::Off);
                let out = self.dropped.left_out.iter();
                let mut out = out.filter(|out| out.rule.as_deref() == Some(&one.rule));
                let why = match (self.places.contains_key(&one.rule), off, out.next()) {
                    (true, None, _) => continue,
                    (true, Some(off), _) => format!("is off: {}", off.reason),
                    (false, _, Some(out)) => format!("was left out: {}", out.message),
                    (false, _, None) => "is in none of the sources".to_owned(),
                };
                return Err(CommandError::Build(format!(
                    "{}: a canary of {}, which {why}",
                    path.display(),
                    one.rule
                )));
            }
        }
        Ok(())
    }

    /// Rules that can find something. As many must have come out of the compiler that every set
    /// goes through: none may get lost on the way.
    pub(super) fn require_all(
        &self,
        loaded: Option<&Loaded>,
        overrides: &Overrides,
    ) -> Result<u64, CommandError> {
        let off_file = |file: &str| {
            let said = overrides.file.iter().find(|one| one.file == file);
            said.is_some_and(|one| one.tier == RuleTier::Off)
        };
        let mut expected = 0_u64;
        for (name, files) in &self.places {
            for file in files {
                let said = overrides
                    .rule
                    .iter()
                    .find(|one| one.rule == *name && one.file.as_ref().is_none_or(|of| of == file));
                let off = said.map_or_else(|| off_file(file), |one| one.tier == RuleTier::Off);
                expected = expected.saturating_add(u64::from(!off));
            }
        }
        let rules = loaded.map_or(0, |loaded| loaded.about.rules);
        if rules == 0 {
            let why = "no rule is left that could find something";
            let first = self
                .dropped
                .left_out
                .first()
                .map_or_else(String::new, |out| {
                    let rule = out.rule.as_deref().unwrap_or("-");
                    format!(
                        "; first left out: {}:{} {rule}, {}",
                        out.file, out.line, out.message
                    )
                });
            return Err(CommandError::Build(format!("{why}{first}")));
        }
        if rules != expected {
            return Err(CommandError::Build(format!(
                "the compiler has {rules} rules where {expected} were written: nothing is made"
            )));
        }
        Ok(rules)
    }
}

/// Where it is made: beside its place, and a folder for trials. Both go when this goes.
pub(super) struct Work {
    set: PathBuf,
    trial: PathBuf,
}

impl Drop for Work {
    fn drop(&mut self) {
        for folder in [&self.set, &self.trial] {
            // The set has been renamed when all went well.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Work {
    pub(super) fn begin(output: &Path) -> Result<Self, CommandError> {
        require_free(output)?;
        let set = beside(output);
        // Short, because the addresses of sockets are.
        let trial = std::env::temp_dir().join(format!("kioskctl-{}", std::process::id()));
        make(&set)?;
        let work = Self { set, trial };
        make(&work.trial)?;
        Ok(work)
    }

    /// A folder for what is only tried.
    pub(super) fn trial(&self) -> &Path {
        &self.trial
    }

    /// An installation of its own: compiled forms of what is only tried are kept nowhere else.
    pub(super) fn paths(&self) -> Paths {
        Paths::chosen(Some(self.trial.join("root")))
    }

    /// The rules, and what they must find.
    pub(super) fn write_sources(&self, set: &Set) -> Result<(), CommandError> {
        for file in &set.files {
            self.put(&file.origin, file.text.as_bytes())?;
        }
        for (name, path) in &set.beside {
            let bytes = fs::read(path).map_err(CommandError::file("read", path))?;
            self.put(name, &bytes)?;
        }
        Ok(())
    }

    /// What is said of the tiers, for a trial.
    pub(super) fn write_overrides(&self, overrides: &Overrides) -> Result<(), CommandError> {
        let text = bundle::overrides_text(overrides)
            .map_err(|error| CommandError::Build(format!("overrides.toml: {error}")))?;
        self.put(bundle::OVERRIDES, text.as_bytes())
    }

    /// Everything beside the rules.
    pub(super) fn write(
        &self,
        set: &Set,
        overrides: &Overrides,
        about: &About,
    ) -> Result<(), CommandError> {
        self.write_overrides(overrides)?;
        let text = bundle::dropped_text(&set.dropped)
            .map_err(|error| CommandError::Build(format!("dropped.toml: {error}")))?;
        self.put("dropped.toml", text.as_bytes())?;
        let manifest = format!(
            "bundle = \"{}\"\nversion = {}\nissued = \"{}\"\n",
            about.name, about.version, about.issued
        );
        self.put("manifest.toml", manifest.as_bytes())
    }

    /// Compiles what is there, as strictly as any set.
    pub(super) fn load(&self) -> Result<Option<Loaded>, CommandError> {
        let now = jiff::Timestamp::now();
        Ok(rules::load(&self.set, &self.paths(), now)?)
    }

    /// Puts the set in its place.
    pub(super) fn finish(&self, output: &Path) -> Result<(), CommandError> {
        fs::rename(&self.set, output).map_err(CommandError::file("make", output))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        let path = self.set.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(CommandError::file("make", folder))?;
        }
        fs::write(&path, bytes).map_err(CommandError::file("write", path))
    }
}

/// Refuses an output that is there, or that another build is at.
pub(super) fn require_free(output: &Path) -> Result<(), CommandError> {
    let set = beside(output);
    let why = if output.symlink_metadata().is_ok() {
        format!("{} is there already: name another folder", shown(output))
    } else if set.symlink_metadata().is_ok() {
        let why = "is left of a build that was cut off, or belongs to one that runs: remove it";
        format!("{} {why}", shown(&set))
    } else {
        return Ok(());
    };
    Err(CommandError::Build(why))
}

fn beside(output: &Path) -> PathBuf {
    let mut set = output.as_os_str().to_owned();
    set.push(".building");
    PathBuf::from(set)
}

fn make(folder: &Path) -> Result<(), CommandError> {
    fs::DirBuilder::new()
        .mode(0o755)
        .create(folder)
        .map_err(CommandError::file("make", folder))
}
