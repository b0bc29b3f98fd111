//! The elections that a gateway knows, by their statements alone.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

pub use symbolon_election::ElectionId;
use symbolon_election::{Entry, Error, Issuers, RollStatement, TrustFile, VerifiedManifest};

/// One election as its statements have it.
#[derive(Clone)]
pub struct Election {
    /// The manifest, signed by the officers of the trust file.
    pub manifest: VerifiedManifest,
    /// The manifest's ledger entry.
    pub entry: Arc<[u8]>,
    /// The content file.
    pub content: Arc<[u8]>,
    /// Whose tokens are good.
    pub issuers: Issuers,
    /// The rotations that say so, as ledger entries.
    pub rotations: Vec<Arc<[u8]>>,
    /// The roll statements, in order.
    pub rolls: Vec<RollStatement>,
    /// It was called off.
    pub cancelled: bool,
}

impl Election {
    /// How many places the roll has.
    pub fn roll_size(&self) -> u32 {
        self.rolls.last().map_or(0, |roll| roll.size)
    }
}

/// All elections; readers get a snapshot and never wait for a writer.
#[derive(Default)]
pub struct Book(RwLock<Arc<HashMap<ElectionId, Arc<Election>>>>);

/// What a statement changes in the book, once it is on the ledger.
pub enum News {
    /// An election.
    Opened(Box<VerifiedManifest>),
    /// Its roll, or an addition to it.
    Roll(RollStatement),
    /// Something about an election.
    Changed(Box<Election>),
    /// Nothing that a gateway acts on.
    Nothing,
}

impl Book {
    /// An election.
    pub fn get(&self, id: &ElectionId) -> Option<Arc<Election>> {
        self.all().get(id).cloned()
    }

    /// All elections as they are now.
    pub fn all(&self) -> Arc<HashMap<ElectionId, Arc<Election>>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks a statement against the trust file and what came before, and says what is new.
    pub fn read(&self, entry: &[u8], trust: &TrustFile) -> Result<News, Error> {
        let election = |id: &ElectionId| {
            self.get(id)
                .ok_or(Error::OtherElection { what: "statement" })
        };
        match Entry::decode(entry)? {
            Entry::Manifest(signed) => Ok(News::Opened(Box::new(signed.verify(trust)?))),
            Entry::RollStatement(signed) => {
                let election = election(&signed.statement.election)?;
                let verified = signed.verify(&election.manifest)?;
                let batch = election.manifest.manifest().roll_batch_min;
                if election.rolls.contains(verified.statement()) {
                    return Ok(News::Nothing);
                }
                verified.statement().follows(election.rolls.last(), batch)?;
                Ok(News::Roll(verified.statement().clone()))
            }
            Entry::IssuerRotation(signed) => {
                let mut election = Election::clone(&*election(&signed.statement.election)?);
                let verified = signed.verify(&election.manifest)?;
                election.issuers.rotate(&verified)?;
                election.rotations.push(entry.into());
                Ok(News::Changed(Box::new(election)))
            }
            Entry::Cancelled(signed) => {
                let election = election(&signed.statement.election)?;
                signed.verify(&election.manifest)?;
                let cancelled = Election {
                    cancelled: true,
                    ..Election::clone(&*election)
                };
                Ok(News::Changed(Box::new(cancelled)))
            }
            Entry::Close(signed) => {
                signed
                    .clone()
                    .verify(&election(&signed.statement.election)?.manifest)?;
                Ok(News::Nothing)
            }
            Entry::Certified(signed) => {
                signed
                    .clone()
                    .verify(&election(&signed.statement.election)?.manifest)?;
                Ok(News::Nothing)
            }
            Entry::Ballot(_) => Err(Error::UnknownTag(0x10)),
        }
    }

    /// Writes an election anew.
    pub fn put(&self, election: Election) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = HashMap::clone(&all);
        next.insert(election.manifest.election(), Arc::new(election));
        *all = Arc::new(next);
    }
}
