use symbolon_api_closed::admin::{
    Backup, GetBackupsRequest, GetBackupsResponse, ReadBackRequest, ReadBackResponse, SeenToken,
    backups_server::Backups,
};
use symbolon_election::{BallotKey, ElectionId, RollIndex, Signature, VoterId, VotingToken};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, election_id, malformed};
use crate::{
    backup::{Standing, Taken},
    read_back::ReadBack,
};

/// The most tokens of a call.
const TOKENS: usize = 256;

#[tonic::async_trait]
impl Backups for Service {
    async fn get_backups(
        &self,
        _: Request<GetBackupsRequest>,
    ) -> Result<Response<GetBackupsResponse>, Status> {
        let standing = self.0.backups().await.map_err(Refusal::from)?;
        Ok(Response::new(response(standing)))
    }

    async fn read_back(
        &self,
        request: Request<ReadBackRequest>,
    ) -> Result<Response<ReadBackResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let election = election_id(&request.election)?;
        if request.tokens.len() > TOKENS {
            let refusal = Refusal::new(Reason::InvalidArgument).at("tokens");
            return Err(refusal.because("at most 256").into());
        }
        let tokens = request.tokens.iter().map(|seen| token(election, seen));
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
        let read = self
            .to_the_end(async move |core| {
                let read = core.read_back(&caller, &election, &tokens).await?;
                core.read_back_statements(&caller, &election, &request.statements)
                    .await?;
                if request.complete {
                    core.end_read_back(&caller, &election).await?;
                }
                Ok(read)
            })
            .await?;
        Ok(Response::new(counted(read)))
    }
}

fn token(election: ElectionId, seen: &SeenToken) -> Result<(VotingToken, Signature), Refusal> {
    let wrong = |_| malformed("tokens");
    let token = VotingToken {
        election,
        voter_id: VoterId::from_slice(&seen.voter_id).map_err(wrong)?,
        roll_index: RollIndex(seen.roll_index),
        ballot_key: BallotKey::from_slice(&seen.ballot_key).map_err(|_| malformed("tokens"))?,
    };
    let signature = Signature::from_slice(&seen.signature).map_err(|_| malformed("tokens"))?;
    Ok((token, signature))
}

fn counted(read: ReadBack) -> ReadBackResponse {
    let places = |places: Vec<RollIndex>| places.into_iter().map(|place| place.0).collect();
    ReadBackResponse {
        bound: read.bound,
        known: read.known,
        contradicting: places(read.contradicting),
        foreign: places(read.foreign),
    }
}

fn response(standing: Standing) -> GetBackupsResponse {
    let plan = standing.plan;
    GetBackupsResponse {
        due: plan.map_or(0, |plan| plan.due),
        every_hours: plan.map_or(0, |plan| plan.every_hours.into()),
        until: plan.map_or(0, |plan| plan.until),
        under_way: standing.under_way.is_some(),
        written: standing.under_way.unwrap_or(0),
        expected: standing.expected,
        last: standing.taken.map(backup),
        failed: standing.failed.unwrap_or(0),
    }
}

fn backup(taken: Taken) -> Backup {
    Backup {
        name: taken.name,
        taken: taken.taken,
        rows: taken.rows,
        leaves: taken.leaves,
        sha256: taken.sha256.to_vec(),
    }
}
