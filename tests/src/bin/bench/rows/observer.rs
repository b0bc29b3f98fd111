//! The observer over the log that the ballots left, beside raw recoveries on all cores.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use symbolon_crypto::{ecdsa, ecdsa::SigningKey, random};

use crate::{
    poll::{City, Poll},
    process,
    row::{Aim, Bench, Series},
};

/// How much larger the memory may be at the larger number of ballots, with the same rolls.
const FLAT: f64 = 1.1;

/// Rows over the city's log, which is filled up from the polls' ballots.
pub(crate) fn observe(bench: &mut Bench, city: &City, polls: &[Arc<Poll>; 2]) {
    let (few, many) = (bench.size(100_000, 20_000), bench.size(1_000_000, 0));
    let ballots = city.fill(&city.log(), polls, many);
    let small = tempfile::tempdir().unwrap();
    city.begin_log(small.path());
    let few = city.fill(small.path(), polls, few);
    let mut rate = Series::new(
        format!("observer over {ballots} ballots from disk"),
        "ballots/s",
        "raw recoveries on all cores, two a ballot",
        Aim::AtLeast(0.8),
    );
    let mut memory = Series::new(
        format!("observer's peak memory, {ballots} ballots"),
        "MiB",
        format!("{few} ballots with the same rolls"),
        Aim::AtMost(FLAT),
    );
    rate.note("from the start of the program to its verdict, rolls included");
    for _ in 0..bench.size(3, 2) {
        let raw = recoveries(Duration::from_secs(2)) / 2.0;
        let (seconds, most) = verify(city, &city.log());
        let (_, least) = verify(city, small.path());
        rate.push(ballots as f64 / seconds, raw);
        memory.push(most, least);
    }
    bench.row(rate);
    bench.row(memory);
}

/// Runs the observer, whose verdict must be good; seconds and MiB.
fn verify(city: &City, log: &Path) -> (f64, f64) {
    let mut command: Command = city.observer(log);
    let began = Instant::now();
    let mut observer = command.stdout(Stdio::null()).spawn().unwrap();
    let mut most: f64 = 0.0;
    let status = loop {
        match observer.try_wait().unwrap() {
            Some(status) => break status,
            None => most = most.max(peak_mib(observer.id()).unwrap_or(0.0)),
        }
        thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "the log isn't verified: {status}");
    (began.elapsed().as_secs_f64(), most)
}

/// The most memory of a process that may have ended meanwhile.
fn peak_mib(id: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024.0)
}

/// Recoveries a second with a thread on each core.
fn recoveries(time: Duration) -> f64 {
    let key = SigningKey::random(&mut random::os());
    let (digest, began) = ([7; 32], Instant::now());
    let signature = key.sign(&digest);
    let count = || {
        let mut done = 0u64;
        while began.elapsed() < time {
            for _ in 0..100 {
                let found = ecdsa::recover(std::hint::black_box(&digest), &signature);
                std::hint::black_box(found.unwrap());
            }
            done += 100;
        }
        done
    };
    let done: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..process::cores()).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum()
    });
    done as f64 / began.elapsed().as_secs_f64()
}
