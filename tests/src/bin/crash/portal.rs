//! A caller of the vault: registers, adds to the electorate, asks for tokens.

use std::{sync::Arc, time::Duration};

use symbolon_api_closed::{
    issuance::{GetParticipationRequest, IssueTokenRequest, issuance_client::IssuanceClient},
    registration::{
        AddToElectorateRequest, ListElectoratesRequest, Person, RegisterPersonRequest,
        electorates_client::ElectoratesClient, registration_client::RegistrationClient,
    },
};
use symbolon_crypto::random;
use symbolon_election::Issuers;
use symbolon_service::{Reason, clock::unix_now};
use symbolon_tests::house::attributes;
use symbolon_voter::{DeviceSeed, open_token, request};
use tokio::time::sleep;
use tonic::{Response, Status, transport::Channel};

use crate::{
    book::{Fault, Kind},
    flight::Answer,
    killer::lot,
    process::Which,
    world::{ELECTORATE, World},
};

/// Between two calls, and after one that failed.
const PAUSE: Duration = Duration::from_millis(4);
const LONGER: Duration = Duration::from_millis(40);

/// What is tried again until it is answered.
enum Task {
    Register(u64),
    Add([u64; 3]),
    Issue(usize),
}

pub(crate) struct Portal {
    world: Arc<World>,
    channel: Channel,
}

impl Portal {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            channel: world.vault_channel("portal-main"),
            world: Arc::clone(world),
        }
    }

    /// Calls until the world ends, and then until nothing is unanswered.
    pub(crate) async fn work(self) {
        let mut open: Vec<Task> = Vec::new();
        while !self.world.has_ended() || !open.is_empty() {
            let task = match open.pop() {
                Some(task) => Some(task),
                None => self.something_new(),
            };
            let settled = match &task {
                Some(task) => self.settle(task).await,
                None => self.ask_again().await,
            };
            open.extend(task.filter(|_| !settled));
            sleep(if settled { PAUSE } else { LONGER }).await;
        }
    }

    /// A change, more often than not.
    fn something_new(&self) -> Option<Task> {
        match lot(10) {
            0..3 => Some(Task::Register(self.world.new_person())),
            3..5 => self.world.new_members().map(Task::Add),
            5..8 => self.world.new_voter().map(Task::Issue),
            _ => None,
        }
    }

    /// Makes a change, at times by two calls at once; whether all was answered.
    async fn settle(&self, task: &Task) -> bool {
        let twice = lot(4) == 0;
        let second = async { !twice || self.once(task).await };
        let (one, two) = tokio::join!(self.once(task), second);
        one && two
    }

    async fn once(&self, task: &Task) -> bool {
        match task {
            Task::Register(person) => self.register(*person).await,
            Task::Add(members) => self.add(members).await.is_some(),
            Task::Issue(voter) => self.issue(*voter).await,
        }
    }

    /// Repeats something that was acknowledged.
    async fn ask_again(&self) -> bool {
        let (person, voter) = {
            let book = self.world.book();
            let (people, tokens) = (book.people.len() as u64, book.tokens.len() as u64);
            let person = book.people.keys().nth(lot(people.max(1)) as usize).copied();
            let voter = book.tokens.keys().nth(lot(tokens.max(1)) as usize).copied();
            (person, voter)
        };
        match (lot(3), person, voter) {
            (0, Some(person), _) => self.register(person).await,
            (1, _, Some(voter)) => self.issue(voter).await,
            (_, _, Some(voter)) => self.take_place(voter).await,
            _ => true,
        }
    }

    /// Registers a person; whether the vault answered.
    pub(crate) async fn register(&self, person: u64) -> bool {
        let request = RegisterPersonRequest {
            person: Some(Person {
                attributes: attributes(person),
            }),
        };
        let mut client = RegistrationClient::new(self.channel.clone());
        let flight = self.world.flight(Which::Vault);
        let answer = flight
            .call("RegisterPerson", client.register_person(request))
            .await;
        let mut book = self.world.book();
        match answer {
            Answer::Told(told) => book.registered(person, told.registration_id),
            Answer::Refused(reason) => {
                let what = format!("person {person} was refused: {}", reason.name());
                book.fault(Kind::Registration, Fault::Wrong, what);
            }
            Answer::NotNow | Answer::Nothing => return false,
        }
        true
    }

    /// Adds voters to the electorate; how many of them were new there.
    pub(crate) async fn add(&self, members: &[u64]) -> Option<u32> {
        let ids = members.iter().map(|member| self.id(*member as usize));
        let request = AddToElectorateRequest {
            correlation: 1,
            electorate: ELECTORATE.to_owned(),
            registration_ids: ids.collect(),
        };
        let mut client = ElectoratesClient::new(self.channel.clone());
        let call = async {
            let requests = tokio_stream::iter([request]);
            let mut answers = client.add_to_electorate(requests).await?.into_inner();
            match answers.message().await? {
                Some(answer) if answer.refusal.is_none() => Ok(Response::new(answer)),
                // Refused for now, or cut short: it is asked again.
                _ => Err(Status::unavailable("no answer to this message")),
            }
        };
        let flight = self.world.flight(Which::Vault);
        let Answer::Told(told) = flight.call("AddToElectorate", call).await else {
            return None;
        };
        let mut book = self.world.book();
        book.members.extend(members);
        if !told.unknown.is_empty() {
            book.fault(Kind::Registration, Fault::Lost, "a voter is unknown");
        }
        Some(told.added)
    }

    /// How many people the vault says are in the electorate.
    pub(crate) async fn electorate_size(&self) -> Option<u64> {
        let mut client = ElectoratesClient::new(self.channel.clone());
        let call = client.list_electorates(ListElectoratesRequest::default());
        let flight = self.world.flight(Which::Vault);
        let Answer::Told(told) = flight.call("ListElectorates", call).await else {
            return None;
        };
        let mut all = told.electorates.into_iter();
        all.find(|it| it.name == ELECTORATE).map(|it| it.size)
    }

    /// Asks for a voter's token; whether the vault answered.
    pub(crate) async fn issue(&self, voter: usize) -> bool {
        let manifest = &self.world.manifest;
        let keys = self.world.voters[voter].seed.keys(&manifest.election());
        let keys = keys.unwrap();
        let answer = self.ask(voter, &self.world.voters[voter].seed).await;
        let mut book = self.world.book();
        match answer {
            Answer::Told(sealed) => {
                match open_token(&keys, manifest, &Issuers::new(manifest), &sealed) {
                    Ok(token) => book.issued(voter, token),
                    Err(error) => book.fault(Kind::Token, Fault::Wrong, error.to_string()),
                }
            }
            Answer::Refused(reason) => {
                let what = format!("voter {voter} was refused: {}", reason.name());
                let fault = match book.tokens.contains_key(&voter) {
                    true => Fault::Lost,
                    false => Fault::Wrong,
                };
                book.fault(Kind::Token, fault, what);
            }
            Answer::NotNow | Answer::Nothing => return false,
        }
        true
    }

    /// Asks for a voter's token with another device, which must be refused; whether the vault
    /// answered.
    pub(crate) async fn take_place(&self, voter: usize) -> bool {
        let other = DeviceSeed::random(&mut random::os());
        let outcome = match self.ask(voter, &other).await {
            Answer::Refused(Reason::PlaceTaken) => return true,
            Answer::NotNow | Answer::Nothing => return false,
            Answer::Told(_) => format!("voter {voter}'s place was given to another key"),
            Answer::Refused(reason) => format!("another key was refused: {}", reason.name()),
        };
        let mut book = self.world.book();
        book.fault(Kind::Token, Fault::Doubled, outcome);
        true
    }

    /// Whether the vault says that a voter has a token; nothing if it didn't answer.
    pub(crate) async fn has_token(&self, voter: usize) -> Option<bool> {
        let request = GetParticipationRequest {
            registration_id: self.id(voter),
            election: self.world.manifest.election().as_bytes().to_vec(),
        };
        let mut client = IssuanceClient::new(self.channel.clone());
        let flight = self.world.flight(Which::Vault);
        let call = client.get_participation(request);
        match flight.call("GetParticipation", call).await {
            Answer::Told(told) => Some(told.issued),
            _ => None,
        }
    }

    async fn ask(&self, voter: usize, seed: &DeviceSeed) -> Answer<Vec<u8>> {
        let manifest = &self.world.manifest;
        let keys = seed.keys(&manifest.election()).unwrap();
        let sealed = request(&keys, manifest, unix_now(), &mut random::os()).unwrap();
        let request = IssueTokenRequest {
            registration_id: self.id(voter),
            election: manifest.election().as_bytes().to_vec(),
            sealed_request: sealed,
        };
        let mut client = IssuanceClient::new(self.channel.clone());
        let call = async {
            let answer = client.issue_token(request).await?.into_inner();
            Ok(Response::new(answer.sealed_token))
        };
        let flight = self.world.flight(Which::Vault);
        flight.call("IssueToken", call).await
    }

    fn id(&self, voter: usize) -> Vec<u8> {
        self.world.voters[voter].id.clone()
    }
}
