//! Insert, identify, the pure step, and the hand-over to the scanner and the ledger.
