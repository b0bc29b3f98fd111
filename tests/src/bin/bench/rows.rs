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
    Group {
        name: "transport",
        run: transport::run,
        apart: false,
    },
    Group {
        name: "ballots",
        run: ballots::run,
        apart: false,
    },
    Group {
        name: "enrolment",
        run: enrolment::run,
        apart: false,
    },
    Group {
        name: "store",
        run: store::run,
        apart: false,
    },
    Group {
        name: "tokens",
        run: tokens::run,
        apart: false,
    },
    Group {
        name: "growth",
        run: growth::run,
        apart: false,
    },
    Group {
        name: "openbao",
        run: openbao::run,
        apart: false,
    },
    Group {
        name: "ethereum",
        run: ethereum::run,
        apart: false,
    },
    Group {
        name: "rolls",
        run: rolls::run,
        apart: false,
    },
    Group {
        name: "rotation",
        run: rotation::run,
        apart: true,
    },
];
