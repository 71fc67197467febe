//! What is inside a file: archives and compressed streams.
//!
//! Everything works on bytes in memory, opens no path and starts no thread, because it runs
//! in the jail. [`recognise`] tells a container by its content, [`open`] hands out its
//! members one by one, and [`Budget`] bounds what all levels of one file may cost together.
//! Nesting is the caller's: it asks [`recognise`] again about each member's content.
//!
//! The archive formats are read by code of ours, because what matters here is what the usual
//! readers hide: members that only a local header or only the directory names, bytes that no
//! member owns, two directories in one file. A member that any reader could see is examined.
//!
//! A format is one file with `recognise` and `open`, and one row in [`Format`].

mod budget;
mod bytes;
mod foreign;
mod gzip;
mod inflate;
mod member;
mod names;
mod tar;
mod walk;
mod zip;

pub use budget::{Budget, HELD_CONTENTS_MAX, RATIO_FREE_BYTES};
pub use foreign::unopenable;
pub use member::{Body, Member, Problem};
use walk::Walk;
use wire::Finding;

/// A container that this crate opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Zip, and all that is zip: OOXML, jar, apk, project archives, self-extracting programs.
    Zip,
    /// Gzip, with any number of members.
    Gzip,
    /// Tar: V7, ustar, GNU and pax.
    Tar,
}

impl Format {
    /// Every format, in the order in which they are looked for.
    pub const ALL: [Self; 3] = [Self::Gzip, Self::Zip, Self::Tar];

    /// Its usual name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Tar => "tar",
        }
    }

    fn begins(self, content: &[u8]) -> bool {
        match self {
            Self::Zip => zip::begins(content),
            Self::Gzip => gzip::begins(content),
            Self::Tar => tar::begins(content),
        }
    }
}

/// Which container it is, by content only. `None` is not a container that is opened here;
/// ask [`unopenable`] whether it is another one.
///
/// A zip is recognised by its first bytes or by its directory near the end, so that data
/// before and after it does not hide it.
#[must_use]
pub fn recognise(content: &[u8]) -> Option<Format> {
    Format::ALL
        .into_iter()
        .find(|format| format.begins(content))
        .or_else(|| zip::ends(content).then_some(Format::Zip))
}

/// Hands every member of `content` to `visit`, in order, and gives what is wrong with the
/// container as a whole. `visit` gets the budget back for the member's own members.
///
/// # Errors
/// [`Problem`] when not everything in the container was handed out. What was handed out
/// before stands; the container itself is not examined, for the reason in
/// [`Problem::gap`], and [`Problem::into_findings`] has what is wrong with it beside that.
pub fn open(
    format: Format,
    content: &[u8],
    budget: &mut Budget,
    visit: &mut dyn FnMut(Member<'_>, &mut Budget),
) -> Result<Vec<Finding>, Problem> {
    let mut walk = Walk::new(content, budget, visit);
    let begins = Format::ALL
        .into_iter()
        .filter(|other| other.begins(content))
        .count();
    if 1 < begins || unopenable(content).is_some() {
        walk.contradiction("container_polyglot", "is more than one kind of container");
    }
    let result = match format {
        Format::Zip => zip::open(content, &mut walk),
        Format::Gzip => gzip::open(content, &mut walk),
        Format::Tar => tar::open(content, &mut walk),
    };
    walk.finish(result)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod testing;
