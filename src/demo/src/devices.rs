//! The voters' devices, in one process: each with a seed of its own, each through portal and
//! gateway as a phone would.

mod device;
mod pool;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use symbolon_election::TrustFile;
use symbolon_service::clock::unix_now;

use crate::{people::voters, polls::wait_past};
use device::Device;

/// What the process is told.
#[derive(Serialize, Deserialize)]
pub struct Job {
    /// The portal's address.
    pub portal: String,
    /// The gateway's address.
    pub gateway: String,
    /// The city's trust file.
    pub trust: PathBuf,
    /// The people.
    pub people: PathBuf,
    /// The registration IDs by line.
    pub ids: PathBuf,
    /// The portal's access codes.
    pub codes: PathBuf,
    /// The poll for everybody, then that of the district.
    pub polls: [String; 2],
    /// When the first one closes.
    pub closes: u64,
}

/// What became of it, by poll.
#[derive(Default, Serialize, Deserialize)]
pub struct Told {
    /// Everybody, then the district.
    pub polls: [Outcome; 2],
}

/// One poll's requests and ballots.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Tokens that devices opened.
    pub tokens: u64,
    /// Requests that were refused, by reason.
    pub refused_requests: BTreeMap<String, u64>,
    /// Ballots with a receipt that holds.
    pub accepted: u64,
    /// Ballots that the gateway refused, by reason.
    pub refused_ballots: BTreeMap<String, u64>,
}

impl Outcome {
    fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.accepted += other.accepted;
        for (all, own) in [
            (&mut self.refused_requests, &other.refused_requests),
            (&mut self.refused_ballots, &other.refused_ballots),
        ] {
            own.iter()
                .for_each(|(reason, count)| *all.entry(reason.clone()).or_default() += count);
        }
    }
}

/// Plays all devices; prints what became of it.
pub fn main(args: &[OsString]) -> anyhow::Result<()> {
    let path = args.get(1).context("the devices want a job")?;
    let job: Job = serde_json::from_slice(&fs::read(path)?)?;
    let told = play(&job)?;
    let mut out = std::io::stdout().lock();
    Ok(std::io::Write::write_all(
        &mut out,
        &serde_json::to_vec(&told)?,
    )?)
}

fn play(job: &Job) -> anyhow::Result<Told> {
    let trust = TrustFile::parse(&fs::read(&job.trust)?)?;
    let codes = codes(&job.codes)?;
    let voters = voters(&job.people, &job.ids)?;
    let mut devices = Vec::with_capacity(voters.len());
    for voter in voters {
        let code = codes
            .get(&voter.line)
            .context("everybody has an access code")?;
        devices.push(Device::new(voter, code.clone()));
    }
    pool::each(&mut devices, "asking", |device| device.ask(job, &trust))?;
    lend_tokens(&mut devices);
    pool::each(&mut devices, "voting", |device| device.vote(job))?;
    if unix_now() + 2 > job.closes {
        bail!("this machine was too slow: the polls closed before everybody had voted");
    }
    wait_past(job.closes);
    pool::each(&mut devices, "too late", |device| device.come_late(job))?;
    let mut told = Told::default();
    for device in &devices {
        for (all, own) in told.polls.iter_mut().zip(&device.outcomes) {
            all.add(own);
        }
    }
    Ok(told)
}

/// Thieves get the token of the voter before them in the first poll.
fn lend_tokens(devices: &mut [Device]) {
    let mut before = None;
    for device in devices {
        device.stolen.clone_from(&before);
        if let Some(token) = device.first_token() {
            before = Some(token);
        }
    }
}

fn codes(path: &Path) -> anyhow::Result<BTreeMap<u64, String>> {
    let mut reader = csv::Reader::from_path(path)?;
    let rows = reader.deserialize::<(u64, String)>();
    Ok(rows.collect::<Result<_, _>>()?)
}
