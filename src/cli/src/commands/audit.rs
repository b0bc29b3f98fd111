use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_api_closed::audit::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetLeavesRequest, audit_client::AuditClient,
};
use symbolon_tlog::{
    Checkpoint, Frontier, Hash, SignedCheckpoint, VerifierKey, leaf_hash, verify_consistency,
};
use tonic::transport::Channel;

use crate::{
    Context, Error,
    context::refused,
    files::{self, Access},
    output::{Report, printable},
};

/// The most leaves of an answer.
const PAGE: u32 = 1024;

#[derive(Subcommand)]
pub enum Audit {
    /// Shows leaves of the vault's audit log.
    Show(Show),
    /// Checks the log's signature, its tree, and that it extends what was seen before.
    Verify(Verify),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/auditor-one.toml audit show --last 20")]
pub struct Show {
    /// The first leaf, from 0.
    #[arg(long, conflicts_with = "last")]
    start: Option<u64>,
    /// How many leaves.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// The last so many leaves.
    #[arg(long)]
    last: Option<u32>,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/auditor-one.toml audit verify --remember audit.json

The file remembers the log's key and newest checkpoint. A log that is rewritten, shortened or
signed with another key afterwards is found out. Without --quick every leaf is fetched and
the tree is recomputed.")]
pub struct Verify {
    /// Remembers the key and the checkpoint from run to run.
    #[arg(long, value_name = "FILE")]
    remember: Option<PathBuf>,
    /// The log's verifier key, known from elsewhere.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// Trusts the vault's consistency proof instead of fetching all leaves.
    #[arg(long, requires = "remember")]
    quick: bool,
}

/// What an auditor keeps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Remembered {
    key: String,
    checkpoint: String,
}

struct Head {
    key: VerifierKey,
    checkpoint: Checkpoint,
    note: String,
    warning: Option<&'static str>,
}

impl Audit {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Show(command) => command.run(context),
            Self::Verify(command) => command.run(context),
        }
    }
}

impl Show {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let (start, leaves) = context.call(|channel| async {
            let mut client = AuditClient::new(channel);
            let (mut start, mut limit) = (self.start.unwrap_or(0), self.limit);
            if let Some(last) = self.last {
                let answer = client
                    .get_checkpoint(GetCheckpointRequest {})
                    .await
                    .map_err(refused)?;
                let signed = parse(&answer.into_inner().note)?;
                start = signed.checkpoint().size().saturating_sub(last.into());
                limit = last;
            }
            Ok((start, leaves(&mut client, start, limit.into()).await?))
        })?;
        let mut report = Report::new(
            json!({"start": start, "leaves": leaves.iter().map(|l| shown(l)).collect::<Vec<_>>()}),
        );
        for (index, leaf) in (start..).zip(&leaves) {
            report = report.line(format!(
                "{index}  {}",
                printable(&String::from_utf8_lossy(leaf))
            ));
        }
        Ok(report)
    }
}

/// A leaf is a JSON object; anything else is shown as hexadecimal.
fn shown(leaf: &[u8]) -> Value {
    serde_json::from_slice(leaf).unwrap_or_else(|_| json!({"hex": hex::encode(leaf)}))
}

impl Verify {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let remembered = self.remembered()?;
        let pinned = self
            .key
            .clone()
            .or_else(|| remembered.as_ref().map(|r| r.key.clone()));
        let earlier = remembered.map(|r| parse(&r.checkpoint)).transpose()?;
        let head = context
            .call(|channel| check(channel, pinned.as_deref(), earlier.as_ref(), self.quick))?;
        if let Some(path) = &self.remember {
            let value = Remembered {
                key: head.key.to_string(),
                checkpoint: head.note.clone(),
            };
            files::write_json(path, &value, Access::Public)?;
        }
        let size = head.checkpoint.size();
        let since = earlier.as_ref().map(|e| e.checkpoint().size());
        let mut report = Report::new(json!({
            "verified": true, "size": size, "root": head.checkpoint.root().to_string(),
            "key": head.key.to_string(), "keyPinned": head.warning.is_none(), "extends": since,
            "recomputed": !self.quick,
        }))
        .facts([
            (
                "verified",
                if self.quick {
                    "signature and consistency"
                } else {
                    "signature, all leaves"
                }
                .into(),
            ),
            ("leaves", size.to_string()),
            ("root", head.checkpoint.root().to_string()),
            ("key", head.key.to_string()),
        ]);
        if let Some(since) = since {
            report = report.line(format!("It extends the {since} leaves seen before."));
        }
        if let Some(warning) = head.warning {
            report = report.line(warning);
        }
        Ok(report)
    }

    fn remembered(&self) -> Result<Option<Remembered>, Error> {
        match &self.remember {
            Some(path) if Path::exists(path) => files::read_json(path).map(Some),
            _ => Ok(None),
        }
    }
}

async fn check(
    channel: Channel,
    pinned: Option<&str>,
    earlier: Option<&SignedCheckpoint>,
    quick: bool,
) -> Result<Head, Error> {
    let mut client = AuditClient::new(channel);
    let answer = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .map_err(refused)?
        .into_inner();
    let key: VerifierKey = pinned
        .unwrap_or(&answer.verifier_key)
        .parse()
        .map_err(|e| Error::unreadable("the log's key", e))?;
    let signed = parse(&answer.note)?;
    let checkpoint = signed.verify(&key).map_err(|e| {
        violated(format!(
            "the checkpoint is not signed by the key that was pinned: {e}"
        ))
    })?;
    if let Some(earlier) = earlier {
        let earlier = earlier
            .verify(&key)
            .map_err(|e| Error::unreadable("the remembered checkpoint", e))?;
        extends(&mut client, earlier, checkpoint).await?;
    }
    if !quick {
        recompute(
            &mut client,
            earlier.map(SignedCheckpoint::checkpoint),
            checkpoint,
        )
        .await?;
    }
    Ok(Head {
        key,
        checkpoint: checkpoint.clone(),
        warning: pinned.is_none().then_some(
            "The key is the vault's own word: compare it with what the officers published, or keep it with --remember.",
        ),
        note: answer.note,
    })
}

async fn extends(
    client: &mut AuditClient<Channel>,
    earlier: &Checkpoint,
    now: &Checkpoint,
) -> Result<(), Error> {
    if earlier.origin() != now.origin() {
        return Err(violated("the log bears another name than before"));
    }
    if earlier.size() > now.size() {
        return Err(violated(format!(
            "the log is shorter than before: {} leaves instead of {}",
            now.size(),
            earlier.size()
        )));
    }
    let request = GetConsistencyProofRequest {
        first: earlier.size(),
        second: now.size(),
    };
    let answer = client
        .get_consistency_proof(request)
        .await
        .map_err(refused)?
        .into_inner();
    let proof = answer
        .hashes
        .iter()
        .map(|hash| Hash::try_from(&hash[..]))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Error::unreadable("the proof", e))?;
    verify_consistency(
        (earlier.size(), earlier.root()),
        (now.size(), now.root()),
        &proof,
    )
    .map_err(|_| violated("the log does not extend what was seen before: it was rewritten"))
}

async fn recompute(
    client: &mut AuditClient<Channel>,
    earlier: Option<&Checkpoint>,
    now: &Checkpoint,
) -> Result<(), Error> {
    let mut tree = Frontier::new();
    while tree.size() < now.size() {
        let page = leaves(
            client,
            tree.size(),
            (now.size() - tree.size()).min(PAGE.into()),
        )
        .await?;
        if page.is_empty() {
            return Err(violated(format!("leaf {} is missing", tree.size())));
        }
        for leaf in page {
            tree.push(leaf_hash(&leaf));
            let differs =
                earlier.is_some_and(|e| e.size() == tree.size() && *e.root() != tree.root());
            if differs {
                return Err(violated("the leaves are not those that were seen before"));
            }
        }
    }
    match tree.root() == *now.root() {
        true => Ok(()),
        false => Err(violated("the leaves do not give the root that was signed")),
    }
}

async fn leaves(
    client: &mut AuditClient<Channel>,
    start: u64,
    limit: u64,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    while (found.len() as u64) < limit {
        let left = limit - found.len() as u64;
        let request = GetLeavesRequest {
            start: start + found.len() as u64,
            limit: u32::try_from(left).unwrap_or(PAGE).min(PAGE),
        };
        let mut page = client
            .get_leaves(request)
            .await
            .map_err(refused)?
            .into_inner()
            .leaves;
        page.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        if page.is_empty() {
            break;
        }
        found.append(&mut page);
    }
    Ok(found)
}

fn parse(note: &str) -> Result<SignedCheckpoint, Error> {
    SignedCheckpoint::parse(note.as_bytes()).map_err(|e| Error::unreadable("the checkpoint", e))
}

fn violated(message: impl Into<String>) -> Error {
    Error::failed(
        message,
        "Keep the remembered file: it is evidence. Tell the officers.",
    )
}
