//! Reading a bundle: a stream that is compared with what its manifest says must come next.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::header::{self, BLOCK_BYTES, Block};
use crate::manifest::{Listed, MANIFEST_BYTES_MAX, Manifest, ManifestError};
use crate::signature::{self, KeyId, Keys, SIGNATURE_BYTES_MAX, SignatureError};
use crate::{MANIFEST, SIGNATURE};

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Why a bundle was refused, or not read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The source gives errors.
    #[error("cannot read the bundle")]
    Read(#[source] io::Error),
    /// It ends too early.
    #[error("the bundle is cut off: it ends in {0}")]
    CutOff(String),
    /// It is something else.
    #[error(
        "this is no bundle: it does not begin with {MANIFEST} as `kioskctl rules build` writes it"
    )]
    Foreign,
    /// It was built and not signed.
    #[error("the bundle is not signed (sign it with `kioskctl rules sign`)")]
    Unsigned,
    /// A file whose size is said before anything is vouched for is larger than its limit.
    #[error("the bundle's {what} of {size_bytes} bytes is larger than {most} bytes")]
    Large {
        /// Which.
        what: &'static str,
        /// What its header says.
        size_bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The manifest is no text.
    #[error("{0} is no UTF-8")]
    Text(&'static str),
    /// Nobody who is trusted vouches for it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The manifest was signed and cannot be used.
    #[error("{MANIFEST} cannot be used")]
    Manifest(#[from] ManifestError),
    /// Another file, or another header, than the manifest's next.
    #[error("{wanted} should come next, and {found} comes")]
    Next {
        /// What the manifest says.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// A header in another form than ours.
    #[error("the header of {0} was changed")]
    Header(String),
    /// Bytes that belong to nothing.
    #[error("the padding after {0} is not zero")]
    Padding(String),
    /// A content that is not the one that was signed.
    #[error("{0} was changed: its SHA-256 is not the manifest's")]
    Content(String),
    /// Something behind the end.
    #[error("something follows the end of the bundle")]
    Appended,
    /// What was read cannot be put away.
    #[error("cannot write {path}")]
    Write {
        /// Which file of the bundle.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Where the files of a bundle go.
pub trait Unpack {
    /// A file begins.
    ///
    /// # Errors
    /// When it cannot be put away; the reader stops.
    fn begin(&mut self, file: &Listed) -> io::Result<()>;

    /// More of it. Not vouched for before [`Self::end`].
    ///
    /// # Errors
    /// As [`Self::begin`].
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// It is whole, and it is what was signed.
    ///
    /// # Errors
    /// As [`Self::begin`].
    fn end(&mut self, file: &Listed) -> io::Result<()>;
}

/// A bundle whose manifest was read; its files are still to come.
pub struct Archive<R> {
    source: R,
    manifest: Manifest,
    text: String,
    signature: Option<String>,
    key: Option<KeyId>,
    /// A header that was read in the place of a signature.
    ahead: Option<Block>,
}

impl<R: Read> Archive<R> {
    /// Reads manifest and signature. Nothing of the manifest is used before a key in `keys`
    /// vouches for it.
    ///
    /// # Errors
    /// [`BundleError`], saying what is wrong.
    pub fn signed(mut source: R, keys: &Keys) -> Result<Self, BundleError> {
        let text = first(&mut source)?;
        let block = read_block(&mut source, SIGNATURE)?;
        let signature = second(&mut source, &block)?.ok_or(BundleError::Unsigned)?;
        let (manifest, key) = Manifest::vouched(&text, &signature, keys)?;
        Ok(Self {
            source,
            manifest,
            text,
            signature: Some(signature),
            key: Some(key),
            ahead: None,
        })
    }

    /// Reads the manifest of a bundle that is to be signed, whether it is or not. Nobody
    /// vouches for what comes out.
    ///
    /// # Errors
    /// [`BundleError`], saying what is wrong.
    pub fn to_be_signed(mut source: R) -> Result<Self, BundleError> {
        let text = first(&mut source)?;
        let manifest = Manifest::parse(&text)?;
        let block = read_block(&mut source, SIGNATURE)?;
        let signature = second(&mut source, &block)?;
        let ahead = signature.is_none().then_some(block);
        Ok(Self {
            source,
            manifest,
            text,
            signature,
            key: None,
            ahead,
        })
    }

    /// What must come.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest as it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature, as minisign spells it.
    #[must_use]
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// The key that vouches for it; `None` when none was asked.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        self.key
    }

    /// Hands out every file, each compared with the manifest, to the end of the bundle.
    ///
    /// # Errors
    /// [`BundleError`] at the first byte that is not as it must be. What was handed out before
    /// is worth nothing then.
    pub fn unpack(mut self, place: &mut dyn Unpack) -> Result<(), BundleError> {
        let mut piece = vec![0; PIECE_BYTES];
        for file in &self.manifest.files {
            let block = match self.ahead.take() {
                Some(block) => block,
                None => read_block(&mut self.source, &file.path)?,
            };
            compare(&block, &file.path, file.size_bytes)?;
            content(&mut self.source, file, &mut piece, place)?;
        }
        for _ in 0..2 {
            let block = match self.ahead.take() {
                Some(block) => block,
                None => read_block(&mut self.source, "its end")?,
            };
            if block != [0; BLOCK_BYTES] {
                return Err(BundleError::Next {
                    wanted: "the end of the bundle".to_owned(),
                    found: named(&block),
                });
            }
        }
        match io::copy(&mut self.source.take(1), &mut io::sink()) {
            Ok(0) => Ok(()),
            Ok(_) => Err(BundleError::Appended),
            Err(error) => Err(BundleError::Read(error)),
        }
    }
}

impl Manifest {
    /// Checks a manifest with its signature: the signature first, then what it says.
    ///
    /// # Errors
    /// [`BundleError::Signature`], [`BundleError::Manifest`].
    pub fn vouched(text: &str, signature: &str, keys: &Keys) -> Result<(Self, KeyId), BundleError> {
        let key = keys.vouch(text.as_bytes(), signature)?;
        let manifest = Self::parse(text)?;
        signature::comment(&manifest, signature)?;
        Ok((manifest, key))
    }
}

fn first(source: &mut impl Read) -> Result<String, BundleError> {
    let block = read_block(source, MANIFEST)?;
    if header::name(&block) != Some(MANIFEST) {
        return Err(BundleError::Foreign);
    }
    let size = header::size_bytes(&block).ok_or(BundleError::Foreign)?;
    small(source, &block, MANIFEST, size, MANIFEST_BYTES_MAX)
}

/// The signature, or `None` when something else comes.
fn second(source: &mut impl Read, block: &Block) -> Result<Option<String>, BundleError> {
    if header::name(block) != Some(SIGNATURE) {
        return Ok(None);
    }
    let size = header::size_bytes(block);
    let size = size.ok_or_else(|| BundleError::Header(SIGNATURE.to_owned()))?;
    small(source, block, SIGNATURE, size, SIGNATURE_BYTES_MAX).map(Some)
}

/// A file that is kept in memory: its header is checked, and its size before anything is read.
fn small(
    source: &mut impl Read,
    block: &Block,
    what: &'static str,
    size_bytes: u64,
    most: u64,
) -> Result<String, BundleError> {
    if most < size_bytes {
        return Err(BundleError::Large {
            what,
            size_bytes,
            most,
        });
    }
    compare(block, what, size_bytes)?;
    let mut bytes = Vec::new();
    source
        .by_ref()
        .take(size_bytes)
        .read_to_end(&mut bytes)
        .map_err(BundleError::Read)?;
    if u64::try_from(bytes.len()) != Ok(size_bytes) {
        return Err(BundleError::CutOff(what.to_owned()));
    }
    padding(source, what, size_bytes)?;
    String::from_utf8(bytes).map_err(|_| BundleError::Text(what))
}

fn content(
    source: &mut impl Read,
    file: &Listed,
    piece: &mut [u8],
    place: &mut dyn Unpack,
) -> Result<(), BundleError> {
    let unwritten = |source| BundleError::Write {
        path: file.path.clone(),
        source,
    };
    place.begin(file).map_err(unwritten)?;
    let mut hash = Sha256::new();
    let mut left = file.size_bytes;
    while 0 < left {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let room = piece.get_mut(..most).unwrap_or_default();
        let count = match source.read(room) {
            Ok(0) => return Err(BundleError::CutOff(file.path.clone())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(BundleError::Read(error)),
        };
        let bytes = piece.get(..count).unwrap_or_default();
        hash.update(bytes);
        place.write(bytes).map_err(unwritten)?;
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    }
    if Digest(hash.finalize().into()) != file.sha256 {
        return Err(BundleError::Content(file.path.clone()));
    }
    padding(source, &file.path, file.size_bytes)?;
    place.end(file).map_err(unwritten)
}

fn padding(source: &mut impl Read, what: &str, size_bytes: u64) -> Result<(), BundleError> {
    let mut zeros = [0; BLOCK_BYTES];
    let zeros = zeros
        .get_mut(..header::padding(size_bytes))
        .unwrap_or_default();
    fill(source, zeros, what)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(BundleError::Padding(what.to_owned()));
    }
    Ok(())
}

fn read_block(source: &mut impl Read, what: &str) -> Result<Block, BundleError> {
    let mut block = [0; BLOCK_BYTES];
    fill(source, &mut block, what)?;
    Ok(block)
}

fn fill(source: &mut impl Read, bytes: &mut [u8], what: &str) -> Result<(), BundleError> {
    source.read_exact(bytes).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            BundleError::CutOff(what.to_owned())
        } else {
            BundleError::Read(error)
        }
    })
}

/// Compares a header with the only one that may stand here.
fn compare(block: &Block, path: &str, size_bytes: u64) -> Result<(), BundleError> {
    if header::header(path, size_bytes).as_ref() == Some(block) {
        return Ok(());
    }
    if header::name(block) == Some(path) {
        return Err(BundleError::Header(path.to_owned()));
    }
    Err(BundleError::Next {
        wanted: path.to_owned(),
        found: named(block),
    })
}

fn named(block: &Block) -> String {
    if *block == [0; BLOCK_BYTES] {
        return "the end of the bundle".to_owned();
    }
    header::name(block).map_or_else(|| "something else".to_owned(), str::to_owned)
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
