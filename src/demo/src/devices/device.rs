use anyhow::Context;
use symbolon_cli::{
    Error as ClientError,
    device::{Gateway, Paper, Portal},
    http::Http,
};
use symbolon_crypto::{SecretString, random};
use symbolon_election::{ElectionId, Selections, TokenPlaintext, TrustFile, UnverifiedBallot};
use symbolon_service::clock::unix_now;
use symbolon_voter::{DeviceSeed, ElectionKeys, Token, cast, check_receipt, open_token, request};

use super::{Job, Outcome};
use crate::people::Voter;

/// A voter's phone.
pub(super) struct Device {
    voter: Voter,
    code: String,
    seed: DeviceSeed,
    papers: [Option<Entitled>; 2],
    /// Another voter's token of the first poll.
    pub(super) stolen: Option<TokenPlaintext>,
    pub(super) outcomes: [Outcome; 2],
}

/// A poll in which the device has a token.
struct Entitled {
    paper: Paper,
    keys: ElectionKeys,
    token: Token,
}

impl Device {
    pub(super) fn new(voter: Voter, code: String) -> Self {
        Self {
            voter,
            code,
            seed: DeviceSeed::random(&mut random::os()),
            papers: [None, None],
            stolen: None,
            outcomes: Default::default(),
        }
    }

    /// The token of the first poll.
    pub(super) fn first_token(&self) -> Option<TokenPlaintext> {
        self.papers[0]
            .as_ref()
            .map(|own| own.token.plaintext().clone())
    }

    /// Signs in and asks for a token in both polls.
    pub(super) fn ask(&mut self, job: &Job, trust: &TrustFile) -> anyhow::Result<()> {
        if self.voter.plan.silent {
            return Ok(());
        }
        let mut portal = Portal::new(Http::new(&job.portal, None)?);
        portal.sign_in(
            &self.voter.line.to_string(),
            &SecretString::new(self.code.clone()),
        )?;
        for (poll, id) in job.polls.iter().enumerate() {
            let id: ElectionId = id.parse()?;
            let paper = portal.elections(trust)?.find(id)?;
            let keys = self.seed.keys(&id)?;
            let sealed = request(&keys, paper.manifest(), unix_now(), &mut random::os())?;
            match portal.token(id, &sealed) {
                Ok(sealed) => {
                    let token = open_token(&keys, paper.manifest(), paper.issuers(), &sealed)?;
                    self.outcomes[poll].tokens += 1;
                    self.papers[poll] = Some(Entitled { paper, keys, token });
                }
                Err(refusal) => count(&mut self.outcomes[poll].refused_requests, refusal)?,
            }
        }
        Ok(())
    }

    /// Casts what the plan says, in time.
    pub(super) fn vote(&mut self, job: &Job) -> anyhow::Result<()> {
        if !self.voter.plan.casts() {
            return Ok(());
        }
        let gateway = Gateway::new(Http::new(&job.gateway, None)?);
        let plan = self.voter.plan.clone();
        if plan.thief && self.stolen.is_some() {
            self.try_stolen_token(&gateway)?;
        }
        if !plan.late {
            if plan.twice {
                self.cast(&gateway, 0, &[vec![1], vec![1]], 0)?;
            }
            self.cast(&gateway, 0, &plan.first, u8::from(plan.twice))?;
        }
        self.cast(&gateway, 1, &plan.second, 0)
    }

    /// Casts after the poll has closed.
    pub(super) fn come_late(&mut self, job: &Job) -> anyhow::Result<()> {
        let plan = self.voter.plan.clone();
        if !(plan.casts() && plan.late) {
            return Ok(());
        }
        self.cast(
            &Gateway::new(Http::new(&job.gateway, None)?),
            0,
            &plan.first,
            0,
        )
    }

    fn cast(
        &mut self,
        gateway: &Gateway,
        poll: usize,
        choices: &[Vec<u8>],
        sequence: u8,
    ) -> anyhow::Result<()> {
        let Some(own) = &self.papers[poll] else {
            return Ok(());
        };
        let manifest = own.paper.manifest();
        let selections = Selections::new(choices.to_vec(), manifest.shape())?;
        // A phone's clock may be wrong: the gateway's decides.
        let now = unix_now().min(manifest.manifest().closes);
        let ballot = cast(&own.keys, manifest, &own.token, &selections, sequence, now)?;
        match gateway.cast(&ballot.fields().to_entry()) {
            Ok(receipt) => {
                check_receipt(manifest, &ballot, receipt).context("a receipt doesn't hold")?;
                self.outcomes[poll].accepted += 1;
                Ok(())
            }
            Err(refusal) => count(&mut self.outcomes[poll].refused_ballots, refusal),
        }
    }

    /// A ballot of our own key with another voter's token.
    fn try_stolen_token(&mut self, gateway: &Gateway) -> anyhow::Result<()> {
        let (Some(own), Some(stolen)) = (&self.papers[0], &self.stolen) else {
            return Ok(());
        };
        let manifest = own.paper.manifest();
        let selections = Selections::new(self.voter.plan.first.clone(), manifest.shape())?;
        let now = unix_now().min(manifest.manifest().closes);
        let ballot = cast(&own.keys, manifest, &own.token, &selections, 0, now)?;
        let forged = UnverifiedBallot {
            voter_id: stolen.voter_id,
            roll_index: stolen.roll_index,
            token_signature: stolen.signature,
            ..ballot.fields().clone()
        };
        match gateway.cast(&forged.to_entry()) {
            Ok(_) => anyhow::bail!("the gateway took a ballot with somebody else's token"),
            Err(refusal) => count(&mut self.outcomes[0].refused_ballots, refusal),
        }
    }
}

/// Counts a refusal by its reason; any other error goes on.
fn count(
    counts: &mut std::collections::BTreeMap<String, u64>,
    error: ClientError,
) -> anyhow::Result<()> {
    match error {
        ClientError::Refused { reason, .. } => {
            *counts.entry(reason).or_default() += 1;
            Ok(())
        }
        other => Err(other.into()),
    }
}
