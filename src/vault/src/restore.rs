//! A vault made of a backup, on its own host, before it runs.
//!
//! The backup is read twice: first to the end, when nothing is written yet and everything is
//! compared (each block's hash, the note that the audit key signed, the ring and its secret, whether
//! the ring still has the keys that the rows lie under), then into a store beside the place where the
//! vault's is, which takes that place when it is whole.
//!
//! Whoever goes on from an older state forgets what came later: people, tokens, halts. So where the
//! checkpoint file saw more than the backup holds, or is not there to tell, officers must have signed
//! it, and the tokens of elections under way stand still until they decide again.

mod command;
mod decision;
mod inspect;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use symbolon_crypto::{SecretBytes, keyfile};
use symbolon_election::{BackupNote, TrustFile};
use symbolon_keyring::{RingFiles, RingSecret, SealedRing};
use symbolon_store::{
    BackupReader, BackupSummary, Change, Checkpoint, LocalStore, Options, Store, StoreError,
    put_in_place,
};
use symbolon_tlog::{Note, VerifierKey};

use crate::{
    audit::{Caller, Leaf},
    backup::NOTE,
    config::VaultConfig,
    halts::Halt,
    read_back::Restored as ReadBackRow,
};
pub use command::Restore;
use decision::Decision;
use inspect::Inspected;

/// The largest copy of a key ring.
const LARGEST_RING: u64 = 64 << 20;

/// What a vault is to be made of.
#[derive(Debug)]
pub struct Order {
    /// The store's backup; its note lies beside it.
    pub store: PathBuf,
    /// The key ring's copy, where the vault has none.
    pub ring: Option<PathBuf>,
    /// The ring secret's copy, where the vault has none.
    pub ring_secret: Option<PathBuf>,
    /// The audit log's verifier key, known from elsewhere.
    pub audit_key: VerifierKey,
    /// Folder of the officers' proposal with their signatures.
    pub proposal: Option<PathBuf>,
    /// Who the city's officers are.
    pub trust: Option<TrustFile>,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What belongs together.
    pub note: BackupNote,
    /// What the store's backup held.
    pub summary: BackupSummary,
    /// Whether the vault had come further than that, or nobody can tell.
    pub older: bool,
    /// Elections whose tokens stand still.
    pub halted: usize,
    /// Folders of the rolls of unfinished elections that are not on disk.
    pub missing_rolls: Vec<PathBuf>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store or its backup.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row of the backup.
    #[error(transparent)]
    Vault(#[from] crate::Error),
    /// The key ring or its secret.
    #[error(transparent)]
    Keyring(#[from] symbolon_keyring::Error),
    /// A file of secrets.
    #[error(transparent)]
    Secret(#[from] symbolon_crypto::Error),
    /// A file can't be read or moved.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Files that aren't of one backup, or not of this vault.
    #[error("{0}; nothing was changed")]
    Mismatch(String),
    /// The ring destroyed keys that the backup's rows lie under.
    #[error(
        "the key ring destroyed the {key} under which {rows} of the backup's rows lie: nobody would be found again. Move ring and ring secret away and restore those of the same backup with it (--ring, --ring-secret); nothing was changed"
    )]
    Destroyed {
        /// Which key.
        key: String,
        /// How many rows.
        rows: u64,
    },
    /// Officers have to decide it.
    #[error(
        "the backup is older than what the vault had come to ({why}): officers have to sign it (symbolon proposals draft restore), and their folder is given with --proposal and --trust; nothing was changed"
    )]
    Older {
        /// How far the vault had come.
        why: String,
    },
    /// The officers' decision isn't one.
    #[error("the proposal: {0}; nothing was changed")]
    Decision(String),
}

impl RestoreError {
    fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Makes the vault's store of a backup, and key ring and ring secret where they are missing.
pub async fn restore(
    config: &VaultConfig,
    order: &Order,
    now: u64,
) -> Result<Restored, RestoreError> {
    refuse_existing(&config.store.directory)?;
    let note = read_note(&order.store.with_extension(NOTE), &order.audit_key)?;
    let ring = Rings::find(config, order, &note)?;
    let seen = Checkpoint::read(&config.store.checkpoint_file)?;
    let inspected = inspect::inspect(&order.store, &note, seen.as_ref())?;
    inspected.check_ring(&ring.sealed)?;
    let older = lost(&inspected, seen.as_ref());
    let decision = match &older {
        Some(why) => Some(Decision::read(
            config,
            order,
            &note,
            &inspected.officers,
            why,
            now,
        )?),
        None => None,
    };
    ring.put_back(config)?;
    let least = seen.map_or(0, |seen| seen.generation);
    let summary = fill(config, order, least, &inspected, decision.as_ref(), now).await?;
    Ok(Restored {
        note,
        summary,
        older: older.is_some(),
        halted: older.map_or(0, |_| inspected.unfinished.len()),
        missing_rolls: inspected.missing_rolls(&config.rolls),
    })
}

/// Restores beside the vault's place, then moves it there.
async fn fill(
    config: &VaultConfig,
    order: &Order,
    least: u64,
    inspected: &Inspected,
    decision: Option<&Decision>,
    now: u64,
) -> Result<BackupSummary, RestoreError> {
    let own = (&*config.store.directory, &*config.store.checkpoint_file);
    let (directory, checkpoint) = (beside(own.0), beside(own.1));
    // What an earlier try left.
    remove(&directory, |path| fs::remove_dir_all(path))?;
    remove(&checkpoint, |path| fs::remove_file(path))?;
    let options = Options::new(&directory, &checkpoint).cache(config.cache_bytes());
    let mut reader = open(&order.store)?;
    let (store, summary) = LocalStore::restore(options, least, &mut reader)?;
    if summary.sha256 != inspected.summary.sha256 {
        return Err(RestoreError::Mismatch(
            "the store's backup changed while it was read".into(),
        ));
    }
    let leaf = Leaf::new(now, &Caller::vault(), "Restore", "restored");
    let change = Change::new().audit(leaf.counting(summary.rows).encode());
    let change = match decision {
        Some(decision) => {
            let halted = inspected
                .unfinished
                .iter()
                .fold(change, |change, election| {
                    let (key, row) = Halt::issuance(election).row(now);
                    let (read, unread) = ReadBackRow::row(election, now);
                    change.put(key, row).put(read, unread)
                });
            let (key, row) = decision.row(now);
            halted.put(key, row)
        }
        None => change,
    };
    store.commit_one(change).await?;
    store.close().await?;
    drop(store);
    put_in_place((&directory, &checkpoint), own)?;
    Ok(summary)
}

/// What the vault had come to and the backup doesn't hold; nothing: it holds all.
fn lost(inspected: &Inspected, seen: Option<&Checkpoint>) -> Option<String> {
    let Some(seen) = seen else {
        return Some("there is no checkpoint file to tell".into());
    };
    let (generation, leaves) = (inspected.head.generation(), inspected.head.audit_size());
    let extends = inspected.root_at_checkpoint == Some(seen.audit_root);
    match generation >= seen.generation && leaves >= seen.audit_size && extends {
        true => None,
        false => Some(format!(
            "the checkpoint file saw {} changes and {} audit leaves, the backup has {generation} and {leaves}",
            seen.generation, seen.audit_size
        )),
    }
}

fn read_note(path: &Path, key: &VerifierKey) -> Result<BackupNote, RestoreError> {
    let bytes = fs::read(path).map_err(|error| RestoreError::file(path, error))?;
    let wrong = |reason: &str| RestoreError::file(path, reason);
    let signed = Note::parse(&bytes).map_err(|error| RestoreError::file(path, error))?;
    let note = BackupNote::parse(signed.text()).map_err(|error| RestoreError::file(path, error))?;
    if note.signer() != key.name() {
        return Err(wrong("it is of another vault than the audit key"));
    }
    let lines = signed.signatures().iter();
    let mut own = lines.filter(|line| key.claims(line));
    match own.any(|line| key.verify(signed.text(), line).is_ok()) {
        true => Ok(note),
        false => Err(wrong("the audit key has not signed it")),
    }
}

/// The vault's ring and ring secret, and what of them has to be put back.
struct Rings {
    sealed: SealedRing,
    ring: Option<SecretBytes>,
    secret: Option<RingSecret>,
}

impl Rings {
    fn find(config: &VaultConfig, order: &Order, note: &BackupNote) -> Result<Self, RestoreError> {
        let (ring_path, secret_path) = (&config.keys.ring, &config.keys.ring_secret);
        let ring = missing(ring_path, order.ring.as_deref(), "--ring")?
            .map(|copy| read_ring(copy, note))
            .transpose()?;
        let secret = missing(secret_path, order.ring_secret.as_deref(), "--ring-secret")?
            .map(|copy| read_secret(copy, note))
            .transpose()?;
        let sealed = match &ring {
            Some(bytes) => SealedRing::from_bytes(bytes.expose())?,
            None => SealedRing::read(ring_path)?,
        };
        if sealed.installation() != note.installation {
            return Err(RestoreError::Mismatch(
                "key ring and backup are of two vaults".into(),
            ));
        }
        match (&ring, &secret) {
            // Both are there: the ring tells which secret fits, its next one included.
            (None, None) => drop(RingFiles::new(ring_path, secret_path).copies()?),
            (Some(_), None) => {
                check_secret(&sealed, &RingSecret::new(keyfile::read(secret_path)?))?
            }
            (_, Some(secret)) => check_secret(&sealed, secret)?,
        }
        Ok(Self {
            sealed,
            ring,
            secret,
        })
    }

    fn put_back(&self, config: &VaultConfig) -> Result<(), RestoreError> {
        if let Some(secret) = &self.secret {
            keyfile::write_new(&config.keys.ring_secret, secret.expose())?;
        }
        if let Some(ring) = &self.ring {
            keyfile::write_new(&config.keys.ring, ring.expose())?;
        }
        Ok(())
    }
}

fn check_secret(sealed: &SealedRing, secret: &RingSecret) -> Result<(), RestoreError> {
    let wanted = sealed.ring_secret_id();
    match secret.id() == wanted {
        true => Ok(()),
        false => Err(symbolon_keyring::Error::OtherRingSecret { wanted }.into()),
    }
}

/// The copy to be put at a path where nothing is; none where something is.
fn missing<'a>(
    path: &Path,
    copy: Option<&'a Path>,
    option: &str,
) -> Result<Option<&'a Path>, RestoreError> {
    match (path.symlink_metadata().is_ok(), copy) {
        (true, None) => Ok(None),
        (false, Some(copy)) => Ok(Some(copy)),
        (true, Some(_)) => Err(RestoreError::Mismatch(format!(
            "{} is there already: move it away, or leave out {option}",
            path.display()
        ))),
        (false, None) => Err(RestoreError::Mismatch(format!(
            "{} is missing: give its copy with {option}",
            path.display()
        ))),
    }
}

fn read_ring(path: &Path, note: &BackupNote) -> Result<SecretBytes, RestoreError> {
    let bytes = keyfile::read_bytes(path, LARGEST_RING)?;
    match symbolon_crypto::digest::sha256(bytes.expose()) == note.ring {
        true => Ok(bytes),
        false => Err(RestoreError::file(
            path,
            "it is damaged, or of another backup than the store's",
        )),
    }
}

fn read_secret(path: &Path, note: &BackupNote) -> Result<RingSecret, RestoreError> {
    let secret = RingSecret::new(keyfile::read(path)?);
    match secret.id().as_bytes() == &note.ring_secret {
        true => Ok(secret),
        false => Err(RestoreError::file(
            path,
            "it is damaged, or of another backup than the store's",
        )),
    }
}

fn open(path: &Path) -> Result<BackupReader<BufReader<File>>, RestoreError> {
    let file = File::open(path).map_err(|error| RestoreError::file(path, error))?;
    Ok(BackupReader::new(BufReader::with_capacity(1 << 20, file))?)
}

fn refuse_existing(directory: &Path) -> Result<(), RestoreError> {
    let found = fs::read_dir(directory).map(|mut entries| entries.next().is_some());
    match found.unwrap_or(false) {
        true => Err(StoreError::Exists(directory.to_owned()).into()),
        false => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

fn remove(
    path: &Path,
    remove: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), RestoreError> {
    match remove(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(RestoreError::file(path, error))
        }
        _ => Ok(()),
    }
}
