use symbolon_api_closed::issuance::{
    Election, GetParticipationRequest, GetParticipationResponse, IssueTokenRequest,
    IssueTokenResponse, IssueTokensRequest, IssueTokensResponse, IssueTokensResult,
    ListElectionsRequest, ListElectionsResponse, Refused, issuance_server::Issuance,
    issue_tokens_result::Outcome,
};
use symbolon_election::ElectionId;
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{
    Service, election_id,
    lists::{ROWS, after, page},
    registration_id,
};
use crate::{
    Error,
    elections::{ElectionRow, Stage},
    published,
};

/// The most requests of one call.
const REQUESTS: usize = 16;

#[tonic::async_trait]
impl Issuance for Service {
    async fn list_elections(
        &self,
        request: Request<ListElectionsRequest>,
    ) -> Result<Response<ListElectionsResponse>, Status> {
        let after = after(&request.into_inner().after)?;
        let (elections, next) = self.public_elections(after).await.map_err(Refusal::from)?;
        Ok(Response::new(ListElectionsResponse { elections, next }))
    }

    async fn issue_token(
        &self,
        request: Request<IssueTokenRequest>,
    ) -> Result<Response<IssueTokenResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let request = request.into_inner();
        let person = registration_id("registrationId", &request.registration_id)?;
        let election = election_id(&request.election)?;
        let issued = self
            .0
            .issue_token(
                &caller,
                &portal,
                &person,
                &election,
                &request.sealed_request,
            )
            .await;
        let sealed_token = issued.map_err(Refusal::from)?;
        Ok(Response::new(IssueTokenResponse { sealed_token }))
    }

    async fn issue_tokens(
        &self,
        request: Request<IssueTokensRequest>,
    ) -> Result<Response<IssueTokensResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let request = request.into_inner();
        let person = registration_id("registrationId", &request.registration_id)?;
        if request.requests.len() > REQUESTS {
            let refusal = Refusal::new(Reason::InvalidArgument).at("requests");
            return Err(refusal.because("at most 16 in a call").into());
        }
        let mut results = Vec::with_capacity(request.requests.len());
        for one in request.requests {
            let issued = match election_id(&one.election) {
                Ok(election) => {
                    let sealed = &one.sealed_request;
                    let issued = self
                        .0
                        .issue_token(&caller, &portal, &person, &election, sealed);
                    issued.await.map_err(Refusal::from)
                }
                Err(refusal) => Err(refusal),
            };
            results.push(result(issued));
        }
        Ok(Response::new(IssueTokensResponse { results }))
    }

    async fn get_participation(
        &self,
        request: Request<GetParticipationRequest>,
    ) -> Result<Response<GetParticipationResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let request = request.into_inner();
        let person = registration_id("registrationId", &request.registration_id)?;
        let election = election_id(&request.election)?;
        let told = self
            .0
            .participation(&caller, &portal, &person, &election)
            .await;
        let told = told.map_err(Refusal::from)?;
        let (eligible, issued) = (told.eligible, told.issued);
        Ok(Response::new(GetParticipationResponse { eligible, issued }))
    }
}

impl Service {
    /// A page of elections that were opened, and where to go on.
    async fn public_elections(
        &self,
        after: Option<ElectionId>,
    ) -> Result<(Vec<Election>, Vec<u8>), Error> {
        self.0.keys()?;
        let rows = self.0.elections_after(after.as_ref(), ROWS).await?;
        let show = async |id: ElectionId, row: ElectionRow| {
            if row.stage == Stage::Draft {
                return Ok(None);
            }
            let election = self.0.election(&id).await?;
            let name = &election.manifest().content_hash;
            let content = published::read(&self.0.published, name).await?;
            let rotations = row.rotations.iter().map(Vec::len).sum::<usize>();
            let bytes = content.len() + row.manifest.len() + rotations;
            let election = Election {
                election: id.as_bytes().to_vec(),
                state: row.stage.as_str().to_owned(),
                manifest: row.manifest,
                content,
                rotations: row.rotations,
            };
            Ok(Some((bytes, election)))
        };
        page(rows, show).await
    }
}

fn result(issued: Result<Vec<u8>, Refusal>) -> IssueTokensResult {
    let outcome = match issued {
        Ok(sealed) => Outcome::SealedToken(sealed),
        Err(refusal) => Outcome::Refused(Refused {
            reason: refusal.reason().name().to_owned(),
            field: refusal.field().unwrap_or_default().to_owned(),
        }),
    };
    IssueTokensResult {
        outcome: Some(outcome),
    }
}
