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
}

/// All of them, in the order of the table.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "transport",
        run: transport::run,
    },
    Group {
        name: "ballots",
        run: ballots::run,
    },
    Group {
        name: "enrolment",
        run: enrolment::run,
    },
    Group {
        name: "store",
        run: store::run,
    },
    Group {
        name: "tokens",
        run: tokens::run,
    },
    Group {
        name: "growth",
        run: growth::run,
    },
    Group {
        name: "openbao",
        run: openbao::run,
    },
    Group {
        name: "ethereum",
        run: ethereum::run,
    },
    Group {
        name: "rolls",
        run: rolls::run,
    },
    Group {
        name: "rotation",
        run: rotation::run,
    },
];
