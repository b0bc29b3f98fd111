//! Child processes: the program itself, in another role.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::role::{MARK, Role};

const PATIENCE: Duration = Duration::from_secs(60);

/// The program in a role.
pub fn command(role: Role) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([MARK, role.name()]);
    Ok(command)
}

/// A port that nobody listens on now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A daemon, asked to stop when it is dropped.
pub struct Daemon {
    child: Child,
    role: Role,
    log: PathBuf,
}

impl Daemon {
    /// Starts a role with a configuration and waits until it listens. What it says goes to a file.
    pub fn start(role: Role, config: &Path, port: u16, log: PathBuf) -> anyhow::Result<Self> {
        let said = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = command(role)?;
        command
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        let mut daemon = Self {
            child: command.spawn()?,
            role,
            log,
        };
        let (started, address) = (Instant::now(), SocketAddr::from(([127, 0, 0, 1], port)));
        while TcpStream::connect(address).is_err() {
            if daemon.child.try_wait()?.is_some() {
                bail!("the {} ended: {}", role.name(), last_line(&daemon.log));
            }
            if started.elapsed() > PATIENCE {
                bail!(
                    "the {} doesn't listen; see {}",
                    role.name(),
                    daemon.log.display()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(mut self) -> anyhow::Result<()> {
        match self.end()? {
            true => Ok(()),
            false => bail!(
                "the {} did not stop well; see {}",
                self.role.name(),
                self.log.display()
            ),
        }
    }

    fn end(&mut self) -> anyhow::Result<bool> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status.success());
        }
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(false)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Nothing more can be done about one that doesn't end.
        let _ = self.end();
    }
}

/// Runs a role to its end; what it wrote.
pub fn run(role: Role, args: &[&str]) -> anyhow::Result<String> {
    let output = command(role)?.args(args).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{} {}: {}", role.name(), args.join(" "), said(&output));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs the command line under a profile; the object that it prints.
pub fn symbolon(profile: &Path, args: &[&str]) -> anyhow::Result<Value> {
    let output = under(profile, args)?.output()?;
    if !output.status.success() {
        bail!("symbolon {}: {}", args.join(" "), said(&output));
    }
    printed(args, &output)
}

/// The same for work on many things, of which some may be refused; its progress is shown.
pub fn symbolon_in_bulk(profile: &Path, args: &[&str]) -> anyhow::Result<Value> {
    let output = under(profile, args)?.stderr(Stdio::inherit()).output()?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("symbolon {}: {}", args.join(" "), said(&output));
    }
    printed(args, &output)
}

fn under(profile: &Path, args: &[&str]) -> anyhow::Result<Command> {
    let mut command = command(Role::Symbolon)?;
    command
        .arg("--json")
        .arg("--profile")
        .arg(profile)
        .args(args)
        .stdin(Stdio::null());
    Ok(command)
}

fn printed(args: &[&str], output: &Output) -> anyhow::Result<Value> {
    serde_json::from_slice(&output.stdout).with_context(|| format!("symbolon {}", args.join(" ")))
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{}{}", out.trim(), err.trim())
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}
