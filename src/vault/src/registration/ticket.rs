use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use symbolon_crypto::{
    Secret,
    random::{self, CryptoRng},
};
use symbolon_election::{Address, Signature, TicketId};
use symbolon_identity::{RuleId, resolve::Conflict, stretch::Stretched};
use symbolon_keyring::keys::{IndexKey, RecordPlace};
use symbolon_store::Key;
use zeroize::Zeroizing;

use crate::{
    Error,
    rows::{RecordId, Table},
    seal::Keys,
};

/// A rule's ID and a stretched match key.
const PAIR: usize = 64;

/// The number of a conflict that waits for registrars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// A conflict's row. The request's match keys are sealed in it, for the day it is settled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TicketRow {
    /// Makes signatures on it fit no other ticket, of this store or of a restored one.
    nonce: [u8; 24],
    /// Unix seconds.
    pub opened: u64,
    /// What contradicts what is known.
    pub kind: String,
    /// The portal that asked.
    pub portal: String,
    /// The record whose corrected data it is about.
    amends: Option<[u8; 16]>,
    /// IDs of the rules that found something.
    pub rules: Vec<[u8; 32]>,
    /// The records that the request may be about.
    pub records: Vec<[u8; 16]>,
    /// Sealed: each rule ID 32 and stretched match key 32; none where nobody needs them any more.
    pub match_keys: Vec<u8>,
    /// Registrars by address, ascending: what each says, and the signature on it.
    signed: Vec<(Address, Verdict, Vec<u8>)>,
    /// How it ended.
    pub settled: Option<Settled>,
}

/// What registrars say of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The request is about the person who is known.
    Same,
    /// It is about somebody else.
    Different,
}

/// How a ticket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// Two registrars said the same.
    By(Verdict, u64),
    /// What is known changed: another ticket, or none, stands for the request.
    Outdated(u64),
}

impl Ticket {
    pub(super) fn key(self) -> Key {
        Table::Ticket.key(&[&self.0.to_be_bytes()])
    }

    pub(crate) fn from_name(name: &[u8]) -> Result<Self, Error> {
        let number = name
            .try_into()
            .map_err(|_| Error::Row(Table::Ticket.name()))?;
        Ok(Self(u64::from_be_bytes(number)))
    }

    /// The ticket that a verdict names.
    pub fn of_id(id: &TicketId) -> Self {
        let number = id.as_bytes().last_chunk().expect("an ID has 32 bytes");
        Self(u64::from_be_bytes(*number))
    }
}

impl Verdict {
    /// What [`symbolon_election::Verdict`] says.
    pub fn new(same: bool) -> Self {
        match same {
            true => Self::Same,
            false => Self::Different,
        }
    }

    /// Whether both are one person.
    pub fn is_same(self) -> bool {
        self == Self::Same
    }
}

impl Settled {
    /// When, Unix seconds.
    pub fn at(self) -> u64 {
        let (Self::By(_, at) | Self::Outdated(at)) = self;
        at
    }
}

impl TicketRow {
    pub(super) fn new(
        now: u64,
        portal: &str,
        amends: Option<RecordId>,
        conflict: &Conflict<RecordId>,
        rng: &mut impl CryptoRng,
    ) -> Self {
        Self {
            nonce: random::bytes(rng),
            opened: now,
            kind: conflict.kind.as_str().to_owned(),
            portal: portal.to_owned(),
            amends: amends.map(|record| *record.as_bytes()),
            rules: conflict.rules.iter().map(|rule| *rule.as_bytes()).collect(),
            records: conflict.records.iter().map(|id| *id.as_bytes()).collect(),
            match_keys: Vec::new(),
            signed: Vec::new(),
            settled: None,
        }
    }

    /// What a verdict on it names.
    pub fn id(&self, ticket: Ticket) -> TicketId {
        let mut id = [0; 32];
        let (nonce, number) = id.split_at_mut(self.nonce.len());
        nonce.copy_from_slice(&self.nonce);
        number.copy_from_slice(&ticket.0.to_be_bytes());
        TicketId::new(id)
    }

    /// The word of the protocol.
    pub fn state(&self) -> &'static str {
        match self.settled {
            None => "open",
            Some(Settled::By(Verdict::Same, _)) => "same",
            Some(Settled::By(Verdict::Different, _)) => "different",
            Some(Settled::Outdated(_)) => "outdated",
        }
    }

    /// The records that the request may be about.
    pub(super) fn records(&self) -> Vec<RecordId> {
        self.records.iter().copied().map(RecordId::new).collect()
    }

    /// The record whose corrected data it is about.
    pub(super) fn amends(&self) -> Option<RecordId> {
        self.amends.map(RecordId::new)
    }

    /// Whether it names any of these records.
    pub(crate) fn is_about_any(&self, records: &BTreeSet<[u8; 16]>) -> bool {
        let mut own = self.records.iter().chain(&self.amends);
        own.any(|record| records.contains(record))
    }

    /// What is known changed: it can't be settled any more.
    pub(crate) fn outdate(&mut self, now: u64) {
        self.settled.get_or_insert(Settled::Outdated(now));
    }

    /// Whether it stands for this conflict.
    pub(super) fn is_about(&self, conflict: &Conflict<RecordId>) -> bool {
        let records = conflict.records.iter().map(RecordId::as_bytes);
        self.kind == conflict.kind.as_str() && self.records.iter().eq(records)
    }

    /// Who says so, ascending.
    pub fn signers(&self, verdict: Verdict) -> impl Iterator<Item = Address> {
        let signed = self.signed.iter();
        let say = signed.filter(move |(_, said, _)| *said == verdict);
        say.map(|(signer, ..)| *signer)
    }

    /// A registrar counts once, for what they said last.
    pub(super) fn sign(&mut self, signer: Address, verdict: Verdict, signature: &Signature) {
        let own = (signer, verdict, signature.as_bytes().to_vec());
        match self
            .signed
            .binary_search_by_key(&signer, |(signer, ..)| *signer)
        {
            Ok(at) => self.signed[at] = own,
            Err(at) => self.signed.insert(at, own),
        }
    }

    pub(super) fn retain(&mut self, counts: impl Fn(&Address) -> bool) {
        self.signed.retain(|(signer, ..)| counts(signer));
    }

    /// The row that finds it under an index key.
    pub(crate) fn by_keys(&self, index: &IndexKey, match_keys: &[Stretched]) -> Key {
        let entries = match_keys.iter().map(|key| index.blind(key.secret()));
        let entries: Vec<_> = entries.collect();
        let mut tags: Vec<&[u8]> = entries.iter().map(|entry| entry.tag().as_slice()).collect();
        tags.sort_unstable();
        let amends = self.amends.iter().map(<[u8; 16]>::as_slice);
        let fields = [self.portal.as_bytes()].into_iter().chain(tags);
        let fields: Vec<_> = fields.chain(amends).collect();
        Table::TicketByKeys.blinded(&index.blind_row(Table::TicketByKeys.name(), &fields))
    }

    /// The same under each live index key, the one that writes first.
    pub(super) fn rows(&self, keys: &Keys, match_keys: &[Stretched]) -> Vec<Key> {
        let live = keys.index().iter();
        live.map(|index| self.by_keys(index, match_keys)).collect()
    }

    /// Nobody is led to it any more: the rows that did, and its match keys gone.
    pub(crate) fn forget(&mut self, keys: &Keys, ticket: Ticket) -> Result<Vec<Key>, Error> {
        let rows = self.rows(keys, &self.open(keys, ticket)?);
        self.seal(keys, ticket, &[]);
        Ok(rows)
    }

    /// Seals the request's match keys into it.
    pub(crate) fn seal(&mut self, keys: &Keys, ticket: Ticket, match_keys: &[Stretched]) {
        let mut plain = Zeroizing::new(Vec::with_capacity(PAIR * match_keys.len()));
        for key in match_keys {
            plain.extend_from_slice(key.rule().as_bytes());
            plain.extend_from_slice(key.secret().expose());
        }
        let row = ticket.0.to_be_bytes();
        self.match_keys = keys
            .sealing()
            .seal_record(&place(&row), &plain, &mut random::os());
    }

    /// The request's match keys.
    pub(crate) fn open(&self, keys: &Keys, ticket: Ticket) -> Result<Vec<Stretched>, Error> {
        let row = ticket.0.to_be_bytes();
        let opened = keys.open_record(&place(&row), &self.match_keys)?;
        let (pairs, []) = opened.expose().as_chunks::<PAIR>() else {
            return Err(Error::Row(Table::Ticket.name()));
        };
        let own = pairs.iter().map(|pair| {
            let (rule, stretched) = pair.split_first_chunk::<32>().expect("a pair is longer");
            let stretched = Secret::init_with(|place| place.copy_from_slice(stretched));
            Stretched::new(RuleId::from_bytes(*rule), stretched)
        });
        Ok(own.collect())
    }
}

fn place(row: &[u8]) -> RecordPlace<'_> {
    RecordPlace {
        table: Table::Ticket.name(),
        row,
    }
}
