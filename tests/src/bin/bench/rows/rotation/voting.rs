//! An open election for everybody, and people who hold tokens of it.

use std::sync::{Arc, OnceLock};

use symbolon_api_public::validation::ValidateTokenRequest;
use tonic::{Status, transport::Channel};

use super::super::tokens::{issue_token, validate_token};
use crate::{
    city::{City, Voters},
    load::{Load, Until},
};

type Validations = Arc<[ValidateTokenRequest]>;

pub(super) struct Voting {
    pub(super) asking: Arc<Voters>,
    /// What a gateway asks of the first tokens.
    pub(super) validations: Validations,
}

impl Voting {
    /// The election is open, and those whom the city remembers have their tokens.
    pub(super) fn open(city: &mut City) -> Self {
        let manifest = city.open_election();
        let asking = Arc::new(city.voters(manifest, &city.some));
        let tokens = issue_all(city, &asking);
        let voters = tokens.iter().enumerate();
        let validations = voters.map(|(voter, token)| asking.validation(voter, token));
        Self {
            validations: validations.collect(),
            asking,
        }
    }

    /// Asks for tokens again, one person after the other.
    pub(super) fn issue(
        &self,
        channel: Channel,
    ) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
        issue_token(channel, Arc::clone(&self.asking), None)
    }

    /// Asks for the first tokens.
    pub(super) fn validate(
        &self,
        channel: Channel,
    ) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
        validate_token(channel, Arc::clone(&self.validations))
    }

    /// Tokens from before `rotations` of the token key are good. Everybody gets the same issuance
    /// again, by the key that signs now, and that is good too.
    pub(super) fn outlived(&self, city: &City, rotations: usize) {
        let asking = &self.asking;
        let issuers = city.issuers(&asking.manifest);
        assert_eq!(issuers.all().len(), 1 + rotations);
        let tokens = issue_all(city, asking);
        let voters = tokens.iter().enumerate();
        let renewed = voters.map(|(voter, token)| asking.validation_by(&issuers, voter, token));
        let renewed: Validations = renewed.collect();
        for (before, after) in self.validations.iter().zip(renewed.iter()) {
            let same = ValidateTokenRequest {
                signature: before.signature.clone(),
                ..after.clone()
            };
            assert!(same == *before && after.signature != before.signature);
        }
        for asked in [&self.validations, &renewed] {
            let all = Until::Calls(asked.len() as u64);
            let load = Load::usual(city.profile("gateway-main"), all);
            load.run(city.vault(), |channel| {
                validate_token(channel, Arc::clone(asked))
            });
        }
    }
}

/// A token for each.
fn issue_all(city: &City, asking: &Arc<Voters>) -> Vec<Vec<u8>> {
    let all = asking.requests.len();
    let tokens: Arc<[OnceLock<Vec<u8>>]> = (0..all).map(|_| OnceLock::new()).collect();
    let load = Load::usual(city.profile("portal-main"), Until::Calls(all as u64));
    load.run(city.vault(), |channel| {
        issue_token(channel, Arc::clone(asking), Some(Arc::clone(&tokens)))
    });
    let told = |token: &OnceLock<Vec<u8>>| token.get().unwrap().clone();
    tokens.iter().map(told).collect()
}
