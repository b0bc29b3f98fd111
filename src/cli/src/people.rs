//! Whole rolls of people: reading their CSV, remembering what is done, and the stream to the vault.

mod journal;
mod pump;
mod results;
mod rows;

pub use journal::{Fate, Journal};
pub use pump::{Ending, Progress, Pump};
pub use results::Results;
pub use rows::{BadRow, Header, Row, Rows};
