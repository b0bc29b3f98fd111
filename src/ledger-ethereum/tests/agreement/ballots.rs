//! Ballots with each field at its boundaries, rightly signed or not, at every moment.

use std::sync::LazyLock;

use proptest::prelude::*;
use symbolon_election::{Domain, ElectionId, Entry, Typed as _, UnverifiedBallot, VoterId};
use symbolon_ledger::Rule;
use symbolon_ledger_ethereum::contract::Skip;

use crate::bend::{Bend, bend};
use crate::cases;
use crate::machine::{CHAIN, Machine};
use crate::observer::{Named, named};
use crate::signatures::{Form, form};
use crate::support::{CLOSES, GRACE, OPENS, Script, ballot_key, signer};

const VOTERS: u32 = 5;
const MAX_BALLOTS: u8 = 3;

#[derive(Clone, Debug)]
pub struct Cast {
    /// The first election has its token key rotated; the second has one question of 63 options and no
    /// roll yet; the third is nowhere.
    election: u8,
    voter: bool,
    place: u32,
    key: u8,
    sequence: u8,
    choice: Vec<u8>,
    /// Who signed the token: the first issuer, the next, one who comes later, a stranger, nobody.
    issuer: u8,
    /// Whose key signed the ballot.
    signer: u8,
    token_form: Form,
    ballot_form: Form,
    /// For which chain and contract it was signed.
    domain: u8,
    /// What its signatures say, and it doesn't: fields exchanged after signing.
    after: u8,
    pub bends: Vec<Bend>,
}

fn choice() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop_oneof![
            Just(vec![0, 1, 1]), Just(vec![1, 3, 1, 2]), Just(vec![2, 1, 3, 1, 2]), Just(vec![2, 2, 3, 1, 1])
        ],
        1 => prop_oneof![
            Just(vec![0, 0, 0]), Just(vec![]), Just(vec![0]), Just(vec![3, 1, 2, 3, 1, 1]), Just(vec![0, 0]),
            Just(vec![2, 3, 1, 1, 1]), Just(vec![2, 2, 2, 1, 1]), Just(vec![1, 4, 1, 1]), Just(vec![1, 0, 1, 1]),
            Just(vec![0, 1, 3]), Just(vec![0, 1, 0]), Just(vec![0, 2, 1, 2]), Just(vec![0, 1, 1, 0]), Just(vec![255])
        ],
        1 => prop::collection::vec(0..4u8, 0..9),
        1 => (0..70u8, 0..3u8).prop_map(|(count, gap)| {
            std::iter::once(count).chain((1..=count).map(|option| option + gap)).collect()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ]
}

pub fn cast() -> impl Strategy<Value = Cast> {
    let mostly = |good: u8, all: std::ops::Range<u8>| prop_oneof![8 => Just(good), 1 => all];
    let place = prop_oneof![
        6 => 0..VOTERS, 1 => Just(VOTERS - 1), 1 => Just(VOTERS), 1 => Just(u32::MAX), 1 => any::<u32>()
    ];
    let sequence = prop_oneof![6 => 0..MAX_BALLOTS, 1 => Just(MAX_BALLOTS), 1 => any::<u8>()];
    let bends = prop_oneof![6 => Just(vec![]), 1 => prop::collection::vec(bend(), 1..3)];
    let fields = (
        mostly(0, 0..3),
        prop::bool::weighted(0.9),
        place,
        mostly(0, 0..3),
        sequence,
        choice(),
    );
    let signing = (
        mostly(0, 0..5),
        mostly(0, 0..3),
        form(),
        form(),
        mostly(0, 0..4),
        mostly(0, 0..6),
    );
    (fields, signing, bends).prop_map(|(fields, signing, bends)| {
        let (election, voter, place, key, sequence, choice) = fields;
        let (issuer, signer, token_form, ballot_form, domain, after) = signing;
        Cast {
            election,
            voter,
            place,
            key,
            sequence,
            choice,
            issuer,
            signer,
            token_form,
            ballot_form,
            domain,
            after,
            bends,
        }
    })
}

/// Two elections on a chain: one open, with its token key rotated, and one without a roll.
pub struct Stage {
    pub machine: Machine,
    pub statements: Vec<(Vec<u8>, u64)>,
    script: Script,
    elections: [ElectionId; 3],
}

/// Made once: a case begins with a copy of the machine.
pub static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

impl Stage {
    fn new() -> Self {
        let mut machine = Machine::new();
        let mut script = Script::new(VOTERS);
        script.domain = machine.domain();
        let mut second = script.clone();
        second.manifest.shape = vec![63, 1, 63];
        second.publish_manifest();
        script.publish_manifest();
        script.publish_roll();
        script.rotate("issuer", "issuer 1");
        script.entries.extend(second.entries.clone());
        for (entry, time) in &script.entries {
            machine.publish(entry, *time).unwrap();
        }
        Self {
            machine,
            statements: std::mem::take(&mut script.entries),
            elections: [script.id(), second.id(), ElectionId::new([8; 32])],
            script,
        }
    }

    /// A ballot with which everything is right.
    pub fn good(&self) -> Vec<u8> {
        self.script.signed(0, 0, 0, &[0, 1, 1]).to_entry()
    }

    pub fn entry(&self, cast: &Cast) -> Vec<u8> {
        let voter = self
            .script
            .roll
            .get(cast.place as usize)
            .filter(|_| cast.voter);
        let mut ballot = UnverifiedBallot {
            election: self.elections[usize::from(cast.election)],
            voter_id: voter.copied().unwrap_or(VoterId::new([9; 32])),
            roll_index: symbolon_election::RollIndex(cast.place),
            ballot_key: ballot_key(cast.place, cast.key).address(),
            sequence: cast.sequence,
            choice: cast.choice.clone(),
            token_signature: symbolon_election::Signature::from_bytes([0; 64]),
            ballot_signature: symbolon_election::Signature::from_bytes([0; 64]),
        };
        let other = signer("stranger").address();
        let domain = match cast.domain {
            0 => self.machine.domain(),
            1 => Domain::new(CHAIN + 1, *self.machine.domain().verifying_contract()),
            2 => Domain::new(CHAIN, other),
            _ => Domain::for_log("log.example.org/city"),
        };
        let issuer = match cast.issuer {
            0 => signer("issuer"),
            number => signer(&format!("issuer {number}")),
        };
        let token = issuer.sign(ballot.token().digest(&domain).as_bytes());
        let own = ballot_key(cast.place, cast.key.wrapping_add(cast.signer));
        let signature = own.sign(ballot.ballot().digest(&domain).as_bytes());
        ballot.token_signature = cast.token_form.of(&token);
        ballot.ballot_signature = cast.ballot_form.of(&signature);
        match cast.after {
            1 => ballot.voter_id = VoterId::new([3; 32]),
            2 => ballot.roll_index.0 ^= 1,
            3 => ballot.ballot_key = other,
            4 => ballot.sequence ^= 1,
            5 => std::mem::swap(&mut ballot.token_signature, &mut ballot.ballot_signature),
            _ => {}
        }
        let mut entry = ballot.to_entry();
        cast.bends.iter().for_each(|bend| bend.apply(&mut entry));
        entry
    }
}

/// Whether both say the same of a ballot.
pub fn agree(said: Result<(), Skip>, found: Option<&Named>) -> bool {
    let rule = match said {
        Ok(()) => return found.is_none(),
        Err(Skip::UnknownElection) => Rule::UnknownElection,
        Err(Skip::OutOfTime) => Rule::BallotOutOfTime,
        Err(Skip::Sequence) => Rule::BallotSequence,
        Err(Skip::Choice) => Rule::BallotChoice,
        Err(Skip::BallotSignature) => Rule::BallotSignature,
        Err(Skip::TokenSignature | Skip::UnknownIssuer) => Rule::TokenIssuer,
        Err(Skip::BeyondRoll) => Rule::BallotBeyondRoll,
    };
    let Some((named, detail)) = found else {
        return false;
    };
    // A token's signature that is none, and one of a stranger, are told apart by the words.
    let stranger = detail.contains("no known issuer");
    *named == rule && (rule != Rule::TokenIssuer || stranger == (said == Err(Skip::UnknownIssuer)))
}

pub fn moment() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => Just(1_500), 1 => Just(OPENS - 1), 1 => Just(OPENS), 1 => Just(CLOSES), 1 => Just(CLOSES + GRACE),
        1 => Just(CLOSES + GRACE + 1), 1 => Just(900), 1 => Just(9_500)
    ]
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn whatever_is_cast_contract_and_verifier_agree_on_each_ballot(
        casts in prop::collection::vec(cast(), 1..24), time in moment(),
    ) {
        let stage = &*STAGE;
        let ballots = casts.iter().map(|cast| stage.entry(cast));
        // What is no ballot at all makes the whole batch revert: see the batches.
        let ballots: Vec<_> = ballots.filter(|entry| matches!(Entry::decode(entry), Ok(Entry::Ballot(_)))).collect();
        let said = stage.machine.clone().cast(&ballots, time).unwrap();
        let mut entries = stage.statements.clone();
        entries.extend(ballots.iter().map(|ballot| (ballot.clone(), time)));
        let found = named(&stage.machine.domain(), &entries, ballots.len());
        for ((said, found), ballot) in said.into_iter().zip(&found).zip(&ballots) {
            prop_assert!(agree(said, found.as_ref()), "{:?}, {:?}: {}", said, found, hex::encode(ballot));
        }
    }
}

#[test]
fn an_issuer_counts_from_its_rotation_on_and_a_place_from_its_roll_statement_on() {
    let mut machine = Machine::new();
    let mut script = Script::new(VOTERS);
    script.domain = machine.domain();
    script.manifest.roll_batch_min = 2;
    script.open();
    let cast = |machine: &mut Machine, script: &Script, place: u32, issuer: &str| {
        let mut script = script.clone();
        script.issuer = issuer.to_owned();
        script.add_places("more", 2);
        machine
            .cast(&[script.signed(place, 0, 0, &[0, 1, 1]).to_entry()], 1_500)
            .unwrap()[0]
    };
    let publish = |machine: &mut Machine, script: &mut Script| {
        for (entry, time) in std::mem::take(&mut script.entries) {
            machine.publish(&entry, time).unwrap();
        }
    };
    publish(&mut machine, &mut script);
    assert_eq!(
        cast(&mut machine, &script, 0, "next"),
        Err(Skip::UnknownIssuer)
    );
    script.rotate("issuer", "next");
    publish(&mut machine, &mut script);
    assert_eq!(cast(&mut machine, &script, 0, "next"), Ok(()));
    assert_eq!(cast(&mut machine, &script, 0, "issuer"), Ok(()));
    let new = VOTERS + 1;
    assert_eq!(
        cast(&mut machine, &script, new, "next"),
        Err(Skip::BeyondRoll)
    );
    script.add_places("more", 2);
    script.publish_roll();
    publish(&mut machine, &mut script);
    assert_eq!(cast(&mut machine, &script, new, "next"), Ok(()));
    assert_eq!(
        cast(&mut machine, &script, new + 1, "next"),
        Err(Skip::BeyondRoll)
    );
}
