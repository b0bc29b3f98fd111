//! A daemon that is started, killed and started again.

use std::{
    fs::{File, OpenOptions},
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use symbolon_tests::house::{House, PATIENCE, program};

use crate::disk::Disk;

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Vault,
    Gateway,
}

/// A running daemon, ended when it is dropped.
pub(crate) struct Process {
    child: Child,
    which: Which,
}

impl Which {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Gateway => "gateway",
        }
    }

    fn address(self, house: &House) -> SocketAddr {
        House::address(match self {
            Self::Vault => house.vault_port,
            Self::Gateway => house.gateway_port,
        })
    }
}

impl Process {
    /// Starts the daemon and waits for nothing.
    pub(crate) fn launch(which: Which, house: &House, disk: Option<&Disk>) -> Self {
        let name = which.name();
        let mut command = program(&format!("symbolon-{name}"));
        command.args(["--config", &house.path(&format!("{name}.toml"))]);
        if let Some(disk) = disk {
            disk.lay_under(&mut command);
        }
        let child = logged(&mut command, house, name).spawn().unwrap();
        Self { child, which }
    }

    /// Starts the daemon until it serves; the vault is handed its passphrase.
    pub(crate) fn serve(which: Which, house: &House, disk: Option<&Disk>) -> Result<Self, String> {
        let mut process = Self::launch(which, house, disk);
        process.wait(which.address(house)).map_err(|problem| {
            format!(
                "the {} {problem}; it said: {}",
                which.name(),
                last_words(house, which)
            )
        })?;
        if which == Which::Vault {
            house.unseal();
        }
        Ok(process)
    }

    fn wait(&mut self, address: SocketAddr) -> Result<(), String> {
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(format!("ended with {status}"));
            }
            if started.elapsed() > PATIENCE {
                return Err("doesn't listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits for a clean end.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{:?} ended with {status}", self.which);
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{:?} doesn't stop", self.which);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_path(house: &House, name: &str) -> String {
    house.path(&format!("{name}.log"))
}

fn logged<'a>(command: &'a mut Command, house: &House, name: &str) -> &'a mut Command {
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(house, name))
        .unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log)
}

fn last_words(house: &House, which: Which) -> String {
    let log = std::fs::read_to_string(log_path(house, which.name())).unwrap_or_default();
    log.lines().last().unwrap_or("nothing").to_owned()
}
