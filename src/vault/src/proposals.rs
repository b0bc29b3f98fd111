//! Dual control: what is dangerous is done once enough officers have signed it.
//!
//! A proposal is executed by the change that marks it executed: whatever it does is rows of that
//! change, so it is done once or not at all, however often the process dies.

mod row;

#[cfg(test)]
mod tests;

use symbolon_election::{
    Digest, InstallationId, Nonce, Proposal, Signature, Typed, officers, proposal::Action,
};
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, KeyRange, Value};

use crate::{
    Error,
    audit::{Caller, Leaf},
    backup::Plan,
    budget::Grant,
    core::{Core, retried},
    halts::Halt,
    rewrap::Rewrap,
    rotation::Rotation,
    rows::{Officers, Registrars, Table, encode},
};
pub(crate) use row::key as row_key;
pub use row::{Decision, ProposalRow, State};

/// How far ahead a proposal may expire.
pub(crate) const LONGEST: u64 = 30 * 24 * 60 * 60;

/// A proposal as it stands.
#[derive(Clone, Debug)]
pub struct Known {
    /// What officers sign.
    pub digest: Digest,
    /// Its row.
    pub row: ProposalRow,
    /// How many must sign.
    pub threshold: u8,
    /// Where it stands now.
    pub state: State,
}

/// The officers in force, and the row that says so.
struct InForce {
    officers: Officers,
    row: Value,
}

impl Core {
    /// Takes a proposal with an officer's signature.
    pub async fn submit_proposal(
        &self,
        caller: &Caller,
        (nonce, expires): (Nonce, u64),
        content: &[u8],
        signature: &Signature,
    ) -> Result<Known, Error> {
        let action = self.action(content)?;
        let proposal = Proposal {
            installation: InstallationId::new(self.profile.salt),
            nonce,
            expires,
            content_hash: action.content_hash(),
        };
        let digest = proposal.digest(self.domain());
        retried(|| async {
            if let Some((known, _)) = self.find_proposal(&digest).await? {
                return match known.state {
                    State::Open => self.try_sign(caller, &digest, signature).await,
                    _ => Ok(known),
                };
            }
            let now = self.now();
            if expires < now {
                return Err(Refusal::new(Reason::ProposalExpired).at("expires").into());
            }
            if let Action::ErasePeople { erasures } = &action {
                self.check_erasures(erasures).await?;
            }
            if expires - now > LONGEST {
                let refusal = Refusal::new(Reason::InvalidProposal).at("expires");
                return Err(refusal.because("more than 30 days ahead").into());
            }
            let row = ProposalRow::new(nonce, expires, content, now);
            let key = row::key(&digest);
            let change = Change::new().absent(key);
            self.add_signature(caller, "SubmitProposal", &digest, row, signature, change)
                .await
        })
        .await
    }

    /// Adds an officer's signature; executes what has enough of them.
    pub async fn sign_proposal(
        &self,
        caller: &Caller,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<Known, Error> {
        retried(|| self.try_sign(caller, digest, signature)).await
    }

    /// Ends a proposal that is open.
    pub async fn cancel_proposal(&self, caller: &Caller, digest: &Digest) -> Result<Known, Error> {
        retried(|| async {
            let (mut known, value) = self.proposal_of(digest).await?;
            match known.state {
                State::Cancelled => return Ok(known),
                State::Executed => return Err(Reason::ProposalDecided.into()),
                State::Open | State::Expired => {}
            }
            known.row.decision = Some(Decision::Cancelled { at: self.now() });
            known.state = State::Cancelled;
            let key = row::key(digest);
            let change = Change::new()
                .at(key.clone(), value.revision)
                .put(key, encode(&known.row))
                .audit(self.leaf(caller, "CancelProposal", "cancelled", digest)?);
            self.try_commit(change).await?.ok_or(Error::Contention)?;
            Ok(known)
        })
        .await
    }

    /// One proposal.
    pub async fn proposal(&self, digest: &Digest) -> Result<Known, Error> {
        Ok(self.proposal_of(digest).await?.0)
    }

    /// At most `limit` proposals, those after a digest.
    pub async fn proposals_after(
        &self,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<Known>, Error> {
        let all = Table::Proposal.all();
        let range: KeyRange = match after {
            Some(after) => all.after(row::key(after)),
            None => all,
        };
        let threshold = self.in_force().await?.officers.threshold;
        let rows = self.store.scan(range, limit).await?.into_iter();
        rows.map(|found| {
            let damaged = |_| Error::Row(Table::Proposal.name());
            let digest = Digest::from_slice(found.key.name()).map_err(damaged)?;
            self.known_of(digest, &found.value, threshold)
        })
        .collect()
    }

    async fn try_sign(
        &self,
        caller: &Caller,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<Known, Error> {
        let (known, value) = self.proposal_of(digest).await?;
        match known.state {
            State::Open => {}
            State::Expired => return Err(Reason::ProposalExpired.into()),
            State::Executed | State::Cancelled => return Err(Reason::ProposalDecided.into()),
        }
        let change = Change::new().at(row::key(digest), value.revision);
        self.add_signature(caller, "SignProposal", digest, known.row, signature, change)
            .await
    }

    /// Puts the row with one more signature, and what it does where that is enough.
    async fn add_signature(
        &self,
        caller: &Caller,
        operation: &'static str,
        digest: &Digest,
        mut row: ProposalRow,
        signature: &Signature,
        change: Change,
    ) -> Result<Known, Error> {
        let in_force = self.in_force().await?;
        let signer = officers::recover("Proposal", digest, signature)
            .map_err(|_| Refusal::new(Reason::InvalidSignature).at("signature"))?;
        if !in_force.officers.addresses.contains(&signer) {
            return Err(Refusal::new(Reason::InvalidSignature)
                .at("signature")
                .into());
        }
        row.sign(signer, signature);
        // Who was an officer when they signed and is none now doesn't count.
        row.retain(|signer| in_force.officers.addresses.contains(signer));
        let threshold = in_force.officers.threshold;
        let enough = threshold > 0 && row.signers().count() >= usize::from(threshold);
        let action = Action::parse(&row.content).map_err(|_| Error::Row(Table::Proposal.name()))?;
        let (change, outcome) = match enough {
            true => {
                self.check_now(&action).await?;
                row.decision = Some(Decision::Executed { at: self.now() });
                (self.act(caller, &action, change).await?, "executed")
            }
            false => (change, "signed"),
        };
        let key = row::key(digest);
        let change = change
            .at(Officers::key(), in_force.row.revision)
            .put(key, encode(&row))
            .audit(self.leaf(caller, operation, outcome, digest)?);
        let _alone = self.deciding.lock().await;
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        if enough {
            self.acted(&action);
            tracing::info!(action = action.name(), "a proposal was executed");
        }
        let state = row.state(self.now());
        Ok(Known {
            digest: *digest,
            row,
            threshold,
            state,
        })
    }

    /// What an action writes.
    async fn act(&self, caller: &Caller, action: &Action, change: Change) -> Result<Change, Error> {
        Ok(match action {
            Action::ErasePeople { erasures } => self.erase(caller, erasures, change).await?,
            Action::ResumeIssuance { election } => change.delete(Halt::issuance(election).key()),
            Action::ResumePortal { portal } => change.delete(Halt::portal(&name(portal)?).key()),
            Action::RestoreCertificate { serial } => {
                change.delete(Halt::Certificate(serial.clone()).key())
            }
            Action::RaiseBudget {
                portal,
                people,
                until,
            } => change.put(Grant::key(&name(portal)?), encode(&grant(*people, *until))),
            Action::ChangeOfficers {
                officers,
                threshold,
            } => {
                let officers = Officers {
                    addresses: officers.clone(),
                    threshold: *threshold,
                };
                change.put(Officers::key(), encode(&officers))
            }
            Action::ChangeRegistrars { registrars } => {
                let registrars = Registrars {
                    addresses: registrars.clone(),
                };
                change.put(Registrars::key(), encode(&registrars))
            }
            Action::RotateKey { key, share } => {
                let rotation = Rotation::new(*key, *share, self.now());
                change
                    .absent(Rotation::key())
                    .put(Rotation::key(), encode(&rotation))
            }
            Action::Backup { every_hours, until } => {
                let plan = Plan::new(*every_hours, *until, self.now());
                change.put(Plan::key(), encode(&plan))
            }
            Action::Rewrap { to } => {
                let rewrap = Rewrap::new(to.clone(), self.keys()?.way(), self.now());
                change
                    .absent(Rewrap::key())
                    .put(Rewrap::key(), encode(&rewrap))
            }
            Action::Restore { .. } => return Err(offline()),
        })
    }

    /// What is known of it in memory, once it is on disk.
    fn acted(&self, action: &Action) {
        match action {
            Action::ResumeIssuance { election } => self.go_on(&Halt::issuance(election)),
            Action::ResumePortal { portal } => self.go_on(&Halt::Portal(portal.clone())),
            Action::RestoreCertificate { serial } => {
                self.go_on(&Halt::Certificate(serial.clone()));
            }
            Action::RaiseBudget {
                portal,
                people,
                until,
            } => {
                if let Ok(portal) = name(portal) {
                    self.budgets.grant(&portal, grant(*people, *until));
                }
            }
            Action::ChangeOfficers {
                officers,
                threshold,
            } => self.trust_in(officers.clone(), *threshold),
            // Whoever needs them reads their rows.
            Action::ChangeRegistrars { .. }
            | Action::RotateKey { .. }
            | Action::Backup { .. }
            | Action::ErasePeople { .. }
            | Action::Rewrap { .. }
            | Action::Restore { .. } => {}
        }
    }

    /// Whether it can be done at this moment.
    async fn check_now(&self, action: &Action) -> Result<(), Error> {
        match action {
            // The officers whom a manifest names sign to its end.
            Action::ChangeOfficers { .. } if self.election_under_way().await? => {
                Err(Reason::ElectionUnderWay.into())
            }
            Action::ResumeIssuance { election } => self.check_read_back(election).await,
            Action::RotateKey { .. } if self.rotation().await?.is_some() => {
                Err(Reason::RotationUnderWay.into())
            }
            Action::Rewrap { .. } if self.rewrap().await?.is_some() => {
                Err(Reason::RewrapUnderWay.into())
            }
            _ => Ok(()),
        }
    }

    /// An action that can be done here.
    fn action(&self, content: &[u8]) -> Result<Action, Error> {
        let action = Action::parse(content).map_err(|error| {
            Refusal::new(Reason::InvalidProposal)
                .at("content")
                .because(error.to_string())
        })?;
        match &action {
            Action::ResumeIssuance { .. }
            | Action::RestoreCertificate { .. }
            | Action::ChangeOfficers { .. }
            | Action::ChangeRegistrars { .. }
            | Action::ErasePeople { .. }
            | Action::RotateKey { .. }
            | Action::Rewrap { .. } => {}
            Action::ResumePortal { portal } | Action::RaiseBudget { portal, .. } => {
                self.known_portal(&name(portal)?)?;
            }
            Action::Backup { until, .. } => self.check_backup_plan(*until)?,
            Action::Restore { .. } => return Err(offline()),
        }
        Ok(action)
    }

    async fn in_force(&self) -> Result<InForce, Error> {
        let row = self.store.get_one(Officers::key()).await?;
        let row = row.ok_or(Error::Row(Table::Meta.name()))?;
        Ok(InForce {
            officers: Table::Meta.decode(&row.bytes)?,
            row,
        })
    }

    async fn find_proposal(&self, digest: &Digest) -> Result<Option<(Known, Value)>, Error> {
        let Some(value) = self.store.get_one(row::key(digest)).await? else {
            return Ok(None);
        };
        let threshold = self.in_force().await?.officers.threshold;
        let known = self.known_of(*digest, &value, threshold)?;
        Ok(Some((known, value)))
    }

    async fn proposal_of(&self, digest: &Digest) -> Result<(Known, Value), Error> {
        let found = self.find_proposal(digest).await?;
        found.ok_or_else(|| Refusal::new(Reason::UnknownProposal).at("digest").into())
    }

    fn known_of(&self, digest: Digest, value: &Value, threshold: u8) -> Result<Known, Error> {
        let row: ProposalRow = Table::Proposal.decode(&value.bytes)?;
        Ok(Known {
            digest,
            state: row.state(self.now()),
            row,
            threshold,
        })
    }

    fn leaf(
        &self,
        caller: &Caller,
        operation: &'static str,
        outcome: &'static str,
        digest: &Digest,
    ) -> Result<Vec<u8>, Error> {
        let subject = self.keys()?.audit().subject("proposal", digest.as_bytes());
        let leaf = Leaf::new(self.now(), caller, operation, outcome);
        Ok(leaf.about(subject).encode())
    }
}

/// There is nothing to be restored into where a vault runs.
fn offline() -> Error {
    Refusal::new(Reason::InvalidProposal)
        .at("content")
        .because("is executed on the vault's host, by symbolon-vault restore")
        .into()
}

fn name(portal: &str) -> Result<PortalName, Error> {
    let wrong = |_| Refusal::new(Reason::InvalidProposal).at("content");
    Ok(portal.parse().map_err(wrong)?)
}

fn grant(people: u32, until: u64) -> Grant {
    Grant { people, until }
}
