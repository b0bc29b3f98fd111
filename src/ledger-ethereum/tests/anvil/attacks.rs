//! What each attack does to a contract like the 2017 pilot's, and what to ours.

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolCall as _, SolValue as _, sol};
use symbolon_election::Address;
use symbolon_ledger_ethereum::contract::{self, Skip};

use crate::chain::{Anvil, PAYER, STRANGER};
use crate::contract::Box;
use crate::support::{CLOSES, GRACE, signer};

sol! {
    function vote(bytes32 voter, uint256[] options) external;
    function votes(uint256 option) external view returns (uint256);
}

/// The pilot's contract, owned by the account that pays: the gateway's.
struct Baseline<'a> {
    anvil: &'a Anvil,
    at: Address,
}

impl<'a> Baseline<'a> {
    fn deploy(anvil: &'a Anvil) -> Self {
        let artifact = include_str!("../../../../tests/ethereum/Baseline.json");
        let mut code = contract::code_of(artifact).unwrap();
        code.extend((U256::from(1_000), U256::from(2_000)).abi_encode_params());
        let at = anvil.deploy(code);
        Self { anvil, at }
    }

    /// Gas used; it never reverts.
    fn vote(&self, by: u8, voter: u8, options: &[u64]) -> u64 {
        let options = options.iter().map(|it| U256::from(*it)).collect();
        let voter = B256::repeat_byte(voter);
        let call = voteCall { voter, options }.abi_encode();
        let node = self.node();
        let receipt = self
            .anvil
            .transact(&node, by, Some(&self.at), call, 1_000_000);
        let receipt = receipt.unwrap();
        assert!(receipt.success);
        receipt.gas_used
    }

    fn votes(&self, option: u64) -> u64 {
        let call = votesCall {
            option: U256::from(option),
        }
        .abi_encode();
        let answer = self.node().view(&call).unwrap();
        U256::from_be_slice(&answer).to()
    }

    fn node(&self) -> symbolon_ledger_ethereum::Node {
        self.anvil.node(&symbolon_election::Domain::new(
            self.anvil.chain_id,
            self.at,
        ))
    }
}

struct Table(Vec<[String; 3]>);

impl Table {
    fn row(&mut self, attack: &str, pilot: impl ToString, ours: Result<(), Skip>) {
        let ours = match ours {
            Ok(()) => "recorded".to_owned(),
            Err(skip) => format!("passed over: {}", skip.words()),
        };
        self.0.push([attack.to_owned(), pilot.to_string(), ours]);
    }
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn what_the_pilot_s_contract_let_through_ours_names() {
    let this = Box::opened(6);
    let script = &this.script;
    let pilot = Baseline::deploy(&this.anvil);
    let cast = |ballot: Vec<u8>| this.cast(&[ballot]).remove(0);
    let mut table = Table(Vec::new());
    this.anvil.set_time(1_500);

    let honest = script.signed(0, 0, 0, &[0, 1, 1]);
    let gas = pilot.vote(PAYER, 1, &[1]);
    assert_eq!(pilot.votes(1), 1);
    assert_eq!(cast(honest.to_entry()), Ok(()));
    table.row("an honest ballot", format!("counted, {gas} gas"), Ok(()));

    let before = pilot.votes(2);
    pilot.vote(STRANGER, 2, &[2]);
    assert_eq!(pilot.votes(2), before);
    let stranger = contract::cast_call(script.signed(1, 0, 0, &[0, 1, 1]).to_entry());
    let to = *this.domain.verifying_contract();
    let receipt = this
        .anvil
        .transact(&this.node, STRANGER, Some(&to), stranger, 1_000_000);
    assert_eq!(receipt.unwrap().logs.len(), 1);
    table.row(
        "a voter casts without the gateway",
        "call succeeds, not counted",
        Ok(()),
    );

    pilot.vote(PAYER, 3, &[0, 0, 0]);
    assert_eq!(pilot.votes(0), 3);
    let zeros = cast(script.signed(2, 0, 0, &[0, 0, 0]).to_entry());
    assert_eq!(zeros, Err(Skip::Choice));
    table.row("[0,0,0]", "counts three times", zeros);

    pilot.vote(PAYER, 4, &[99]);
    assert_eq!(pilot.votes(99), 1);
    let beyond = cast(script.signed(2, 0, 0, &[1, 99, 1, 1]).to_entry());
    assert_eq!(beyond, Err(Skip::Choice));
    table.row("an option that there isn't", "counted", beyond);

    pilot.vote(PAYER, 200, &[1]);
    assert_eq!(pilot.votes(1), 2);
    let mut phantom = script.signed(2, 0, 0, &[0, 1, 1]);
    phantom.token_signature = signer("gateway").sign(&[1; 32]);
    let phantom = cast(phantom.to_entry());
    assert_eq!(phantom, Err(Skip::UnknownIssuer));
    table.row("the gateway invents a voter", "counted", phantom);

    let beyond = cast(script.signed(6, 0, 0, &[0, 1, 1]).to_entry());
    assert_eq!(beyond, Err(Skip::BeyondRoll));
    table.row(
        "a voter beyond the roll",
        "counted: it knows no roll",
        beyond,
    );

    pilot.vote(PAYER, 5, &[2]);
    assert_eq!(pilot.votes(2), 1);
    let mut altered = script.signed(2, 0, 0, &[0, 1, 1]);
    altered.choice = vec![0, 1, 2];
    let altered = cast(altered.to_entry());
    assert_eq!(altered, Err(Skip::BallotSignature));
    table.row("the gateway alters a choice", "counted as it says", altered);

    let again = cast(honest.to_entry());
    assert_eq!(again, Ok(()));
    table.row("a ballot replayed", "first one counts, silently", again);
    table.0.last_mut().unwrap()[2] = "recorded again; readers count one a place".to_owned();

    this.anvil.set_time(CLOSES + GRACE + 1);
    pilot.vote(PAYER, 6, &[1]);
    assert_eq!(pilot.votes(1), 2);
    let late = cast(script.signed(2, 0, 0, &[0, 1, 1]).to_entry());
    assert_eq!(late, Err(Skip::OutOfTime));
    table.row("too late", "call succeeds, not counted", late);

    println!("| attack | like the 2017 pilot | BallotBox |\n|---|---|---|");
    for [attack, pilot, ours] in &table.0 {
        println!("| {attack} | {pilot} | {ours} |");
    }
}
