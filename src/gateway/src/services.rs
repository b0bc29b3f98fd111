//! The ballots service over gRPC and HTTP/JSON, and the log's files.

mod grpc;
mod http;

use std::{path::PathBuf, sync::Arc};

use axum::Router;
use symbolon_api_public::ballots::{BallotState, ballots_server::BallotsServer};
use symbolon_election::EntryHash;
use symbolon_service::{health::Health, reasons::Reason};
use tonic::service::Routes;

use crate::{
    Error,
    batches::Held,
    board::{Board, Place},
    book::{Election, ElectionId},
    intake::Intake,
};

/// The largest ballot with room for its hexadecimal form.
const BODY: usize = 48 << 10;

/// What the services work with.
#[derive(Clone)]
pub struct Gateway {
    intake: Arc<Intake>,
    board: Arc<dyn Board>,
    /// The ledger's files.
    folder: PathBuf,
}

/// Where a ballot is.
struct Standing {
    state: BallotState,
    place: Option<Place>,
}

impl Gateway {
    /// Services over an intake, its ledger, and the folder of the ledger's files.
    pub fn new(intake: Arc<Intake>, board: Arc<dyn Board>, folder: PathBuf) -> Self {
        Self {
            intake,
            board,
            folder,
        }
    }

    /// The routes of a listener.
    pub fn router(&self, health: &Health) -> Router {
        let ballots = BallotsServer::new(self.clone()).max_decoding_message_size(BODY);
        let grpc = health
            .add_to(Routes::default())
            .add_service(ballots)
            .into_axum_router();
        let log = symbolon_ledger_log::http::router(&self.folder);
        grpc.merge(http::router(self.clone())).nest("/log", log)
    }

    /// The elections that ballots are taken for: those whose roll is on the ledger.
    fn elections(&self) -> Vec<(ElectionId, Arc<Election>)> {
        let all = self.intake.book.all();
        let open = all
            .iter()
            .filter(|(_, election)| !election.rolls.is_empty());
        let mut elections: Vec<_> = open.map(|(id, it)| (*id, Arc::clone(it))).collect();
        elections.sort_by_key(|(id, _)| *id);
        elections
    }

    async fn standing(&self, hash: &EntryHash) -> Result<Standing, Error> {
        // Looked for in the order of its way, so that it isn't missed between the two.
        let held = self.intake.batches.holds(hash);
        let place = self.board.place(hash).await?;
        let state = match (&place, held) {
            (Some(_), _) => BallotState::Included,
            (None, Some(Held::Taken)) if !self.board.settles_at_once() => BallotState::Published,
            (None, Some(_)) => BallotState::Accepted,
            (None, None) => return Err(Reason::UnknownBallot.into()),
        };
        Ok(Standing { state, place })
    }
}
