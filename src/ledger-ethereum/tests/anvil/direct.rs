//! A voter who reaches the contract alone: what would keep the ballot out is said before it is paid for.

use symbolon_election::{Entry, TrustFile, UnverifiedBallot, VerifiedManifest};
use symbolon_ledger_ethereum::{Chain, EthereumError, direct};

use crate::chain::PAYER;
use crate::contract::Box;
use crate::support::{self, CLOSES, GRACE, officers};

const CHOICE: &[u8] = &[1, 2, 1, 1];

/// The script's manifest, as a device has it.
fn manifest(this: &Box, entry: &[u8]) -> VerifiedManifest {
    let of_city = officers().iter().map(|key| key.address()).collect();
    let trust = TrustFile::new("City", this.domain.clone(), support::ORIGIN, of_city, 2).unwrap();
    match Entry::decode(entry).unwrap() {
        Entry::Manifest(signed) => signed.verify(&trust).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn cast(
    this: &Box,
    payer: u8,
    manifest: &VerifiedManifest,
    ballot: &UnverifiedBallot,
) -> Result<direct::Cast, EthereumError> {
    let anvil = &this.anvil;
    let config = anvil.config(&this.domain, vec![anvil.url.clone()], 0);
    direct::cast(&config, &anvil.account(payer), manifest, ballot)
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn what_keeps_a_ballot_out_is_named_before_anything_is_paid() {
    let mut this = Box::new(6);
    let config = this
        .anvil
        .config(&this.domain, vec![this.anvil.url.clone()], 0);
    this.script.manifest.ledger_keys = *Chain::open(&config).unwrap().genesis();
    this.script.open();
    let entries = this.written();
    let manifest = manifest(&this, &entries[0]);
    let ballot = this.script.signed(3, 0, 0, CHOICE);
    let balance = || {
        let payer = this.anvil.account(PAYER).address();
        this.node.balance(&payer).unwrap()
    };
    let before = balance();
    let missing = |what| Err(EthereumError::Missing(what));
    assert_eq!(
        cast(&this, PAYER, &manifest, &ballot),
        missing("the election's manifest")
    );
    this.publish(&entries[0]).unwrap();
    assert_eq!(
        cast(&this, PAYER, &manifest, &ballot),
        missing("the election's roll statement")
    );
    this.publish(&entries[1]).unwrap();
    let late = || cast(&this, PAYER, &manifest, &ballot).unwrap_err();
    assert_eq!(late(), EthereumError::PassedOver("not in time"));
    this.anvil.set_time(1_500);
    this.anvil.mine();
    let beyond = this.script.signed(3, 0, 3, CHOICE);
    let beyond = cast(&this, PAYER, &manifest, &beyond).unwrap_err();
    let sequence = "its sequence isn't below maxBallots";
    assert_eq!(beyond, EthereumError::PassedOver(sequence));
    let poor = cast(&this, 99, &manifest, &ballot).unwrap_err();
    assert!(
        matches!(poor, EthereumError::NoFunds { has: 0, .. }),
        "{poor}"
    );
    assert_eq!(balance(), before);

    let done = cast(&this, PAYER, &manifest, &ballot).unwrap();
    assert_eq!(
        done.entry,
        symbolon_election::entry::entry_hash(&ballot.to_entry())
    );
    assert!(done.gas < 60_000 && balance() < before, "{done:?}");
    this.anvil.set_time(CLOSES + GRACE + 1);
    this.anvil.mine();
    assert_eq!(late(), EthereumError::PassedOver("not in time"));
}

#[test]
#[ignore = "needs anvil: tests/ethereum/run"]
fn a_manifest_of_another_chain_is_not_voted_on() {
    let mut this = Box::opened(6);
    this.script.open();
    let entries = this.written();
    let manifest = manifest(&this, &entries[0]);
    let ballot = this.script.signed(3, 0, 0, CHOICE);
    let other = cast(&this, PAYER, &manifest, &ballot);
    assert_eq!(other, Err(EthereumError::OtherGenesis));
}
