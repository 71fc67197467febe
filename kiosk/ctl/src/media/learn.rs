//! What a medium says it is, learned without typing it.

use std::path::{Path, PathBuf};

use broker::Paths;
use record::Ledger;
use wire::custody::ENROLMENT_SECONDS_MAX;
use wire::ledger::Event;
use wire::{Claim, Interface, MediumName};

use super::cells::Cells;
use super::enrol;
use crate::CommandError;

/// Where to learn it from; without either, from the medium that is plugged in next.
#[derive(Clone, clap::Args)]
pub(crate) struct Ways {
    /// Learn what the medium is from the side file of an image in the virtual bay
    #[arg(long, value_name = "FILE", conflicts_with = "from_insertion")]
    pub(crate) from_claim: Option<PathBuf>,
    /// Learn it from a medium that was inserted before: number of the insertion or of its receipt
    #[arg(long, value_name = "N")]
    pub(crate) from_insertion: Option<u64>,
    #[command(flatten)]
    pub(crate) more: More,
}

/// What else may have to be said about a medium.
#[derive(Clone, clap::Args)]
pub(crate) struct More {
    /// Its capacity in bytes, where it cannot be learned
    #[arg(long, value_name = "N")]
    pub(crate) capacity_bytes: Option<u64>,
    /// The medium has no serial number; take every medium of its model for it
    #[arg(long)]
    pub(crate) weak: bool,
    /// How long to wait for it to be plugged in
    #[arg(long, value_name = "SECONDS", default_value_t = 120,
          value_parser = clap::value_parser!(u64).range(1..=ENROLMENT_SECONDS_MAX))]
    pub(crate) wait: u64,
}

/// Learns what the medium is.
///
/// # Errors
/// When there is nothing to learn it from.
pub(crate) fn claim(
    ways: &Ways,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<Claim, CommandError> {
    let capacity_bytes = ways.more.capacity_bytes;
    let claim = match (&ways.from_claim, ways.from_insertion) {
        (Some(file), _) => side_file(file)?,
        (None, Some(number)) => inserted(number, ledger, paths)?.1,
        (None, None) => enrol::wait(ways.more.wait, ledger, paths, &|_| Ok(()))?,
    };
    Ok(with_capacity(claim, capacity_bytes))
}

/// The claim of a request with a capacity: as it was learned then, as it is said now, or as the
/// medium shows it when it is plugged in again.
///
/// # Errors
/// As [`claim`].
pub(crate) fn whole(
    claim: Claim,
    more: &More,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<Claim, CommandError> {
    let claim = with_capacity(claim, more.capacity_bytes);
    if claim.capacity_bytes.is_some() {
        return Ok(claim);
    }
    enrol::wait(more.wait, ledger, paths, &|plugged| {
        let name = |claim: &Claim| (claim.vid, claim.pid, claim.serial.clone());
        if name(&claim) == name(plugged) {
            return Ok(());
        }
        Err("another medium was plugged in; that of the request is waited for".to_owned())
    })
}

/// What was learned of its capacity holds, if anything was.
fn with_capacity(claim: Claim, said: Option<u64>) -> Claim {
    let capacity_bytes = claim.capacity_bytes.filter(|bytes| *bytes != 0).or(said);
    Claim {
        capacity_bytes,
        ..claim
    }
}

/// The claim in a side file of the bay; without a capacity in it, that of its image.
fn side_file(file: &Path) -> Result<Claim, CommandError> {
    let text = std::fs::read_to_string(file).map_err(CommandError::file("read", file))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".claim.toml").unwrap_or(&name);
    let image = file.with_file_name(format!("{stem}.img"));
    let size_bytes = std::fs::metadata(image).map_or(0, |about| about.len());
    decide::claim_file::parse(&text, size_bytes)
        .map_err(|error| CommandError::Asked(error.in_file(&file.display().to_string())))
}

/// The insertion that a number of people's is about, and its claim.
pub(crate) fn inserted(
    number: u64,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<(u64, Claim), CommandError> {
    let folder = ledger.map_or_else(|| paths.ledger(), Path::to_owned);
    let ledger = Ledger::open(&folder)?;
    let insertion = crate::close::insertion(&ledger, number)?;
    let event = ledger.entry(insertion)?.content()?.event;
    if let Event::Inserted { claim, .. } = event {
        return match claim {
            Some(claim) => Ok((insertion, *claim)),
            None => Err(CommandError::Asked(format!(
                "entry {insertion} is a scan by hand, in which no medium said what it is; give \
                 the number of an insertion at the kiosk"
            ))),
        };
    }
    Err(CommandError::Asked(format!(
        "entry {number} is no insertion; find it with: kioskctl log list"
    )))
}

/// The keys of an entry that a claim answers, with what is left out of them for people to know.
///
/// # Errors
/// Why such a medium cannot be registered, and what to do.
pub(crate) fn cells(claim: &Claim, is_weak: bool) -> Result<(Cells, Vec<String>), CommandError> {
    let refuse = |why: String| Err(CommandError::Asked(why));
    let plain = |interface: &Interface| interface.is_plain_storage();
    if let Some(other) = claim.interfaces.iter().find(|interface| !plain(interface)) {
        return refuse(format!(
            "the device is not only a storage medium: it has the interface {other}; it cannot be \
             registered"
        ));
    }
    let Some(capacity_bytes) = claim.capacity_bytes else {
        return refuse(
            "the capacity of the medium is not known; give --capacity-bytes N, as lsblk --bytes \
             shows it"
                .to_owned(),
        );
    };
    let mut cells = Cells::default();
    cells.set("vid", format!("{:04x}", claim.vid));
    cells.set("pid", format!("{:04x}", claim.pid));
    let interfaces: Vec<String> = claim.interfaces.iter().map(Interface::to_string).collect();
    cells.set("interfaces", interfaces.join(" "));
    cells.set("capacity_bytes", capacity_bytes.to_string());
    if let Some(serial) = claim.serial.as_ref().filter(|serial| !serial.is_empty()) {
        if is_weak {
            let serial = serial.escaped();
            return refuse(format!(
                "the medium has a serial number, {serial}; leave --weak out"
            ));
        }
        match said(serial) {
            Some(serial) => cells.set("serial", serial),
            None => {
                return refuse(format!(
                    "the serial number of the medium holds what cannot be seen or is too long: \
                     {}; use another medium",
                    serial.escaped()
                ));
            }
        }
    } else if is_weak {
        cells.set("identity", "model");
    } else {
        return refuse(
            "the medium has no serial number, so it cannot be told from others of its kind; use \
             another medium, or say --weak to take every medium of its model for it"
                .to_owned(),
        );
    }
    let left_out = strings(claim, is_weak, &mut cells)?;
    Ok((cells, left_out))
}

/// The strings of a medium, where they can be written down; gives those that are left out.
fn strings(claim: &Claim, is_weak: bool, cells: &mut Cells) -> Result<Vec<String>, CommandError> {
    let release = claim.usb.as_ref().map(|usb| usb.release.clone());
    let release = release.map(|release| release.into_bytes());
    let release = MediumName::cut(&release.unwrap_or_default()).0;
    let mut left_out = Vec::new();
    for (key, text) in [
        ("manufacturer", &claim.manufacturer),
        ("product", &claim.product),
        ("release", &release),
    ] {
        match said(text) {
            Some(text) => cells.set(key, text),
            None if is_weak => {
                return Err(CommandError::Asked(format!(
                    "the medium has no {key} that can be written down, and without it nothing is \
                     left to know it by; use another medium"
                )));
            }
            None if text.is_empty() => {}
            None => left_out.push(format!(
                "{key} {} holds what cannot be seen or is too long, and is left out",
                text.escaped()
            )),
        }
    }
    Ok(left_out)
}

/// What a medium spelled, when it can stand in the list.
fn said(name: &MediumName) -> Option<&str> {
    let text = name.as_text()?;
    let is_said = !text.trim().is_empty()
        && text.len() <= decide::allowlist::SERIAL_BYTES_MAX
        && !text.chars().any(wire::name::is_hidden);
    is_said.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STICK: &str = "vid = \"0951\"\npid = \"1666\"\nserial = \"S-1\"\n\
                         product = \"Data\"\ninterfaces = [\"08:06:50\"]\n";

    fn learned(text: &str, size_bytes: u64, is_weak: bool) -> Result<Cells, String> {
        let claim = decide::claim_file::parse(text, size_bytes).unwrap();
        let claim = with_capacity(claim, None);
        cells(&claim, is_weak)
            .map(|(cells, _)| cells)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_medium_says_becomes_the_keys_of_its_entry() {
        let cells = learned(STICK, 512, false).unwrap();
        let said = ["vid", "serial", "product", "capacity_bytes", "manufacturer"];
        let said = said.map(|key| cells.get(key));
        assert_eq!(said, ["0951", "S-1", "Data", "512", ""]);
    }

    #[test]
    fn a_medium_that_cannot_be_registered_is_refused_with_the_reason() {
        let refused = |text: &str, is_weak| learned(text, 512, is_weak).unwrap_err();
        let bare = STICK.replace("serial = \"S-1\"\n", "");
        assert!(refused(&bare, false).contains("say --weak"));
        assert!(refused(STICK, true).contains("leave --weak out"));
        assert!(refused(&bare, true).contains("no manufacturer"));
        let keyboard = STICK.replace("[\"08", "[\"03:01:01\", \"08");
        assert!(refused(&keyboard, false).contains("03:01:01"));
        let hidden = STICK.replace("S-1", "S\\u202e1");
        assert!(refused(&hidden, false).contains("S⟨U+202E⟩1"));
        assert!(
            learned(STICK, 0, false)
                .unwrap_err()
                .contains("--capacity-bytes")
        );
        let long = STICK.replace("S-1", &"x".repeat(decide::allowlist::SERIAL_BYTES_MAX + 1));
        assert!(refused(&long, false).contains("too long"));
    }

    #[test]
    fn what_was_learned_of_the_capacity_holds() {
        let claim = |size| with_capacity(decide::claim_file::parse(STICK, size).unwrap(), Some(7));
        assert_eq!(claim(512).capacity_bytes, Some(512));
        assert_eq!(claim(0).capacity_bytes, Some(7));
    }
}
