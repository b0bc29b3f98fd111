//! The end of an election: issuing ends, the issued list is written, Close and Certified.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use symbolon_election::{Close, ContentHash, ElectionId, Entry, Unverified};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Row};
use tempfile::NamedTempFile;

use super::{
    Election, ElectionRow, Issued, Stage,
    open::{decode, same_as, wrong_entry},
    refuse,
};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::{Core, retried},
    issuance::Issuance,
    published,
    sweep::{PAGE, blocking, count, pages, work_on},
};

/// Bytes of a place in the issued list.
const PLACE: u64 = 20;

impl Core {
    /// Ends issuing in every election whose time is over, and writes its issued list.
    pub async fn end_elections(&self) -> Result<(), Error> {
        if self.seal.is_sealed() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let rows = self.elections_after(after.as_ref(), PAGE).await?;
            for (id, row) in &rows {
                // Only those that may have to be ended are decoded.
                if row.stage == Stage::Open && row.issued.is_none() {
                    self.end_if_over(id).await?;
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == PAGE => after = Some(*last),
                _ => return Ok(()),
            }
        }
    }

    async fn end_if_over(&self, id: &ElectionId) -> Result<(), Error> {
        let election = self.election(id).await?;
        if self.now() <= election.manifest().closes {
            return Ok(());
        }
        match self.end(id).await {
            // Until somebody has read its ledger back, its list would lack keys.
            Err(Error::Refused(refusal)) if refusal.reason() == Reason::ReadBackFirst => Ok(()),
            ended => ended.map(drop),
        }
    }

    /// The Close statement for the officers to sign.
    pub async fn prepare_close(&self, id: &ElectionId) -> Result<Vec<u8>, Error> {
        let election = self.election(id).await?;
        if self.now() <= election.manifest().closes {
            return Err(Reason::NotClosed.into());
        }
        let ended = self.end(id).await?;
        let close = self.close_of(&ended)?;
        Ok(Entry::Close(Unverified {
            statement: close,
            signatures: Vec::new(),
        })
        .encode())
    }

    /// Takes the signed Close.
    pub async fn close_election(&self, caller: &Caller, close: &[u8]) -> Result<(), Error> {
        retried(|| self.try_close(caller, close)).await
    }

    async fn try_close(&self, caller: &Caller, close: &[u8]) -> Result<(), Error> {
        let Entry::Close(signed) = decode(close)? else {
            return Err(wrong_entry("close"));
        };
        let election = self.election(&signed.statement.election).await?;
        let verified = signed.verify(&election.verified(self)?).map_err(refuse)?;
        if let Some(there) = &election.row.close {
            return same_as(there, verified.statement(), |entry| match entry {
                Entry::Close(close) => Some(close.statement),
                _ => None,
            });
        }
        if election.row.stage != Stage::Open {
            return Err(Reason::WrongState.into());
        }
        if self.now() <= election.manifest().closes {
            return Err(Reason::NotClosed.into());
        }
        let election = self.end(&election.id).await?;
        if self.close_of(&election)? != *verified.statement() {
            return Err(Reason::StatementDiffers.into());
        }
        let row = ElectionRow {
            stage: Stage::Closed,
            close: Some(close.to_vec()),
            ..election.row.clone()
        };
        let entries = [close];
        self.publish(
            caller,
            "CloseElection",
            &election,
            &row,
            &entries,
            Change::new(),
        )
        .await
    }

    /// Takes a Close off the ledger, for an election that was restored to before its end: its list names
    /// tokens that the store lost, so it isn't compared with one of the store's.
    pub(crate) async fn adopt_close(&self, caller: &Caller, close: &[u8]) -> Result<(), Error> {
        let Entry::Close(signed) = decode(close)? else {
            return Err(wrong_entry("statements"));
        };
        let election = self.election(&signed.statement.election).await?;
        let verified = signed.verify(&election.verified(self)?).map_err(refuse)?;
        if election.row.stage != Stage::Open {
            return Ok(());
        }
        let (close_of, roll) = (verified.statement(), election.roll_statement()?);
        if (close_of.roll_size, close_of.roll_root) != (roll.size, roll.root) {
            return Err(Reason::StatementDiffers.into());
        }
        let own = election.keys(&*self.keys()?)?;
        let row = ElectionRow {
            stage: Stage::Closed,
            ended: true,
            issued: Some(Issued {
                list: *close_of.issued.as_bytes(),
                count: count(&self.store, &Issuance::prefix(&own)).await?,
            }),
            close: Some(close.to_vec()),
            ..election.row.clone()
        };
        let (entries, change) = ([close], Change::new());
        self.publish(caller, "AdoptClose", &election, &row, &entries, change)
            .await
    }

    /// Takes the signed result.
    pub async fn certify_election(&self, caller: &Caller, certified: &[u8]) -> Result<(), Error> {
        retried(|| self.try_certify(caller, certified)).await
    }

    async fn try_certify(&self, caller: &Caller, certified: &[u8]) -> Result<(), Error> {
        let Entry::Certified(signed) = decode(certified)? else {
            return Err(wrong_entry("certified"));
        };
        let election = self.election(&signed.statement.election).await?;
        let manifest = election.verified(self)?;
        let verified = signed.verify(&manifest).map_err(refuse)?;
        if let Some(there) = &election.row.certified {
            return same_as(there, verified.statement(), |entry| match entry {
                Entry::Certified(certified) => Some(certified.statement),
                _ => None,
            });
        }
        if election.row.stage != Stage::Closed {
            return Err(Reason::WrongState.into());
        }
        if self.now() <= manifest.last_moment() {
            return Err(Reason::NotClosed.into());
        }
        let row = ElectionRow {
            stage: Stage::Certified,
            certified: Some(certified.to_vec()),
            ..election.row.clone()
        };
        let entries = [certified];
        self.publish(
            caller,
            "CertifyElection",
            &election,
            &row,
            &entries,
            Change::new(),
        )
        .await
    }

    fn close_of(&self, election: &Election) -> Result<Close, Error> {
        let roll = election.roll_statement()?;
        let issued = election.row.issued.ok_or(Reason::WrongState)?;
        Ok(Close {
            election: election.id,
            roll_size: roll.size,
            roll_root: roll.root,
            issued: ContentHash::new(issued.list),
        })
    }

    /// Ends issuing, then writes the list, each once; the election as it is then.
    pub(super) async fn end(&self, id: &ElectionId) -> Result<Arc<Election>, Error> {
        let _one = self.elections.closing.lock().await;
        let election = self.election(id).await?;
        if election.row.stage == Stage::Draft {
            return Err(Reason::WrongState.into());
        }
        if election.row.issued.is_some() {
            return Ok(election);
        }
        self.check_read_back(id).await?;
        let keys = self.keys()?;
        let subject = election.subject(&keys);
        let leaf =
            |outcome| Leaf::new(self.now(), &Caller::vault(), "EndIssuing", outcome).about(subject);
        if !election.row.ended {
            // An issuance demands the row as it is: from here on none is committed.
            let row = ElectionRow {
                ended: true,
                ..election.row.clone()
            };
            self.replace(&election, &row, Change::new().audit(leaf("ended").encode()))
                .await?;
        }
        let election = self.election(id).await?;
        let issued = self.write_issued_list(&election).await?;
        let row = ElectionRow {
            issued: Some(issued),
            ..election.row.clone()
        };
        self.replace(
            &election,
            &row,
            Change::new().audit(leaf("listed").encode()),
        )
        .await?;
        self.election(id).await
    }

    /// Writes the issued list place by place into a file of its own size, and names it.
    async fn write_issued_list(&self, election: &Election) -> Result<Issued, Error> {
        let keys = self.keys()?;
        let own = election.keys(&keys)?;
        let folder = self.published.clone();
        let failed = move |source| {
            let path = folder.clone();
            Error::Published { path, source }
        };
        let bytes = u64::from(election.roll_statement()?.size) * PLACE;
        let (list, file) = empty_list(&self.published, bytes).map_err(&failed)?;
        let prefix = Issuance::prefix(&own);
        let write_failed = failed.clone();
        let written = work_on(pages(&self.store, &prefix), move |rows: Vec<Row>| {
            for row in &rows {
                let issuance = Issuance::open(&own, &row.key, &row.value.bytes)?;
                let at = u64::from(issuance.roll_index.0) * PLACE;
                let written = file.write_all_at(issuance.ballot_key.as_bytes(), at);
                written.map_err(&write_failed)?;
            }
            Ok(rows.len() as u64)
        });
        let count = written
            .try_fold(0, async |sum, rows| Ok(sum + rows))
            .await?;
        tracing::info!(tokens = count, "the issued list is written");
        let folder = self.published.clone();
        let list = blocking(move || settle(list, &folder).map_err(failed)).await?;
        Ok(Issued { list, count })
    }
}

/// A list of so many bytes, all zeros, and a handle to write it by.
fn empty_list(folder: &Path, bytes: u64) -> io::Result<(NamedTempFile, File)> {
    let list = NamedTempFile::new_in(folder)?;
    list.as_file().set_len(bytes)?;
    let file = list.as_file().try_clone()?;
    Ok((list, file))
}

/// Gives a list its name: its SHA-256.
fn settle(list: NamedTempFile, folder: &Path) -> io::Result<[u8; 32]> {
    let name = hash(list.path())?;
    published::settle(list, &published::path(folder, &name))?;
    Ok(*name.as_bytes())
}

fn hash(path: &Path) -> io::Result<ContentHash> {
    let mut file = File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(ContentHash::new(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
