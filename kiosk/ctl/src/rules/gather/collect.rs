//! The files of the sources: rules, what is said of them, and what they must find.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wire::rules::{LeftOut, LeftOutReason, Overrides, RuleTier, SourceFile};

use crate::CommandError;

/// Deepest folder of a source that is looked into. Public collections have three.
const SOURCE_DEPTH_MAX: usize = 8;

/// Folders of a set that keep their own names; deeper ones become part of a file's name.
const SET_FOLDERS: usize = 3;

/// Everything that the sources hold.
#[derive(Default)]
pub(super) struct Collected {
    /// Rules, each file by its name in the set.
    pub(super) files: Vec<SourceFile>,
    /// Files that are no text.
    pub(super) left_out: Vec<LeftOut>,
    /// Canaries and lists: the name in the set, and the text.
    pub(super) beside: Vec<(String, PathBuf)>,
    /// What the sources say of the tiers of their rules.
    pub(super) overrides: Overrides,
}

/// Reads all sources. Of several, each is a folder of the set.
pub(super) fn collect(sources: &[PathBuf]) -> Result<Collected, CommandError> {
    let mut collected = Collected::default();
    let mut prefixes = BTreeSet::new();
    for source in sources {
        let whole = source
            .canonicalize()
            .map_err(CommandError::file("read", source))?;
        let name = whole.file_name().unwrap_or_default().to_string_lossy();
        let mut prefix = String::new();
        if 1 < sources.len() && whole.is_dir() {
            prefix = format!("{name}/");
            let mut number = 1_u64;
            while !prefixes.insert(prefix.clone()) {
                number = number.saturating_add(1);
                prefix = format!("{name}-{number}/");
            }
        }
        let mut reader = Reader {
            collected: &mut collected,
            prefix,
        };
        if whole.is_dir() {
            reader.folder(&whole, &mut Vec::new())?;
            reader.overrides(&whole, sources.len())?;
        } else {
            reader.rules(&whole, name.into_owned())?;
        }
    }
    collected
        .files
        .sort_by(|one, other| one.origin.cmp(&other.origin));
    let pairs = collected.files.iter().zip(collected.files.iter().skip(1));
    for (one, other) in pairs {
        if one.origin == other.origin {
            let why = format!(
                "two files of the sources would be {} in the set",
                one.origin
            );
            return Err(CommandError::Build(why));
        }
    }
    Ok(collected)
}

/// Reads an `overrides.toml`.
pub(super) fn overrides(path: &Path) -> Result<Overrides, CommandError> {
    let text = fs::read_to_string(path).map_err(CommandError::file("read", path))?;
    bundle::overrides(&text)
        .map_err(|error| CommandError::Build(format!("{}: {error}", path.display())))
}

struct Reader<'c> {
    collected: &'c mut Collected,
    /// Before the name of every file of this source.
    prefix: String,
}

impl Reader<'_> {
    /// A folder and what is below it. What is hidden (`.git`) is no part of a collection.
    fn folder(&mut self, path: &Path, within: &mut Vec<String>) -> Result<(), CommandError> {
        if SOURCE_DEPTH_MAX < within.len() {
            let why = format!(
                "{} is more than {SOURCE_DEPTH_MAX} folders deep",
                path.display()
            );
            return Err(CommandError::Build(why));
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(CommandError::file("list", path))? {
            entries.push(entry.map_err(CommandError::file("list", path))?.path());
        }
        entries.sort();
        for entry in entries {
            let name = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with('.') {
                continue;
            }
            let about = entry
                .symlink_metadata()
                .map_err(CommandError::file("look at", &*entry))?;
            if about.is_dir() {
                within.push(name);
                self.folder(&entry, within)?;
                within.pop();
            } else {
                self.file(&entry, within, name, about.is_file())?;
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        within: &[String],
        name: String,
        is_file: bool,
    ) -> Result<(), CommandError> {
        let is_rules = is_rules(&name);
        let is_beside = name == bundle::CANARIES || name.ends_with(".hashes");
        let mut parts = within.to_vec();
        parts.push(name);
        let own = parts
            .iter()
            .skip(SET_FOLDERS)
            .cloned()
            .collect::<Vec<_>>()
            .join("-");
        let mut in_set = parts.into_iter().take(SET_FOLDERS).collect::<Vec<_>>();
        if !own.is_empty() {
            in_set.push(own);
        }
        let in_set = in_set.join("/");
        if is_rules && is_file {
            self.rules(path, in_set)
        } else {
            if is_rules {
                self.leave_out(
                    in_set,
                    LeftOutReason::Refused,
                    "it is a link or no regular file",
                );
            } else if is_beside {
                let name = format!("{}{in_set}", self.prefix);
                self.collected.beside.push((name, path.to_owned()));
            }
            Ok(())
        }
    }

    fn rules(&mut self, path: &Path, in_set: String) -> Result<(), CommandError> {
        // A set knows its rules by this extension, in small letters.
        let in_set = match in_set.rsplit_once('.') {
            Some((stem, _)) if is_rules(&in_set) && !in_set.ends_with(".yara") => {
                format!("{stem}.yar")
            }
            Some(_) if is_rules(&in_set) => in_set,
            Some(_) | None => format!("{in_set}.yar"),
        };
        let bytes = fs::read(path).map_err(CommandError::file("read", path))?;
        match String::from_utf8(bytes) {
            Ok(text) => self.collected.files.push(SourceFile {
                origin: format!("{}{in_set}", self.prefix),
                text: text
                    .strip_prefix('\u{FEFF}')
                    .map_or(text.clone(), str::to_owned),
            }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("byte {at} is not UTF-8: convert the file");
                self.leave_out(in_set, LeftOutReason::Encoding, &message);
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, in_set: String, reason: LeftOutReason, message: &str) {
        self.collected.left_out.push(LeftOut {
            file: format!("{}{in_set}", self.prefix),
            line: 1,
            rule: None,
            reason,
            message: message.to_owned(),
        });
    }

    /// What the source itself says of tiers, with its files' names in the set.
    fn overrides(&mut self, folder: &Path, sources: usize) -> Result<(), CommandError> {
        let path = folder.join(bundle::OVERRIDES);
        if !path.exists() {
            return Ok(());
        }
        let mut said = overrides(&path)?;
        let of_set = &mut self.collected.overrides;
        if said.default == Some(RuleTier::Notice) && 1 < sources {
            let why = "one of several sources cannot say what all rules do: give --default";
            return Err(CommandError::Build(format!("{}: {why}", path.display())));
        }
        of_set.default = said.default.or(of_set.default);
        of_set.relaxed_expressions |= said.relaxed_expressions;
        for one in &mut said.file {
            one.file = format!("{}{}", self.prefix, one.file);
        }
        for one in &mut said.rule {
            one.file = one
                .file
                .as_ref()
                .map(|file| format!("{}{file}", self.prefix));
        }
        of_set.file.extend(said.file);
        of_set.rule.extend(said.rule);
        Ok(())
    }
}

fn is_rules(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yar") || extension.eq_ignore_ascii_case("yara")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn origins(collected: &Collected) -> Vec<&str> {
        let files = collected.files.iter();
        files.map(|file| file.origin.as_str()).collect()
    }

    #[test]
    fn every_rule_file_gets_a_name_that_a_set_finds_again() {
        let folder = written(&[
            ("A.YAR", b"\xEF\xBB\xBFrule"),
            ("b.Yara", b""),
            ("x/y/z/w/deep.yara", b""),
            (".git/hidden.yar", b""),
            ("readme.md", b""),
            ("x/canary.toml", b""),
            ("bad.yar", b"ab\xFF"),
        ]);
        std::os::unix::fs::symlink("A.YAR", folder.path().join("link.yar")).unwrap();
        let collected = collect(&[folder.path().to_owned()]).unwrap();
        assert_eq!(origins(&collected), ["A.yar", "b.yar", "x/y/z/w-deep.yara"]);
        assert_eq!(collected.files[0].text, "rule");
        let out = collected.left_out.iter();
        let out: Vec<_> = out.map(|one| (one.file.as_str(), one.reason)).collect();
        assert_eq!(
            out,
            [
                ("bad.yar", LeftOutReason::Encoding),
                ("link.yar", LeftOutReason::Refused)
            ]
        );
        assert_eq!(collected.beside[0].0, "x/canary.toml");
    }

    #[test]
    fn of_several_sources_each_is_a_folder() {
        let (one, other) = (
            written(&[("set/a.yar", b"")]),
            written(&[
                ("set/a.yar", b""),
                (
                    "set/overrides.toml",
                    b"[[file]]\nfile = \"a.yar\"\ntier = \"off\"\nreason = \"r\"\n",
                ),
            ]),
        );
        let sources = [one.path().join("set"), other.path().join("set")];
        let collected = collect(&sources).unwrap();
        assert_eq!(origins(&collected), ["set-2/a.yar", "set/a.yar"]);
        assert_eq!(collected.overrides.file[0].file, "set-2/a.yar");
        fs::write(sources[1].join("overrides.toml"), "default = \"notice\"").unwrap();
        assert!(matches!(collect(&sources), Err(CommandError::Build(_))));
    }

    #[test]
    fn a_source_deeper_than_the_limit_is_refused() {
        let deep = "d/".repeat(SOURCE_DEPTH_MAX + 1);
        let folder = written(&[(&format!("{deep}a.yar"), b"")]);
        let refused = collect(&[folder.path().to_owned()]);
        assert!(matches!(refused, Err(CommandError::Build(_))));
    }
}
