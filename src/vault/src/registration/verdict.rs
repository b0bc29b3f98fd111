//! Conflicts settled by registrars.
//!
//! A verdict changes what is known in the change that settles the ticket. It is made of what is
//! known at that moment: where that is no longer what the ticket was opened for, nothing is done
//! and the ticket is over; whoever asks again gets another.

#[cfg(test)]
pub(crate) mod tests;

use symbolon_crypto::random;
use symbolon_election::{InstallationId, Signature, TicketId, Typed, officers};
use symbolon_identity::{
    RuleKind,
    resolve::{ConflictKind, Decision},
    stretch::Stretched,
};
use symbolon_keyring::Root;
use symbolon_service::{Refusal, reasons::Reason};
use symbolon_store::{Change, Value};

use super::{
    Request, Settled, Ticket, TicketRow, Verdict, change::Work, look_up::Found, merge::impossible,
};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    rows::{OpenRecord, RecordId, Registrars, Table, encode},
    seal::Keys,
};

/// How many registrars say the same.
const NEEDED: usize = 2;

impl Core {
    /// Adds a registrar's signature on a verdict; the second of the same verdict settles it.
    pub async fn sign_verdict(
        &self,
        caller: &Caller,
        id: &TicketId,
        verdict: Verdict,
        signature: &Signature,
    ) -> Result<TicketRow, Error> {
        retried(|| self.try_verdict(caller, id, verdict, signature)).await
    }

    async fn try_verdict(
        &self,
        caller: &Caller,
        id: &TicketId,
        verdict: Verdict,
        signature: &Signature,
    ) -> Result<TicketRow, Error> {
        let (keys, now) = (self.keys()?, self.now());
        let ticket = Ticket::of_id(id);
        let (mut row, value) = self.ticket_row(ticket).await?;
        if row.id(ticket) != *id {
            return Err(Refusal::new(Reason::UnknownTicket).at("id").into());
        }
        let (registrars, in_force) = self.registrars().await?;
        let wrong = || Refusal::new(Reason::InvalidSignature).at("signature");
        let signed = symbolon_election::Verdict {
            installation: InstallationId::new(self.profile.salt),
            ticket: *id,
            same: verdict.is_same(),
        };
        let signer = officers::recover("Verdict", &signed.digest(self.domain()), signature)
            .map_err(|_| wrong())?;
        if !registrars.addresses.contains(&signer) {
            return Err(wrong().into());
        }
        match row.settled {
            Some(Settled::By(settled, _)) if settled == verdict => return Ok(row),
            Some(_) => return Err(Reason::TicketSettled.into()),
            None => {}
        }
        if verdict == Verdict::Same {
            self.check_possible(&keys, &row, ticket).await?;
        }
        row.sign(signer, verdict, signature);
        // Who was a registrar when they signed and is none now doesn't count.
        row.retain(|signer| registrars.addresses.contains(signer));
        let work = Work {
            keys: &keys,
            caller,
            now,
            operation: "SignVerdict",
            outcome: "registered",
        };
        let change = match row.signers(verdict).count() >= NEEDED {
            true => self.settle(&work, ticket, &mut row, verdict).await?,
            false => Change::new(),
        };
        let subject = keys.audit().subject(Table::Ticket.name(), id.as_bytes());
        let outcome = match row.settled {
            Some(_) => row.state(),
            None => "signed",
        };
        let leaf = Leaf::new(now, caller, work.operation, outcome).about(subject);
        let change = change
            .unchanged(Registrars::key(), in_force.as_ref())
            .at(ticket.key(), value.revision)
            .put(ticket.key(), encode(&row))
            .audit(leaf.encode());
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        Ok(row)
    }

    /// Who settles conflicts now; nobody until officers have named them.
    async fn registrars(&self) -> Result<(Registrars, Option<Value>), Error> {
        let row = self.store.get_one(Registrars::key()).await?;
        let registrars = match &row {
            Some(row) => Table::Meta.decode(&row.bytes)?,
            None => Registrars::default(),
        };
        Ok((registrars, row))
    }

    /// `Same` needs one person to be the same as, or several who can be one, and something to
    /// know them by from then on.
    async fn check_possible(
        &self,
        keys: &Keys,
        row: &TicketRow,
        ticket: Ticket,
    ) -> Result<(), Error> {
        if row.kind == ConflictKind::OtherPermanent.as_str() {
            return Err(impossible(
                "an attribute that never changes has another value",
            ));
        }
        let request = self.request(row, ticket)?;
        if !request.stretched.iter().any(|key| self.identifies(key)) {
            return Err(impossible(
                "the request holds nothing that identifies a person",
            ));
        }
        if row.kind == ConflictKind::SeveralRecords.as_str() {
            let amends = row.amends();
            if !self.is_there(amends).await? {
                return Ok(());
            }
            let found = Found::look_up(self, keys, &request.stretched, None, amends).await?;
            return self.check_merge(&request, &row.records(), &found);
        }
        match row.records.len() {
            1 => Ok(()),
            _ => Err(impossible("nothing tells which of several people it is")),
        }
    }

    /// What a verdict changes, and how the ticket ends.
    async fn settle(
        &self,
        work: &Work<'_>,
        ticket: Ticket,
        row: &mut TicketRow,
        verdict: Verdict,
    ) -> Result<Change, Error> {
        let request = self.request(row, ticket)?;
        let amends = row.amends();
        if !self.is_there(amends).await? {
            row.settled = Some(Settled::Outdated(work.now));
            let rows = row.forget(work.keys, ticket)?;
            return Ok(rows.into_iter().fold(Change::new(), Change::delete));
        }
        let found = Found::look_up(self, work.keys, &request.stretched, None, amends).await?;
        let decision = self.decide(&found, amends);
        let change = found.condition(None);
        let stands = matches!(&decision, Decision::Conflict(conflict) if row.is_about(conflict));
        row.settled = Some(match stands {
            true => Settled::By(verdict, work.now),
            false => Settled::Outdated(work.now),
        });
        let change = match (stands, verdict) {
            (false, _) => change,
            (true, Verdict::Same) => match row.records().as_slice() {
                [record] => {
                    let open = found.record(*record)?;
                    self.join(work, &request, open, &found, change)?
                }
                records => self.merge(work, &request, records, &found, change).await?,
            },
            (true, Verdict::Different) if self.is_new(row, &request) => {
                self.part(work, &request, &found, change)?
            }
            // What identifies belongs to somebody else and stays theirs: the ticket remembers
            // that, and whoever asks again gets it again.
            (true, Verdict::Different) => return Ok(change),
        };
        // The request is answered without the ticket from now on.
        let rows = row.forget(work.keys, ticket)?;
        Ok(rows.into_iter().fold(change, Change::delete))
    }

    /// Whether a record that a ticket names is still one.
    async fn is_there(&self, record: Option<RecordId>) -> Result<bool, Error> {
        Ok(match record {
            Some(record) => self.store.get_one(record.key()).await?.is_some(),
            None => true,
        })
    }

    /// The request's match keys become the known person's.
    fn join(
        &self,
        work: &Work<'_>,
        request: &Request,
        open: &OpenRecord,
        found: &Found,
        change: Change,
    ) -> Result<Change, Error> {
        let domain = work.keys.portal(&request.portal);
        let domain = domain.ok_or(Reason::PermissionDenied)?;
        let id = domain.registration_id(open.record.root_for(&request.portal)?);
        let lacks = |at: &usize| !open.record.holds(&request.stretched[*at]);
        let attach: Vec<usize> = (0..request.stretched.len()).filter(lacks).collect();
        Ok(self.known(work, request, open, &attach, &id, found, change))
    }

    /// The request's person gets a record of their own, beside those of like name.
    fn part(
        &self,
        work: &Work<'_>,
        request: &Request,
        found: &Found,
        change: Change,
    ) -> Result<Change, Error> {
        let domain = work.keys.portal(&request.portal);
        let domain = domain.ok_or(Reason::PermissionDenied)?;
        let root = Root::random(&mut random::os());
        let id = domain.registration_id(&root);
        Ok(self.enrol(work, request, root, &id, found, change))
    }

    /// Whether the request, told apart from those it hints at, is a person who can be found.
    /// Corrected data that aren't the person's are nobody's.
    fn is_new(&self, row: &TicketRow, request: &Request) -> bool {
        let mut keys = request.stretched.iter();
        let only_hints = row.kind == ConflictKind::OnlyHints.as_str() && row.amends().is_none();
        only_hints && keys.any(|key| self.identifies(key))
    }

    /// Whether new rows are written under the key's rule, and it finds one person alone.
    fn identifies(&self, key: &Stretched) -> bool {
        let rule = self.schema.rule(key.rule());
        rule.is_some_and(|rule| !rule.outdated() && rule.kind() == RuleKind::Unique)
    }

    /// What was asked, as far as the schema still has the rules.
    fn request(&self, row: &TicketRow, ticket: Ticket) -> Result<Request, Error> {
        let portal = row.portal.parse();
        let mut stretched = row.open(self.keys()?.as_ref(), ticket)?;
        stretched.retain(|key| self.schema.rule(key.rule()).is_some());
        Ok(Request {
            portal: portal.map_err(|_| Error::Row(Table::Ticket.name()))?,
            stretched,
            amends: None,
        })
    }
}
