//! What programs in other languages made of the protocol, given to this project's code.
//!
//! A feed is a list of cases: bytes, what they are said to be, and whether that holds.
//! `foreign/README.md` tells the form of feeds and the kinds of cases.

mod claim;
mod delivery;
mod election;
mod feed;
mod log;
mod report;
mod signatures;

pub use report::Report;

/// Why a case is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Crypto(#[from] symbolon_crypto::Error),
    #[error("{0}")]
    Election(#[from] symbolon_election::Error),
    #[error("{0}")]
    Voter(#[from] symbolon_voter::Error),
    #[error("{0}")]
    Log(#[from] symbolon_tlog::Error),
    /// Well formed and well signed, but not what the case says.
    #[error("the {0} is another than the case says")]
    Other(&'static str),
    #[error("{0}")]
    Form(&'static str),
}

/// Compares what was found with what the case says.
fn same<T: PartialEq>(what: &'static str, found: T, said: T) -> Result<(), Refusal> {
    match found == said {
        true => Ok(()),
        false => Err(Refusal::Other(what)),
    }
}

#[cfg(test)]
mod tests;
