use symbolon_api_public::ballots::{
    CastBallotRequest, CastBallotResponse, Election, GetBallotStatusRequest,
    GetBallotStatusResponse, ListElectionsRequest, ListElectionsResponse, Receipt,
    ballots_server::Ballots,
};
use symbolon_election::EntryHash;
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::Gateway;

#[tonic::async_trait]
impl Ballots for Gateway {
    async fn cast_ballot(
        &self,
        request: Request<CastBallotRequest>,
    ) -> Result<Response<CastBallotResponse>, Status> {
        let entry = request.into_inner().entry;
        let (hash, receipt) = self.intake.cast(&entry).await.map_err(Refusal::from)?;
        Ok(Response::new(CastBallotResponse {
            entry_hash: hash.as_bytes().to_vec(),
            receipt: Some(Receipt {
                election: receipt.election.as_bytes().to_vec(),
                ballot_digest: receipt.ballot_digest.as_bytes().to_vec(),
                include_by: receipt.include_by,
                signature: receipt.signature.as_bytes().to_vec(),
            }),
        }))
    }

    async fn get_ballot_status(
        &self,
        request: Request<GetBallotStatusRequest>,
    ) -> Result<Response<GetBallotStatusResponse>, Status> {
        let hash = EntryHash::from_slice(&request.into_inner().entry_hash)
            .map_err(|_| Refusal::new(Reason::InvalidArgument).at("entryHash"))?;
        let standing = self.standing(&hash).await.map_err(Refusal::from)?;
        let mut response = GetBallotStatusResponse {
            state: standing.state.into(),
            ..Default::default()
        };
        if let Some(place) = standing.place {
            response.index = place.index;
            if let Some(inclusion) = place.proof {
                let hashes = inclusion.proof.iter();
                response.proof = hashes.map(|hash| hash.as_bytes().to_vec()).collect();
                response.checkpoint = inclusion.checkpoint.to_text();
            }
        }
        Ok(Response::new(response))
    }

    async fn list_elections(
        &self,
        _: Request<ListElectionsRequest>,
    ) -> Result<Response<ListElectionsResponse>, Status> {
        let all = self.elections();
        let elections = all.iter().map(|(id, election)| Election {
            election: id.as_bytes().to_vec(),
            manifest: election.entry.to_vec(),
            content: election.content.to_vec(),
            rotations: election.rotations.iter().map(|it| it.to_vec()).collect(),
        });
        Ok(Response::new(ListElectionsResponse {
            elections: elections.collect(),
        }))
    }
}
