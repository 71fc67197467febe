//! A bundle of rules: what it holds, who signed it, and what its rules must find.
//!
//! It knows nothing of the engine, of paths or of descriptors. Rules are texts here, canaries
//! are bytes, and a bundle is what comes out of a reader. `signatures/README.md` says what a
//! bundle is; in the order it is read: the [`Manifest`] says what must be there, the
//! [`Keys`] who vouches for it, and the [`Archive`] compares what is there with it.

mod canary;

pub mod lists;

mod dropped;

mod overrides;

mod manifest;

mod base64;

mod signature;

mod header;

mod archive;

mod pack;

#[cfg(test)]
mod trial;

pub use archive::{Archive, BundleError, Unpack};
pub use base64::{decode as base64_decode, encode as base64_encode};
pub use canary::{
    CANARY_TEXT_BYTES_MAX, CanaryError, Expected, Room, SPECIMEN_BYTES_MAX, Specimen, canaries,
    canaries_within,
};
pub use dropped::{AsksEmpty, Dropped, dropped_text};
pub use manifest::{
    BUNDLE_FILES_MAX, BUNDLE_NAME_BYTES_MAX, BUNDLE_PATH_BYTES_MAX, BUNDLE_PATH_PARTS_MAX,
    BUNDLE_TOTAL_BYTES_MAX, Label, Listed, MANIFEST_BYTES_MAX, Manifest, ManifestError,
    bundle_name, bundle_path,
};
pub use overrides::{OVERRIDES_TEXT_BYTES_MAX, OverridesError, overrides, overrides_text};
pub use pack::{Packer, pack};
pub use signature::{
    KEY_TEXT_BYTES_MAX, KeyId, Keys, SIGNATURE_BYTES_MAX, SignatureError, TRUSTED_KEYS_MAX,
    UNTRUSTED_COMMENT, public_text, trusted_comment,
};

/// Name of the list of what a set holds, the first file of every bundle.
pub const MANIFEST: &str = "manifest.toml";

/// Name of the signature over it, the second.
pub const SIGNATURE: &str = "manifest.toml.minisig";

/// Name of the files that say what rules must find, and what they must not.
pub const CANARIES: &str = "canary.toml";

/// Name of the file in which a set says what its rules do when they find something.
pub const OVERRIDES: &str = "overrides.toml";
