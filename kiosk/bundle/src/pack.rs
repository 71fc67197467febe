//! Writing a bundle in its one form.

use std::io::{self, Read, Write};

use crate::archive::Unpack;
use crate::header::{self, BLOCK_BYTES};
use crate::manifest::{Listed, Manifest};
use crate::{MANIFEST, SIGNATURE};

/// Bundles that are read are handed to it file by file, or their files come from elsewhere:
/// the same manifest, signature and contents always give the same bytes.
pub struct Packer<W> {
    out: W,
    left_bytes: u64,
}

impl<W: Write> Packer<W> {
    /// Writes manifest and signature; the files follow in the manifest's order.
    ///
    /// # Errors
    /// What `out` gave.
    pub fn new(out: W, manifest: &Manifest, signature: Option<&str>) -> io::Result<Self> {
        let mut packer = Self { out, left_bytes: 0 };
        packer.whole(MANIFEST, &manifest.text())?;
        if let Some(signature) = signature {
            packer.whole(SIGNATURE, signature)?;
        }
        Ok(packer)
    }

    /// Writes the end of the bundle and gives `out` back.
    ///
    /// # Errors
    /// What `out` gave.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; BLOCK_BYTES])?;
        self.out.write_all(&[0; BLOCK_BYTES])?;
        Ok(self.out)
    }

    fn whole(&mut self, path: &str, text: &str) -> io::Result<()> {
        let size_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.header(path, size_bytes)?;
        self.out.write_all(text.as_bytes())?;
        self.pad(size_bytes)
    }

    fn header(&mut self, path: &str, size_bytes: u64) -> io::Result<()> {
        let fits = header::header(path, size_bytes);
        let block = fits.ok_or_else(|| io::Error::other(format!("{path} fits no header")))?;
        self.left_bytes = size_bytes;
        self.out.write_all(&block)
    }

    fn pad(&mut self, size_bytes: u64) -> io::Result<()> {
        let zeros = [0; BLOCK_BYTES];
        let zeros = zeros.get(..header::padding(size_bytes)).unwrap_or_default();
        self.out.write_all(zeros)
    }
}

impl<W: Write> Unpack for Packer<W> {
    fn begin(&mut self, file: &Listed) -> io::Result<()> {
        self.header(&file.path, file.size_bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left_bytes = self.left_bytes.checked_sub(count).ok_or_else(changed)?;
        self.out.write_all(bytes)
    }

    fn end(&mut self, file: &Listed) -> io::Result<()> {
        if self.left_bytes != 0 {
            return Err(changed());
        }
        self.pad(file.size_bytes)
    }
}

fn changed() -> io::Error {
    let why = "a file changed while it was packed";
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Writes the whole bundle of `manifest`; `open` gives the content of each file.
///
/// # Errors
/// What `open`, a content or `out` gave; [`io::ErrorKind::InvalidData`] when a content is not
/// as long as the manifest says.
pub fn pack<R: Read, W: Write>(
    manifest: &Manifest,
    signature: Option<&str>,
    open: &mut dyn FnMut(&Listed) -> io::Result<R>,
    out: W,
) -> io::Result<W> {
    let mut packer = Packer::new(out, manifest, signature)?;
    let mut piece = vec![0; 64 * 1024];
    for file in &manifest.files {
        let mut content = open(file)?;
        packer.begin(file)?;
        loop {
            let count = match content.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            packer.write(piece.get(..count).unwrap_or_default())?;
        }
        packer.end(file)?;
    }
    packer.finish()
}
