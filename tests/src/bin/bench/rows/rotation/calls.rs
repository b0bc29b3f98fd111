//! A mix of the calls of each role, every one of which has to go well.

use std::sync::Arc;

use symbolon_api_closed::{
    admin::{
        GetBackupsRequest, GetContentRequest as GetAdminContentRequest, GetElectionRequest,
        GetRewrapRequest, GetRollRequest as GetAdminRollRequest, GetSealStatusRequest,
        GetStatementsRequest as GetAdminStatementsRequest, GetTrustFileRequest,
        ListConflictsRequest, ListElectionsRequest as ListAdminElectionsRequest,
        ListErasuresRequest, ListHaltsRequest, ListKeysRequest, ListProposalsRequest,
        WatchRotationRequest, backups_client::BackupsClient, conflicts_client::ConflictsClient,
        elections_client::ElectionsClient, erasures_client::ErasuresClient,
        halts_client::HaltsClient, keys_client::KeysClient, proposals_client::ProposalsClient,
        rewraps_client::RewrapsClient, seal_client::SealClient,
    },
    audit::{
        GetCheckpointRequest, GetConsistencyProofRequest, GetInclusionProofRequest,
        GetLeavesRequest, audit_client::AuditClient,
    },
    issuance::{
        GetParticipationRequest, IssueTokensRequest, ListElectionsRequest, SealedRequest,
        issuance_client::IssuanceClient,
    },
    registration::{
        AddToElectorateRequest, AmendPersonRequest, CheckPersonRequest, CreateElectorateRequest,
        ErasePersonRequest, GetSchemaRequest, ListElectoratesRequest, RegisterPeopleRequest,
        RegisterPersonRequest, ResumePersonRequest, SuspendPersonRequest,
        electorates_client::ElectoratesClient, register_people_response::Outcome,
        registration_client::RegistrationClient,
    },
};
use symbolon_api_public::validation::{
    GetContentRequest, GetRollRequest, GetStatementsRequest, WatchStatementsRequest,
    validation_client::ValidationClient,
};
use symbolon_crypto::random;
use tokio_stream::iter;
use tonic::{Status, Streaming, transport::Channel};

use super::{amid::Made, voting::Voting};
use crate::city::{Voters, person};

/// Who is asked about.
#[derive(Clone)]
pub(super) struct Asked {
    asking: Arc<Voters>,
    validations: Arc<[symbolon_api_public::validation::ValidateTokenRequest]>,
    /// The registration IDs of the first people.
    ids: Arc<[Vec<u8>]>,
    election: Vec<u8>,
    content: Vec<u8>,
}

impl Asked {
    pub(super) fn of(voting: &Voting, ids: &[Vec<u8>]) -> Self {
        let manifest = &voting.asking.manifest;
        Self {
            asking: Arc::clone(&voting.asking),
            validations: Arc::clone(&voting.validations),
            ids: ids.into(),
            election: manifest.election().as_bytes().to_vec(),
            content: manifest.manifest().content_hash.as_bytes().to_vec(),
        }
    }

    fn known(&self, number: u64) -> (usize, &Vec<u8>) {
        let at = number as usize % self.ids.len();
        (at, &self.ids[at])
    }
}

/// Registration, electorates and issuance.
pub(super) fn portal(
    channel: Channel,
    asked: &Asked,
    made: &Made,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let (asked, made) = (asked.clone(), made.clone());
    let people = RegistrationClient::new(channel.clone());
    let electorates = ElectoratesClient::new(channel.clone());
    let issuance = IssuanceClient::new(channel);
    async move |number| {
        let (mut people, mut electorates) = (people.clone(), electorates.clone());
        let mut issuance = issuance.clone();
        let (at, id) = asked.known(number);
        let known = Some(person(at as u64));
        let voter = number as usize % asked.asking.requests.len();
        let request = asked.asking.requests[voter].clone();
        made.note(match number % 11 {
            0 => {
                let told = people.register_person(RegisterPersonRequest { person: known });
                same(&told.await?.into_inner().registration_id, id)?;
                "Registration/RegisterPerson"
            }
            1 => {
                live(&mut people, &made).await?;
                "Registration/RegisterPerson"
            }
            2 => {
                let some = [RegisterPeopleRequest {
                    correlation: number,
                    person: known,
                }];
                let answers = people.register_people(iter(some)).await?.into_inner();
                match first(answers).await?.outcome {
                    Some(Outcome::RegistrationId(told)) => same(&told, id)?,
                    _ => return Err(Status::internal("a row of a stream was refused")),
                }
                "Registration/RegisterPeople"
            }
            3 => {
                people
                    .check_person(CheckPersonRequest { person: known })
                    .await?;
                "Registration/CheckPerson"
            }
            4 => {
                people.get_schema(GetSchemaRequest {}).await?;
                "Registration/GetSchema"
            }
            5 => {
                let electorate =
                    format!("of-{}", hex::encode(random::bytes::<8>(&mut random::os())));
                let create = CreateElectorateRequest {
                    electorate: electorate.clone(),
                };
                electorates.create_electorate(create).await?;
                made.note("Electorates/CreateElectorate");
                let add = AddToElectorateRequest {
                    correlation: number,
                    electorate,
                    registration_ids: asked.ids[..10].to_vec(),
                };
                let answers = electorates.add_to_electorate(iter([add])).await?;
                let answer = first(answers.into_inner()).await?;
                if answer.added != 10 || answer.refusal.is_some() {
                    return Err(Status::internal("people were not added"));
                }
                "Electorates/AddToElectorate"
            }
            6 => {
                let all = ListElectoratesRequest::default();
                electorates.list_electorates(all).await?;
                "Electorates/ListElectorates"
            }
            7 => {
                let all = ListElectionsRequest::default();
                issuance.list_elections(all).await?;
                "Issuance/ListElections"
            }
            8 => {
                issuance.issue_token(request).await?;
                "Issuance/IssueToken"
            }
            9 => {
                let requests = vec![SealedRequest {
                    election: request.election,
                    sealed_request: request.sealed_request,
                }];
                let many = IssueTokensRequest {
                    registration_id: request.registration_id,
                    requests,
                };
                let told = issuance.issue_tokens(many).await?.into_inner();
                use symbolon_api_closed::issuance::issue_tokens_result::Outcome;
                match told
                    .results
                    .first()
                    .and_then(|result| result.outcome.as_ref())
                {
                    Some(Outcome::SealedToken(_)) => {}
                    _ => return Err(Status::internal("a token of many was refused")),
                }
                "Issuance/IssueTokens"
            }
            _ => {
                let about = GetParticipationRequest {
                    registration_id: request.registration_id,
                    election: request.election,
                };
                let told = issuance.get_participation(about).await?.into_inner();
                if !(told.eligible && told.issued) {
                    return Err(Status::internal("a voter isn't one any more"));
                }
                "Issuance/GetParticipation"
            }
        });
        Ok(())
    }
}

/// Somebody new: registered, amended, suspended, let vote again, detached, and registered once more.
async fn live(people: &mut RegistrationClient<Channel>, made: &Made) -> Result<(), Status> {
    let person = person(u64::from_be_bytes(random::bytes(&mut random::os())) >> 1);
    let new = RegisterPersonRequest {
        person: Some(person.clone()),
    };
    let told = people.register_person(new.clone()).await?.into_inner();
    let registration_id = || told.registration_id.clone();
    let amend = AmendPersonRequest {
        registration_id: registration_id(),
        person: Some(person),
    };
    people.amend_person(amend).await?;
    made.note("Registration/AmendPerson");
    let suspend = SuspendPersonRequest {
        registration_id: registration_id(),
    };
    people.suspend_person(suspend).await?;
    made.note("Registration/SuspendPerson");
    let resume = ResumePersonRequest {
        registration_id: registration_id(),
    };
    people.resume_person(resume).await?;
    made.note("Registration/ResumePerson");
    let erase = ErasePersonRequest {
        registration_id: registration_id(),
    };
    people.erase_person(erase).await?;
    made.note("Registration/ErasePerson");
    let again = people.register_person(new).await?.into_inner();
    same(&again.registration_id, &told.registration_id)
}

/// Validation.
pub(super) fn gateway(
    channel: Channel,
    asked: &Asked,
    made: &Made,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let (asked, made) = (asked.clone(), made.clone());
    let client = ValidationClient::new(channel);
    async move |number| {
        let mut client = client.clone();
        made.note(match number % 5 {
            0 => {
                let token = asked.validations[number as usize % asked.validations.len()].clone();
                client.validate_token(token).await?;
                "Validation/ValidateToken"
            }
            1 => {
                let all = GetStatementsRequest::default();
                client.get_statements(all).await?;
                "Validation/GetStatements"
            }
            2 => {
                let all = WatchStatementsRequest::default();
                first(client.watch_statements(all).await?.into_inner()).await?;
                "Validation/WatchStatements"
            }
            3 => {
                let election = asked.election.clone();
                let roll = GetRollRequest { election, start: 0 };
                first(client.get_roll(roll).await?.into_inner()).await?;
                "Validation/GetRoll"
            }
            _ => {
                let sha256 = asked.content.clone();
                let content = client.get_content(GetContentRequest { sha256 }).await?;
                first(content.into_inner()).await?;
                "Validation/GetContent"
            }
        });
        Ok(())
    }
}

/// What officers look at.
pub(super) fn officer(
    channel: Channel,
    asked: &Asked,
    made: &Made,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let (asked, made) = (asked.clone(), made.clone());
    let elections = ElectionsClient::new(channel.clone());
    async move |number| {
        let (channel, mut elections) = (channel.clone(), elections.clone());
        let election = asked.election.clone();
        made.note(match number % 15 {
            0 => {
                let mut seal = SealClient::new(channel);
                seal.get_seal_status(GetSealStatusRequest {}).await?;
                "Seal/GetSealStatus"
            }
            1 => {
                elections
                    .get_election(GetElectionRequest { election })
                    .await?;
                "Elections/GetElection"
            }
            2 => {
                let all = ListAdminElectionsRequest::default();
                elections.list_elections(all).await?;
                "Elections/ListElections"
            }
            3 => {
                let all = GetAdminStatementsRequest::default();
                elections.get_statements(all).await?;
                "Elections/GetStatements"
            }
            4 => {
                let roll = GetAdminRollRequest { election, start: 0 };
                first(elections.get_roll(roll).await?.into_inner()).await?;
                "Elections/GetRoll"
            }
            5 => {
                let sha256 = asked.content.clone();
                let content = elections.get_content(GetAdminContentRequest { sha256 });
                first(content.await?.into_inner()).await?;
                "Elections/GetContent"
            }
            6 => {
                elections.get_trust_file(GetTrustFileRequest {}).await?;
                "Elections/GetTrustFile"
            }
            7 => {
                let mut conflicts = ConflictsClient::new(channel);
                let all = ListConflictsRequest::default();
                conflicts.list_conflicts(all).await?;
                "Conflicts/ListConflicts"
            }
            8 => {
                let mut keys = KeysClient::new(channel);
                keys.list_keys(ListKeysRequest::default()).await?;
                "Keys/ListKeys"
            }
            9 => {
                let mut keys = KeysClient::new(channel);
                let mut told = keys.watch_rotation(WatchRotationRequest {}).await?;
                told.get_mut().message().await?;
                "Keys/WatchRotation"
            }
            10 => {
                let mut backups = BackupsClient::new(channel);
                backups.get_backups(GetBackupsRequest {}).await?;
                "Backups/GetBackups"
            }
            11 => {
                let mut halts = HaltsClient::new(channel);
                halts.list_halts(ListHaltsRequest {}).await?;
                "Halts/ListHalts"
            }
            12 => {
                let mut erasures = ErasuresClient::new(channel);
                erasures.list_erasures(ListErasuresRequest {}).await?;
                "Erasures/ListErasures"
            }
            13 => {
                let mut rewraps = RewrapsClient::new(channel);
                rewraps.get_rewrap(GetRewrapRequest {}).await?;
                "Rewraps/GetRewrap"
            }
            _ => {
                let mut proposals = ProposalsClient::new(channel);
                let all = ListProposalsRequest::default();
                proposals.list_proposals(all).await?;
                "Proposals/ListProposals"
            }
        });
        Ok(())
    }
}

/// The audit log.
pub(super) fn auditor(
    channel: Channel,
    made: &Made,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let made = made.clone();
    let client = AuditClient::new(channel);
    async move |number| {
        let mut client = client.clone();
        let told = client.get_checkpoint(GetCheckpointRequest {}).await?;
        let note = told.into_inner().note;
        let size = note.lines().nth(1).and_then(|size| size.parse().ok());
        let size: u64 = size.ok_or(Status::internal("a checkpoint without a size"))?;
        made.note("Audit/GetCheckpoint");
        made.note(match number % 3 {
            0 => {
                let leaves = GetLeavesRequest {
                    start: size - 1,
                    limit: 1,
                };
                client.get_leaves(leaves).await?;
                "Audit/GetLeaves"
            }
            1 => {
                let proof = GetInclusionProofRequest {
                    index: size / 2,
                    size,
                };
                client.get_inclusion_proof(proof).await?;
                "Audit/GetInclusionProof"
            }
            _ => {
                let proof = GetConsistencyProofRequest {
                    first: size / 2,
                    second: size,
                };
                client.get_consistency_proof(proof).await?;
                "Audit/GetConsistencyProof"
            }
        });
        Ok(())
    }
}

async fn first<T>(mut answers: Streaming<T>) -> Result<T, Status> {
    let first = answers.message().await?;
    first.ok_or_else(|| Status::internal("a stream without an answer"))
}

fn same(told: &[u8], known: &[u8]) -> Result<(), Status> {
    match told == known {
        true => Ok(()),
        false => Err(Status::internal("a registration ID changed")),
    }
}
