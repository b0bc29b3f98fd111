//! Drafts: keys minted, manifest filled in, roll derived; all for the officers to sign.

use std::{path::Path, sync::Arc};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use symbolon_crypto::random;
use symbolon_election::{
    Address, Content, ContentHash, ElectionId, Entry, Manifest, Nonce, RollStatement, TallyKey,
    Unverified, VoterId, content::content_hash,
};
use symbolon_keyring::keys::ElectionKeys;
use symbolon_service::reasons::Reason;
use symbolon_store::Change;

use super::{Election, ElectionRow, Stage, ledger, people::People, refuse, row};
use crate::{
    Error,
    audit::{Caller, Leaf},
    core::Core,
    electorates::ElectorateName,
    published,
    roll::{Roll, RollTree, addition, sort, write_addition},
    rows::encode,
    seal::Keys,
    sweep::blocking,
};

/// Who may vote.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Entitled {
    /// Everybody who is registered.
    Everybody,
    /// The people of an electorate.
    Electorate(String),
}

/// What an organiser says of an election.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The content file.
    pub content: Vec<u8>,
    /// The ledger keys file.
    pub ledger_keys: Vec<u8>,
    /// From when ballots count.
    pub opens: u64,
    /// Until when gateways take ballots.
    pub closes: u64,
    /// How many seconds longer ledgers take them.
    pub grace: u64,
    /// When the election's keys are to be destroyed.
    pub forget_after: u64,
    /// Ballots a place may cast.
    pub max_ballots: u8,
    /// Least addition to the roll; 0: frozen at opening.
    pub roll_batch_min: u32,
    /// Least number of places in a published batch.
    pub ballot_batch_min: u16,
    /// 0 voter, 1 portal.
    pub custody: u8,
    /// 0 pseudonymous.
    pub anonymity: u8,
    /// 0 live.
    pub results: u8,
    /// 0 plain.
    pub payload: u8,
    /// Who signs receipts.
    pub gateways: Vec<Address>,
    /// Who may vote.
    pub entitled: Entitled,
}

impl Core {
    /// Mints the election's keys, fills in its manifest and derives its roll. The entries are
    /// without signatures.
    pub async fn draft_election(
        &self,
        caller: &Caller,
        draft: Draft,
    ) -> Result<(ElectionId, Vec<u8>, Vec<u8>), Error> {
        let shape = Content::parse(&draft.content).map_err(refuse)?.shape();
        let trust = self.trust();
        let ledger = ledger::name(&draft.ledger_keys, &trust)?;
        let nonce = Nonce::new(random::bytes(&mut random::os()));
        // The rules that keys have no part in are checked before any is minted.
        let example = PublicKeys::of(&trust.officers()[0], ledger);
        self.manifest(&draft, nonce, shape.encode(), example)
            .validate()
            .map_err(refuse)?;
        self.check_entitled(&draft.entitled).await?;
        // A store without room says so before the ring is changed.
        self.audit(caller, "DraftElection", "begun").await?;
        let (keys, ()) = self.mint_election(nonce).await?;
        let own = keys.election(&nonce).ok_or(Reason::Internal)?;
        let manifest = self.manifest(
            &draft,
            nonce,
            shape.encode(),
            PublicKeys::new(own.as_ref(), ledger),
        );
        let election = manifest.election(self.domain());
        let manifest = Entry::Manifest(unsigned(manifest)).encode();
        let people = self.people(&draft.entitled).await?;
        let making = Making {
            election,
            own: Arc::clone(&own),
            people,
            before: None,
        };
        let statement = self.make_roll(making).await?;
        published::put(&self.published, draft.content).await?;
        if !ledger::is_chain(&trust) {
            published::put(&self.published, draft.ledger_keys).await?;
        }
        let roll = Entry::RollStatement(unsigned(statement)).encode();
        let row = ElectionRow {
            stage: Stage::Draft,
            entitled: draft.entitled,
            manifest: manifest.clone(),
            rolls: 0,
            pending_roll: Some(roll.clone()),
            rotations: Vec::new(),
            ended: false,
            issued: None,
            close: None,
            certified: None,
            cancelled: None,
        };
        let leaf = Leaf::new(self.now(), caller, "DraftElection", "drafted")
            .about(own.subject("election", election.as_bytes()));
        let change = Change::new()
            .absent(row::key(&election))
            .put(row::key(&election), encode(&row))
            .audit(leaf.encode());
        self.try_commit(change).await?.ok_or(Error::Contention)?;
        Ok((election, manifest, roll))
    }

    /// Derives the next addition to an extensible roll.
    pub async fn draft_roll_addition(
        &self,
        caller: &Caller,
        id: &ElectionId,
    ) -> Result<Vec<u8>, Error> {
        let keys = self.keys()?;
        let election = self.election(id).await?;
        let batch = election.manifest().roll_batch_min;
        if election.row.stage != Stage::Open || election.row.ended || batch == 0 {
            return Err(Reason::WrongState.into());
        }
        let own = election.keys(&keys)?;
        let people = self.people(&election.row.entitled).await?;
        let before = Before {
            roll: self.roll(&election)?,
            sequence: election.roll_statement()?.sequence,
            batch,
        };
        let making = Making {
            election: *id,
            own: Arc::clone(&own),
            people,
            before: Some(before),
        };
        let statement = self.make_roll(making).await?;
        let entry = Entry::RollStatement(unsigned(statement)).encode();
        let leaf = Leaf::new(self.now(), caller, "DraftRollAddition", "drafted")
            .about(own.subject("election", id.as_bytes()));
        let row = ElectionRow {
            pending_roll: Some(entry.clone()),
            ..election.row.clone()
        };
        self.replace(&election, &row, Change::new().audit(leaf.encode()))
            .await?;
        self.drop_superseded(&election, &entry);
        Ok(entry)
    }

    /// Removes the leaves of a draft that can't be opened any more.
    fn drop_superseded(&self, election: &Election, entry: &[u8]) {
        let earlier = election.row.pending_roll.as_deref();
        let Some(earlier) = earlier.filter(|earlier| *earlier != entry) else {
            return;
        };
        if let Ok(Entry::RollStatement(earlier)) = Entry::decode(earlier) {
            // What stays costs room and nothing else.
            let _ = std::fs::remove_file(addition(&self.rolls, &earlier.statement));
        }
    }

    /// Writes an election's row anew if it is still as it was read.
    pub(super) async fn replace(
        &self,
        election: &Election,
        row: &ElectionRow,
        change: Change,
    ) -> Result<(), Error> {
        let key = row::key(&election.id);
        let change = change
            .at(key.clone(), election.revision)
            .put(key, encode(row));
        self.try_commit(change).await?.ok_or(Error::Contention)
    }

    async fn mint_election(&self, nonce: Nonce) -> Result<(Arc<Keys>, ()), Error> {
        let now = self.now();
        let mint = move |edit: &mut symbolon_keyring::Edit| {
            edit.mint_election(nonce, now, &mut random::os())
        };
        let adopt = |keys: Arc<Keys>| async move {
            let change = self.mirror(&keys, Change::new()).await?;
            self.try_commit(change).await?.ok_or(Error::Contention)
        };
        self.seal.update(mint, adopt).await
    }

    async fn check_entitled(&self, entitled: &Entitled) -> Result<(), Error> {
        if let Entitled::Electorate(name) = entitled {
            self.electorate(&ElectorateName::parse(name)?).await?;
        }
        Ok(())
    }

    fn manifest(&self, draft: &Draft, nonce: Nonce, shape: Vec<u8>, keys: PublicKeys) -> Manifest {
        let (trust, mut gateways) = (self.trust(), draft.gateways.clone());
        gateways.sort_unstable();
        Manifest {
            nonce,
            content_hash: content_hash(&draft.content),
            shape,
            opens: draft.opens,
            closes: draft.closes,
            grace: draft.grace,
            forget_after: draft.forget_after,
            max_ballots: draft.max_ballots,
            roll_batch_min: draft.roll_batch_min,
            ballot_batch_min: draft.ballot_batch_min,
            custody: draft.custody,
            anonymity: draft.anonymity,
            results: draft.results,
            tally_key: TallyKey::new([0; 32]),
            officers: trust.officers().to_vec(),
            threshold: trust.threshold(),
            issuer: keys.issuer,
            request_key: keys.request,
            gateways,
            ledger_keys: keys.ledger,
            payload: draft.payload,
        }
    }

    /// Derives a roll, or its next addition, and writes its leaves.
    async fn make_roll(&self, making: Making) -> Result<RollStatement, Error> {
        let _one_of_few = self.elections.making.acquire().await;
        let rolls = self.rolls.clone();
        blocking(move || making.make(&rolls)).await
    }
}

/// A roll that is made: its election's voter IDs of all who are entitled.
struct Making {
    election: ElectionId,
    own: Arc<ElectionKeys>,
    people: Arc<People>,
    before: Option<Before>,
}

/// The roll that an addition extends.
struct Before {
    roll: Arc<Roll>,
    sequence: u32,
    batch: u32,
}

impl Making {
    fn make(self, rolls: &Path) -> Result<RollStatement, Error> {
        let roots = self.people.roots.par_iter();
        let mut leaves: Vec<VoterId> = roots.map(|root| self.own.voter_id(root)).collect();
        if let Some(before) = &self.before {
            // Who was merged and is on the roll under any root isn't added under another.
            for (person, root) in &self.people.younger {
                let voter = self.own.voter_id(root);
                if before.roll.find(&voter)?.is_some() {
                    leaves[*person] = voter;
                }
            }
        }
        // The roots are no longer needed.
        drop(self.people);
        sort(&mut leaves)?;
        let (mut tree, sequence) = match &self.before {
            None => (RollTree::default(), 0),
            Some(before) => {
                before.roll.retain_new(&mut leaves)?;
                if leaves.len() < before.batch as usize {
                    return Err(Reason::BatchTooSmall.into());
                }
                (RollTree::of(&before.roll)?, before.sequence + 1)
            }
        };
        tree.extend(&leaves);
        let statement = RollStatement {
            election: self.election,
            sequence,
            size: tree.size()?,
            root: tree.root(),
        };
        write_addition(rolls, &statement, &leaves)?;
        tracing::info!(places = statement.size, sequence, "a roll was made");
        Ok(statement)
    }
}

fn unsigned<T>(statement: T) -> Unverified<T> {
    Unverified {
        statement,
        signatures: Vec::new(),
    }
}

/// The two public keys that a manifest names, and the ledger.
struct PublicKeys {
    issuer: Address,
    request: symbolon_election::RequestKey,
    ledger: ContentHash,
}

impl PublicKeys {
    fn new(keys: &ElectionKeys, ledger: ContentHash) -> Self {
        Self {
            issuer: keys.issuer().address(),
            request: keys.request_key(),
            ledger,
        }
    }

    fn of(issuer: &Address, ledger: ContentHash) -> Self {
        Self {
            issuer: *issuer,
            request: symbolon_election::RequestKey::new([1; 32]),
            ledger,
        }
    }
}
