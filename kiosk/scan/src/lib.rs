//! The jailed scanner: read, hash, match, report.
