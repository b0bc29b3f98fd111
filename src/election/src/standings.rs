//! Which ballots count.
//!
//! One ballot a roll place counts. Of those that are in time, well signed and at
//! their place of the roll (which whoever reads the ledger has checked), and, once
//! there is a Close, of the ballot key that its list gives to the place: the highest
//! sequence, ties to the first on the ledger. Before Close, a place with ballots of
//! two keys is contested, and none of them counts.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::tally::{Range, Tally};
use crate::{
    BallotKey, ElectionId, Exclusion, IssuedList, RollIndex, Selections, Shape, VerifiedBallot,
};

/// What else a tally states: how far the ledger was read, and who may vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Up to which size of the log was counted.
    pub ledger_size: u64,
    /// Which of its entries are in time.
    pub range: Range,
    /// How many places the roll has.
    pub roll_size: u32,
}

/// The ballots of one election so far, ranked by place and key.
#[derive(Clone, Debug)]
pub struct Standings {
    election: ElectionId,
    shape: Shape,
    /// The key that came first at each place that voted.
    places: HashMap<RollIndex, Candidate>,
    /// Further keys at a place: hardly any place has one.
    rivals: HashMap<RollIndex, Vec<Candidate>>,
    excluded: BTreeMap<Exclusion, u64>,
}

/// The best ballot of one key at one place.
#[derive(Clone, Debug)]
struct Candidate {
    key: BallotKey,
    sequence: u8,
    ballots: u32,
    at: u64,
    selections: Selections,
}

impl Standings {
    /// Nothing cast yet.
    pub fn new(election: ElectionId, shape: &Shape) -> Self {
        Self {
            election,
            shape: shape.clone(),
            places: HashMap::new(),
            rivals: HashMap::new(),
            excluded: BTreeMap::new(),
        }
    }

    /// Makes room for a roll of so many places at once, so that none is made while they vote.
    pub fn reserve(&mut self, places: u32) {
        let places = usize::try_from(places).unwrap_or_default();
        self.places
            .reserve(places.saturating_sub(self.places.len()));
    }

    /// A ballot at this index of the ledger that is in time, of an issuer, at its
    /// place of the roll. The order of calls doesn't matter.
    pub fn offer(&mut self, at: u64, ballot: &VerifiedBallot) {
        let fields = ballot.fields();
        let challenger = Candidate {
            key: fields.ballot_key,
            sequence: fields.sequence,
            ballots: 1,
            at,
            selections: ballot.selections().clone(),
        };
        match self.places.entry(fields.roll_index) {
            Entry::Vacant(place) => drop(place.insert(challenger)),
            Entry::Occupied(mut first) if first.get().key == challenger.key => {
                first.get_mut().face(challenger);
            }
            Entry::Occupied(_) => {
                let rivals = self.rivals.entry(fields.roll_index).or_default();
                let key = challenger.key;
                match rivals.iter_mut().find(|rival| rival.key == key) {
                    Some(rival) => rival.face(challenger),
                    None => rivals.push(challenger),
                }
            }
        }
    }

    /// A ballot that doesn't count, whatever else comes.
    pub fn exclude(&mut self, reason: Exclusion) {
        *self.excluded.entry(reason).or_default() += 1;
    }

    /// Places with ballots of two keys or more, ascending.
    pub fn contested(&self) -> Vec<RollIndex> {
        let mut places: Vec<_> = self.rivals.keys().copied().collect();
        places.sort_unstable();
        places
    }

    /// Places with a ballot of a key that the issued list doesn't give them, and
    /// that key, ascending: who holds them didn't get them from the vault.
    pub fn other_keys(&self, issued: &IssuedList) -> Vec<(RollIndex, BallotKey)> {
        let all = self.places.keys().flat_map(|place| {
            let keys = self.candidates(*place).map(|candidate| candidate.key);
            keys.map(|key| (*place, key))
        });
        let mut others: Vec<_> = all
            .filter(|(place, key)| issued.key(*place) != Some(*key))
            .collect();
        others.sort_unstable();
        others
    }

    /// Index on the ledger of the ballot that counts at a place.
    pub fn counting(&self, place: RollIndex, issued: Option<&IssuedList>) -> Option<u64> {
        self.winner(place, issued).map(|candidate| candidate.at)
    }

    /// The figures: final with the list that Close names, preliminary without.
    pub fn tally(&self, extent: Extent, issued: Option<&IssuedList>) -> Tally {
        let mut tally = Tally {
            election: self.election,
            ledger_size: extent.ledger_size,
            range: extent.range,
            roll_size: extent.roll_size,
            issued: issued.map(IssuedList::issued),
            ballots: self.excluded.values().sum(),
            counted: 0,
            excluded: self.excluded.clone(),
            questions: Tally::no_answers(&self.shape),
        };
        for place in self.places.keys() {
            self.count_place(&mut tally, *place, issued);
        }
        tally
    }

    /// The keys of a place, each with its best ballot.
    fn candidates(&self, place: RollIndex) -> impl Iterator<Item = &Candidate> {
        let rivals = self.rivals.get(&place);
        self.places
            .get(&place)
            .into_iter()
            .chain(rivals.into_iter().flatten())
    }

    /// The candidate that counts at a place, if one does.
    fn winner(&self, place: RollIndex, issued: Option<&IssuedList>) -> Option<&Candidate> {
        match issued {
            Some(list) => {
                let key = list.key(place)?;
                self.candidates(place)
                    .find(|candidate| candidate.key == key)
            }
            None if self.rivals.contains_key(&place) => None,
            None => self.places.get(&place),
        }
    }

    fn count_place(&self, tally: &mut Tally, place: RollIndex, issued: Option<&IssuedList>) {
        let winner = self.winner(place, issued);
        let lost = if issued.is_some() {
            Exclusion::OtherKey
        } else {
            Exclusion::Contested
        };
        for candidate in self.candidates(place) {
            let ballots = u64::from(candidate.ballots);
            tally.ballots += ballots;
            match winner.is_some_and(|winner| winner.key == candidate.key) {
                true => {
                    tally.counted += 1;
                    count_answers(tally, &candidate.selections);
                    exclude(tally, Exclusion::Superseded, ballots - 1);
                }
                false => exclude(tally, lost, ballots),
            }
        }
    }
}

impl Candidate {
    /// Another ballot of the same place and key: the higher sequence stays, of equal
    /// ones the first on the ledger.
    fn face(&mut self, challenger: Self) {
        let ballots = self.ballots.saturating_add(1);
        let rank = |one: &Self| (std::cmp::Reverse(one.sequence), one.at);
        if rank(&challenger) < rank(self) {
            *self = challenger;
        }
        self.ballots = ballots;
    }
}

fn exclude(tally: &mut Tally, reason: Exclusion, ballots: u64) {
    if ballots > 0 {
        *tally.excluded.entry(reason).or_default() += ballots;
    }
}

fn count_answers(tally: &mut Tally, selections: &Selections) {
    for (question, chosen) in tally.questions.iter_mut().zip(selections.questions()) {
        if chosen.is_empty() {
            question.blank += 1;
        }
        for option in chosen {
            // Options are numbered from 1 and fit the shape: Selections checked it.
            question.options[usize::from(*option) - 1] += 1;
        }
    }
}
