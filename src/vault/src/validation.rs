//! Is a token good: what a gateway may ask.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use symbolon_election::{Signature, Typed, VotingToken};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::Change;

use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    elections::Stage,
    issuance::Issuance,
};

/// How often each caller validated since the last summary.
#[derive(Default)]
pub(crate) struct Validations(Mutex<HashMap<(Caller, bool), u64>>);

impl Validations {
    fn count(&self, caller: &Caller, good: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((caller.clone(), good)).or_default() += 1;
    }

    fn take(&self) -> HashMap<(Caller, bool), u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, counted: HashMap<(Caller, bool), u64>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (calls, count) in counted {
            *counts.entry(calls).or_default() += count;
        }
    }
}

impl Core {
    /// Whether a token is one of this election's, good now, and of the key that was issued at its
    /// place. Not whether anybody voted with it.
    pub async fn validate_token(
        &self,
        caller: &Caller,
        token: &VotingToken,
        signature: &Signature,
    ) -> Result<(), Error> {
        let outcome = self.check_token(token, signature).await;
        self.validations.count(caller, outcome.is_ok());
        outcome
    }

    /// Writes one leaf a caller and outcome of what was validated since the last time.
    pub async fn sum_up_validations(&self) -> Result<(), Error> {
        let (now, counted) = (self.now(), self.validations.take());
        let leaves = counted.iter().map(|((caller, good), calls)| {
            let outcome = if *good { "valid" } else { "invalid" };
            Leaf::new(now, caller, "ValidateToken", outcome)
                .counting(*calls)
                .encode()
        });
        let change = leaves.fold(Change::new(), Change::audit);
        let summed = self.try_commit(change).await;
        if summed.is_err() {
            self.validations.put_back(counted);
        }
        summed.map(drop)
    }

    async fn check_token(&self, token: &VotingToken, signature: &Signature) -> Result<(), Error> {
        let keys = self.keys()?;
        let election = self.public_election(&token.election).await?;
        let (manifest, now) = (election.manifest(), self.now());
        match election.row.stage {
            Stage::Cancelled => return Err(Reason::ElectionCancelled.into()),
            Stage::Open if now < manifest.opens => return Err(Reason::NotOpen.into()),
            Stage::Open if now <= manifest.closes => {}
            _ => return Err(Reason::ElectionClosed.into()),
        }
        let own = election.keys(&keys)?;
        let digest = token.digest(self.domain());
        let signer = symbolon_crypto::ecdsa::recover(digest.as_bytes(), signature);
        let signer = signer.map_err(|_| Refusal::new(Reason::InvalidSignature).at("signature"))?;
        if !election.issuers().contains(&signer) {
            return Err(Reason::InvalidToken.into());
        }
        let roll = self.roll(&election)?;
        let leaf = roll.leaves(token.roll_index.0, 1)?;
        if leaf != token.voter_id.as_bytes() {
            return Err(Reason::NotOnRoll.into());
        }
        let key = Issuance::key(&own, token.roll_index);
        let row = self
            .store
            .get_one(key.clone())
            .await?
            .ok_or(Reason::NotTheIssuedKey)?;
        match Issuance::open(&own, &key, &row.bytes)?.ballot_key == token.ballot_key {
            true => Ok(()),
            false => Err(Reason::NotTheIssuedKey.into()),
        }
    }
}
