//! Giving privileges up, and descriptors over sockets: the only crate with unsafe code.
