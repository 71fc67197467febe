//! The commands of kioskctl.
