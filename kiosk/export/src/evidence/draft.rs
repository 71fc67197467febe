//! Making a bundle beside its place, and giving it its name only when it is whole.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use record::Ledger;
use record::entry::RowsHash;
use wire::Digest;

use super::bag::{self, Bag, BagFile};
use super::ledger::Proved;
use super::minisign::{self, Signer};
use super::readme;
use super::summary::Summary;
use super::{BAG_ENTRIES_MAX, EvidenceError, VERIFY_PAGE};

/// Longest list of numbers in the comment that is signed along, in bytes: minisign reads a
/// comment of some 8,000.
const RANGES_BYTES_MAX: usize = 1024;

/// The folders below a bundle's own.
const FOLDERS: [&str; 4] = ["data/entries", "data/rows", "data/proofs", "data/keys"];

/// What a bundle is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Numbers of entries, in any order.
    pub entries: &'a [u64],
    /// When it is made.
    pub made: Timestamp,
}

/// A bundle that is written and does not have its name yet. Dropped, it is removed.
#[derive(Debug)]
pub struct Draft {
    place: PathBuf,
    output: PathBuf,
    sha256: Digest,
    entries: BTreeSet<u64>,
    rows: u64,
    /// A PASS that does not stand, and the entry that took it back.
    withdrawn: Vec<(u64, u64)>,
    is_kept: bool,
}

impl Draft {
    /// Writes all of the bundle that is to be the folder `output`, and signs it. Where one of the
    /// entries is a PASS that was taken back, the entry that did so is in the bundle too.
    ///
    /// # Errors
    /// [`EvidenceError::Exists`], [`EvidenceError::Rows`], [`EvidenceError::Unproved`] and others;
    /// then nothing is left of it.
    pub fn make(
        output: &Path,
        ledger: &Ledger,
        signer: &dyn Signer,
        plan: Plan<'_>,
    ) -> Result<Self, EvidenceError> {
        let mut entries: BTreeSet<u64> = plan.entries.iter().copied().collect();
        match entries.len() {
            0 => return Err(EvidenceError::NoEntries),
            many if BAG_ENTRIES_MAX < many => return Err(EvidenceError::Entries(many)),
            _ => {}
        }
        if fs::symlink_metadata(output).is_ok() {
            return Err(EvidenceError::Exists(output.to_owned()));
        }
        let proved = Proved::read(ledger)?;
        let withdrawn = withdrawn(ledger, &proved, &entries)?;
        entries.extend(withdrawn.iter().map(|(_, by)| *by));
        let place = beside(output)?;
        // Made here alone: whatever is removed below is this command's own.
        let bag = Bag::create(&place)?;
        let mut draft = Self {
            place,
            output: output.to_owned(),
            sha256: Digest::OF_NOTHING,
            entries,
            rows: 0,
            withdrawn,
            is_kept: false,
        };
        draft.fill(bag, ledger, &proved, signer, plan)?;
        Ok(draft)
    }

    /// SHA-256 of the list that is signed, `tagmanifest-sha256.txt`.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The first and the last of its entries, and how many there are.
    #[must_use]
    pub fn entries(&self) -> (u64, u64, u64) {
        let first = self.entries.first().copied().unwrap_or(0);
        let last = self.entries.last().copied().unwrap_or(0);
        (first, last, u64::try_from(self.entries.len()).unwrap_or(0))
    }

    /// Each PASS in it that was taken back, by its entry, and the entry that did so.
    #[must_use]
    pub fn withdrawn(&self) -> &[(u64, u64)] {
        &self.withdrawn
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// [`EvidenceError::Exists`] when something has the name by now; [`EvidenceError::File`].
    pub fn keep(mut self) -> Result<(), EvidenceError> {
        if fs::symlink_metadata(&self.output).is_ok() {
            return Err(EvidenceError::Exists(self.output.clone()));
        }
        fs::rename(&self.place, &self.output).map_err(EvidenceError::file("name", &self.output))?;
        self.is_kept = true;
        bag::sync_folder(parent(&self.output))
    }

    fn fill(
        &mut self,
        mut bag: Bag,
        ledger: &Ledger,
        proved: &Proved,
        signer: &dyn Signer,
        plan: Plan<'_>,
    ) -> Result<(), EvidenceError> {
        for folder in FOLDERS {
            if folder != "data/keys" || !proved.changes.is_empty() {
                bag.folder(folder)?;
            }
        }
        self.payload(&mut bag, ledger, proved, signer)?;
        let said = readme::Said {
            origin: wire::name::line(proved.first.name()),
            entries: ranges(&self.entries),
            made: plan.made,
            key: proved.first.text(),
            signer: signer.key_id(),
            oxum: bag.oxum(),
        };
        bag.add("manifest-sha256.txt", bag.manifest().as_bytes())?;
        bag.add("bagit.txt", readme::BAGIT.as_bytes())?;
        bag.add("bag-info.txt", readme::bag_info(&said).as_bytes())?;
        bag.add("README.ja.txt", readme::ja(&said).as_bytes())?;
        bag.add("README.en.txt", readme::en(&said).as_bytes())?;
        bag.add("verify.html", VERIFY_PAGE.as_bytes())?;
        let signed = bag.tag_manifest();
        let comment = format!(
            "kiosk {} entries {} made {}",
            said.origin, said.entries, said.made
        );
        let signature = minisign::signature_text(signer, signed.as_bytes(), &comment);
        self.sha256 = bag.add("tagmanifest-sha256.txt", signed.as_bytes())?;
        bag.add("tagmanifest-sha256.txt.minisig", signature.as_bytes())?;
        let folders = FOLDERS.iter().copied().chain(["data"]);
        let folders: Vec<&str> = folders
            .filter(|folder| self.place.join(folder).is_dir())
            .collect();
        bag.sync(&folders)
    }

    /// Everything below `data/`.
    fn payload(
        &mut self,
        bag: &mut Bag,
        ledger: &Ledger,
        proved: &Proved,
        signer: &dyn Signer,
    ) -> Result<(), EvidenceError> {
        let mut summary = Summary::begin(bag.begin("data/summary.html")?, &proved.checkpoint)?;
        for number in self.entries.clone() {
            let entry = ledger.entry(number)?;
            let proof = proved.proof(&entry)?;
            let content = entry.content()?;
            let path = format!("data/entries/{number}.json");
            bag.add(&path, entry.bytes.as_bytes())?;
            bag.add(
                &format!("data/proofs/{number}.tlog-proof"),
                proof.as_bytes(),
            )?;
            summary.entry(&entry, &content, proved.withdrawn(&content.event))?;
            if let (Some(count), Some(sha256)) = (content.rows, content.rows_sha256) {
                let file = bag.begin(&format!("data/rows/{number}.jsonl"))?;
                let (file, found) = rows(file, ledger, number, &mut summary)?;
                if bag.end(file)? != sha256 || found != count {
                    return Err(EvidenceError::Rows {
                        number,
                        said: count,
                        found,
                    });
                }
                self.rows = self.rows.saturating_add(found);
                summary.rows(number)?;
            }
        }
        for change in &proved.changes {
            let path = format!("data/keys/{}", change.number);
            bag.add(&format!("{path}.json"), change.bytes.as_bytes())?;
            bag.add(&format!("{path}.tlog-proof"), change.proof.as_bytes())?;
        }
        bag.add("data/checkpoint.txt", proved.text.as_bytes())?;
        bag.add(
            "data/ledger.pub",
            format!("{}\n", proved.first.text()).as_bytes(),
        )?;
        let today = &proved.today.bytes();
        let ledger_key = bundle::public_text(bundle::KeyId::of(today), today);
        bag.add("data/ledger-minisign.pub", ledger_key.as_bytes())?;
        let signer_key = bundle::public_text(signer.key_id(), &signer.public());
        bag.add("data/signer.pub", signer_key.as_bytes())?;
        let summary = summary.end()?;
        bag.end(summary)?;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

/// Which of the entries are a PASS that was taken back, and by which entries.
fn withdrawn(
    ledger: &Ledger,
    proved: &Proved,
    entries: &BTreeSet<u64>,
) -> Result<Vec<(u64, u64)>, EvidenceError> {
    let mut found = Vec::new();
    for number in entries {
        let event = ledger.entry(*number)?.content()?.event;
        found.extend(proved.withdrawn(&event).map(|one| (*number, one.by)));
    }
    Ok(found)
}

/// Copies the rows of an entry, one at a time; gives how many there are.
fn rows(
    mut file: BagFile,
    ledger: &Ledger,
    number: u64,
    summary: &mut Summary,
) -> Result<(BagFile, u64), EvidenceError> {
    let mut hash = RowsHash::default();
    for row in ledger.row_bytes(number) {
        let row = row?;
        hash.add(row.as_bytes());
        file.put(row.as_bytes())?;
        file.put(b"\n")?;
        summary.row(&row);
    }
    Ok((file, hash.count()))
}

/// Where a bundle is while it is written: beside its place, under a name that nobody looks for.
fn beside(output: &Path) -> Result<PathBuf, EvidenceError> {
    let name = output
        .file_name()
        .ok_or_else(|| EvidenceError::file("name", output)(io::ErrorKind::InvalidInput.into()))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".partial");
    Ok(output.with_file_name(hidden))
}

fn parent(output: &Path) -> &Path {
    match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Numbers for people: `3-7,9`; the first and the last when the list would be too long.
fn ranges(numbers: &BTreeSet<u64>) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            Some(_) | None => runs.push((*number, *number)),
        }
    }
    let spelled = runs.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    let text = spelled.collect::<Vec<_>>().join(",");
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) if RANGES_BYTES_MAX < text.len() => {
            format!("{} of {first}-{last}", numbers.len())
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_range_and_a_list_past_its_length_is_counted() {
        let of = |numbers: &[u64]| ranges(&numbers.iter().copied().collect());
        assert_eq!(of(&[9, 3, 4, 5]), "3-5,9");
        let odd: Vec<u64> = (0..1_000).map(|half| 2 * half + 1).collect();
        assert_eq!(of(&odd), "1000 of 1-1999");
        assert!(of(&odd[..100]).len() < RANGES_BYTES_MAX);
    }

    #[test]
    fn a_bundle_is_written_beside_its_place() {
        let place = beside(Path::new("a/b")).unwrap();
        assert_eq!(place, Path::new("a/.b.partial"));
        assert!(beside(Path::new("/")).is_err());
        assert_eq!(parent(Path::new("b")), Path::new("."));
    }
}
