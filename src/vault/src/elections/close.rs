//! The end of an election: issuing ends, the issued list is written, Close and Certified.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
};

use sha2::{Digest, Sha256};
use symbolon_election::{Close, ContentHash, ElectionId, Entry, Unverified};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, KeyRange};
use tempfile::NamedTempFile;

use super::{
    Election, ElectionRow, Stage,
    open::{decode, same_as, wrong_entry},
    refuse,
};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    issuance::Issuance,
    published,
};

const PAGE: usize = 512;
/// Bytes of a place in the issued list.
const PLACE: u64 = 20;

impl Core {
    /// Ends issuing in every election whose time is over, and writes its issued list.
    pub async fn end_elections(&self) -> Result<(), Error> {
        for election in self.elections().await? {
            let over = self.now() > election.manifest().closes;
            if over && election.row.stage == Stage::Open && election.row.issued.is_none() {
                self.end(&election.id).await?;
            }
        }
        Ok(())
    }

    /// The Close statement for the officers to sign.
    pub async fn prepare_close(&self, id: &ElectionId) -> Result<Vec<u8>, Error> {
        let election = self.election(id).await?;
        if self.now() <= election.manifest().closes {
            return Err(Reason::NotClosed.into());
        }
        let close = self.close_of(&self.end(id).await?)?;
        Ok(Entry::Close(Unverified {
            statement: close,
            signatures: Vec::new(),
        })
        .encode())
    }

    /// Takes the signed Close.
    pub async fn close_election(&self, caller: &Caller, close: &[u8]) -> Result<(), Error> {
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
        self.publish(caller, "CloseElection", &election, &row, &[close])
            .await
    }

    /// Takes the signed result.
    pub async fn certify_election(&self, caller: &Caller, certified: &[u8]) -> Result<(), Error> {
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
        self.publish(caller, "CertifyElection", &election, &row, &[certified])
            .await
    }

    fn close_of(&self, election: &Election) -> Result<Close, Error> {
        let roll = election.roll_statement()?;
        let issued = election.row.issued.ok_or(Reason::WrongState)?;
        Ok(Close {
            election: election.id,
            roll_size: roll.size,
            roll_root: roll.root,
            issued: ContentHash::new(issued),
        })
    }

    /// Ends issuing, then writes the list, each once; the election as it is then.
    async fn end(&self, id: &ElectionId) -> Result<Election, Error> {
        let _one = self.elections.closing.lock().await;
        let election = self.election(id).await?;
        if election.row.stage == Stage::Draft {
            return Err(Reason::WrongState.into());
        }
        if election.row.issued.is_some() {
            return Ok(election);
        }
        let keys = self.keys()?;
        let subject = election.keys(&keys)?.subject("election", id.as_bytes());
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
            issued: Some(*issued.as_bytes()),
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
    async fn write_issued_list(&self, election: &Election) -> Result<ContentHash, Error> {
        let keys = self.keys()?;
        let own = election.keys(&keys)?;
        let failed = |source| Error::Published {
            path: self.published.clone(),
            source,
        };
        let list = NamedTempFile::new_in(&self.published).map_err(failed)?;
        let file = list.as_file();
        file.set_len(u64::from(election.roll_statement()?.size) * PLACE)
            .map_err(failed)?;
        let all = Issuance::range(&own);
        let mut range: KeyRange = all.clone();
        loop {
            let rows = self.store.scan(range, PAGE).await?;
            for row in &rows {
                let issuance = Issuance::open(&own, &row.key, &row.value.bytes)?;
                let at = u64::from(issuance.roll_index.0) * PLACE;
                file.write_all_at(issuance.ballot_key.as_bytes(), at)
                    .map_err(failed)?;
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => range = all.clone().after(last.key.clone()),
                _ => break,
            }
        }
        let name = hash(list.path()).map_err(failed)?;
        let path = published::path(&self.published, &name);
        published::settle(list, &path).map_err(failed)?;
        Ok(name)
    }

    /// How many tokens were issued.
    pub(crate) async fn issued(&self, election: &Election) -> Result<u64, Error> {
        let keys = self.keys()?;
        let Some(own) = keys.election(&election.manifest().nonce) else {
            return Ok(0);
        };
        let all = Issuance::range(&own);
        let (mut range, mut count) = (all.clone(), 0);
        loop {
            let rows = self.store.scan(range, PAGE).await?;
            count += rows.len() as u64;
            match rows.last() {
                Some(last) if rows.len() == PAGE => range = all.clone().after(last.key.clone()),
                _ => return Ok(count),
            }
        }
    }
}

fn hash(path: &std::path::Path) -> io::Result<ContentHash> {
    let mut file = File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(ContentHash::new(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
