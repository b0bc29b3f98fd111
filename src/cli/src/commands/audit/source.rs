//! Where an audit log comes from: the vault, or a folder that it was copied into.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use symbolon_api_closed::audit::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetLeavesRequest, audit_client::AuditClient,
};
use symbolon_tlog::{Checkpoint, Hash, verify_consistency};
use tonic::transport::Channel;

use super::violated;
use crate::{Error, context::refused, files};

/// The most leaves of an answer.
pub(super) const PAGE: u32 = 1024;
/// The newest checkpoint, a signed note.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The key that the vault says signed it.
pub(super) const KEY: &str = "key";
/// The leaves, a line each.
pub(super) const LEAVES: &str = "leaves";

pub(super) enum Source {
    Vault(Box<AuditClient<Channel>>),
    Folder(PathBuf, Option<Reading>),
}

/// Leaves as they stand in a file, read one after the other.
pub(super) struct Reading {
    lines: BufReader<File>,
    next: u64,
}

/// The newest checkpoint, and the key that it is said to be signed with.
pub(super) struct Head {
    pub(super) note: String,
    pub(super) key: String,
}

impl Source {
    pub(super) fn vault(channel: Channel) -> Self {
        Self::Vault(Box::new(AuditClient::new(channel)))
    }

    pub(super) fn folder(path: &Path) -> Self {
        Self::Folder(path.to_owned(), None)
    }

    pub(super) async fn checkpoint(&mut self) -> Result<Head, Error> {
        match self {
            Self::Vault(client) => {
                let answer = client.get_checkpoint(GetCheckpointRequest {}).await;
                let answer = answer.map_err(refused)?.into_inner();
                Ok(Head {
                    note: answer.note,
                    key: answer.verifier_key,
                })
            }
            Self::Folder(folder, _) => {
                let read = |name| -> Result<String, Error> {
                    let path = folder.join(name);
                    let text = String::from_utf8(files::read(&path)?.to_vec());
                    text.map_err(|e| Error::unreadable_file(&path, e))
                };
                Ok(Head {
                    note: read(CHECKPOINT)?,
                    key: read(KEY)?.trim_end().to_owned(),
                })
            }
        }
    }

    /// Leaves from `start` on, at most `limit`; fewer where there are no more. A folder is read
    /// in order.
    pub(super) async fn leaves(&mut self, start: u64, limit: u64) -> Result<Vec<Vec<u8>>, Error> {
        match self {
            Self::Vault(client) => fetched(client, start, limit).await,
            Self::Folder(folder, reading) => {
                let path = folder.join(LEAVES);
                let unreadable = |e| Error::unreadable_file(&path, e);
                if reading.as_ref().is_none_or(|reading| reading.next != start) {
                    let lines = BufReader::new(File::open(&path).map_err(unreadable)?);
                    *reading = Some(Reading { lines, next: 0 });
                }
                let reading = reading.as_mut().expect("set above");
                reading.read(start, limit).map_err(unreadable)
            }
        }
    }

    /// That a log extends what it was before. The leaves of a folder show that by themselves.
    pub(super) async fn check_extends(
        &mut self,
        earlier: (u64, &Hash),
        now: &Checkpoint,
    ) -> Result<(), Error> {
        let Self::Vault(client) = self else {
            return Ok(());
        };
        let request = GetConsistencyProofRequest {
            first: earlier.0,
            second: now.size(),
        };
        let answer = client.get_consistency_proof(request).await;
        let hashes = answer.map_err(refused)?.into_inner().hashes;
        let proof = hashes.iter().map(|hash| Hash::try_from(&hash[..]));
        let proof = proof.collect::<Result<Vec<_>, _>>();
        let proof = proof.map_err(|e| Error::unreadable("the proof", e))?;
        verify_consistency(earlier, (now.size(), now.root()), &proof)
            .map_err(|_| violated("the log does not extend what was seen before: it was rewritten"))
    }
}

impl Reading {
    fn read(&mut self, start: u64, limit: u64) -> std::io::Result<Vec<Vec<u8>>> {
        let mut leaves: Vec<Vec<u8>> = Vec::new();
        while (leaves.len() as u64) < limit {
            let mut line = Vec::new();
            if self.lines.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            if self.next >= start {
                leaves.push(line);
            }
            self.next += 1;
        }
        Ok(leaves)
    }
}

async fn fetched(
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
        let answer = client.get_leaves(request).await;
        let mut page = answer.map_err(refused)?.into_inner().leaves;
        page.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        if page.is_empty() {
            break;
        }
        found.append(&mut page);
    }
    Ok(found)
}
