//! Officers' statements in any order, at any time, right or bent.

use proptest::prelude::*;
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{
    Cancelled, Certified, Close, ContentHash, Domain, ElectionId, Entry, IssuerRotation,
    LedgerHead, Manifest, RollRoot, RollStatement, Signature, Statement, TallyHash,
};
use symbolon_ledger::Rule;
use symbolon_ledger_ethereum::contract::BallotBox::BallotBoxErrors as Error;

use crate::bend::{Bend, bend};
use crate::cases;
use crate::machine::{Machine, Refusal};
use crate::observer::{Named, named};
use crate::signatures::{Form, form};
use crate::support::{CLOSES, GRACE, OPENS, Script, officers, signer};

/// One attempt: what is stated, by whom, when, and how it is bent on its way.
#[derive(Clone, Debug)]
struct Attempt {
    what: What,
    signers: Vec<u8>,
    form: (u8, Form),
    bends: Vec<Bend>,
    later: u8,
    /// An earlier one once more.
    again: bool,
}

#[derive(Clone, Debug)]
enum What {
    Manifest(u8, Vec<Twist>),
    Roll {
        election: u8,
        sequence: u32,
        size: u32,
        root: u8,
    },
    Rotation {
        election: u8,
        current: u8,
        next: u8,
    },
    Close {
        election: u8,
        size: u32,
        root: u8,
        issued: u8,
    },
    Certified {
        election: u8,
        tally: u8,
    },
    Cancelled {
        election: u8,
    },
}

/// A change of a manifest before it is signed.
#[derive(Clone, Debug)]
enum Twist {
    Shape(Vec<u8>),
    Opens(u64),
    Closes(u64),
    Grace(u64),
    ForgetAfter(u64),
    MaxBallots(u8),
    RollBatchMin(u32),
    Custody(u8),
    Anonymity(u8),
    Results(u8),
    Payload(u8),
    Threshold(u8),
    Officers(Vec<u8>),
    Gateways(Vec<u8>),
    /// A list longer than an entry may be.
    ManyGateways(u16),
}

fn twist() -> impl Strategy<Value = Twist> {
    let time = || {
        prop_oneof![
            Just(0),
            Just(OPENS),
            Just(CLOSES - 1),
            Just(CLOSES),
            Just(CLOSES + 1),
            Just(CLOSES + GRACE),
            Just(CLOSES + GRACE + 1),
            Just(u64::MAX - CLOSES),
            Just(u64::MAX - CLOSES + 1),
            Just(u64::MAX),
            any::<u64>()
        ]
    };
    let shape = prop_oneof![
        prop::collection::vec(0..4u8, 0..8),
        prop::collection::vec(any::<u8>(), 0..12),
        (30..35usize).prop_map(|questions| [3, 0, 3].repeat(questions)),
    ];
    prop_oneof![
        shape.prop_map(Twist::Shape),
        time().prop_map(Twist::Opens),
        time().prop_map(Twist::Closes),
        time().prop_map(Twist::Grace),
        time().prop_map(Twist::ForgetAfter),
        (0..3u8).prop_map(Twist::MaxBallots),
        (0..4u32).prop_map(Twist::RollBatchMin),
        (0..4u8).prop_map(Twist::Custody),
        (0..4u8).prop_map(Twist::Anonymity),
        (0..4u8).prop_map(Twist::Results),
        (0..4u8).prop_map(Twist::Payload),
        (0..5u8).prop_map(Twist::Threshold),
        prop::collection::vec(0..4u8, 0..5).prop_map(Twist::Officers),
        prop::collection::vec(0..4u8, 0..5).prop_map(Twist::Gateways),
        prop_oneof![
            Just(2_009),
            Just(2_010),
            Just(2_011),
            Just(2_012),
            1_990..2_100u16
        ]
        .prop_map(Twist::ManyGateways),
    ]
}

fn what() -> impl Strategy<Value = What> {
    // The first two are there, of frozen and of growing roll; the third isn't.
    let election = || 0..3u8;
    let size = || prop_oneof![Just(0), Just(4), Just(5), Just(6), Just(8), Just(u32::MAX)];
    prop_oneof![
        2 => (0..2u8, prop::collection::vec(twist(), 0..3)).prop_map(|(of, twists)| What::Manifest(of, twists)),
        4 => (election(), prop_oneof![6 => 0..4u32, 1 => Just(u32::MAX)], size(), 0..2u8)
            .prop_map(|(election, sequence, size, root)| What::Roll { election, sequence, size, root }),
        3 => (election(), 0..5u8, 0..5u8)
            .prop_map(|(election, current, next)| What::Rotation { election, current, next }),
        3 => (election(), size(), 0..2u8, 0..2u8)
            .prop_map(|(election, size, root, issued)| What::Close { election, size, root, issued }),
        2 => (election(), 0..2u8).prop_map(|(election, tally)| What::Certified { election, tally }),
        1 => election().prop_map(|election| What::Cancelled { election }),
    ]
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let signers = prop_oneof![
        6 => Just(vec![0, 1]),
        1 => Just(vec![0, 1, 2]),
        2 => prop::collection::vec(0..5u8, 0..5),
    ];
    let bends = prop_oneof![4 => Just(vec![]), 1 => prop::collection::vec(bend(), 1..3)];
    let later = prop_oneof![5 => Just(0u8), 2 => 1..3u8];
    let again = prop_oneof![6 => Just(false), 1 => Just(true)];
    let form = (0..3u8, form());
    (what(), signers, form, bends, later, again).prop_map(
        |(what, signers, form, bends, later, again)| Attempt {
            what,
            signers,
            form,
            bends,
            later,
            again,
        },
    )
}

/// The moments at which something changes, in their order.
const MOMENTS: [u64; 8] = [
    500,
    OPENS,
    CLOSES,
    CLOSES + 1,
    CLOSES + 2,
    CLOSES + GRACE,
    CLOSES + GRACE + 1,
    9_500,
];

fn manifest(base: &Manifest, of: u8) -> Manifest {
    let mut manifest = base.clone();
    manifest.roll_batch_min = if of == 1 { 2 } else { 0 };
    manifest
}

fn person(number: u8) -> SigningKey {
    match number {
        0..3 => officers().remove(usize::from(number)),
        _ => signer(&format!("stranger {number}")),
    }
}

fn issuer(number: u8) -> SigningKey {
    match number {
        0 => signer("issuer"),
        _ => signer(&format!("issuer {number}")),
    }
}

impl Twist {
    fn apply(&self, manifest: &mut Manifest) {
        let people = |list: &[u8]| list.iter().map(|it| person(*it).address()).collect();
        match self {
            Self::Shape(shape) => manifest.shape.clone_from(shape),
            Self::Opens(time) => manifest.opens = *time,
            Self::Closes(time) => manifest.closes = *time,
            Self::Grace(time) => manifest.grace = *time,
            Self::ForgetAfter(time) => manifest.forget_after = *time,
            Self::MaxBallots(most) => manifest.max_ballots = *most,
            Self::RollBatchMin(least) => manifest.roll_batch_min = *least,
            Self::Custody(mode) => manifest.custody = *mode,
            Self::Anonymity(mode) => manifest.anonymity = *mode,
            Self::Results(mode) => manifest.results = *mode,
            Self::Payload(mode) => manifest.payload = *mode,
            Self::Threshold(least) => manifest.threshold = *least,
            Self::Officers(list) => manifest.officers = people(list),
            Self::Gateways(list) => manifest.gateways = people(list),
            Self::ManyGateways(many) => {
                let address = |at: u16| {
                    let mut bytes = [1; 20];
                    bytes[18..].copy_from_slice(&at.to_be_bytes());
                    symbolon_election::Address::new(bytes).unwrap()
                };
                manifest.gateways = (0..*many).map(address).collect();
            }
        }
    }
}

/// One chain, and what stands on it.
struct Ledger {
    machine: Machine,
    domain: Domain,
    base: Manifest,
    recorded: Vec<(Vec<u8>, u64)>,
    tried: Vec<Vec<u8>>,
    moment: usize,
}

impl Ledger {
    fn new(machine: &Machine) -> Self {
        let machine = machine.clone();
        Self {
            domain: machine.domain(),
            machine,
            base: Script::new(4).manifest,
            recorded: Vec::new(),
            tried: Vec::new(),
            moment: 0,
        }
    }

    fn election(&self, number: u8) -> ElectionId {
        match number {
            0 | 1 => manifest(&self.base, number).election(&self.domain),
            _ => ElectionId::new([8; 32]),
        }
    }

    fn statement(&self, what: &What) -> Statement {
        let root = |number: u8| RollRoot::new([number; 32]);
        match what {
            What::Manifest(of, twists) => {
                let mut manifest = manifest(&self.base, *of);
                twists.iter().for_each(|twist| twist.apply(&mut manifest));
                Statement::Manifest(manifest)
            }
            What::Roll {
                election,
                sequence,
                size,
                root: number,
            } => Statement::RollStatement(RollStatement {
                election: self.election(*election),
                sequence: *sequence,
                size: *size,
                root: root(*number),
            }),
            What::Rotation {
                election,
                current,
                next,
            } => Statement::IssuerRotation(IssuerRotation {
                election: self.election(*election),
                current: issuer(*current).address(),
                next: issuer(*next).address(),
            }),
            What::Close {
                election,
                size,
                root: number,
                issued,
            } => Statement::Close(Close {
                election: self.election(*election),
                roll_size: *size,
                roll_root: root(*number),
                issued: ContentHash::new([*issued; 32]),
            }),
            What::Certified { election, tally } => Statement::Certified(Certified {
                election: self.election(*election),
                ledger_size: 1,
                ledger_head: LedgerHead::new([1; 32]),
                tally_hash: TallyHash::new([*tally; 32]),
            }),
            What::Cancelled { election } => Statement::Cancelled(Cancelled {
                election: self.election(*election),
            }),
        }
    }

    fn entry(&self, attempt: &Attempt) -> Vec<u8> {
        let earlier = usize::from(attempt.later) + attempt.signers.len();
        if attempt.again && !self.tried.is_empty() {
            return self.tried[earlier % self.tried.len()].clone();
        }
        let statement = self.statement(&attempt.what);
        let digest = statement.digest(&self.domain);
        let sign = |number: &u8| person(*number).sign(digest.as_bytes());
        let mut signatures: Vec<Signature> = attempt.signers.iter().map(sign).collect();
        if let Some(bent) = signatures.get_mut(usize::from(attempt.form.0)) {
            *bent = attempt.form.1.of(bent);
        }
        let mut entry = Entry::from_statement(statement, signatures)
            .unwrap()
            .encode();
        attempt.bends.iter().for_each(|bend| bend.apply(&mut entry));
        entry
    }

    /// What contract and verifier say of an entry; what the contract records stays there.
    fn attempt(&mut self, attempt: &Attempt) {
        self.moment = (self.moment + usize::from(attempt.later)).min(MOMENTS.len() - 1);
        let (entry, time) = (self.entry(attempt), MOMENTS[self.moment]);
        self.tried.push(entry.clone());
        // A ballot is none of this door's.
        if entry.first() == Some(&0x10) {
            assert!(self.machine.publish(&entry, time).is_err());
            return;
        }
        let said = self.machine.publish(&entry, time);
        let twice = self
            .recorded
            .iter()
            .any(|(there, _)| statement_of(there) == statement_of(&entry));
        self.recorded.push((entry, time));
        let found = named(&self.domain, &self.recorded, 1).remove(0);
        assert!(
            agree(&said, found.as_ref(), twice),
            "the contract: {said:?}, the verifier: {found:?}, again: {twice}\n{attempt:?} at {time}\n{}",
            hex::encode(&self.recorded.last().unwrap().0)
        );
        if said.is_err() {
            self.recorded.pop();
        }
    }
}

/// A statement without its signatures, where the entry is one.
fn statement_of(entry: &[u8]) -> Option<Vec<u8>> {
    let signatures = usize::from(*entry.get(1)?) * 64;
    let body = entry.get(2..entry.len().checked_sub(signatures)?)?;
    Some([&entry[..1], body].concat())
}

/// Whether both say the same. `twice`: the very same statement is there already, of which a reader says
/// nothing, and which the contract doesn't take a second time.
fn agree(said: &Result<(), Refusal>, found: Option<&Named>, twice: bool) -> bool {
    let rule = found.map(|(rule, _)| *rule);
    let Err(refusal) = said else {
        return rule.is_none();
    };
    let error = match refusal {
        Refusal::Undecodable => return rule == Some(Rule::EntryMalformed),
        Refusal::Other(_) => return false,
        Refusal::Named(error) => error,
    };
    // That an address is zero, the decoder of the verifier says before anything else.
    if found.is_some_and(|(rule, detail)| {
        *rule == Rule::EntryMalformed && detail.contains("no address is zero")
    }) {
        return true;
    }
    let expected: &[Rule] = match error {
        Error::Malformed(_) => &[Rule::EntryMalformed],
        Error::InvalidManifest(at) => {
            let field = format!("Manifest.{}:", at.field);
            return found.is_some_and(|(rule, detail)| {
                *rule == Rule::ManifestInvalid && detail.starts_with(&field)
            });
        }
        Error::InvalidRotation(_) => &[Rule::RotationInvalid],
        Error::UnknownElection(_) => &[Rule::UnknownElection],
        Error::NotSigned(_) => &[Rule::StatementNotSigned],
        _ if twice && rule.is_none() => return true,
        Error::AlreadyThere(_) => &[Rule::CloseRepeated, Rule::CertifiedRepeated],
        Error::RollNotNext(_) => &[Rule::RollNotNext, Rule::RollStatementRepeated],
        // After Close, or where no addition is promised, another one of a sequence is named as such.
        Error::RollFrozen(_) => &[Rule::RollFrozen, Rule::RollStatementRepeated],
        Error::RollBatchTooSmall(_) => &[Rule::RollBatchTooSmall],
        Error::TooEarly(_) => &[Rule::CloseEarly, Rule::CertifiedEarly],
        Error::OtherRoll(_) => &[Rule::CloseRoll],
        Error::OtherChain(_) => &[],
    };
    rule.is_some_and(|rule| expected.contains(&rule))
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn whatever_officers_or_others_state_contract_and_verifier_agree(
        attempts in prop::collection::vec(attempt(), 1..16),
    ) {
        let machine = Machine::new();
        // Two elections are there, as a rule.
        let mut ledger = Ledger::new(&machine);
        for of in [0, 1] {
            let what = What::Manifest(of, Vec::new());
            let (signers, form) = (vec![0, 1], (0, Form::Good));
            ledger.attempt(&Attempt { what, signers, form, bends: Vec::new(), later: 0, again: false });
        }
        for attempt in &attempts {
            ledger.attempt(attempt);
        }
    }

    #[test]
    fn no_bytes_at_all_make_the_contract_record_what_a_reader_cannot_decode(
        data in prop::collection::vec(any::<u8>(), 0..600), tag in 0..8u8, count in 0..3u8,
    ) {
        let mut machine = Machine::new();
        let mut entry = vec![tag, count];
        entry.extend(&data);
        for call in [
            symbolon_ledger_ethereum::contract::publish_call(&entry),
            symbolon_ledger_ethereum::contract::cast_call(entry.clone()),
            entry.clone(),
        ] {
            if let Ok(outcome) = machine.call(call, OPENS) {
                for (topics, entry) in outcome.logs {
                    prop_assert!(!topics.is_empty() || Entry::decode(&entry).is_ok());
                }
            }
        }
    }
}
