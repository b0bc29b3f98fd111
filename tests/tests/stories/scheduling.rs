//! How the daemons' threads are scheduled.

use std::fs;

use crate::house::{Daemon, House};

/// `SCHED_OTHER` and `SCHED_BATCH`, as `/proc/<pid>/task/<tid>/stat` tells them in its 41st field.
const OTHER: &str = "0";
const BATCH: &str = "3";

/// The policies of a daemon's threads whose names begin so.
fn policies(daemon: &Daemon, name: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.id())).unwrap();
    let stats = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("stat")).unwrap());
    let policies = stats.filter_map(|stat| {
        let (front, fields) = stat.rsplit_once(") ").unwrap();
        let (_, own) = front.split_once('(').unwrap();
        let policy = fields.split(' ').nth(41 - 3).unwrap();
        own.starts_with(name).then(|| policy.to_owned())
    });
    policies.collect()
}

fn all_are(policies: &[String], expected: &str) -> bool {
    !policies.is_empty() && policies.iter().all(|policy| policy == expected)
}

#[test]
fn a_gateway_s_store_interrupts_nobody_and_a_vault_s_doesn_t_wait_for_argon2() {
    let house = House::build();
    let vault = house.start_vault();
    house.init_gateway();
    let gateway = house.start_gateway();
    for (daemon, name, expected) in [
        (&gateway, "store-commit", BATCH),
        (&gateway, "sled-io", BATCH),
        (&gateway, "worker", OTHER),
        (&vault, "store-commit", OTHER),
        (&vault, "sled-io", OTHER),
        (&vault, "stretch", OTHER),
    ] {
        let policies = policies(daemon, name);
        assert!(all_are(&policies, expected), "{name}: {policies:?}");
    }
    gateway.stop();
    vault.stop();
}
