//! Partition tables and file systems, read in user space.
