//! The ballots service over gRPC and HTTP/JSON, and the log's files.

mod grpc;
mod http;

use std::sync::Arc;

use axum::Router;
use symbolon_api_public::ballots::{BallotState, ballots_server::BallotsServer};
use symbolon_election::EntryHash;
use symbolon_ledger_log::{Inclusion, LogLedger};
use symbolon_service::{health::Health, reasons::Reason};
use symbolon_tlog::Hash;
use tonic::service::Routes;

use crate::{Error, intake::Intake};

/// The largest ballot with room for its hexadecimal form.
const BODY: usize = 48 << 10;

/// What the services work with.
#[derive(Clone)]
pub struct Gateway {
    intake: Arc<Intake>,
    ledger: LogLedger,
}

/// Where a ballot is.
struct Standing {
    state: BallotState,
    inclusion: Option<Inclusion>,
}

impl Gateway {
    /// Services over an intake and its ledger.
    pub fn new(intake: Arc<Intake>, ledger: LogLedger) -> Self {
        Self { intake, ledger }
    }

    /// The routes of a listener.
    pub fn router(&self, health: &Health) -> Router {
        let ballots = BallotsServer::new(self.clone()).max_decoding_message_size(BODY);
        let grpc = health
            .add_to(Routes::default())
            .add_service(ballots)
            .into_axum_router();
        let log = symbolon_ledger_log::http::router(&self.intake.log);
        grpc.merge(http::router(self.clone())).nest("/log", log)
    }

    async fn standing(&self, hash: &EntryHash) -> Result<Standing, Error> {
        // Looked for in the order of its way, so that it isn't missed between the two.
        let waits = self.intake.batches.holds(hash);
        let inclusion = self.ledger.inclusion(Hash::new(*hash.as_bytes())).await?;
        let state = match (&inclusion, waits) {
            (Some(_), _) => BallotState::Included,
            (None, true) => BallotState::Accepted,
            (None, false) => return Err(Reason::UnknownBallot.into()),
        };
        Ok(Standing { state, inclusion })
    }
}
