use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::{
    GetContentRequest, GetRollRequest, GetStatementsRequest, elections_client::ElectionsClient,
};
use symbolon_election::{
    ContentHash, ElectionId, Entry, RollStatement, TrustFile, content, entry::entry_hash,
};
use symbolon_ledger::layout;
use symbolon_tlog::{Frontier, leaf_hash};
use tonic::transport::Channel;

use super::elections;
use crate::{
    Context, Error,
    context::refused,
    files::{self, Access},
    output::Report,
};

const LEAF: usize = 32;
const LEAVES_A_FILE: usize = 256;
/// A published file is no larger: the issued list of fifty million places.
const LARGEST_FILE: usize = 1 << 30;

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/organiser-main.toml election export export

Writes statements/, content/ and roll/ into the folder, and trust.json beside them: a gateway that
reads this folder needs no route to the vault. Run it again after each new statement.")]
pub struct Export {
    /// Where it goes.
    dir: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-one.toml election trust --out trust.json\n\nThe city publishes this file where people can compare it: on paper, in the gazette, on several sites."
)]
pub struct Trust {
    /// Where it goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Trust {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let trust =
            context.call(|channel| async { super::fetch_trust(&mut elections(channel)).await })?;
        files::write(&self.out, &trust.to_json(), Access::Public)?;
        let officers: Vec<_> = trust
            .officers()
            .iter()
            .map(|officer| officer.to_0x())
            .collect();
        let mut report = Report::new(json!({
            "file": self.out, "name": trust.name(), "origin": trust.origin(),
            "officers": officers, "threshold": trust.threshold(),
        }))
        .facts([
            ("file", self.out.display().to_string()),
            ("name", crate::output::printable(trust.name())),
            ("log", crate::output::printable(trust.origin())),
            (
                "officers needed",
                format!("{} of {}", trust.threshold(), officers.len()),
            ),
        ]);
        for officer in trust.officers() {
            report = report.line(format!("  {}", officer.checksummed()));
        }
        Ok(report)
    }
}

/// What was found on the way.
#[derive(Default)]
struct Found {
    statements: u64,
    contents: u64,
    elections: Vec<(ElectionId, RollStatement)>,
}

impl Export {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let found = context.call(|channel| async { export(channel, &self.dir).await })?;
        Ok(Report::new(json!({
            "dir": self.dir, "statements": found.statements, "contents": found.contents,
            "elections": found.elections.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>(),
        }))
        .facts([
            ("folder", self.dir.display().to_string()),
            ("statements", found.statements.to_string()),
            ("published files", found.contents.to_string()),
            ("elections", found.elections.len().to_string()),
        ]))
    }
}

async fn export(channel: Channel, dir: &Path) -> Result<Found, Error> {
    let mut client = elections(channel);
    let trust = super::fetch_trust(&mut client).await?;
    let entries = statements(&mut client).await?;
    let mut found = Found::default();
    let mut contents: Vec<ContentHash> = Vec::new();
    for entry in &entries {
        note(entry, &trust, &mut found, &mut contents)?;
    }
    // Files before the statements that name them, so that a reader in between misses nothing.
    for hash in &contents {
        write_content(&mut client, dir, hash).await?;
    }
    found.contents = contents.len() as u64;
    for (election, statement) in &found.elections {
        write_roll(&mut client, dir, *election, statement).await?;
    }
    for (sequence, entry) in entries.iter().enumerate() {
        write_if_new(
            &dir.join("statements").join(format!("{sequence:06}")),
            entry,
        )?;
    }
    found.statements = entries.len() as u64;
    files::write(&dir.join("trust.json"), &trust.to_json(), Access::Public)?;
    Ok(found)
}

async fn statements(client: &mut ElectionsClient<Channel>) -> Result<Vec<Vec<u8>>, Error> {
    let (mut entries, mut after) = (Vec::new(), 0);
    loop {
        let answer = client
            .get_statements(GetStatementsRequest { after })
            .await
            .map_err(refused)?
            .into_inner();
        if answer.entries.is_empty() || answer.next <= after {
            return Ok(entries);
        }
        entries.extend(answer.entries);
        after = answer.next;
    }
}

/// What a statement names: files, and the roll's newest size.
fn note(
    entry: &[u8],
    trust: &TrustFile,
    found: &mut Found,
    contents: &mut Vec<ContentHash>,
) -> Result<(), Error> {
    let wrong = |e| Error::unreadable(format!("the vault's statement {}", entry_hash(entry)), e);
    let mut name = |hash: ContentHash| {
        if !contents.contains(&hash) {
            contents.push(hash);
        }
    };
    match Entry::decode(entry).map_err(wrong)? {
        Entry::Manifest(unverified) => {
            let verified = unverified.verify(trust).map_err(wrong)?;
            name(verified.manifest().content_hash);
            // A chain's name is no file's.
            if trust.domain().chain_id() == 0 {
                name(verified.manifest().ledger_keys);
            }
        }
        Entry::RollStatement(unverified) => {
            let statement = unverified.statement;
            found.elections.retain(|(id, _)| *id != statement.election);
            found.elections.push((statement.election, statement));
        }
        Entry::Close(unverified) => name(unverified.statement.issued),
        _ => {}
    }
    Ok(())
}

async fn write_content(
    client: &mut ElectionsClient<Channel>,
    dir: &Path,
    hash: &ContentHash,
) -> Result<(), Error> {
    let path = dir.join(layout::content(hash.as_bytes()));
    if path.exists() {
        return Ok(());
    }
    let request = GetContentRequest {
        sha256: hash.as_bytes().to_vec(),
    };
    let mut chunks = client
        .get_content(request)
        .await
        .map_err(refused)?
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.message().await.map_err(refused)? {
        bytes.extend_from_slice(&chunk.chunk);
        if bytes.len() > LARGEST_FILE {
            return Err(Error::unreadable("a published file", "larger than 1 GiB"));
        }
    }
    if content::content_hash(&bytes) != *hash {
        return Err(Error::unreadable(
            "a published file",
            "is not the one that its name says",
        ));
    }
    files::write(&path, &bytes, Access::Public)
}

/// Writes a roll's leaves and checks their root against what the officers signed.
async fn write_roll(
    client: &mut ElectionsClient<Channel>,
    dir: &Path,
    election: ElectionId,
    statement: &RollStatement,
) -> Result<(), Error> {
    let request = GetRollRequest {
        election: election.as_bytes().to_vec(),
        start: 0,
    };
    let mut pages = client
        .get_roll(request)
        .await
        .map_err(refused)?
        .into_inner();
    let mut roll = RollWriter {
        dir,
        election: election.to_string(),
        tree: Frontier::new(),
        pending: Vec::new(),
        files: 0,
    };
    while let Some(page) = pages.message().await.map_err(refused)? {
        roll.push(&page.leaves, statement.size)?;
    }
    roll.finish(statement)
}

struct RollWriter<'a> {
    dir: &'a Path,
    election: String,
    tree: Frontier,
    pending: Vec<u8>,
    files: u64,
}

impl RollWriter<'_> {
    fn push(&mut self, leaves: &[u8], size: u32) -> Result<(), Error> {
        let (leaves, rest) = leaves.as_chunks::<LEAF>();
        if !rest.is_empty() {
            return Err(self.wrong("a leaf is cut short"));
        }
        for leaf in leaves {
            if self.tree.size() == u64::from(size) {
                // An addition that no statement covers yet.
                return Ok(());
            }
            self.tree.push(leaf_hash(leaf));
            self.pending.extend_from_slice(leaf);
            if self.pending.len() == LEAF * LEAVES_A_FILE {
                self.write()?;
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        let leaves = self.pending.len() / LEAF;
        let width = u16::try_from(leaves).map_err(|_| self.wrong("too many leaves in a file"))?;
        let path = layout::roll_leaves(&self.election, self.files, width);
        write_if_new(&self.dir.join(path), &self.pending)?;
        self.pending.clear();
        self.files += 1;
        Ok(())
    }

    fn finish(mut self, statement: &RollStatement) -> Result<(), Error> {
        if !self.pending.is_empty() {
            self.write()?;
        }
        let whole = self.tree.size() == u64::from(statement.size);
        match whole && self.tree.root().as_bytes() == statement.root.as_bytes() {
            true => Ok(()),
            false => Err(self.wrong("is not the one that the officers signed")),
        }
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::unreadable(format!("the roll of election {}", self.election), problem)
    }
}

fn write_if_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => Ok(()),
        _ => files::write(path, bytes, Access::Public),
    }
}
