//! The rows, in groups that share their preparation.

mod ballots;
mod bare_writes;
mod enrolment;
mod ethereum;
mod growth;
mod observer;
mod openbao;
mod rolls;
mod rotation;
pub(crate) mod store;
mod tokens;
mod transport;

use crate::row::Bench;

/// Rows that are measured together.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Bench),
    /// Left out unless it is named: another command runs it.
    pub(crate) apart: bool,
}

/// All of them, in the order of the table.
pub(crate) const GROUPS: &[Group] = &[
    group("transport", transport::run),
    group("ballots", ballots::run),
    group("enrolment", enrolment::run),
    group("store", store::run),
    group("tokens", tokens::run),
    group("growth", growth::run),
    group("openbao", openbao::run),
    group("ethereum", ethereum::run),
    group("rolls", rolls::run),
    Group {
        apart: true,
        ..group("rotation", rotation::run)
    },
];

const fn group(name: &'static str, run: fn(&mut Bench)) -> Group {
    Group {
        name,
        run,
        apart: false,
    }
}
