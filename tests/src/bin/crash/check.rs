//! Every acknowledgement is looked at again.

use std::{collections::HashMap, sync::Arc};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use symbolon_api_public::ballots::BallotState;
use symbolon_election::{Entry, EntryHash, entry::entry_hash};

use crate::{
    book::{Fault, Kind},
    device::Device,
    portal::Portal,
    process::Which,
    witness::{Seen, audit_leaves, ledger_entries},
    world::World,
};

/// Questions at once.
const AT_ONCE: usize = 16;
/// Members asked for at a time.
const MEMBERS: usize = 256;
const TRIES: usize = 5;

/// Audited operations, with the outcome of those that succeeded.
const AUDITED: [(&str, &str); 3] = [
    ("RegisterPerson", "registered"),
    ("IssueToken", "issued"),
    ("AddToElectorate", "done"),
];

/// Asks for everything that a daemon acknowledged again.
pub(crate) async fn ask_again(world: &Arc<World>, which: Which) {
    if which == Which::Gateway {
        return ask_for_ballots(world).await;
    }
    let portal = Portal::new(world);
    ask_for_people(world, &portal).await;
    ask_for_members(world, &portal).await;
    ask_for_tokens(world, &portal).await;
}

async fn ask_for_people(world: &World, portal: &Portal) {
    let people: Vec<u64> = world.book().people.keys().copied().collect();
    let asked = people.iter().map(|person| portal.register(*person));
    let answers: Vec<bool> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    note(world, Kind::Registration, &answers);
}

async fn ask_for_members(world: &World, portal: &Portal) {
    let members: Vec<u64> = world.book().members.iter().copied().collect();
    for page in members.chunks(MEMBERS) {
        let added = portal.add(page).await;
        note(world, Kind::Member, &vec![added.is_some(); page.len()]);
        if let Some(added @ 1..) = added {
            let what = format!("{added} members were not there any more");
            world.book().fault(Kind::Member, Fault::Lost, what);
        }
    }
    let size = portal.electorate_size().await;
    if size != Some(members.len() as u64) {
        let what = format!("{} people were added, it holds {size:?}", members.len());
        world.book().fault(Kind::Member, Fault::Doubled, what);
    }
}

async fn ask_for_tokens(world: &World, portal: &Portal) {
    let voters: Vec<usize> = world.book().tokens.keys().copied().collect();
    let asked = voters
        .iter()
        .map(|voter| token_stands(world, portal, *voter));
    let answers: Vec<bool> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    note(world, Kind::Token, &answers);
}

/// The vault knows that it issued, another device gets nothing, the same one the same place. In
/// this order: a token that was lost would be issued anew.
async fn token_stands(world: &World, portal: &Portal, voter: usize) -> bool {
    let issued = portal.has_token(voter).await;
    if issued == Some(false) {
        let what = format!("voter {voter}'s token counts as never issued");
        world.book().fault(Kind::Token, Fault::Lost, what);
    }
    issued.is_some() && portal.take_place(voter).await && portal.issue(voter).await
}

async fn ask_for_ballots(world: &Arc<World>) {
    let device = Device::new(world);
    let hashes: Vec<EntryHash> = world.book().receipts().map(|(hash, _)| *hash).collect();
    let device = &device;
    let asked = hashes.iter().map(|hash| async move {
        // In this order: a ballot that was lost would be taken anew.
        device.standing(hash).await.is_some() && device.cast(hash).await
    });
    let answers: Vec<bool> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    note(world, Kind::Ballot, &answers);
}

fn note(world: &World, kind: Kind, answers: &[bool]) {
    let mut book = world.book();
    for answered in answers {
        match answered {
            true => book.check(kind),
            false => book.fault(kind, Fault::Wrong, "no answer to a question about it"),
        }
    }
}

/// How often each audited operation succeeded, by the leaves.
pub(crate) fn audited(leaves: &[Vec<u8>]) -> HashMap<&'static str, u64> {
    let mut counts = HashMap::new();
    for leaf in leaves {
        let leaf: Value = serde_json::from_slice(leaf).unwrap();
        let found = AUDITED.iter().find(|(operation, outcome)| {
            leaf["operation"] == *operation && leaf["outcome"] == *outcome
        });
        if let Some((operation, _)) = found {
            *counts.entry(*operation).or_default() += 1;
        }
    }
    counts
}

/// The audit log has a leaf for every answered call, none twice, and shows what it showed.
pub(crate) async fn check_audit(world: &World, before: &HashMap<&'static str, u64>, seen: &Seen) {
    let leaves = audit_leaves(world.vault_channel("auditor-main")).await;
    let now = audited(&leaves);
    let mut book = world.book();
    for (operation, _) in AUDITED {
        let count = |counts: &HashMap<_, _>| counts.get(operation).copied().unwrap_or(0);
        let leaves = count(&now) - count(before);
        let calls = world.flight(Which::Vault).counts(operation);
        let most = calls.told + calls.untold;
        println!(
            "  audit leaves of {operation}: {leaves}; calls answered {}, unanswered {}",
            calls.told, calls.untold
        );
        if leaves < calls.told {
            let what = format!("{operation}: {leaves} leaves, {} answers", calls.told);
            book.fault(Kind::Audit, Fault::Lost, what);
        }
        if leaves > most {
            let what = format!("{operation}: {leaves} leaves, at most {most} calls");
            book.fault(Kind::Audit, Fault::Doubled, what);
        }
    }
    seen.hold_against(&leaves, Kind::Audit, &mut book);
}

/// After the last publication: every acknowledged ballot is on the public log once, with its
/// proof; nothing is there twice or was never cast; the log shows what it showed.
pub(crate) async fn check_ledger(world: &Arc<World>, seen: &Seen) {
    ask_for_inclusion(world).await;
    let entries = ledger_entries(&world.house.path("gateway/log"));
    let mut counts: HashMap<EntryHash, u64> = HashMap::new();
    for entry in &entries {
        *counts.entry(entry_hash(entry)).or_default() += 1;
    }
    let mut book = world.book();
    let promised: Vec<EntryHash> = book.receipts().map(|(hash, _)| *hash).collect();
    for hash in promised {
        if !counts.contains_key(&hash) {
            book.fault(
                Kind::Ballot,
                Fault::Lost,
                format!("{hash} isn't on the log"),
            );
        }
    }
    for (hash, count) in &counts {
        if *count > 1 {
            let what = format!("{hash} is on the log {count} times");
            book.fault(Kind::Ballot, Fault::Doubled, what);
        }
    }
    for entry in &entries {
        let is_ballot = matches!(Entry::decode(entry), Ok(Entry::Ballot(_)));
        if is_ballot && !book.ballots.contains_key(&entry_hash(entry)) {
            book.fault(Kind::Ballot, Fault::Wrong, "a ballot that nobody cast");
        }
    }
    seen.hold_against(&entries, Kind::Ledger, &mut book);
}

async fn ask_for_inclusion(world: &Arc<World>) {
    let device = Device::new(world);
    let hashes: Vec<EntryHash> = world.book().receipts().map(|(hash, _)| *hash).collect();
    let asked = hashes.iter().map(|hash| included(world, &device, hash));
    stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
}

async fn included(world: &World, device: &Device, hash: &EntryHash) {
    for _ in 0..TRIES {
        match device.standing(hash).await {
            Some(BallotState::Included) => return,
            Some(state) => {
                let what = format!("{hash} is {state:?} after the last publication");
                world.book().fault(Kind::Ballot, Fault::Lost, what);
                return;
            }
            None => {}
        }
    }
    let what = format!("no answer about {hash}");
    world.book().fault(Kind::Ballot, Fault::Wrong, what);
}

/// How many voters have an acknowledged ballot.
pub(crate) fn voters_who_voted(world: &World) -> usize {
    let book = world.book();
    let voters = book.receipts().map(|(_, ballot)| ballot.voter);
    voters.collect::<std::collections::BTreeSet<_>>().len()
}
