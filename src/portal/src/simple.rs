//! Simple mode: the portal is the device of people who have none.

use std::path::Path;

use symbolon_api_public::ballots::{CastBallotRequest, ballots_client::BallotsClient};
use symbolon_crypto::{keyfile, random};
use symbolon_election::{Custody, Digest, ElectionId, Selections, Signature, SignedReceipt};
use symbolon_service::{
    Refusal,
    client::{Profile, connect_lazy},
    reasons::Reason,
};
use symbolon_voter::{cast, check_receipt, open_token, request};
use tonic::transport::Channel;

use crate::{
    accounts::RegistrationId,
    config::SimpleConfig,
    last::cast_as_last,
    relay::{Offer, Relay, find},
    run::RunError,
    seeds::Seeds,
};

/// Votes for people.
pub(crate) struct Simple {
    gateway: BallotsClient<Channel>,
    seeds: Seeds,
}

impl Simple {
    pub(crate) fn new(config: &SimpleConfig) -> Result<Self, RunError> {
        let profile = Profile::load(Path::new(&config.gateway))?;
        let key = keyfile::read(&config.seed_key)?;
        Ok(Self {
            gateway: BallotsClient::new(connect_lazy(&profile)?),
            seeds: Seeds::open(config.seeds.clone(), &key)?,
        })
    }

    /// Asks for the token, casts, and returns the receipt, checked as a device would.
    pub(crate) async fn vote(
        &self,
        relay: &Relay,
        person: &RegistrationId,
        offer: &Offer,
        choices: &[Vec<u8>],
        now: u64,
    ) -> Result<SignedReceipt, Refusal> {
        let manifest = &offer.manifest;
        if manifest.custody() != Custody::Portal {
            return Err(Refusal::new(Reason::WrongState)
                .because("voters hold their own keys in this election"));
        }
        let selections = Selections::new(choices.to_vec(), manifest.shape());
        let selections = selections.map_err(|problem| invalid("choices", &problem))?;
        if now < manifest.manifest().opens {
            return Err(Refusal::new(Reason::NotOpen));
        }
        let keys = self.seeds.of(person).map_err(|error| internal(&error))?;
        let keys = keys
            .keys(&manifest.election())
            .map_err(|error| internal(&error))?;
        let sealed = request(&keys, manifest, now, &mut random::os()).map_err(closed)?;
        let sealed = relay.token(person, &manifest.election(), sealed).await?;
        let token = match open_token(&keys, manifest, &offer.issuers, &sealed) {
            // Another key signs since the offer was read.
            Err(symbolon_voter::Error::Issuer) => {
                let offers = relay.newest_offers().await?;
                let offer = find(&offers, &manifest.election())?;
                open_token(&keys, manifest, &offer.issuers, &sealed)
            }
            opened => opened,
        };
        let token = token.map_err(|error| internal(&error))?;
        let send = |sequence| {
            let ballot = cast(&keys, manifest, &token, &selections, sequence, now);
            async move {
                let ballot = ballot.map_err(closed)?;
                let receipt = self.cast(ballot.fields().to_entry()).await?;
                check_receipt(manifest, &ballot, receipt.clone())
                    .map_err(|error| internal(&error))?;
                Ok(receipt)
            }
        };
        let (election, choice) = (manifest.election(), selections.encode());
        let most = manifest.manifest().max_ballots;
        cast_as_last(&self.seeds, person, &election, &choice, most, send).await
    }

    async fn cast(&self, entry: Vec<u8>) -> Result<SignedReceipt, Refusal> {
        let answer = self
            .gateway
            .clone()
            .cast_ballot(CastBallotRequest { entry })
            .await;
        let answer = answer
            .map_err(|status| Refusal::from_status(&status))?
            .into_inner();
        let receipt = answer
            .receipt
            .ok_or_else(|| Refusal::new(Reason::Unavailable))?;
        let malformed =
            |_| Refusal::new(Reason::Unavailable).because("the gateway's receipt is malformed");
        Ok(SignedReceipt {
            election: ElectionId::from_slice(&receipt.election).map_err(malformed)?,
            ballot_digest: Digest::from_slice(&receipt.ballot_digest).map_err(malformed)?,
            include_by: receipt.include_by,
            signature: Signature::from_slice(&receipt.signature)
                .map_err(|error| internal(&error))?,
        })
    }
}

fn invalid(field: &'static str, problem: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(Reason::InvalidArgument)
        .at(field)
        .because(problem.to_string())
}

fn closed(error: symbolon_voter::Error) -> Refusal {
    match error {
        symbolon_voter::Error::Closed => Refusal::new(Reason::ElectionClosed),
        symbolon_voter::Error::NotOpen => Refusal::new(Reason::NotOpen),
        other => internal(&other),
    }
}

/// Says what failed to the log, never to people.
fn internal(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "voting for a person failed");
    Refusal::new(Reason::Internal)
}
