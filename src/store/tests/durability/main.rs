//! What was acknowledged outlives a power failure; with sled's own `flush` it would not.
//!
//! A process writes and tells each acknowledged record; it is killed at a random moment, and all
//! that it had not synced is dropped (`tests/faults`). Then every record told has to be there.
//! The control writes with `flush` alone, under the same layer, and has to lose records: a layer
//! that drops nothing would prove nothing.
//!
//! `cargo test --release -p symbolon-store --test durability -- 30` does 30 rounds.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod faults;
mod flush;
mod store;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use faults::{Faults, Loss};

const ROUNDS: u64 = 12;

/// In which the control has to acknowledge something, so that there is something to lose.
const AT_LEAST: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize| {
        words
            .get(place)
            .and_then(|word| word.parse().ok())
            .unwrap_or(0)
    };
    match words.first().map(String::as_str) {
        Some("write-store") => store::write(Path::new(&words[1]), number(2)),
        Some("write-flush") => flush::write(Path::new(&words[1])),
        Some("check-flush") => return flush::check(Path::new(&words[1]), number(2)),
        _ => prove(
            words
                .iter()
                .find_map(|word| word.parse().ok())
                .unwrap_or(ROUNDS),
        ),
    }
    ExitCode::SUCCESS
}

fn prove(rounds: u64) {
    let faults = Faults::build();
    let seed = u64::from(std::process::id());
    println!("seed {seed}, {rounds} rounds of power failure");
    let mut lost = 0;
    let controls = rounds.div_ceil(3);
    for round in 0..controls {
        lost += u64::from(flush_round(&faults, seed ^ round));
    }
    println!("flush alone: {lost} of {controls} runs lost acknowledged records or did not open");
    assert_eq!(
        lost, controls,
        "the layer dropped nothing: the proof proves nothing"
    );
    let acknowledged = store_rounds(&faults, seed, rounds);
    println!(
        "the store: {rounds} of {rounds} runs clean, {acknowledged} acknowledged records, none lost"
    );
}

/// One run of the control; whether it lost something.
fn flush_round(faults: &Faults, seed: u64) -> bool {
    let disk = faults.disk();
    let told = faults.run_and_kill(&disk, "write-flush", 0, moment(seed) + AT_LEAST);
    let count = told.len();
    assert!(count > 0, "the control wrote nothing");
    disk.power_loss(Loss::All);
    let found = faults.call("check-flush", &disk.root().join("db"), count as u64);
    println!(
        "  flush alone: {count} acknowledged, {}",
        if found { "all found" } else { "LOST" }
    );
    !found
}

/// Runs on one disk, one after the other; the number of acknowledged records.
fn store_rounds(faults: &Faults, seed: u64, rounds: u64) -> usize {
    let disk = faults.disk();
    let mut told = Vec::new();
    let mut first = 0;
    for round in 0..rounds {
        let new = faults.run_and_kill(&disk, "write-store", first, moment(seed ^ round));
        let count = new.len();
        told.extend(new);
        let loss = match round % 3 {
            0 => Loss::All,
            1 => Loss::ByLot(seed ^ round),
            _ => Loss::AfterKillOnly,
        };
        disk.power_loss(loss);
        first = match loss {
            // The layer has to see every process that writes: the next round looks.
            Loss::AfterKillOnly => first + 1_000_000,
            _ => store::check(disk.root(), &told),
        };
        println!(
            "  store, {loss:?}: {count} acknowledged, {} in all",
            told.len()
        );
    }
    disk.power_loss(Loss::All);
    store::check(disk.root(), &told);
    told.len()
}

/// A moment from the first acknowledgement to most of a second later.
fn moment(seed: u64) -> Duration {
    let mixed = seed
        .wrapping_add(0x9e37_79b9)
        .wrapping_mul(0x2545_f491_4f6c_dd1d);
    Duration::from_millis((mixed >> 33) % 700)
}
