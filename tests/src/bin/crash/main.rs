//! The daemons killed at random moments under load, by kill -9 and by failures of power.
//!
//! `crash [rotation] [ROUNDS]` founds a city, opens an election, and lets portals and devices call a vault
//! and a gateway while each is killed ROUNDS times and started again without repair; then the
//! same with all writes dropped that were not synced (`tests/faults`). Everything acknowledged
//! has to be there in the end, once. The control shows that the layer drops what it says.
//! Last, the vault is killed again and again while it rotates keys.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod book;
mod check;
mod control;
mod device;
mod disk;
mod finish;
mod flight;
mod killer;
mod portal;
mod process;
mod rotation;
mod storm;
mod table;
mod witness;
mod world;

use std::{process::ExitCode, sync::Arc, time::Instant};

use symbolon_service::clock::unix_now;
use tokio::runtime::Runtime;

use crate::{
    book::Kind,
    check::{ask_again, audited, check_audit, check_ledger},
    disk::Faults,
    process::Which,
    storm::{Callers, Daemons, Disks, Witness, storm},
    witness::audit_leaves,
    world::{VOTERS_A_ROUND, World},
};

const ROUNDS: usize = 15;
/// How often the vault is killed while a key rotates, in each round.
const KILLS_OF_A_ROTATION: usize = 4;
/// How long the election is open: at first, and for each round.
const OPEN_SECONDS: (u64, u64) = (30, 8);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (only_rotation, number) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (false, Some(ROUNDS)),
        ["rotation"] => (true, Some(ROUNDS)),
        ["rotation", rounds] => (true, rounds.parse().ok()),
        [rounds] => (false, rounds.parse().ok()),
        _ => (false, None),
    };
    let Some(rounds @ 1..=500) = number else {
        eprintln!("usage: crash [rotation] [ROUNDS], from 1 to 500");
        return ExitCode::from(2);
    };
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let started = Instant::now();
    let outcome = match only_rotation {
        true => Ok(()),
        false => prove_all(&runtime, rounds),
    };
    let outcome = outcome.and_then(|()| rotation::prove(&runtime, rounds * KILLS_OF_A_ROTATION));
    println!("\n{} s", started.elapsed().as_secs());
    match outcome {
        Ok(()) => {
            println!("nothing acknowledged was lost or doubled, and everybody is found");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("FAILED: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Every kind of call, and the control: it has to lose what it acknowledged.
fn prove_all(runtime: &Runtime, rounds: usize) -> Result<(), String> {
    let faults = Faults::build();
    prove(runtime, &faults, rounds)?;
    control::control(runtime, &faults)
}

fn prove(runtime: &Runtime, faults: &Faults, rounds: usize) -> Result<(), String> {
    let seconds = OPEN_SECONDS.0 + OPEN_SECONDS.1 * rounds as u64;
    let (world, vault, gateway) = World::found(VOTERS_A_ROUND * 2 * (rounds as u64 + 1), seconds);
    let (world, witness) = (Arc::new(world), Witness::default());
    world.flight(Which::Vault).up();
    world.flight(Which::Gateway).up();
    finish::audit(&world);
    let leaves = runtime.block_on(audit_leaves(world.vault_channel("auditor-main")));
    let before = audited(&leaves);
    let daemons = Daemons { vault, gateway };
    let daemons = part(runtime, &world, &witness, daemons, None, rounds)?;
    daemons.stop(&world);
    let disks = Disks::lay(&world, faults, |_| Vec::new());
    let daemons = Daemons::serve(&world, Some(&disks))?;
    let daemons = part(runtime, &world, &witness, daemons, Some(&disks), rounds)?;
    // Once more, and all that follows is told by what was synced.
    println!("\nboth lose power once more");
    daemons.kill(&world);
    disks.lose();
    let daemons = Daemons::serve(&world, None)?;
    look_again(runtime, &world)?;
    runtime.block_on(check_audit(&world, &before, &witness.audit));
    finish_election(runtime, &world, &witness, daemons)
}

/// One way of failing: kills under load, then every answer again.
fn part(
    runtime: &Runtime,
    world: &Arc<World>,
    witness: &Witness,
    daemons: Daemons,
    disks: Option<&Disks>,
    rounds: usize,
) -> Result<Daemons, String> {
    let callers = Callers::start(runtime, world, witness);
    let (daemons, kills) = storm(world, disks, daemons, rounds)?;
    callers.finish(runtime, world);
    let name = match disks {
        None => "kill -9",
        Some(_) => "kill -9, and unsynced writes lost",
    };
    table::kills(name, &kills);
    look_again(runtime, world)?;
    finish::audit(world);
    Ok(daemons)
}

fn look_again(runtime: &Runtime, world: &Arc<World>) -> Result<(), String> {
    world.book().checked.clear();
    runtime.block_on(async {
        ask_again(world, Which::Vault).await;
        ask_again(world, Which::Gateway).await;
    });
    let stray = [Which::Vault, Which::Gateway].map(|which| world.flight(which).stray());
    table::acknowledged(&world.book());
    println!(
        "calls without an answer from a living daemon: vault {}, gateway {}",
        stray[0], stray[1]
    );
    let left = world.manifest.manifest().closes.saturating_sub(unix_now());
    println!("the election stays open for {left} s");
    if !world.is_open() {
        return Err(
            "the election closed before the rounds were over: this machine is too slow".into(),
        );
    }
    something_happened(world)
}

/// A run in which nothing was acknowledged would show nothing.
fn something_happened(world: &World) -> Result<(), String> {
    let book = world.book();
    let kinds = [Kind::Registration, Kind::Member, Kind::Token, Kind::Ballot];
    let silent = kinds.into_iter().find(|kind| book.acknowledged(*kind) == 0);
    silent.map_or(Ok(()), |kind| {
        Err(format!("no {} were acknowledged", kind.name()))
    })
}

fn finish_election(
    runtime: &Runtime,
    world: &Arc<World>,
    witness: &Witness,
    daemons: Daemons,
) -> Result<(), String> {
    finish::close(world);
    runtime.block_on(check_ledger(world, &witness.ledger));
    finish::certify(world)?;
    finish::observe(world, &format!("{}/log", world.house.gateway_url()))?;
    finish::audit(world);
    daemons.stop(world);
    finish::observe(world, &world.house.path("gateway/log"))?;
    finish::check_vault(world);
    println!("\nin the end, the election closed and certified, the observer: verified");
    let book = world.book();
    table::acknowledged(&book);
    match book.is_clean() {
        true => Ok(()),
        false => Err("something acknowledged was lost, doubled or contradicted".into()),
    }
}
