//! Stories with real processes, and the golden file of the protocol.

pub mod golden;
