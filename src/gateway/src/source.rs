//! Where statements, rolls and contents come from: a folder, or the vault.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use symbolon_api_public::validation::{
    GetContentRequest, GetRollRequest, GetStatementsRequest, validation_client::ValidationClient,
};
use symbolon_election::{ContentHash, RollStatement, VoterId, content::content_hash};
use symbolon_ledger::layout;
use tonic::transport::Channel;

use crate::Error;

const LEAF: usize = 32;
/// The largest published file: the issued list of fifty million places.
const FILE: usize = 1 << 30;
/// The largest statement.
const STATEMENT: u64 = 1 << 16;

/// A source of public statements and files. Nothing that it gives is trusted.
#[derive(Clone)]
pub enum Source {
    /// A folder as `symbolon election export` writes it.
    Folder(PathBuf),
    /// The vault's validation listener.
    Vault(ValidationClient<Channel>),
}

impl Source {
    /// The statements after the first `after`; empty where there is none yet.
    pub async fn statements(&self, after: u64) -> Result<Vec<Vec<u8>>, Error> {
        match self {
            Self::Folder(folder) => read_statements(folder, after),
            Self::Vault(vault) => {
                let answer = vault
                    .clone()
                    .get_statements(GetStatementsRequest { after })
                    .await;
                Ok(answer
                    .map_err(|status| failed("statements", &status))?
                    .into_inner()
                    .entries)
            }
        }
    }

    /// A published file; its hash is compared.
    pub async fn content(&self, name: &ContentHash) -> Result<Vec<u8>, Error> {
        let what = format!("content {name}");
        let bytes = match self {
            Self::Folder(folder) => {
                let path = folder.join(layout::content(name.as_bytes()));
                fs::read(path).map_err(|error| failed(&what, &error))?
            }
            Self::Vault(vault) => fetch_content(vault.clone(), name).await?,
        };
        match content_hash(&bytes) == *name {
            true => Ok(bytes),
            false => Err(failed(&what, &"its SHA-256 is not its name")),
        }
    }

    /// The leaves that a roll statement adds to the first `start` ones.
    pub async fn leaves(
        &self,
        statement: &RollStatement,
        start: u32,
    ) -> Result<Vec<VoterId>, Error> {
        let bytes = match self {
            Self::Folder(folder) => {
                read_leaves(folder, statement)?.split_off(start as usize * LEAF)
            }
            Self::Vault(vault) => fetch_leaves(vault.clone(), statement, start).await?,
        };
        let leaves = bytes.as_chunks::<LEAF>().0.iter();
        Ok(leaves.map(|leaf| VoterId::new(*leaf)).collect())
    }
}

fn read_statements(folder: &Path, after: u64) -> Result<Vec<Vec<u8>>, Error> {
    let mut statements = Vec::new();
    for number in after.. {
        let path = folder.join(layout::statement(number));
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Ok(found) if found.len() > STATEMENT => {
                return Err(failed(
                    &layout::statement(number),
                    &"larger than any statement",
                ));
            }
            _ => {}
        }
        let read = fs::read(&path).map_err(|error| failed(&layout::statement(number), &error))?;
        statements.push(read);
    }
    Ok(statements)
}

fn read_leaves(folder: &Path, statement: &RollStatement) -> Result<Vec<u8>, Error> {
    let election = statement.election.to_string();
    let mut bytes = Vec::with_capacity(statement.size as usize * LEAF);
    for (number, width) in layout::files_of(statement.size.into()) {
        let own = layout::roll_leaves(&election, number, width);
        let read = match fs::read(folder.join(&own)) {
            // A later addition filled the file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::read(folder.join(layout::roll_leaves(&election, number, 256)))
            }
            read => read,
        };
        let read = read.map_err(|error| failed(&own, &error))?;
        let wanted = usize::from(width) * LEAF;
        bytes.extend(
            read.get(..wanted)
                .ok_or_else(|| failed(&own, &"cut short"))?,
        );
    }
    Ok(bytes)
}

async fn fetch_leaves(
    mut vault: ValidationClient<Channel>,
    statement: &RollStatement,
    start: u32,
) -> Result<Vec<u8>, Error> {
    let what = format!("the roll of {}", statement.election);
    let election = statement.election.as_bytes().to_vec();
    let answer = vault.get_roll(GetRollRequest { election, start }).await;
    let mut pages = answer
        .map_err(|status| failed(&what, &status))?
        .into_inner();
    let wanted = statement.size.saturating_sub(start) as usize * LEAF;
    let mut bytes = Vec::with_capacity(wanted);
    while bytes.len() < wanted {
        match pages
            .message()
            .await
            .map_err(|status| failed(&what, &status))?
        {
            Some(page) => bytes.extend(page.leaves),
            None => break,
        }
    }
    bytes.truncate(wanted);
    Ok(bytes)
}

async fn fetch_content(
    mut vault: ValidationClient<Channel>,
    name: &ContentHash,
) -> Result<Vec<u8>, Error> {
    let what = format!("content {name}");
    let sha256 = name.as_bytes().to_vec();
    let answer = vault.get_content(GetContentRequest { sha256 }).await;
    let mut chunks = answer
        .map_err(|status| failed(&what, &status))?
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks
        .message()
        .await
        .map_err(|status| failed(&what, &status))?
    {
        if bytes.len() + chunk.chunk.len() > FILE {
            return Err(failed(&what, &"larger than any published file"));
        }
        bytes.extend(chunk.chunk);
    }
    Ok(bytes)
}

fn failed(what: &str, problem: &dyn std::fmt::Display) -> Error {
    Error::Source {
        what: what.to_owned(),
        problem: problem.to_string(),
    }
}
