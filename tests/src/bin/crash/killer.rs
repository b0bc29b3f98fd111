//! Kills at random moments, with calls under way.

use std::{
    thread,
    time::{Duration, Instant},
};

use symbolon_crypto::random;

use crate::{
    disk::{Disk, Loss},
    process::{Process, Which},
    world::World,
};

/// How long a daemon serves at least and at most before it is killed.
const SERVING: (u64, u64) = (200, 1500);
/// How soon after its start a daemon may be killed.
const STARTING: u64 = 120;
const PATIENCE: Duration = Duration::from_secs(30);

/// What the kills of one daemon met.
#[derive(Default)]
pub(crate) struct Kills {
    /// Calls under way at each kill.
    pub(crate) in_flight: Vec<u64>,
    /// Calls that each kill left without an answer.
    pub(crate) cut: Vec<u64>,
    /// Kills of a daemon that was just starting.
    pub(crate) starting: usize,
    /// The longest time from a start to serving.
    pub(crate) slowest: Duration,
}

/// A number below `end`, by lot.
pub(crate) fn lot(end: u64) -> u64 {
    u64::from_be_bytes(random::bytes(&mut random::os())) % end
}

/// Kills a daemon so often, loses what `disk` has not synced, and starts it again each time.
pub(crate) fn kill_and_start(
    world: &World,
    which: Which,
    disk: Option<&Disk>,
    mut process: Process,
    rounds: usize,
) -> Result<(Process, Kills), String> {
    let flight = world.flight(which);
    let mut kills = Kills::default();
    for round in 0.. {
        if kills.cut.len() == rounds {
            break;
        }
        if round > 2 * rounds + 3 {
            return Err(format!("kills of the {} cut no call off", which.name()));
        }
        thread::sleep(Duration::from_millis(
            SERVING.0 + lot(SERVING.1 - SERVING.0),
        ));
        let life = flight.life();
        let in_flight = wait_for_calls(world, which)?;
        process.kill();
        lose(disk, round);
        if round % 3 == 1 {
            kill_at_start(world, which, disk, round);
            kills.starting += 1;
        }
        let started = Instant::now();
        process = Process::serve(which, &world.house, disk)?;
        kills.slowest = kills.slowest.max(started.elapsed());
        // A kill counts if it left a call without an answer.
        let cut = wait_for_cut(world, which, life)?;
        if cut > 0 {
            kills.in_flight.push(in_flight);
            kills.cut.push(cut);
        }
        flight.up();
    }
    Ok((process, kills))
}

/// Waits until a call is under way, and takes the daemon for dead from then on.
fn wait_for_calls(world: &World, which: Which) -> Result<u64, String> {
    let waited = Instant::now();
    loop {
        if let Some(calls) = world.flight(which).down_amid_calls() {
            return Ok(calls);
        }
        if waited.elapsed() > PATIENCE {
            return Err(format!("nobody calls the {}", which.name()));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn wait_for_cut(world: &World, which: Which, life: usize) -> Result<u64, String> {
    let waited = Instant::now();
    while waited.elapsed() < PATIENCE {
        match world.flight(which).cut(life) {
            None => thread::sleep(Duration::from_millis(5)),
            Some(cut) => return Ok(cut),
        }
    }
    Err(format!("calls of the killed {} don't end", which.name()))
}

/// A second failure, while the daemon recovers from the first.
fn kill_at_start(world: &World, which: Which, disk: Option<&Disk>, round: usize) {
    let process = Process::launch(which, &world.house, disk);
    thread::sleep(Duration::from_millis(lot(STARTING)));
    process.kill();
    lose(disk, round);
}

fn lose(disk: Option<&Disk>, round: usize) {
    let Some(disk) = disk else { return };
    disk.lose(match round % 3 {
        2 => Loss::ByLot(lot(u64::MAX)),
        _ => Loss::Unsynced,
    });
}
