//! Taking a ballot: every check that public statements allow, then the outbox, then a receipt.

use std::sync::Arc;

use symbolon_api_public::validation::{ValidateTokenRequest, validation_client::ValidationClient};
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{
    ElectionId, Entry, EntryHash, Error as Public, Receipt, SignedReceipt, Typed, UnverifiedBallot,
    VerifiedBallot, entry::entry_hash,
};
use symbolon_ledger_log::Clock;
use symbolon_service::{Refusal, reasons::Reason};
use tonic::transport::Channel;

use crate::{
    Error,
    batches::{Batches, Promise},
    board::Board,
    book::{Book, Election},
    newest::Newest,
    outbox::{Name, Outbox, Promised, Put},
    roll::Rolls,
};

/// What takes ballots.
pub struct Intake {
    pub(crate) book: Book,
    pub(crate) outbox: Outbox,
    pub(crate) batches: Batches,
    pub(crate) receipt_key: SigningKey,
    pub(crate) rolls: Rolls,
    pub(crate) clock: Clock,
    pub(crate) vault: Option<ValidationClient<Channel>>,
    pub(crate) turns: Turns,
    pub(crate) newest: Newest,
}

/// A lock for each first byte of a ballot key.
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
        let name = Name::new(&ballot, entry_hash(entry));
        let id = ballot.election;
        let election = self.book.get(&id).ok_or(Reason::UnknownElection)?;
        // Copies of one ballot wait for each other: each gets the promise that stands.
        let turn = self.turns[usize::from(name.key.as_bytes()[0])].lock();
        let (hash, digest, promised) = match self.outbox.get(&id, &name).await? {
            Some(_) => {
                let _turn = turn.await;
                let promised = self.outbox.get(&id, &name).await?.ok_or(Error::Row)?;
                let digest = ballot.ballot().digest(election.manifest.domain());
                (name.hash, digest, promised)
            }
            None => {
                let ballot = self.check(&election, ballot).await?;
                let _turn = turn.await;
                // The vault may have taken its time, and a copy may have come meanwhile.
                let (hash, promised) = match self.check_time(&election) {
                    Ok(()) => self.keep(&election, &ballot, (name, entry)).await?,
                    Err(refused) => {
                        let promised = self.outbox.get(&id, &name).await?;
                        (name.hash, promised.ok_or(refused)?)
                    }
                };
                (hash, ballot.digest(), promised)
            }
        };
        let receipt = Receipt {
            election: id,
            ballot_digest: digest,
            include_by: promised.include_by,
        };
        Ok((hash, SignedReceipt::new(&receipt, promised.signature)))
    }

    async fn check(
        &self,
        election: &Election,
        ballot: UnverifiedBallot,
    ) -> Result<VerifiedBallot, Error> {
        self.check_time(election)?;
        let verified = ballot.verify(&election.manifest).map_err(refuse)?;
        self.check_issuer(election, &verified).await?;
        self.check_place(election, &verified)?;
        self.ask_vault(verified.fields()).await?;
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

    /// An issuer that isn't known may be one that follows: the newest statements decide.
    async fn check_issuer(
        &self,
        election: &Election,
        ballot: &VerifiedBallot,
    ) -> Result<(), Error> {
        if election.issuers.knows(ballot.issuer()) {
            return Ok(());
        }
        let answered = self.newest.wait().await;
        let newest = self.book.get(&ballot.fields().election);
        match newest.is_some_and(|election| election.issuers.knows(ballot.issuer())) {
            true => Ok(()),
            false if answered => Err(Reason::InvalidToken.into()),
            false => Err(Reason::Unavailable.into()),
        }
    }

    fn check_place(&self, election: &Election, ballot: &VerifiedBallot) -> Result<(), Error> {
        let fields = ballot.fields();
        let size = election.roll_size();
        match self.rolls.leaf(&fields.election, size, fields.roll_index)? {
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

    /// Puts the ballot into the outbox with a promise that will be kept; the hash of its entry there.
    async fn keep(
        &self,
        election: &Election,
        ballot: &VerifiedBallot,
        (name, entry): (Name, &[u8]),
    ) -> Result<(EntryHash, Promised), Error> {
        let id = &ballot.fields().election;
        let (mut promised, mut promise) = self.promise(election, ballot);
        match self.outbox.put(id, &name, &promised, entry).await? {
            Put::New => {}
            Put::Known(hash, promised) => return Ok((hash, promised)),
            Put::SequenceTaken => return Err(Reason::SequenceTaken.into()),
        }
        // What was published meanwhile may void the promise: nobody was told yet.
        while !self.batches.admit(id, name, promise) {
            (promised, promise) = self.promise(election, ballot);
            if let Err(error) = self.outbox.promise(id, &name, &promised, entry).await {
                // On disk it is all the same.
                self.batches.admit_again(id, name);
                return Err(error);
            }
        }
        Ok((name.hash, promised))
    }

    /// The next publication where enough places wait, else closes + grace.
    fn promise(&self, election: &Election, ballot: &VerifiedBallot) -> (Promised, Promise) {
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
        let promised = Promised {
            include_by: receipt.include_by,
            signature: self.receipt_key.sign(digest.as_bytes()),
        };
        (promised, promise)
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
        board: &dyn Board,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            let names = self.outbox.names(election, after.as_ref()).await?;
            let Some(last) = names.last() else {
                return Ok(());
            };
            after = Some(*last);
            for name in names {
                if !board.has(&name.hash) {
                    self.batches.admit_again(election, name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
