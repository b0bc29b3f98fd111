//! Stories with real processes, the golden file of the protocol, and what programs in
//! other languages hand us.

pub mod anvil;
pub mod foreign;
pub mod golden;
pub mod house;
