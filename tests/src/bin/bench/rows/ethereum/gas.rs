//! What a ballot costs on the chain, beside a vote at a contract like the 2017 pilot's.

use alloy_primitives::keccak256;
use symbolon_ledger_ethereum::contract;
use symbolon_tests::anvil::Anvil;

use super::{NODE, Payer, deployed, start};
use crate::{
    poll::{City, Paper},
    row::{Aim, Bench, Series},
};

/// Gas of a ballot of one byte in a batch of 100.
const AIM: f64 = 14_500.0;
const BASELINE: &str = include_str!("../../../../../ethereum/Baseline.json");
const SHORT: Paper = Paper {
    options: (63, 63),
    choice: |_| vec![0],
};
const LONG: Paper = Paper {
    options: (63, 63),
    choice: |_| std::iter::once(63).chain(1..=63).collect(),
};

pub(super) fn cost(bench: &mut Bench) {
    let anvil = Anvil::start(&NODE);
    let domain = deployed(&anvil);
    let mut city = City::build_on(domain.clone(), &anvil.url);
    let polls = [
        ("1 byte", city.open_asking(200, &SHORT)),
        ("64 bytes", city.open_asking(200, &LONG)),
    ];
    let gateway = start(&anvil, &city, polls.len());
    gateway.stop();
    let payer = Payer::new(&anvil, &domain);
    let baseline = baseline(&payer);
    for (choice, poll) in &polls {
        for count in [1, 10, 50, 100, 200] {
            let ballots: Vec<u8> = (0..count)
                .flat_map(|place| poll.ballot(place).to_vec())
                .collect();
            let call = contract::cast_call(ballots);
            let bytes = call.clone();
            let receipt = payer.pay(Some(domain.verifying_contract()), call);
            assert_eq!(receipt.logs.len() as u64, count, "every ballot is recorded");
            let each = receipt.gas_used as f64 / count as f64;
            let mut row = Series::new(
                format!("gas of a ballot, batch of {count}, choice of {choice}"),
                "gas",
                "a vote at a contract like the 2017 pilot's",
                Aim::None,
            );
            row.push(each, baseline);
            row.note(breakdown(
                &bytes,
                poll.ballot(0).len(),
                count,
                receipt.gas_used,
            ));
            bench.row(row);
            if (count, *choice) == (100, "1 byte") {
                let mut aim = Series::new(
                    "gas of a ballot, batch of 100, against the aim",
                    "gas",
                    "the aim",
                    Aim::AtMost(1.0),
                );
                aim.push(each, AIM);
                bench.row(aim);
            }
        }
    }
}

/// By the prices of the chain's rules: what is left is the contract's own work and its share of the
/// transaction.
fn breakdown(call: &[u8], entry: usize, count: u64, used: u64) -> String {
    let (zeros, count) = (
        call.iter().filter(|byte| **byte == 0).count() as u64,
        count as f64,
    );
    let calldata = (16 * (call.len() as u64 - zeros) + 4 * zeros) as f64 / count;
    let event = (375 + 8 * entry) as f64;
    let recoveries = 2.0 * 3_000.0;
    let rest = used as f64 / count - calldata - event - recoveries;
    format!("recoveries {recoveries:.0}, calldata {calldata:.0}, event {event:.0}, rest {rest:.0}")
}

/// Gas of a vote for one option at the other contract, when others voted before.
fn baseline(payer: &Payer<'_>) -> f64 {
    let word = |number: u64| [[0; 24].as_slice(), &number.to_be_bytes()].concat();
    let code = contract::code_of(BASELINE).unwrap();
    let made = payer.pay(None, [code, word(0), word(u64::MAX)].concat());
    let at = made.contract.unwrap();
    let selector = &keccak256("vote(bytes32,uint256[])")[..4];
    let vote = |voter: u64| {
        let voter = keccak256(voter.to_be_bytes()).to_vec();
        let call = [selector.to_vec(), voter, word(64), word(1), word(2)].concat();
        payer.pay(Some(&at), call).gas_used as f64
    };
    vote(0);
    vote(1)
}
