//! What readers make of what the contract recorded.

use symbolon_election::Statement;
use symbolon_ledger::Report;
use symbolon_ledger_ethereum::contract::Skip;

use crate::machine::Machine;
use crate::support::{Script, signer};

/// The script on a contract.
fn on_contract(voters: u32) -> (Machine, Script) {
    let machine = Machine::new();
    let mut script = Script::new(voters);
    script.domain = machine.domain();
    (machine, script)
}

/// Whatever the script wrote is recorded, and a reader who holds the trust file says this of it.
fn read(machine: &mut Machine, script: &Script) -> Report {
    for (entry, time) in &script.entries {
        match entry[0] {
            0x10 => assert_eq!(
                machine.cast(std::slice::from_ref(entry), *time),
                Ok(vec![Ok(())])
            ),
            _ => machine.publish(entry, *time).unwrap(),
        }
    }
    script.report()
}

#[test]
fn an_old_ballot_replayed_is_recorded_and_the_highest_sequence_counts_the_first_of_equals() {
    let (mut machine, mut script) = on_contract(4);
    script.open();
    script.ballot(1, 0, &[1, 1, 1, 1]);
    let old = script.entries.last().unwrap().0.clone();
    script.ballot(1, 2, &[1, 3, 1, 2]);
    script.push(old);
    script.ballot(1, 2, &[1, 2, 1, 1]);
    let report = read(&mut machine, &script);
    assert!(report.verdict.is_verified(), "{:?}", report.verdict);
    let tally = &report.elections[0].tally;
    assert_eq!((tally.ballots, tally.counted), (4, 1));
    assert_eq!(tally.questions[0].options, [0, 0, 1]);
    let beyond = script.signed(1, 0, 3, &[1, 1, 1, 1]).to_entry();
    assert_eq!(
        machine.cast(&[beyond], 1_500),
        Ok(vec![Err(Skip::Sequence)])
    );
}

#[test]
fn a_look_alike_by_other_officers_is_recorded_and_not_shown() {
    let (mut machine, mut script) = on_contract(4);
    script.open();
    script.ballot(1, 0, &[0, 1, 1]);
    let mut strangers: Vec<_> = ["one", "two"].map(signer).into();
    strangers.sort_by_key(symbolon_crypto::ecdsa::SigningKey::address);
    let mut alike = Script::new(4);
    alike.domain = machine.domain();
    alike.manifest.officers = strangers.iter().map(|key| key.address()).collect();
    alike.state(Statement::Manifest(alike.manifest.clone()), &strangers);
    alike.state(Statement::RollStatement(alike.roll_statement()), &strangers);
    alike.now = 1_500;
    alike.ballot(2, 0, &[0, 1, 1]);
    script.entries.extend(alike.entries);
    script.entries.sort_by_key(|(_, time)| *time);
    let report = read(&mut machine, &script);
    assert!(report.verdict.is_verified(), "{:?}", report.verdict);
    assert_eq!((report.elections.len(), report.elections_of_others), (1, 1));
    assert_eq!(report.elections[0].tally.counted, 1);
}

#[test]
fn a_manifest_longer_than_readers_take_is_refused() {
    let (mut machine, mut script) = on_contract(4);
    let address = |at: u16| {
        let mut bytes = [1; 20];
        bytes[18..].copy_from_slice(&at.to_be_bytes());
        symbolon_election::Address::new(bytes).unwrap()
    };
    let mut outcomes = Vec::new();
    for gateways in [1_900, 2_100] {
        script.manifest.gateways = (0..gateways).map(address).collect();
        script.entries.clear();
        script.publish_manifest();
        let (entry, time) = script.entries[0].clone();
        let taken = machine.publish(&entry, time).is_ok();
        assert_eq!(
            taken,
            symbolon_election::Entry::decode(&entry).is_ok(),
            "{} bytes",
            entry.len()
        );
        outcomes.push(taken);
    }
    assert_eq!(outcomes, [true, false]);
}
