//! A small certificate authority for trials and tests: its key lies in a file, not in hardware.

mod authority;
mod names;
mod register;

pub use authority::{Authority, Files, Order};
pub use names::{CLIENT_ROLES, Name, Role, TrustDomain};
pub use register::{Issued, Register};
