//! What a ballot costs.

use symbolon_ledger_ethereum::contract;

use crate::chain::{Anvil, PAYER};
use crate::contract::Box;
use crate::support::Script;

/// Gas of one transaction with so many ballots, shared by them.
fn a_ballot(this: &Box, count: u32, choice: &[u8]) -> u64 {
    let ballots = (0..count).map(|place| this.script.signed(place, 0, 0, choice).to_entry());
    let call = contract::cast_call(ballots.collect::<Vec<_>>().concat());
    let to = *this.domain.verifying_contract();
    let receipt = this
        .anvil
        .transact(&this.node, PAYER, Some(&to), call, 12_000_000);
    let receipt = receipt.unwrap();
    assert!(receipt.success);
    assert_eq!(receipt.logs.len(), count as usize);
    receipt.gas_used / u64::from(count)
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_ballot_of_a_batch_of_100_costs_at_most_14_500_gas() {
    let anvil = Anvil::start(&["--timestamp", "100"]);
    let domain = anvil.ballot_box();
    let mut script = Script::new(256);
    script.domain = domain.clone();
    script.manifest.shape = vec![63, 0, 63];
    let mut this = Box {
        node: anvil.node(&domain),
        domain,
        script,
        anvil,
    };
    this.script.open();
    for entry in this.written() {
        this.publish(&entry).unwrap();
    }
    this.anvil.set_time(1_500);
    let long: Vec<u8> = (0..64).map(|at| if at == 0 { 63 } else { at }).collect();
    println!(
        "| ballots in a batch | gas a ballot, choice of 1 byte | of 64 bytes |\n|---|---|---|"
    );
    for count in [1, 10, 50, 100, 200] {
        let (short, long) = (a_ballot(&this, count, &[0]), a_ballot(&this, count, &long));
        println!("| {count} | {short} | {long} |");
        assert!(count < 100 || short <= 14_500, "{short}");
    }
}
