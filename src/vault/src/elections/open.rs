//! Statements that the officers signed: opening, extending, cancelling.

use symbolon_election::{
    Entry, Error as Public, RollStatement, Typed, Unverified, Verified, VerifiedManifest,
};
use symbolon_service::reasons::Reason;
use symbolon_store::Change;

use super::{Election, ElectionRow, Stage, refuse, row};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::{Officers, Table},
};

impl Core {
    /// Opens a draft: manifest and roll statement, each signed by enough officers, become public.
    pub async fn open_election(
        &self,
        caller: &Caller,
        manifest: &[u8],
        roll: &[u8],
    ) -> Result<(), Error> {
        retried(|| self.try_open(caller, manifest, roll)).await
    }

    async fn try_open(&self, caller: &Caller, manifest: &[u8], roll: &[u8]) -> Result<(), Error> {
        let Entry::Manifest(signed) = decode(manifest)? else {
            return Err(wrong_entry("manifest"));
        };
        let officers = self.store.get_one(Officers::key()).await?;
        let officers = officers.ok_or(Error::Row(Table::Meta.name()))?;
        let verified = signed.verify(&self.trust()).map_err(refuse)?;
        let election = self.election(&verified.election()).await?;
        let statement = self.roll_statement_of(&verified, roll)?;
        match election.row.stage {
            Stage::Draft => {}
            // The same again: it was opened, the answer was lost.
            _ if election.rolls.first() == Some(statement.statement()) => return Ok(()),
            _ => return Err(Reason::WrongState.into()),
        }
        check_pending(&election, &statement)?;
        if self.now() > verified.manifest().closes {
            return Err(Reason::ElectionClosed.into());
        }
        let row = ElectionRow {
            stage: Stage::Open,
            manifest: manifest.to_vec(),
            rolls: 1,
            pending_roll: None,
            ..election.row.clone()
        };
        // The officers must be in force still. Written anew as they are: a change of officers that
        // found no election under way a moment ago finds another revision.
        let change = in_force(&election, roll)
            .at(Officers::key(), officers.revision)
            .put(Officers::key(), officers.bytes);
        let entries = [manifest, roll];
        self.publish(caller, "OpenElection", &election, &row, &entries, change)
            .await
    }

    /// Takes a signed addition to the roll.
    pub async fn extend_roll(&self, caller: &Caller, roll: &[u8]) -> Result<(), Error> {
        retried(|| self.try_extend(caller, roll)).await
    }

    async fn try_extend(&self, caller: &Caller, roll: &[u8]) -> Result<(), Error> {
        let Entry::RollStatement(signed) = decode(roll)? else {
            return Err(wrong_entry("rollStatement"));
        };
        let election = self.election(&signed.statement.election).await?;
        let verified = election.verified(self)?;
        let statement = self.roll_statement_of(&verified, roll)?;
        if election.rolls.contains(statement.statement()) {
            return Ok(());
        }
        if election.row.stage != Stage::Open || election.row.ended {
            return Err(Reason::WrongState.into());
        }
        check_pending(&election, &statement)?;
        let batch = verified.manifest().roll_batch_min;
        statement
            .statement()
            .follows(election.rolls.last(), batch)
            .map_err(refuse)?;
        let row = ElectionRow {
            rolls: election.row.rolls + 1,
            pending_roll: None,
            ..election.row.clone()
        };
        let change = in_force(&election, roll);
        self.publish(caller, "ExtendRoll", &election, &row, &[roll], change)
            .await
    }

    /// Calls an election off. Before it is certified, at any time.
    pub async fn cancel_election(&self, caller: &Caller, cancelled: &[u8]) -> Result<(), Error> {
        retried(|| self.try_cancel(caller, cancelled)).await
    }

    async fn try_cancel(&self, caller: &Caller, cancelled: &[u8]) -> Result<(), Error> {
        let Entry::Cancelled(signed) = decode(cancelled)? else {
            return Err(wrong_entry("cancelled"));
        };
        let election = self.election(&signed.statement.election).await?;
        match election.row.stage {
            Stage::Open | Stage::Closed => {}
            Stage::Cancelled => return Ok(()),
            _ => return Err(Reason::WrongState.into()),
        }
        signed.verify(&election.verified(self)?).map_err(refuse)?;
        let row = ElectionRow {
            stage: Stage::Cancelled,
            cancelled: Some(cancelled.to_vec()),
            ended: true,
            ..election.row.clone()
        };
        let entries = [cancelled];
        self.publish(
            caller,
            "CancelElection",
            &election,
            &row,
            &entries,
            Change::new(),
        )
        .await
    }

    /// Writes the row anew and the entries behind all earlier statements, audited, in `change`. Statements
    /// of all elections are numbered through: one of another that comes between is [`Error::Contention`].
    pub(super) async fn publish(
        &self,
        caller: &Caller,
        operation: &str,
        election: &Election,
        row: &ElectionRow,
        entries: &[&[u8]],
        change: Change,
    ) -> Result<(), Error> {
        let keys = self.keys()?;
        let subject = election.subject(&keys);
        let leaf = Leaf::new(self.now(), caller, operation, "published").about(subject);
        let (change, next) = self
            .append_statements(change.audit(leaf.encode()), entries)
            .await?;
        self.replace(election, row, change).await?;
        self.elections.published.send_replace(next);
        Ok(())
    }

    fn roll_statement_of(
        &self,
        manifest: &VerifiedManifest,
        entry: &[u8],
    ) -> Result<Verified<RollStatement>, Error> {
        match decode(entry)? {
            Entry::RollStatement(signed) => signed.verify(manifest).map_err(refuse),
            _ => Err(wrong_entry("rollStatement")),
        }
    }
}

/// Puts the next roll statement in force.
fn in_force(election: &Election, roll: &[u8]) -> Change {
    let key = row::roll_key(&election.id, election.row.rolls);
    Change::new().absent(key.clone()).put(key, roll.to_vec())
}

/// The statement is the one that was derived, and its leaves lie ready.
fn check_pending(election: &Election, statement: &Verified<RollStatement>) -> Result<(), Error> {
    let pending = election
        .row
        .pending_roll
        .as_deref()
        .ok_or(Reason::StatementDiffers)?;
    match decode(pending)? {
        Entry::RollStatement(Unverified {
            statement: pending, ..
        }) if pending == *statement.statement() => Ok(()),
        _ => Err(Reason::StatementDiffers.into()),
    }
}

pub(super) fn decode(entry: &[u8]) -> Result<Entry, Error> {
    Entry::decode(entry).map_err(refuse)
}

pub(super) fn wrong_entry(field: &'static str) -> Error {
    symbolon_service::Refusal::new(Reason::InvalidArgument)
        .at(field)
        .because("an entry of another kind")
        .into()
}

/// The statement must be just the one that stands already.
pub(super) fn same_as<T: Typed + PartialEq>(
    there: &[u8],
    statement: &T,
    own: impl FnOnce(Entry) -> Option<T>,
) -> Result<(), Error> {
    let there = Entry::decode(there).map_err(|_: Public| Error::Row("election"))?;
    match own(there).as_ref() == Some(statement) {
        true => Ok(()),
        false => Err(Reason::StatementDiffers.into()),
    }
}
