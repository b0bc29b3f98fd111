//! Batches: entries end to end, cut, lengthened, empty, huge.

use proptest::prelude::*;
use symbolon_election::Entry;
use symbolon_ledger_ethereum::contract::{self, BallotBox::BallotBoxErrors, Skip};

use crate::ballots::{STAGE, agree, cast, moment};
use crate::bend::bend;
use crate::cases;
use crate::machine::Refusal;
use crate::observer::named;

/// The ballots of a batch, if it is nothing but whole ones.
fn split(mut batch: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut ballots = Vec::new();
    while !batch.is_empty() {
        let length = u16::from_be_bytes(batch.get(90..92)?.try_into().ok()?);
        let (ballot, rest) = batch.split_at_checked(220 + usize::from(length))?;
        // A choice longer than any question allows is the one thing that the contract passes over and a
        // reader can't decode: it is recorded nowhere.
        let long = usize::from(length) > symbolon_election::MAX_CHOICE;
        if ballot[0] != 0x10
            || ballot[69..89] == [0; 20]
            || !(long || Entry::decode(ballot).is_ok())
        {
            return None;
        }
        ballots.push(ballot.to_vec());
        batch = rest;
    }
    Some(ballots)
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_batch_is_taken_ballot_by_ballot_or_is_no_batch(
        casts in prop::collection::vec(cast(), 0..12),
        bends in prop_oneof![1 => Just(vec![]), 2 => prop::collection::vec(bend(), 1..4)],
        time in moment(),
    ) {
        let stage = &*STAGE;
        let mut machine = stage.machine.clone();
        let mut batch: Vec<u8> = casts.iter().flat_map(|cast| stage.entry(cast)).collect();
        bends.iter().for_each(|bend| bend.apply(&mut batch));
        let Some(ballots) = split(&batch) else {
            let refusal = machine.call(contract::cast_call(batch), time).err();
            prop_assert!(matches!(refusal, Some(Refusal::Named(BallotBoxErrors::Malformed(_)))), "{refusal:?}");
            return Ok(());
        };
        let said = machine.cast(&ballots, time).unwrap();
        let mut entries = stage.statements.clone();
        entries.extend(ballots.iter().map(|ballot| (ballot.clone(), time)));
        let found = named(&machine.domain(), &entries, ballots.len());
        for ((said, found), ballot) in said.into_iter().zip(&found).zip(&ballots) {
            let undecodable = Entry::decode(ballot).is_err() && said.is_err();
            prop_assert!(undecodable || agree(said, found.as_ref()), "{:?}, {:?}", said, found);
        }
    }
}

#[test]
fn an_empty_batch_records_nothing() {
    let mut machine = STAGE.machine.clone();
    let outcome = machine
        .call(contract::cast_call(Vec::new()), 1_500)
        .unwrap();
    assert!(outcome.logs.is_empty());
}

#[test]
fn a_huge_batch_is_taken_whole() {
    let stage = &*STAGE;
    let good = stage.good();
    let ballots = vec![good; 2_000];
    let said = stage.machine.clone().cast(&ballots, 1_500).unwrap();
    assert!(said.iter().all(Result::is_ok));
}

#[test]
fn the_longest_choices_are_passed_over_and_what_follows_counts() {
    let stage = &*STAGE;
    let good = stage.good();
    for length in [8_193, 16_384, 16_385, 65_535_usize] {
        let mut long = good.clone();
        long[90..92].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        let choice = usize::from(u16::from_be_bytes([good[90], good[91]]));
        long.splice(92..92 + choice, vec![1; length]);
        let said = stage
            .machine
            .clone()
            .cast(&[good.clone(), long, good.clone()], 1_500)
            .unwrap();
        assert_eq!(said, [Ok(()), Err(Skip::Choice), Ok(())]);
    }
}
