//! No file descriptors left: alone in its process, because the limit is the process's.
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use symbolon_service::{
    Role, Shutdown,
    config::{ClientAuth, Limits, ListenerConfig},
    health::Health,
    roles::{RoleTable, health},
    server::{Listener, Server},
};

fn cpu_seconds() -> f64 {
    let times = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = times
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

#[test]
fn without_descriptors_the_acceptor_waits_and_recovers() {
    let config = ListenerConfig {
        address: "127.0.0.1:0".parse().unwrap(),
        services: Vec::new(),
        client_auth: ClientAuth::None,
        tls: None,
        limits: Limits::default(),
    };
    let state = Health::new();
    let listener = Listener::new(config, RoleTable::new(health(&[Role::Public])), move || {
        state.router()
    });
    let shutdown = Shutdown::new();
    let server = Server::bind(vec![listener]).unwrap().workers(1);
    let running = server.start(&shutdown).unwrap();
    let address = running.addresses()[0];
    let old = getrlimit(Resource::Nofile);
    let few = Rlimit {
        current: Some(64),
        maximum: old.maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    // One descriptor for the client: the kernel finishes its handshake, nobody accepts.
    taken.pop();
    let client = TcpStream::connect(address).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(running.registry().is_empty());
    taken.pop();
    let file = taken.pop();
    drop(file);
    // Two free again: what waited is accepted, and nothing was spinning meanwhile.
    let started = Instant::now();
    while running.registry().is_empty() && started.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.registry().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(3));
    setrlimit(Resource::Nofile, old).unwrap();
    drop(taken);
    assert!(cpu_seconds() < 0.5, "{} s of CPU", cpu_seconds());
    drop(client);
    shutdown.trigger();
    running.join();
}
