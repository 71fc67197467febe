//! No path opens: Landlock with everything handled and nothing allowed.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use crate::error::JailError;

/// What every supported kernel must enforce: all that Linux 5.13 knows.
const REQUIRED: ABI = ABI::V1;

/// What newer kernels add is taken where it exists: the empty root and the filter hold without.
const WANTED: ABI = ABI::V7;

/// Forbids this process and its descendants to open, create, change or run any path.
pub(crate) fn forbid() -> Result<(), JailError> {
    let status = restrict().map_err(JailError::Landlock)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err(JailError::NotEnforced),
    }
}

fn restrict() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .restrict_self()
}
