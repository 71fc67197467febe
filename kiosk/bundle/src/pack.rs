//! Writing a bundle in its one form.

use std::io::{self, Read, Write};

use crate::header::{self, BLOCK_BYTES};
use crate::manifest::{Listed, Manifest};
use crate::{MANIFEST, SIGNATURE};

/// Writes the bundle of `manifest`, with its signature when it has one. `open` gives the
/// content of each file; it must be as long as the manifest says. The same input always gives
/// the same bytes.
///
/// # Errors
/// What `open`, a content or `out` gave; [`io::ErrorKind::InvalidData`] when a content is not
/// as long as the manifest says.
pub fn pack<R: Read>(
    manifest: &Manifest,
    signature: Option<&str>,
    open: &mut dyn FnMut(&Listed) -> io::Result<R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut member = |path: &str, size_bytes: u64, content: &mut dyn Read| {
        let fits = header::header(path, size_bytes);
        let block = fits.ok_or_else(|| io::Error::other(format!("{path} is too large")))?;
        out.write_all(&block)?;
        // One byte more than it should have shows a content that grew.
        let mut content = content.take(size_bytes.saturating_add(1));
        let written = io::copy(&mut content, out)?;
        if written != size_bytes {
            let why = format!("{path} changed while it was packed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let zeros = [0; BLOCK_BYTES];
        out.write_all(zeros.get(..header::padding(size_bytes)).unwrap_or_default())
    };
    let text = manifest.text();
    let length = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX);
    member(MANIFEST, length(&text), &mut text.as_bytes())?;
    if let Some(signature) = signature {
        member(SIGNATURE, length(signature), &mut signature.as_bytes())?;
    }
    for file in &manifest.files {
        member(&file.path, file.size_bytes, &mut open(file)?)?;
    }
    out.write_all(&[0; BLOCK_BYTES])?;
    out.write_all(&[0; BLOCK_BYTES])
}
