use std::sync::Arc;

use symbolon_api_closed::admin::{
    CancelElectionRequest, CancelElectionResponse, CertifyElectionRequest, CertifyElectionResponse,
    CloseElectionRequest, CloseElectionResponse, DraftElectionRequest, DraftElectionResponse,
    DraftRollAdditionRequest, DraftRollAdditionResponse, Election, ExtendRollRequest,
    ExtendRollResponse, GetContentRequest, GetContentResponse, GetElectionRequest,
    GetElectionResponse, GetRollRequest, GetRollResponse, GetStatementsRequest,
    GetStatementsResponse, GetTrustFileRequest, GetTrustFileResponse, ListElectionsRequest,
    ListElectionsResponse, OpenElectionRequest, OpenElectionResponse, PrepareCloseRequest,
    PrepareCloseResponse, PrepareRotationRequest, PrepareRotationResponse, RotateIssuerRequest,
    RotateIssuerResponse, draft_election_request, elections_server::Elections,
};
use symbolon_election::{Address, ElectionId};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{
    Service, caller, content_hash, election_id,
    lists::{ROWS, after, page},
    malformed,
    pages::{self, Pages},
};
use crate::{
    Error,
    core::Core,
    elections::{self as core, Draft, Entitled},
    published,
};

#[tonic::async_trait]
impl Elections for Service {
    async fn draft_election(
        &self,
        request: Request<DraftElectionRequest>,
    ) -> Result<Response<DraftElectionResponse>, Status> {
        let caller = caller(&request)?;
        let draft = draft(request.into_inner())?;
        let work = async move |core: Arc<Core>| core.draft_election(&caller, draft).await;
        let (election, manifest, roll_statement) = self.to_the_end(work).await?;
        let election = election.as_bytes().to_vec();
        Ok(Response::new(DraftElectionResponse {
            election,
            manifest,
            roll_statement,
        }))
    }

    async fn get_election(
        &self,
        request: Request<GetElectionRequest>,
    ) -> Result<Response<GetElectionResponse>, Status> {
        let id = election_id(&request.into_inner().election)?;
        let election = self.0.election(&id).await.map_err(Refusal::from)?;
        let election = self.shown(&election).await.map_err(Refusal::from)?;
        Ok(Response::new(GetElectionResponse {
            election: Some(election),
        }))
    }

    async fn list_elections(
        &self,
        request: Request<ListElectionsRequest>,
    ) -> Result<Response<ListElectionsResponse>, Status> {
        let after = after(&request.into_inner().after)?;
        let (elections, next) = self.listed(after).await.map_err(Refusal::from)?;
        Ok(Response::new(ListElectionsResponse { elections, next }))
    }

    async fn open_election(
        &self,
        request: Request<OpenElectionRequest>,
    ) -> Result<Response<OpenElectionResponse>, Status> {
        let caller = caller(&request)?;
        let OpenElectionRequest {
            manifest,
            roll_statement,
        } = request.into_inner();
        let work = async move |core: Arc<Core>| {
            core.open_election(&caller, &manifest, &roll_statement)
                .await
        };
        self.to_the_end(work).await?;
        Ok(Response::new(OpenElectionResponse {}))
    }

    async fn draft_roll_addition(
        &self,
        request: Request<DraftRollAdditionRequest>,
    ) -> Result<Response<DraftRollAdditionResponse>, Status> {
        let caller = caller(&request)?;
        let id = election_id(&request.into_inner().election)?;
        let work = async move |core: Arc<Core>| core.draft_roll_addition(&caller, &id).await;
        let roll_statement = self.to_the_end(work).await?;
        Ok(Response::new(DraftRollAdditionResponse { roll_statement }))
    }

    async fn extend_roll(
        &self,
        request: Request<ExtendRollRequest>,
    ) -> Result<Response<ExtendRollResponse>, Status> {
        let caller = caller(&request)?;
        let statement = request.into_inner().roll_statement;
        self.to_the_end(async move |core| core.extend_roll(&caller, &statement).await)
            .await?;
        Ok(Response::new(ExtendRollResponse {}))
    }

    async fn prepare_rotation(
        &self,
        request: Request<PrepareRotationRequest>,
    ) -> Result<Response<PrepareRotationResponse>, Status> {
        let caller = caller(&request)?;
        let PrepareRotationRequest { election, anew } = request.into_inner();
        let id = election_id(&election)?;
        let work = async move |core: Arc<Core>| core.prepare_rotation(&caller, &id, anew).await;
        let rotation = self.to_the_end(work).await?;
        Ok(Response::new(PrepareRotationResponse { rotation }))
    }

    async fn rotate_issuer(
        &self,
        request: Request<RotateIssuerRequest>,
    ) -> Result<Response<RotateIssuerResponse>, Status> {
        let caller = caller(&request)?;
        let rotation = request.into_inner().rotation;
        self.to_the_end(async move |core| core.rotate_issuer(&caller, &rotation).await)
            .await?;
        Ok(Response::new(RotateIssuerResponse {}))
    }

    async fn prepare_close(
        &self,
        request: Request<PrepareCloseRequest>,
    ) -> Result<Response<PrepareCloseResponse>, Status> {
        let id = election_id(&request.into_inner().election)?;
        let close = self
            .to_the_end(async move |core| core.prepare_close(&id).await)
            .await?;
        Ok(Response::new(PrepareCloseResponse { close }))
    }

    async fn close_election(
        &self,
        request: Request<CloseElectionRequest>,
    ) -> Result<Response<CloseElectionResponse>, Status> {
        let caller = caller(&request)?;
        let close = request.into_inner().close;
        self.to_the_end(async move |core| core.close_election(&caller, &close).await)
            .await?;
        Ok(Response::new(CloseElectionResponse {}))
    }

    async fn certify_election(
        &self,
        request: Request<CertifyElectionRequest>,
    ) -> Result<Response<CertifyElectionResponse>, Status> {
        let caller = caller(&request)?;
        let certified = request.into_inner().certified;
        self.to_the_end(async move |core| core.certify_election(&caller, &certified).await)
            .await?;
        Ok(Response::new(CertifyElectionResponse {}))
    }

    async fn cancel_election(
        &self,
        request: Request<CancelElectionRequest>,
    ) -> Result<Response<CancelElectionResponse>, Status> {
        let caller = caller(&request)?;
        let cancelled = request.into_inner().cancelled;
        self.to_the_end(async move |core| core.cancel_election(&caller, &cancelled).await)
            .await?;
        Ok(Response::new(CancelElectionResponse {}))
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

    async fn get_trust_file(
        &self,
        _: Request<GetTrustFileRequest>,
    ) -> Result<Response<GetTrustFileResponse>, Status> {
        Ok(Response::new(GetTrustFileResponse {
            trust: self.0.trust().to_json(),
        }))
    }
}

impl Service {
    /// A page of elections, and where to go on.
    async fn listed(&self, after: Option<ElectionId>) -> Result<(Vec<Election>, Vec<u8>), Error> {
        self.0.keys()?;
        let rows = self.0.elections_after(after.as_ref(), ROWS).await?;
        let show = async |id, _| {
            let election = self.0.election(&id).await?;
            let election = self.shown(&election).await?;
            let bytes = election.content.len() + election.manifest.len();
            let statements = election.roll_statements.iter().chain(&election.rotations);
            let statements = statements.map(Vec::len);
            Ok(Some((bytes + statements.sum::<usize>(), election)))
        };
        page(rows, show).await
    }

    async fn shown(&self, election: &core::Election) -> Result<Election, Error> {
        let content = published::read(&self.0.published, &election.manifest().content_hash).await?;
        let issued = self.0.issued(election).await?;
        let row = election.row.clone();
        let rolls = election.roll_entries.iter().cloned();
        Ok(Election {
            election: election.id.as_bytes().to_vec(),
            state: row.stage.as_str().to_owned(),
            manifest: row.manifest,
            content,
            roll_size: election.rolls.last().map_or(0, |roll| roll.size),
            roll_statements: rolls.chain(row.pending_roll).collect(),
            issued,
            close: row.close.unwrap_or_default(),
            certified: row.certified.unwrap_or_default(),
            cancelled: row.cancelled.unwrap_or_default(),
            rotations: row.rotations,
        })
    }
}

fn draft(request: DraftElectionRequest) -> Result<Draft, Refusal> {
    let entitled = match request.entitled {
        Some(draft_election_request::Entitled::Everybody(true)) => Entitled::Everybody,
        Some(draft_election_request::Entitled::Electorate(name)) => Entitled::Electorate(name),
        _ => {
            let refusal = Refusal::new(Reason::InvalidArgument).at("entitled");
            return Err(refusal.because("say everybody or name an electorate"));
        }
    };
    let gateways = request
        .gateways
        .iter()
        .map(|gateway| Address::from_slice(gateway));
    Ok(Draft {
        content: request.content,
        ledger_keys: request.ledger_keys,
        opens: request.opens,
        closes: request.closes,
        grace: request.grace,
        forget_after: request.forget_after,
        max_ballots: small("maxBallots", request.max_ballots)?,
        roll_batch_min: request.roll_batch_min,
        ballot_batch_min: small("ballotBatchMin", request.ballot_batch_min)?,
        custody: small("custody", request.custody)?,
        anonymity: small("anonymity", request.anonymity)?,
        results: small("results", request.results)?,
        payload: small("payload", request.payload)?,
        gateways: gateways
            .collect::<Result<_, _>>()
            .map_err(|_| malformed("gateways"))?,
        entitled,
    })
}

/// A number of a narrower type.
fn small<T: TryFrom<u32>>(field: &'static str, number: u32) -> Result<T, Refusal> {
    number.try_into().map_err(|_| {
        Refusal::new(Reason::InvalidManifest)
            .at(field)
            .because("too large a number")
    })
}
