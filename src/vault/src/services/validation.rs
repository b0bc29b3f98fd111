use std::pin::Pin;

use symbolon_api_public::validation::{
    GetContentRequest, GetContentResponse, GetRollRequest, GetRollResponse, GetStatementsRequest,
    GetStatementsResponse, ValidateTokenRequest, ValidateTokenResponse, WatchStatementsRequest,
    WatchStatementsResponse, validation_server::Validation,
};
use symbolon_election::{Address, RollIndex, Signature, VoterId, VotingToken};
use symbolon_service::{Refusal, reasons::Reason};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    Service, caller, content_hash, election_id, malformed,
    pages::{self, Pages},
};

/// Statements that wait for a slow reader.
const AHEAD: usize = 16;

#[tonic::async_trait]
impl Validation for Service {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let caller = caller(&request)?;
        let (token, signature) = token(&request.into_inner())?;
        let outcome = self.0.validate_token(&caller, &token, &signature).await;
        outcome.map_err(Refusal::from)?;
        Ok(Response::new(ValidateTokenResponse {}))
    }

    async fn get_statements(
        &self,
        request: Request<GetStatementsRequest>,
    ) -> Result<Response<GetStatementsResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let page = self.0.statements(request.into_inner().after).await;
        let page = page.map_err(Refusal::from)?;
        Ok(Response::new(GetStatementsResponse {
            entries: page.entries,
            next: page.next,
        }))
    }

    type WatchStatementsStream =
        Pin<Box<dyn Stream<Item = Result<WatchStatementsResponse, Status>> + Send>>;

    async fn watch_statements(
        &self,
        request: Request<WatchStatementsRequest>,
    ) -> Result<Response<Self::WatchStatementsStream>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(
            self.clone()
                .send_statements(request.into_inner().after, sender),
        );
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    type GetRollStream = Pages<GetRollResponse>;

    async fn get_roll(
        &self,
        request: Request<GetRollRequest>,
    ) -> Result<Response<Self::GetRollStream>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let GetRollRequest { election, start } = request.into_inner();
        let election = election_id(&election)?;
        let leaves = pages::roll(&self.0, &election, start, |leaves| GetRollResponse {
            leaves,
        });
        Ok(Response::new(leaves.await.map_err(Refusal::from)?))
    }

    type GetContentStream = Pages<GetContentResponse>;

    async fn get_content(
        &self,
        request: Request<GetContentRequest>,
    ) -> Result<Response<Self::GetContentStream>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let name = content_hash(&request.into_inner().sha256)?;
        let chunks = pages::content(&self.0, &name, |chunk| GetContentResponse { chunk });
        Ok(Response::new(chunks.map_err(Refusal::from)?))
    }
}

impl Service {
    /// Sends statements as they come, until the reader goes or the vault is sealed.
    async fn send_statements(
        self,
        mut after: u64,
        sender: mpsc::Sender<Result<WatchStatementsResponse, Status>>,
    ) {
        let mut published = self.0.watch_statements();
        loop {
            let page = match self.0.keys() {
                Ok(_) => self.0.statements(after).await,
                Err(sealed) => Err(sealed),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let _ = sender.send(Err(Refusal::from(error).into())).await;
                    return;
                }
            };
            let waits = page.entries.is_empty();
            for entry in page.entries {
                after += 1;
                let statement = WatchStatementsResponse { entry, next: after };
                if sender.send(Ok(statement)).await.is_err() {
                    return;
                }
            }
            if waits {
                tokio::select! {
                    changed = published.changed() => if changed.is_err() { return },
                    () = sender.closed() => return,
                    () = self.stopping() => {
                        let _ = sender.send(Err(Refusal::new(Reason::ShuttingDown).into())).await;
                        return;
                    }
                }
            }
        }
    }
}

fn token(request: &ValidateTokenRequest) -> Result<(VotingToken, Signature), Refusal> {
    let token = VotingToken {
        election: election_id(&request.election)?,
        voter_id: VoterId::from_slice(&request.voter_id).map_err(|_| malformed("voterId"))?,
        roll_index: RollIndex(request.roll_index),
        ballot_key: Address::from_slice(&request.ballot_key).map_err(|_| malformed("ballotKey"))?,
    };
    let signature = Signature::from_slice(&request.signature)
        .map_err(|_| Refusal::new(Reason::InvalidSignature).at("signature"))?;
    Ok((token, signature))
}
