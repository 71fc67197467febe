//! A bundle of rules: what it holds, and what its rules must find.
//!
//! It knows nothing of the engine. Rules are texts here, and canaries are bytes.

mod canary;

mod dropped;

mod overrides;

pub use canary::{
    CANARY_TEXT_BYTES_MAX, CanaryError, Expected, SPECIMEN_BYTES_MAX, Specimen, canaries,
};
pub use dropped::{AsksEmpty, Dropped, dropped_text};
pub use overrides::{OVERRIDES_TEXT_BYTES_MAX, OverridesError, overrides, overrides_text};
