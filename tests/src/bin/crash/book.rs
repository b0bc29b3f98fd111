//! What was acknowledged, and every contradiction to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use symbolon_api_public::ballots::{BallotState, Receipt};
use symbolon_election::{EntryHash, VerifiedBallot};
use symbolon_voter::Token;

/// Contradictions of one sort that are shown.
const SHOWN: u64 = 10;

/// A portal's name for a person.
pub(crate) type RegistrationId = Vec<u8>;

/// What an acknowledgement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Registration,
    Member,
    Token,
    Ballot,
    Audit,
    Ledger,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Registration,
        Self::Member,
        Self::Token,
        Self::Ballot,
        Self::Audit,
        Self::Ledger,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Registration => "registrations",
            Self::Member => "electorate members",
            Self::Token => "tokens",
            Self::Ballot => "ballots",
            Self::Audit => "audit checkpoints",
            Self::Ledger => "ledger checkpoints",
        }
    }
}

/// How an acknowledgement was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Lost,
    Doubled,
    /// Another answer than the protocol's.
    Wrong,
}

/// A ballot that was handed in.
#[derive(Clone)]
pub(crate) struct Handed {
    pub(crate) voter: usize,
    pub(crate) ballot: VerifiedBallot,
    pub(crate) entry: Vec<u8>,
    /// The acknowledgement.
    pub(crate) receipt: Option<Receipt>,
    /// The furthest state that the gateway told.
    pub(crate) state: Option<BallotState>,
}

/// All acknowledgements so far.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) people: BTreeMap<u64, RegistrationId>,
    owners: HashMap<RegistrationId, u64>,
    pub(crate) members: BTreeSet<u64>,
    pub(crate) tokens: BTreeMap<usize, Token>,
    places: HashMap<u32, usize>,
    voter_ids: HashMap<[u8; 32], usize>,
    pub(crate) ballots: BTreeMap<EntryHash, Handed>,
    /// The next ballot's number, by voter.
    pub(crate) sequences: HashMap<usize, u8>,
    /// Contradictions are counted, not shown: they are expected.
    pub(crate) quiet: bool,
    faults: BTreeMap<(Kind, Fault), u64>,
    pub(crate) checked: BTreeMap<Kind, u64>,
}

impl Book {
    /// Notes a contradiction.
    pub(crate) fn fault(&mut self, kind: Kind, fault: Fault, what: impl Into<String>) {
        let count = self.faults.entry((kind, fault)).or_default();
        *count += 1;
        if *count <= SHOWN && !self.quiet {
            eprintln!("{fault:?} ({}): {}", kind.name(), what.into());
        }
    }

    /// How many contradictions there are of one sort.
    pub(crate) fn faults(&self, kind: Kind, fault: Fault) -> u64 {
        self.faults.get(&(kind, fault)).copied().unwrap_or(0)
    }

    /// Whether nothing acknowledged was contradicted.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many acknowledgements there are of a kind.
    pub(crate) fn acknowledged(&self, kind: Kind) -> usize {
        match kind {
            Kind::Registration => self.people.len(),
            Kind::Member => self.members.len(),
            Kind::Token => self.tokens.len(),
            Kind::Ballot => self.receipts().count(),
            Kind::Audit | Kind::Ledger => 0,
        }
    }

    /// The acknowledged ballots.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = (&EntryHash, &Handed)> {
        let ballots = self.ballots.iter();
        ballots.filter(|(_, ballot)| ballot.receipt.is_some())
    }

    /// Notes that one acknowledgement was looked at again.
    pub(crate) fn check(&mut self, kind: Kind) {
        *self.checked.entry(kind).or_default() += 1;
    }

    /// A person has this registration ID.
    pub(crate) fn registered(&mut self, person: u64, id: RegistrationId) {
        let owner = *self.owners.entry(id.clone()).or_insert(person);
        if owner != person {
            let what = format!("people {owner} and {person} have one ID");
            self.fault(Kind::Registration, Fault::Doubled, what);
        }
        let known = self.people.entry(person).or_insert_with(|| id.clone());
        if *known != id {
            let what = format!("person {person} has another ID than before");
            self.fault(Kind::Registration, Fault::Lost, what);
        }
    }

    /// A voter has this token.
    pub(crate) fn issued(&mut self, voter: usize, token: Token) {
        let place = *self.places.entry(token.roll_index().0).or_insert(voter);
        let id = *token.voter_id().as_bytes();
        let owner = *self.voter_ids.entry(id).or_insert(voter);
        if (place, owner) != (voter, voter) {
            let what = format!("voter {voter} has the place of another");
            self.fault(Kind::Token, Fault::Doubled, what);
        }
        let known = self.tokens.entry(voter).or_insert_with(|| token.clone());
        if (known.roll_index(), known.voter_id()) != (token.roll_index(), token.voter_id()) {
            let what = format!("voter {voter} has another place than before");
            self.fault(Kind::Token, Fault::Lost, what);
        }
    }

    /// The gateway promised to publish a ballot.
    pub(crate) fn promised(&mut self, hash: &EntryHash, receipt: Receipt) {
        let handed = self.ballots.get_mut(hash).expect("it was handed in");
        let known = handed.receipt.get_or_insert_with(|| receipt.clone());
        if *known != receipt {
            let what = format!("another receipt than before for {hash}");
            self.fault(Kind::Ballot, Fault::Lost, what);
        }
    }

    /// The gateway told where a ballot is.
    pub(crate) fn stands(&mut self, hash: &EntryHash, state: BallotState) {
        let handed = self.ballots.get_mut(hash).expect("it was handed in");
        let before = handed.state.replace(state);
        if before.is_some_and(|before| before as i32 > state as i32) {
            let what = format!("{hash} was {before:?} and is {state:?}");
            self.fault(Kind::Ballot, Fault::Lost, what);
        }
    }
}
