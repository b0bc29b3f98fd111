//! Taking a ballot: every check that public statements allow, then the outbox, then a receipt.

use std::{path::PathBuf, sync::Arc};

use symbolon_api_public::validation::{ValidateTokenRequest, validation_client::ValidationClient};
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{
    ElectionId, Entry, EntryHash, Error as Public, Receipt, SignedReceipt, Typed, UnverifiedBallot,
    VerifiedBallot, entry::entry_hash,
};
use symbolon_ledger_log::{Clock, LogLedger};
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_tlog::Hash;
use tonic::transport::Channel;

use crate::{
    Error,
    batches::{Batches, Promise},
    book::{Book, Election},
    outbox::{Kept, Outbox, Put},
    roll,
};

/// What takes ballots.
pub struct Intake {
    pub(crate) book: Book,
    pub(crate) outbox: Outbox,
    pub(crate) batches: Batches,
    pub(crate) receipt_key: SigningKey,
    pub(crate) log: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) vault: Option<ValidationClient<Channel>>,
    pub(crate) turns: Turns,
}

/// A lock for each first byte of an entry hash.
pub(crate) type Turns = [tokio::sync::Mutex<()>; 256];

/// Locks that nobody holds.
pub(crate) fn turns() -> Turns {
    std::array::from_fn(|_| tokio::sync::Mutex::new(()))
}

impl Intake {
    /// Takes a ballot; its receipt, the same one each time. Goes to its end even if the caller
    /// hangs up meanwhile: a ballot on disk has to wait for its publication.
    pub async fn cast(self: &Arc<Self>, entry: &[u8]) -> Result<(EntryHash, SignedReceipt), Error> {
        let (intake, entry) = (Arc::clone(self), entry.to_vec());
        let taken = tokio::spawn(async move { intake.take(&entry).await });
        let outcome = taken.await.unwrap_or_else(|_| Err(Reason::Internal.into()));
        let result = match &outcome {
            Ok(_) => "accepted",
            Err(Error::Refused(refusal)) => refusal.reason().name(),
            Err(_) => "failed",
        };
        metrics::counter!("symbolon_ballots_total", "result" => result).increment(1);
        outcome
    }

    async fn take(&self, entry: &[u8]) -> Result<(EntryHash, SignedReceipt), Error> {
        let Ok(Entry::Ballot(ballot)) = Entry::decode(entry) else {
            return Err(Refusal::new(Reason::InvalidBallot).at("entry").into());
        };
        let hash = entry_hash(entry);
        let election = self
            .book
            .get(&ballot.election)
            .ok_or(Reason::UnknownElection)?;
        let verified = match self.outbox.get(&hash).await? {
            Some(_) => None,
            None => Some(self.check(&election, &ballot).await?),
        };
        // Copies of one ballot wait for each other: each gets the promise that stands.
        let _turn = self.turns[usize::from(hash.as_bytes()[0])].lock().await;
        let kept = match (self.outbox.get(&hash).await?, verified) {
            (Some(kept), _) => kept,
            (None, Some(verified)) => {
                // The vault may have taken its time.
                self.check_time(&election)?;
                self.keep(&election, &verified, entry).await?
            }
            (None, None) => return Err(Error::Row),
        };
        Ok((hash, receipt(&election, &ballot, &kept)))
    }

    async fn check(
        &self,
        election: &Election,
        ballot: &UnverifiedBallot,
    ) -> Result<VerifiedBallot, Error> {
        self.check_time(election)?;
        let verified = ballot.clone().verify(&election.manifest).map_err(refuse)?;
        self.check_entitled(election, &verified)?;
        self.ask_vault(ballot).await?;
        Ok(verified)
    }

    fn check_time(&self, election: &Election) -> Result<(), Error> {
        let (manifest, now) = (election.manifest.manifest(), (self.clock)());
        if election.cancelled {
            return Err(Reason::ElectionCancelled.into());
        }
        if now < manifest.opens || election.rolls.is_empty() {
            return Err(Reason::NotOpen.into());
        }
        match now > manifest.closes {
            true => Err(Reason::ElectionClosed.into()),
            false => Ok(()),
        }
    }

    /// Issuer and roll place.
    fn check_entitled(&self, election: &Election, ballot: &VerifiedBallot) -> Result<(), Error> {
        if !election.issuers.knows(ballot.issuer()) {
            return Err(Reason::InvalidToken.into());
        }
        let fields = ballot.fields();
        let size = election.roll_size();
        match roll::leaf(&self.log, &fields.election, size, fields.roll_index)? {
            Some(leaf) if leaf == fields.voter_id => Ok(()),
            _ => Err(Reason::NotOnRoll.into()),
        }
    }

    /// Whether the vault issued this key. A vault that doesn't answer stops no ballot.
    async fn ask_vault(&self, ballot: &UnverifiedBallot) -> Result<(), Error> {
        let Some(vault) = &self.vault else {
            return Ok(());
        };
        let request = ValidateTokenRequest {
            election: ballot.election.as_bytes().to_vec(),
            voter_id: ballot.voter_id.as_bytes().to_vec(),
            roll_index: ballot.roll_index.0,
            ballot_key: ballot.ballot_key.as_bytes().to_vec(),
            signature: ballot.token_signature.as_bytes().to_vec(),
        };
        let Err(status) = vault.clone().validate_token(request).await else {
            return Ok(());
        };
        let refusal = Refusal::from_status(&status);
        match refusal.reason() {
            reason @ (Reason::NotTheIssuedKey
            | Reason::InvalidToken
            | Reason::NotOnRoll
            | Reason::ElectionCancelled) => Err(reason.into()),
            reason => {
                tracing::warn!(
                    reason = reason.name(),
                    "the vault was not asked: public statements decide"
                );
                metrics::counter!("symbolon_validation_unavailable_total").increment(1);
                Ok(())
            }
        }
    }

    /// Puts the ballot into the outbox with a promise that will be kept.
    async fn keep(
        &self,
        election: &Election,
        ballot: &VerifiedBallot,
        entry: &[u8],
    ) -> Result<Kept, Error> {
        let (fields, hash) = (ballot.fields(), ballot.entry_hash());
        let (mut kept, mut promise) = self.promise(election, ballot, entry);
        match self.outbox.put(&hash, fields, &kept).await? {
            Put::New => {}
            Put::Known(kept) => return Ok(kept),
            Put::SequenceTaken => return Err(Reason::SequenceTaken.into()),
        }
        // What was published meanwhile may void the promise: nobody was told yet.
        while !self
            .batches
            .admit(&fields.election, fields.roll_index, hash, promise)
        {
            (kept, promise) = self.promise(election, ballot, entry);
            if let Err(error) = self.outbox.promise(&hash, &kept).await {
                // On disk it is all the same.
                self.batches
                    .admit_again(&fields.election, fields.roll_index, hash);
                return Err(error);
            }
        }
        Ok(kept)
    }

    /// The next publication where enough places wait, else closes + grace.
    fn promise(
        &self,
        election: &Election,
        ballot: &VerifiedBallot,
        entry: &[u8],
    ) -> (Kept, Promise) {
        let (fields, last) = (ballot.fields(), election.manifest.last_moment());
        let least = usize::from(election.manifest.manifest().ballot_batch_min);
        let promise =
            self.batches
                .promise(&fields.election, fields.roll_index, least, (self.clock)());
        let receipt = Receipt {
            election: fields.election,
            ballot_digest: ballot.digest(),
            include_by: promise.publication.map_or(last, |time| time.min(last)),
        };
        let digest = receipt.digest(election.manifest.domain());
        let kept = Kept {
            entry: entry.to_vec(),
            include_by: receipt.include_by,
            signature: self.receipt_key.sign(digest.as_bytes()),
        };
        (kept, promise)
    }
}

fn receipt(election: &Election, ballot: &UnverifiedBallot, kept: &Kept) -> SignedReceipt {
    SignedReceipt {
        election: ballot.election,
        ballot_digest: ballot.ballot().digest(election.manifest.domain()),
        include_by: kept.include_by,
        signature: kept.signature,
    }
}

/// What a device is told of a ballot that doesn't hold.
fn refuse(error: Public) -> Error {
    let reason = match &error {
        Public::Signature { .. } | Public::Signer { .. } => Reason::InvalidSignature,
        _ => Reason::InvalidBallot,
    };
    Refusal::new(reason)
        .at("entry")
        .because(error.to_string())
        .into()
}

impl Intake {
    /// Admits what an earlier process left in the outbox, but for what the ledger has already;
    /// before the election takes ballots.
    pub(crate) async fn admit_waiting(
        &self,
        election: &ElectionId,
        ledger: &LogLedger,
    ) -> Result<(), Error> {
        let waiting = self.outbox.waiting(election).await?;
        let hashes = waiting
            .iter()
            .map(|ballot| Hash::new(*ballot.hash.as_bytes()))
            .collect();
        let there = ledger.has(hashes).await?;
        let (there, waiting): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .zip(there)
            .partition(|(_, there)| *there);
        let there: Vec<_> = there.into_iter().map(|(ballot, _)| ballot).collect();
        self.outbox.settled(&there).await?;
        for (ballot, _) in waiting {
            self.batches
                .admit_again(election, ballot.place, ballot.hash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
