//! The kinds of containers, and which of them a content is.

use std::fmt;

use crate::archive::{self, zip};
use crate::document::compound;
use crate::member::Member;
use crate::names::Names;
use crate::walk::{Halt, Walk};
use crate::{Budget, Problem, document, foreign, program, search, stream, text, unopenable};
use wire::Finding;

/// A container that this crate opens: what it is called, how it is told and how it is opened.
pub struct Format {
    pub(crate) name: &'static str,
    pub(crate) sort: Sort,
    /// Whether a content begins as one. Content only, never a name.
    pub(crate) begins: fn(&[u8]) -> bool,
    /// Hands out every member.
    pub(crate) open: fn(&[u8], &mut Walk<'_>) -> Result<(), Halt>,
    /// Whether its list leads anywhere in the file, so that a zip at the end may be hidden in what
    /// it says is its own: it is looked for in it, too.
    pub(crate) is_loose: bool,
    /// Whether its headers have checksums or a structure of their own: members in such a list are
    /// no chance, whatever became of their contents.
    pub(crate) is_listed: bool,
}

/// What it means when a content is of two formats at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Archives, streams and disk images: of two such formats each reader sees but one, so that
    /// both at once is a contradiction.
    Archive,
    /// Documents: other contents may lie in them or follow them.
    Document,
    /// Programs: anything may lie in them, and texts are looked for in them like in what is of no
    /// format.
    Program,
    /// Text that carries contents in itself. Any text may begin so: it is looked for only in what
    /// is of no other format, and may be of several such formats at once.
    Text,
    /// Anything in which another of these may begin: it is searched when it is no archive itself.
    Search,
    /// Anything in which a zip may begin that has no directory at its end. A whole zip is found by
    /// that, and documents keep zips in pieces: what is either is not searched.
    SearchOfPieces,
}

impl Format {
    pub(crate) const fn new(
        name: &'static str,
        sort: Sort,
        begins: fn(&[u8]) -> bool,
        open: fn(&[u8], &mut Walk<'_>) -> Result<(), Halt>,
    ) -> Self {
        Self {
            name,
            sort,
            begins,
            open,
            is_loose: false,
            is_listed: false,
        }
    }

    /// The same with [`Format::is_loose`].
    pub(crate) const fn loose(self) -> Self {
        Self {
            is_loose: true,
            ..self
        }
    }

    /// The same with [`Format::is_listed`].
    pub(crate) const fn listed(self) -> Self {
        Self {
            is_listed: true,
            ..self
        }
    }

    /// Its usual name, in lower case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it holds its members itself, unlike a document that carries some or a content that
    /// is searched for archives.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        self.sort == Sort::Archive
    }

    /// Whether a content begins as one. [`recognise`] also finds a zip by its end.
    #[must_use]
    pub fn begins(&self, content: &[u8]) -> bool {
        (self.begins)(content)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// One room's formats after the other's, in the order in which they are looked for.
const ROOMS: [&[Format]; 6] = [
    stream::FORMATS,
    archive::FORMATS,
    document::FORMATS,
    program::FORMATS,
    text::FORMATS,
    search::FORMATS,
];

/// Every format that is opened.
pub fn formats() -> impl Iterator<Item = &'static Format> {
    ROOMS.into_iter().flatten()
}

/// Which containers a content is, by content only. None is no container that is opened here;
/// ask [`unopenable`] whether it is another one.
///
/// A zip is recognised by its first bytes or by its directory near the end, so that data before
/// and after it does not hide it.
#[must_use]
pub fn recognise(content: &[u8]) -> Vec<&'static Format> {
    let begun = |sort: Sort| formats().filter(move |one| one.sort == sort && (one.begins)(content));
    let mut found: Vec<_> = begun(Sort::Archive).collect();
    let is_archive = !found.is_empty();
    let is_loose = found.iter().all(|one| one.is_loose);
    found.extend(begun(Sort::Document));
    // A compound file looks for zips itself: most that end in it are in pieces there.
    if is_loose && !compound::begins(content) && zip::ends(content) {
        found.extend(formats().filter(|one| one.name == zip::NAME));
    }
    // A zip at the end hides the text from nobody who goes by the file's name.
    if !is_archive && !found.iter().any(|one| one.sort == Sort::Document) {
        found.extend(begun(Sort::Text));
    }
    found.extend(begun(Sort::Program));
    found
}

/// Which containers a file is: those of [`recognise`] and, where it begins as no archive, the
/// search for archives that begin somewhere in it: a zip at the end is not what all readers take.
/// What is left of old files in free space is not searched: most of it is cut off.
#[must_use]
pub fn recognise_file(content: &[u8]) -> Vec<&'static Format> {
    let mut found = recognise(content);
    let is_archive = found
        .iter()
        .any(|one| one.sort == Sort::Archive && one.begins(content));
    if !is_archive && unopenable(content).is_none() {
        let mut known = found.iter();
        let is_whole = known.any(|one| one.sort == Sort::Document || one.name == zip::NAME);
        let is_asked = |one: &&Format| match one.sort {
            Sort::Search => true,
            Sort::SearchOfPieces => !is_whole,
            Sort::Archive | Sort::Document | Sort::Program | Sort::Text => false,
        };
        let search = formats().filter(is_asked);
        found.extend(search.filter(|one| one.begins(content)));
    }
    found
}

/// Hands every member of `content` to `visit`, in order, one of `formats` after the other, and
/// gives what is wrong with the container as a whole. `visit` gets the budget back for the
/// member's own members.
///
/// # Errors
/// [`Problem`] when not everything in the container was handed out. What was handed out before
/// stands; the container itself is not examined, for the reason in [`Problem::gap`], and
/// [`Problem::into_findings`] has what is wrong with it beside that.
pub fn open(
    formats: &[&'static Format],
    content: &[u8],
    budget: &mut Budget,
    visit: &mut dyn FnMut(Member<'_>, &mut Budget),
) -> Result<Vec<Finding>, Problem> {
    let mut walk = Walk::new(content, budget, visit);
    let archives = formats
        .iter()
        .filter(|one| one.sort == Sort::Archive && (one.begins)(content))
        .count();
    // A disk image is opened by the caller, and may carry others as a document does.
    let foreign = unopenable(content);
    let is_other = foreign.is_some_and(|name| archives == 1 || !foreign::is_image(name));
    if 1 < archives || is_other {
        walk.contradiction("container_polyglot", "is more than one kind of container");
    }
    walk.is_searched = formats.iter().any(|one| one.name == document::pdf::NAME);
    let mut result = Ok(());
    for format in formats {
        walk.is_archive = format.is_archive();
        walk.names = match format.sort {
            Sort::Archive | Sort::Search | Sort::SearchOfPieces => Names::default(),
            Sort::Document | Sort::Program | Sort::Text => Names::labels(),
        };
        result = (format.open)(content, &mut walk);
        if result.is_err() {
            break;
        }
    }
    walk.finish(result)
}

#[cfg(test)]
mod tests {
    use crate::testing::{gzipped, made, opened};

    const ZIP: &str = "
import zipfile
z = zipfile.ZipFile('out', 'w')
z.writestr('a.txt', b'alpha')
z.close()
";

    #[test]
    fn a_zip_behind_a_text_does_not_hide_what_the_text_carries() {
        let zip = made(ZIP);
        let page = b"<img src=\"data:image/png;base64,PGlubmVyIG1hcmtlcj4=\">\n";
        let mail =
            b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\
            Content-Type: text/plain; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n\
            PGlubmVyIG1hcmtlcj4=\r\n--B--\r\n";
        for text in [page.as_slice(), mail.as_slice()] {
            let both = opened(&[text, &zip].concat());
            assert_eq!(both.contents("a.txt"), [b"alpha"]);
            let has_inner = |one: &crate::testing::Seen| one.content == b"<inner marker>";
            assert!(both.members.iter().any(has_inner), "{both:?}");
        }
    }

    #[test]
    fn a_zip_at_the_end_does_not_hide_an_archive_before_it() {
        let content = [b"a stub ".as_slice(), &gzipped(b"beta"), &made(ZIP)].concat();
        let both = opened(&content);
        assert_eq!(both.contents("a.txt"), [b"alpha"]);
        assert_eq!(both.contents("content"), [b"beta"]);
    }
}
