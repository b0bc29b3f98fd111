//! The contract against the verifier: what it records the verifier takes, what it passes over or
//! reverts the verifier names.

use symbolon_election::{
    Cancelled, Certified, Close, Domain, Entry, IssuerRotation, LedgerHead, Statement,
};
use symbolon_ledger_ethereum::contract::{self, Skip};
use symbolon_ledger_ethereum::{EthereumError, Node};

use crate::chain::{Anvil, PAYER, STRANGER};
use crate::support::{CLOSES, GRACE, OPENS, Script, no_tally, officers, signer};

const GAS: u64 = 12_000_000;

/// One contract with a scripted election on it.
pub struct Box {
    pub anvil: Anvil,
    pub node: Node,
    pub domain: Domain,
    pub script: Script,
}

impl Box {
    pub fn new(voters: u32) -> Self {
        let anvil = Anvil::start(&["--timestamp", "100"]);
        let domain = anvil.ballot_box();
        let mut script = Script::new(voters);
        script.domain = domain.clone();
        Self {
            node: anvil.node(&domain),
            domain,
            script,
            anvil,
        }
    }

    pub fn opened(voters: u32) -> Self {
        let mut this = Self::new(voters);
        this.script.open();
        for entry in this.written() {
            this.publish(&entry).unwrap();
        }
        this
    }

    /// What the script wrote since the last time.
    pub fn written(&mut self) -> Vec<Vec<u8>> {
        let entries = std::mem::take(&mut self.script.entries);
        entries.into_iter().map(|(entry, _)| entry).collect()
    }

    fn at(&self, time: u64) {
        self.anvil.set_time(time);
        self.anvil.mine();
    }

    /// Why the contract doesn't take a statement, or that it does.
    pub fn publish(&self, entry: &[u8]) -> Result<(), String> {
        let call = contract::publish_call(entry);
        match self.node.view(&call) {
            Err(EthereumError::Refused { data, .. }) => return Err(contract::revert_reason(&data)),
            answer => drop(answer.unwrap()),
        }
        let to = *self.domain.verifying_contract();
        let receipt = self
            .anvil
            .transact(&self.node, STRANGER, Some(&to), call, GAS);
        let receipt = receipt.unwrap();
        assert!(receipt.success);
        assert_eq!(receipt.logs.len(), 1);
        assert_eq!(
            (&receipt.logs[0].0[..], &receipt.logs[0].1[..]),
            (&[][..], entry)
        );
        Ok(())
    }

    /// Casts ballots in one transaction: for each, whether it was recorded, or why not.
    pub fn cast(&self, ballots: &[Vec<u8>]) -> Vec<Result<(), Skip>> {
        let to = *self.domain.verifying_contract();
        let call = contract::cast_call(ballots.concat());
        let receipt = self.anvil.transact(&self.node, PAYER, Some(&to), call, GAS);
        let receipt = receipt.unwrap();
        assert!(receipt.success);
        let mut outcome: Vec<Result<(), Skip>> = vec![Ok(()); ballots.len()];
        let mut recorded = Vec::new();
        for (topics, data) in &receipt.logs {
            match topics.is_empty() {
                true => recorded.push(data.to_vec()),
                false => {
                    let (position, reason) = Skip::read(topics, data).unwrap();
                    outcome[position as usize] = Err(reason);
                }
            }
        }
        let good = ballots.iter().zip(&outcome).filter(|(_, it)| it.is_ok());
        let expected: Vec<_> = good.map(|(ballot, _)| ballot.clone()).collect();
        assert_eq!(recorded, expected, "byte for byte, in order");
        outcome
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_whole_election_by_strangers_is_recorded_byte_for_byte() {
    let mut this = Box::opened(6);
    this.at(1_500);
    for place in 0..6 {
        this.script.ballot(place, 0, &[1, 2, 1, 1]);
    }
    let ballots = this.written();
    assert_eq!(this.cast(&ballots), vec![Ok(()); 6]);
    // Once more: the contract keeps nothing per ballot, readers rank.
    assert_eq!(this.cast(&ballots[..1]), vec![Ok(())]);
    this.at(CLOSES + 1);
    this.script.close();
    let close = this.written().remove(0);
    this.publish(&close).unwrap();
    assert!(this.publish(&close).unwrap_err().contains("already"));
    this.at(CLOSES + GRACE + 1);
    let certified = this.certified();
    this.publish(&certified).unwrap();
    assert!(this.publish(&certified).unwrap_err().contains("already"));
}

impl Box {
    fn entry(&self, statement: Statement) -> Vec<u8> {
        let mut script = self.script.clone();
        script.officers_state(statement);
        script.entries.pop().unwrap().0
    }

    fn certified(&self) -> Vec<u8> {
        self.entry(Statement::Certified(Certified {
            election: self.script.id(),
            ledger_size: 7,
            ledger_head: LedgerHead::new([7; 32]),
            tally_hash: no_tally(),
        }))
    }
}

/// Everything but each one's own reason is good about these ballots.
fn bent(script: &Script) -> Vec<(Vec<u8>, Result<(), Skip>)> {
    let good = || script.signed(1, 0, 0, &[0, 1, 1]);
    let mut other_election = good();
    other_election.election = symbolon_election::ElectionId::new([8; 32]);
    let mut flipped = good();
    let mut bytes = *flipped.ballot_signature.as_bytes();
    bytes[7] ^= 1;
    flipped.ballot_signature = symbolon_election::Signature::from_bytes(bytes);
    let mut no_token = good();
    no_token.token_signature = symbolon_election::Signature::from_bytes([0xff; 64]);
    let mut others_token = good();
    others_token.token_signature = signer("thief").sign(&[1; 32]);
    let mut high = good();
    high.ballot_signature = high_s(&high.ballot_signature);
    let sequence = script.signed(1, 0, 3, &[0, 1, 1]);
    let zeros = script.signed(1, 0, 0, &[0, 0, 0]);
    let choice = |choice: &[u8]| script.signed(1, 0, 0, choice).to_entry();
    vec![
        (good().to_entry(), Ok(())),
        (other_election.to_entry(), Err(Skip::UnknownElection)),
        (sequence.to_entry(), Err(Skip::Sequence)),
        (zeros.to_entry(), Err(Skip::Choice)),
        (choice(&[2, 3, 1, 1, 1]), Err(Skip::Choice)),
        (choice(&[3, 1, 2, 3, 1, 1]), Err(Skip::Choice)),
        (choice(&[1, 4, 1, 1]), Err(Skip::Choice)),
        (choice(&[1, 1, 0]), Err(Skip::Choice)),
        (choice(&[]), Err(Skip::Choice)),
        (choice(&[0, 1, 1, 0]), Err(Skip::Choice)),
        (choice(&[200, 1]), Err(Skip::Choice)),
        (flipped.to_entry(), Err(Skip::BallotSignature)),
        (high.to_entry(), Err(Skip::BallotSignature)),
        (no_token.to_entry(), Err(Skip::TokenSignature)),
        (others_token.to_entry(), Err(Skip::UnknownIssuer)),
        (
            script.signed(6, 0, 0, &[0, 1, 1]).to_entry(),
            Err(Skip::BeyondRoll),
        ),
        (script.signed(5, 0, 2, &[2, 1, 3, 1, 2]).to_entry(), Ok(())),
    ]
}

/// The other signature of the same key on the same digest.
fn high_s(signature: &symbolon_election::Signature) -> symbolon_election::Signature {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36,
        0x41, 0x41,
    ];
    let mut bytes = *signature.as_bytes();
    bytes[32] &= 0x7f;
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        bytes[32 + at] = digit.rem_euclid(256) as u8;
    }
    symbolon_election::Signature::from_bytes(bytes)
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn bad_ballots_are_passed_over_with_their_reason_and_the_rest_counts() {
    let this = Box::opened(6);
    this.at(1_500);
    let (ballots, expected): (Vec<_>, Vec<_>) = bent(&this.script).into_iter().unzip();
    assert_eq!(this.cast(&ballots), expected);
}

/// The rule that the verifier names for what the contract passes over.
fn rule_of(skip: Skip) -> &'static str {
    match skip {
        Skip::UnknownElection => "UNKNOWN_ELECTION",
        Skip::OutOfTime => "BALLOT_OUT_OF_TIME",
        Skip::Sequence => "BALLOT_SEQUENCE",
        Skip::Choice => "BALLOT_CHOICE",
        Skip::BallotSignature => "BALLOT_SIGNATURE",
        Skip::TokenSignature | Skip::UnknownIssuer => "TOKEN_ISSUER",
        Skip::BeyondRoll => "BALLOT_BEYOND_ROLL",
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn the_verifier_names_for_each_ballot_what_the_contract_says() {
    let mut script = Script::opened(6);
    script.now = 1_500;
    for (entry, expected) in bent(&script) {
        let mut bent = script.clone();
        bent.push(entry);
        let expected: Vec<_> = expected.err().map(rule_of).into_iter().collect();
        assert_eq!(bent.broken(), expected);
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn time_is_the_block_s_to_the_second() {
    let this = Box::opened(4);
    let ballot = [this.script.signed(1, 0, 0, &[0, 1, 1]).to_entry()];
    for (time, outcome) in [
        (OPENS - 1, Err(Skip::OutOfTime)),
        (OPENS, Ok(())),
        (CLOSES, Ok(())),
        (CLOSES + GRACE, Ok(())),
        (CLOSES + GRACE + 1, Err(Skip::OutOfTime)),
    ] {
        this.anvil.set_time(time);
        assert_eq!(this.cast(&ballot), [outcome], "at {time}");
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn bytes_that_are_no_whole_ballots_revert() {
    let this = Box::opened(4);
    this.at(1_500);
    let good = this.script.signed(1, 0, 0, &[0, 1, 1]).to_entry();
    let mut trailing = good.clone();
    trailing.push(0);
    let mut nobodys = good.clone();
    nobodys[69..89].fill(0);
    let mut tag = good.clone();
    tag[0] = 0x11;
    for bytes in [
        &good[1..],
        &good[..good.len() - 1],
        &trailing,
        &nobodys,
        &tag,
    ] {
        let answer = this.node.view(&contract::cast_call(bytes.to_vec()));
        let Err(EthereumError::Refused { data, .. }) = answer else {
            panic!("{answer:?}");
        };
        assert!(contract::revert_reason(&data).contains("one encoding"));
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_ballot_for_another_chain_or_contract_is_passed_over() {
    let this = Box::opened(4);
    this.at(1_500);
    let contract = *this.domain.verifying_contract();
    for domain in [
        Domain::new(1, contract),
        Domain::new(31_337, officers()[0].address()),
    ] {
        let mut other = this.script.clone();
        let election = this.script.id();
        other.domain = domain;
        let mut ballot = other.signed(1, 0, 0, &[0, 1, 1]);
        ballot.election = election;
        let ballot = other.sign(ballot, 0);
        assert_eq!(
            this.cast(&[ballot.to_entry()]),
            [Err(Skip::BallotSignature)]
        );
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn statements_that_are_not_canonical_are_refused() {
    let mut this = Box::new(4);
    this.script.publish_manifest();
    let manifest = this.written().remove(0);
    let signatures = manifest.len() - 128;
    let with = |at: usize, bytes: &[u8]| [&manifest[..at], bytes, &manifest[at..]].concat();
    // Behind the struct; behind the signatures; another offset with a word before it.
    let mut moved = with(34, &[0; 32]);
    moved[33] = 0x40;
    let mut dirty = manifest.clone();
    dirty[2 + 32 + 3 * 32] = 1;
    for bent in [
        with(signatures, &[0; 32]),
        with(manifest.len(), &[0]),
        moved,
        dirty,
    ] {
        assert!(
            Entry::decode(&bent).is_err(),
            "the verifier refuses it, too"
        );
        let refused = this.publish(&bent).unwrap_err();
        assert!(refused.contains("encoding"), "{refused}");
    }
    this.publish(&manifest).unwrap();
    assert!(this.publish(&manifest).unwrap_err().contains("already"));
    let cancelled = this.entry(Statement::Cancelled(Cancelled {
        election: this.script.id(),
    }));
    let longer = [&cancelled[..34], &[0; 32], &cancelled[34..]].concat();
    assert!(this.publish(&longer).unwrap_err().contains("encoding"));
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn too_few_doubled_unsorted_and_strange_officers_are_refused() {
    let this = Box::opened(4);
    let of = |at: &[usize]| {
        at.iter()
            .map(|at| officers().remove(*at))
            .collect::<Vec<_>>()
    };
    let strangers = vec![officers().remove(0), signer("stranger")];
    let rotation = Statement::IssuerRotation(IssuerRotation {
        election: this.script.id(),
        current: signer("issuer").address(),
        next: signer("next").address(),
    });
    for signers in [of(&[]), of(&[0]), of(&[0, 0]), of(&[1, 0]), strangers] {
        let mut script = this.script.clone();
        script.state(rotation.clone(), &signers);
        let entry = script.entries.pop().unwrap().0;
        assert!(this.publish(&entry).unwrap_err().contains("not signed"));
    }
    let mut script = this.script.clone();
    script.state(rotation, &of(&[0, 1, 2]));
    this.publish(&script.entries.pop().unwrap().0).unwrap();
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn statements_out_of_their_order_are_refused() {
    let mut this = Box::new(4);
    let id = this.script.id();
    this.script.publish_roll();
    let roll = this.written().remove(0);
    assert!(this.publish(&roll).unwrap_err().contains("no manifest"));
    this.script.publish_manifest();
    let manifest = this.written().remove(0);
    this.publish(&manifest).unwrap();
    let mut second = this.script.roll_statement();
    second.sequence = 1;
    let second = this.entry(Statement::RollStatement(second));
    assert!(
        this.publish(&second)
            .unwrap_err()
            .contains("next statement")
    );
    this.publish(&roll).unwrap();
    assert!(this.publish(&roll).unwrap_err().contains("next statement"));
    assert!(this.publish(&second).unwrap_err().contains("frozen"));
    let rotate = |current: &str, next: &str| {
        this.entry(Statement::IssuerRotation(IssuerRotation {
            election: id,
            current: signer(current).address(),
            next: signer(next).address(),
        }))
    };
    this.publish(&rotate("issuer", "next")).unwrap();
    for (current, next) in [("issuer", "third"), ("next", "issuer"), ("next", "next")] {
        let refused = this.publish(&rotate(current, next)).unwrap_err();
        assert!(refused.contains("issuer in force"), "{refused}");
    }
    let mut script = this.script.clone();
    let close = |close: Close| this.entry(Statement::Close(close));
    this.at(CLOSES);
    assert!(
        this.publish(&close(script.close_statement()))
            .unwrap_err()
            .contains("time")
    );
    this.at(CLOSES + 1);
    assert!(this.publish(&rotate("next", "third")).is_err());
    let other = Close {
        roll_size: 3,
        ..script.close_statement()
    };
    assert!(
        this.publish(&close(other))
            .unwrap_err()
            .contains("another roll")
    );
    assert!(
        this.publish(&this.certified())
            .unwrap_err()
            .contains("time")
    );
    this.publish(&close(script.close_statement())).unwrap();
    assert!(
        this.publish(&this.certified())
            .unwrap_err()
            .contains("time")
    );
    this.at(CLOSES + GRACE + 1);
    this.publish(&this.certified()).unwrap();
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn manifests_that_break_a_rule_are_refused_by_the_field_s_name() {
    let this = Box::new(4);
    let good = this.script.manifest.clone();
    let bend = |bend: &dyn Fn(&mut symbolon_election::Manifest)| {
        let mut manifest = good.clone();
        bend(&mut manifest);
        manifest
    };
    let mut refused = 0;
    for (field, manifest) in [
        ("shape", bend(&|it| it.shape = vec![1, 1])),
        ("shape", bend(&|it| it.shape = vec![2, 2, 1])),
        ("shape", bend(&|it| it.shape = vec![])),
        ("shape", bend(&|it| it.shape = [1, 1, 1].repeat(33))),
        ("closes", bend(&|it| it.closes = it.opens)),
        ("grace", bend(&|it| it.grace = u64::MAX)),
        (
            "forgetAfter",
            bend(&|it| it.forget_after = it.closes + it.grace),
        ),
        ("maxBallots", bend(&|it| it.max_ballots = 0)),
        ("threshold", bend(&|it| it.threshold = 0)),
        ("threshold", bend(&|it| it.threshold = 4)),
        ("officers", bend(&|it| it.officers.swap(0, 1))),
        ("officers", bend(&|it| it.officers[1] = it.officers[0])),
        ("gateways", bend(&|it| it.gateways.push(it.gateways[0]))),
        ("custody", bend(&|it| it.custody = 2)),
        ("anonymity", bend(&|it| it.anonymity = 1)),
        ("results", bend(&|it| it.results = 1)),
        ("payload", bend(&|it| it.payload = 1)),
    ] {
        assert!(
            manifest.validate().is_err(),
            "the verifier refuses {field}, too"
        );
        let entry = this.entry(Statement::Manifest(manifest));
        let reason = this.publish(&entry).unwrap_err();
        assert!(
            reason.contains(&format!("Manifest.{field} ")),
            "{field}: {reason}"
        );
        refused += 1;
    }
    assert_eq!(refused, 17);
    this.publish(&this.entry(Statement::Manifest(good)))
        .unwrap();
}

/// Random bending of one byte: contract and verifier agree on each ballot.
#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn whatever_byte_is_bent_contract_and_verifier_agree() {
    let this = Box::opened(6);
    this.at(1_500);
    let script = this.script.clone();
    let ballots: Vec<_> = bent(&script).into_iter().map(|(entry, _)| entry).collect();
    let mut state = 0x9e37_79b9_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut entries = Vec::new();
    while entries.len() < 300 {
        let mut entry = ballots[random(ballots.len())].clone();
        let (place, bit) = (random(entry.len()), random(8));
        entry[place] ^= 1 << bit;
        // Other framing reverts: see above.
        if Entry::decode(&entry).is_ok() {
            entries.push(entry);
        }
    }
    let mut whole = Script::new(6);
    whole.domain = this.domain.clone();
    whole.open();
    let opened = whole.entries.clone();
    for piece in entries.chunks(100) {
        for (entry, outcome) in piece.iter().zip(this.cast(piece)) {
            let mut one = whole.clone();
            one.entries.clone_from(&opened);
            one.now = 1_500;
            one.push(entry.clone());
            // That a voter ID isn't at its place only the roll's files tell.
            let named: Vec<_> = one
                .broken()
                .into_iter()
                .filter(|it| *it != "BALLOT_NOT_ON_ROLL")
                .collect();
            let expected: Vec<_> = outcome.err().map(rule_of).into_iter().collect();
            assert_eq!(named, expected, "{}", hex::encode(entry));
        }
    }
}
