//! A caller of the gateway: casts ballots and asks where they are.

use std::{sync::Arc, time::Duration};

use symbolon_api_public::ballots::{
    BallotState, CastBallotRequest, GetBallotStatusRequest, ballots_client::BallotsClient,
};
use symbolon_election::{Digest, ElectionId};
use symbolon_election::{EntryHash, Selections, Signature, SignedReceipt};
use symbolon_service::{Reason, clock::unix_now};
use symbolon_voter::{cast, check_receipt};
use tokio::time::sleep;
use tonic::transport::Channel;

use crate::{
    book::{Fault, Handed, Kind},
    flight::Answer,
    killer::lot,
    process::Which,
    world::World,
};

/// Between two calls, and after one that failed.
const PAUSE: Duration = Duration::from_millis(4);
const LONGER: Duration = Duration::from_millis(40);

pub(crate) struct Device {
    world: Arc<World>,
    ballots: BallotsClient<Channel>,
}

impl Device {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            ballots: BallotsClient::new(world.gateway_channel()),
            world: Arc::clone(world),
        }
    }

    /// Calls until the world ends, and then until no ballot is unanswered.
    pub(crate) async fn work(self) {
        let mut open: Vec<EntryHash> = Vec::new();
        while !self.world.has_ended() || !open.is_empty() {
            let ballot = match open.pop() {
                Some(hash) => Some(hash),
                None => self.new_ballot(),
            };
            let settled = match &ballot {
                Some(hash) => self.settle(hash).await,
                None => self.ask_again().await,
            };
            open.extend(ballot.filter(|_| !settled));
            sleep(if settled { PAUSE } else { LONGER }).await;
        }
    }

    /// A ballot of somebody who has a token, at times.
    fn new_ballot(&self) -> Option<EntryHash> {
        if lot(3) > 0 || !self.world.is_open() || self.world.has_ended() {
            return None;
        }
        let (voter, token) = {
            let book = self.world.book();
            let at = lot(book.tokens.len().max(1) as u64);
            let (voter, token) = book.tokens.iter().nth(at as usize)?;
            (*voter, token.clone())
        };
        let sequence = self.world.new_sequence(voter)?;
        let manifest = &self.world.manifest;
        let keys = self.world.voters[voter].seed.keys(&manifest.election());
        let choice = vec![vec![1 + lot(2) as u8], vec![1 + lot(3) as u8]];
        let choice = Selections::new(choice, manifest.shape()).unwrap();
        let now = unix_now();
        let ballot = cast(&keys.unwrap(), manifest, &token, &choice, sequence, now).unwrap();
        let (hash, entry) = (ballot.entry_hash(), ballot.fields().to_entry());
        let handed = Handed {
            voter,
            ballot,
            entry,
            receipt: None,
            state: None,
        };
        self.world.book().ballots.insert(hash, handed);
        Some(hash)
    }

    /// Casts a ballot, at times by two calls at once; whether all was answered.
    async fn settle(&self, hash: &EntryHash) -> bool {
        let twice = lot(4) == 0;
        let second = async { !twice || self.cast(hash).await };
        let (one, two) = tokio::join!(self.cast(hash), second);
        one && two
    }

    /// Repeats something that was acknowledged.
    async fn ask_again(&self) -> bool {
        let hash = {
            let book = self.world.book();
            let all = book.receipts().count() as u64;
            let found = book.receipts().nth(lot(all.max(1)) as usize);
            found.map(|(hash, _)| *hash)
        };
        match (lot(2), hash) {
            (_, None) => true,
            (0, Some(hash)) => self.cast(&hash).await,
            (_, Some(hash)) => self.standing(&hash).await.is_some(),
        }
    }

    /// Hands a ballot in; whether the gateway answered.
    pub(crate) async fn cast(&self, hash: &EntryHash) -> bool {
        let entry = self.world.book().ballots[hash].entry.clone();
        let mut client = self.ballots.clone();
        let call = client.cast_ballot(CastBallotRequest { entry });
        let answer = self.world.flight(Which::Gateway).call("CastBallot", call);
        let answer = answer.await;
        let mut book = self.world.book();
        match answer {
            Answer::Told(told) => {
                let receipt = told.receipt.unwrap_or_default();
                let ballot = &book.ballots[hash].ballot;
                if let Err(problem) = good(&self.world, ballot, &receipt) {
                    book.fault(Kind::Ballot, Fault::Wrong, problem);
                }
                book.promised(hash, receipt);
            }
            Answer::Refused(reason) => {
                let fault = match book.ballots[hash].receipt.is_some() {
                    true => Fault::Lost,
                    false => Fault::Wrong,
                };
                let what = format!("{hash} was refused: {}", reason.name());
                book.fault(Kind::Ballot, fault, what);
            }
            Answer::NotNow | Answer::Nothing => return false,
        }
        true
    }

    /// Where a ballot is; nothing if the gateway didn't answer.
    pub(crate) async fn standing(&self, hash: &EntryHash) -> Option<BallotState> {
        let entry_hash = hash.as_bytes().to_vec();
        let mut client = self.ballots.clone();
        let call = client.get_ballot_status(GetBallotStatusRequest { entry_hash });
        let answer = self
            .world
            .flight(Which::Gateway)
            .call("GetBallotStatus", call);
        let answer = answer.await;
        let mut book = self.world.book();
        match answer {
            Answer::Told(told) => {
                book.stands(hash, told.state());
                Some(told.state())
            }
            Answer::Refused(Reason::UnknownBallot) => {
                let what = format!("{hash} is unknown");
                book.fault(Kind::Ballot, Fault::Lost, what);
                Some(BallotState::Unspecified)
            }
            Answer::Refused(reason) => {
                let what = format!("the status of {hash} was refused: {}", reason.name());
                book.fault(Kind::Ballot, Fault::Wrong, what);
                Some(BallotState::Unspecified)
            }
            Answer::NotNow | Answer::Nothing => None,
        }
    }
}

/// Whether a receipt is the election's and this ballot's.
fn good(
    world: &World,
    ballot: &symbolon_election::VerifiedBallot,
    receipt: &symbolon_api_public::ballots::Receipt,
) -> Result<(), String> {
    let told = |error: symbolon_election::Error| error.to_string();
    let signed = SignedReceipt {
        election: ElectionId::from_slice(&receipt.election).map_err(told)?,
        ballot_digest: Digest::from_slice(&receipt.ballot_digest).map_err(told)?,
        include_by: receipt.include_by,
        signature: Signature::from_slice(&receipt.signature).map_err(|e| e.to_string())?,
    };
    let checked = check_receipt(&world.manifest, ballot, signed);
    checked.map(|_| ()).map_err(|error| error.to_string())
}
