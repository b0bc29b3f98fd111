use proptest::prelude::*;

use super::*;
use crate::standings::Extent;
use crate::tally::{QuestionTally, Range};

const EXTENT: Extent = Extent {
    ledger_size: 100,
    range: Range { first: 1, end: 90 },
    roll_size: 5,
};

fn offer(standings: &mut Standings, at: u64, ballot: UnverifiedBallot) {
    standings.offer(at, &ballot.verify(&verified()).unwrap());
}

fn standings() -> Standings {
    Standings::new(election(), verified().shape())
}

fn list(keys: &[(usize, u8)]) -> IssuedList {
    let mut places = vec![None; 5];
    for (place, by) in keys {
        places[*place] = Some(key(*by).address());
    }
    IssuedList::new(places).unwrap()
}

#[test]
fn the_highest_sequence_counts_and_of_equal_ones_the_first() {
    let mut standings = standings();
    offer(&mut standings, 10, ballot(0, 41, 1, &[1, 1, 1, 1]));
    offer(&mut standings, 11, ballot(0, 41, 0, &[1, 2, 1, 2]));
    offer(&mut standings, 12, ballot(0, 41, 1, &[1, 3, 1, 2]));
    let tally = standings.tally(EXTENT, Some(&list(&[(0, 41)])));
    assert_eq!(
        (tally.ballots, tally.counted, tally.issued),
        (3, 1, Some(1))
    );
    assert_eq!(tally.excluded, [(Exclusion::Superseded, 2)].into());
    let answers = |blank, options: &[u64]| QuestionTally {
        blank,
        options: options.to_vec(),
    };
    assert_eq!(
        tally.questions,
        [answers(0, &[1, 0, 0]), answers(0, &[1, 0])]
    );
    assert_eq!(standings.counting(RollIndex(0), None), Some(10));
}

#[test]
fn blanks_and_several_options_are_counted() {
    let mut standings = standings();
    offer(&mut standings, 10, ballot(0, 41, 0, &[0, 1, 1]));
    offer(&mut standings, 11, ballot(1, 42, 0, &[2, 1, 3, 1, 2]));
    let tally = standings.tally(EXTENT, None);
    assert_eq!(tally.issued, None);
    assert_eq!(
        tally.questions[0],
        QuestionTally {
            blank: 1,
            options: vec![1, 0, 1]
        }
    );
    assert_eq!(
        tally.questions[1],
        QuestionTally {
            blank: 0,
            options: vec![1, 1]
        }
    );
}

#[test]
fn two_keys_contest_a_place_until_close_decides() {
    let mut standings = standings();
    offer(&mut standings, 10, ballot(0, 51, 2, &[1, 1, 1, 1]));
    offer(&mut standings, 11, ballot(0, 41, 0, &[1, 2, 1, 2]));
    offer(&mut standings, 12, ballot(3, 52, 0, &[1, 1, 1, 1]));
    assert_eq!(standings.contested(), [RollIndex(0)]);
    let before = standings.tally(EXTENT, None);
    assert_eq!((before.ballots, before.counted), (3, 1));
    assert_eq!(before.excluded, [(Exclusion::Contested, 2)].into());

    let issued = list(&[(0, 41)]);
    let after = standings.tally(EXTENT, Some(&issued));
    assert_eq!((after.ballots, after.counted), (3, 1));
    assert_eq!(after.excluded, [(Exclusion::OtherKey, 2)].into());
    assert_eq!(after.questions[0].options, [0, 1, 0]);
    let others = standings.other_keys(&issued);
    assert_eq!(
        others,
        [
            (RollIndex(0), key(51).address()),
            (RollIndex(3), key(52).address())
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_reading_does_not_matter_and_every_ballot_is_accounted_for(
        ballots in prop::collection::vec((0u32..3, 41u8..43, 0u8..3, 1u8..4), 0..8),
        late in 0u64..3,
    ) {
        let (mut forth, mut back) = (standings(), standings());
        let made: Vec<_> = ballots
            .iter()
            .map(|(place, by, sequence, option)| ballot(*place, *by, *sequence, &[1, *option, 1, 1]))
            .enumerate()
            .collect();
        for (at, ballot) in &made {
            offer(&mut forth, *at as u64, ballot.clone());
        }
        for (at, ballot) in made.iter().rev() {
            offer(&mut back, *at as u64, ballot.clone());
        }
        for _ in 0..late {
            forth.exclude(Exclusion::Late);
            back.exclude(Exclusion::Late);
        }
        let list = list(&[(0, 41), (1, 42)]);
        for issued in [None, Some(&list)] {
            let tally = forth.tally(EXTENT, issued);
            prop_assert_eq!(&tally, &back.tally(EXTENT, issued));
            prop_assert_eq!(tally.ballots, ballots.len() as u64 + late);
            let excluded: u64 = tally.excluded.values().sum();
            prop_assert_eq!(tally.ballots, tally.counted + excluded);
        }
    }
}
