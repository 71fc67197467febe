//! What is inside a file: archives and compressed streams.
