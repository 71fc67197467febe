//! Claim, allowlist and outcomes to a verdict: pure, no I/O.
