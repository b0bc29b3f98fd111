//! Officers' statements, held against what stands before them on the ledger.

use symbolon_election::verified::OfficerStatement;
use symbolon_election::{
    Cancelled, Certified, Close, Error, IssuedList, IssuerRotation, RollStatement, Typed,
    Unverified, Verified,
};

use super::{Book, Closed};
use crate::source::Transcript;
use crate::violation::Rule;

impl Book {
    /// Checks that enough officers signed; names it where they didn't.
    fn signed<T: OfficerStatement>(
        &mut self,
        index: u64,
        statement: Unverified<T>,
    ) -> Option<Verified<T>> {
        match statement.verify(&self.manifest) {
            Ok(verified) => Some(verified),
            Err(error) => {
                let rule = match error {
                    Error::Field {
                        statement: IssuerRotation::NAME,
                        ..
                    } => Rule::RotationInvalid,
                    _ => Rule::StatementNotSigned,
                };
                self.broken(rule, index, error.to_string());
                None
            }
        }
    }

    /// A statement on the roll.
    pub(crate) fn roll_statement(
        &mut self,
        index: u64,
        statement: Unverified<RollStatement>,
        transcript: &mut impl Transcript,
    ) {
        let Some(verified) = self.signed(index, statement) else {
            return;
        };
        let statement = verified.statement();
        let sequence = statement.sequence;
        if let Some(first) = self.roll_statements.get(sequence as usize) {
            if first != statement {
                let detail = format!("sequence {sequence} once more, with another roll");
                self.broken(Rule::RollStatementRepeated, index, detail);
            }
            return;
        }
        if let Err((rule, detail)) = self.comes_next(statement) {
            return self.broken(rule, index, detail);
        }
        self.roll_statements.push(statement.clone());
        match self.roll.extend(statement, transcript) {
            Err(unread) => self.findings.unread(unread),
            Ok(broken) => {
                self.standings.reserve(self.roll.leaves_read());
                for rule in broken {
                    self.broken(rule, index, format!("roll statement {sequence}"));
                }
            }
        }
    }

    fn comes_next(&self, statement: &RollStatement) -> Result<(), (Rule, String)> {
        if self.close.is_some() {
            return Err((Rule::RollFrozen, "after Close".to_owned()));
        }
        let batch_min = self.manifest.manifest().roll_batch_min;
        let previous = self.roll.latest();
        statement.follows(previous, batch_min).map_err(|error| {
            let next = previous.is_none_or(|previous| statement.sequence == previous.sequence + 1);
            let grows = previous.is_none_or(|previous| statement.size >= previous.size);
            let rule = match (next && grows && previous.is_some(), batch_min) {
                (true, 0) => Rule::RollFrozen,
                (true, _) => Rule::RollBatchTooSmall,
                (false, _) => Rule::RollNotNext,
            };
            (rule, error.to_string())
        })
    }

    /// A rotation of the token key.
    pub(crate) fn rotation(&mut self, index: u64, statement: Unverified<IssuerRotation>) {
        let Some(verified) = self.signed(index, statement) else {
            return;
        };
        let Some(time) = self.time_of(index) else {
            return;
        };
        if time > self.manifest.manifest().closes {
            return self.broken(Rule::RotationInvalid, index, "after closes");
        }
        if let Err(error) = self.issuers.rotate(&verified) {
            self.broken(Rule::RotationInvalid, index, error.to_string());
        }
    }

    /// The end of issuing.
    pub(crate) fn close(
        &mut self,
        index: u64,
        statement: Unverified<Close>,
        transcript: &mut impl Transcript,
    ) {
        let Some(verified) = self.signed(index, statement) else {
            return;
        };
        let Some(time) = self.time_of(index) else {
            return;
        };
        let statement = verified.statement();
        if time <= self.manifest.manifest().closes {
            return self.broken(Rule::CloseEarly, index, "not later than closes");
        }
        if let Some(first) = &self.close {
            if first.statement != *statement {
                self.broken(Rule::CloseRepeated, index, "differs from the first Close");
            }
            return;
        }
        let named = (statement.roll_size, statement.roll_root);
        if self
            .roll
            .latest()
            .is_none_or(|roll| (roll.size, roll.root) != named)
        {
            self.broken(
                Rule::CloseRoll,
                index,
                "not the roll of the last statement before it",
            );
        }
        let issued = self.read_issued(statement, transcript);
        self.close = Some(Closed {
            statement: statement.clone(),
            issued,
        });
    }

    fn read_issued(
        &mut self,
        close: &Close,
        transcript: &mut impl Transcript,
    ) -> Option<IssuedList> {
        let limit = u64::from(close.roll_size) * 20;
        let bytes = self.file(transcript, &close.issued, limit)?;
        let list = IssuedList::parse(&bytes).and_then(|list| {
            list.belongs_to(close)?;
            Ok(list)
        });
        list.map_err(|error| self.bad_file(&close.issued, &error.to_string()))
            .ok()
    }

    /// The certified result.
    pub(crate) fn certified(&mut self, index: u64, statement: Unverified<Certified>) {
        let Some(verified) = self.signed(index, statement) else {
            return;
        };
        let Some(time) = self.time_of(index) else {
            return;
        };
        let statement = verified.statement();
        if time <= self.manifest.last_moment() {
            return self.broken(Rule::CertifiedEarly, index, "not later than closes + grace");
        }
        if self.close.is_none() {
            return self.broken(Rule::CertifiedEarly, index, "before Close");
        }
        match &self.certified {
            None => self.certified = Some((statement.clone(), index)),
            Some((first, _)) if first == statement => {}
            Some(_) => {
                self.broken(
                    Rule::CertifiedRepeated,
                    index,
                    "differs from the first Certified",
                );
            }
        }
    }

    /// The end of an election before its time.
    pub(crate) fn cancelled(&mut self, index: u64, statement: Unverified<Cancelled>) {
        if self.signed(index, statement).is_some() {
            self.cancelled.get_or_insert(index);
            self.judges
                .iter_mut()
                .for_each(|judge| judge.see_cancelled(index, &self.timeline));
        }
    }
}
