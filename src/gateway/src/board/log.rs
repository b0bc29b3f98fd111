//! The embedded log, owned by this process.

use symbolon_crypto::{Secret, keyfile, random};
use symbolon_election::{
    ContentHash, Entry, EntryHash, LedgerKeys, Manifest, TrustFile, content::content_hash,
    ledger_keys::NoteKey,
};
use symbolon_ledger::{Ledger, LedgerFuture, Submitted};
use symbolon_ledger_log::{Clock, Files, Folder, Log, LogLedger};
use symbolon_tlog::{Hash, LogKey};

use super::{Board, Named, Place, make_key};
use crate::{Error, config::GatewayConfig, run::RunError};

const PAGE: usize = 1024;

/// The log of this process.
#[derive(Clone)]
pub struct LogBoard {
    ledger: LogLedger,
    files: Files,
    key: NoteKey,
    /// Its size and its time when it was opened: all later entries come from this process.
    opened: (u64, u64),
}

impl LogBoard {
    /// Over a log.
    pub fn new(log: Log, clock: Clock) -> Result<Self, Error> {
        let keys = log.ledger_keys(1).map_err(Error::LedgerKeys)?;
        Ok(Self {
            key: keys.log().clone(),
            opened: (log.size(), log.time()),
            files: log.files(),
            ledger: LogLedger::new(log, clock),
        })
    }

    /// The log, shared.
    pub fn ledger(&self) -> &LogLedger {
        &self.ledger
    }
}

pub(super) fn open(
    config: &GatewayConfig,
    trust: &TrustFile,
    clock: Clock,
) -> Result<LogBoard, RunError> {
    Ok(LogBoard::new(log(config, trust, clock())?, clock)?)
}

pub(super) fn init(config: &GatewayConfig, trust: &TrustFile, now: u64) -> Result<Named, RunError> {
    let seed = Secret::<32>::random(&mut random::os());
    make_key(config.ledger.log_key()?, seed.expose())?;
    std::fs::create_dir_all(&config.ledger.folder)?;
    let log = log(config, trust, now)?;
    let keys = log.ledger_keys(1).map_err(Error::LedgerKeys)?.to_json();
    let name = content_hash(&keys);
    Ok(Named {
        keys: Some(keys),
        name,
        account: None,
    })
}

fn log(config: &GatewayConfig, trust: &TrustFile, now: u64) -> Result<Log, RunError> {
    let seed = keyfile::read::<32>(config.ledger.log_key()?)?;
    let key = LogKey::new(trust.origin(), seed.expose())?;
    let folder = Folder::own(&config.ledger.folder)?;
    Ok(Log::open(folder, key, Vec::new(), now)?)
}

#[tonic::async_trait]
impl Board for LogBoard {
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>> {
        self.ledger.submit(entries)
    }

    fn files(&self) -> &Files {
        &self.files
    }

    fn settles_at_once(&self) -> bool {
        true
    }

    fn opened_at(&self) -> u64 {
        self.opened.1
    }

    fn has(&self, entry: &EntryHash) -> bool {
        self.ledger.has(&Hash::new(*entry.as_bytes()))
    }

    async fn place(&self, entry: &EntryHash) -> Result<Option<Place>, Error> {
        let proof = self.ledger.inclusion(Hash::new(*entry.as_bytes())).await?;
        Ok(proof.map(|proof| Place {
            index: proof.index,
            proof: Some(proof),
        }))
    }

    async fn statements(&self, from: u64) -> Result<(u64, Vec<Vec<u8>>), Error> {
        let (mut next, mut statements) = (from, Vec::new());
        while next < self.opened.0 {
            let page = self.ledger.settled(next, PAGE).await?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            let found = page.into_iter().map(|settled| settled.entry);
            statements.extend(found.filter(|entry| is_statement(entry)));
        }
        Ok((next, statements))
    }

    async fn heartbeat(&self) -> Result<(), Error> {
        Ok(self.ledger.heartbeat().await?)
    }

    fn keys_file(&self, manifest: &Manifest) -> Option<ContentHash> {
        Some(manifest.ledger_keys)
    }

    /// Entries get their time only where a manifest names this log.
    fn is_named_by(&self, _: &Manifest, keys: Option<&[u8]>) -> Result<(), Error> {
        match LedgerKeys::parse(keys.unwrap_or_default()) {
            Ok(keys) if *keys.log() != self.key => {
                Err(Error::OtherGateway("its ledger keys name another log"))
            }
            Ok(keys) if keys.quorum() > 1 => Err(Error::OtherGateway(
                "its ledger keys want witnesses, and this log has none",
            )),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::OtherGateway("its ledger keys can't be read")),
        }
    }
}

fn is_statement(entry: &[u8]) -> bool {
    !matches!(Entry::decode(entry), Ok(Entry::Ballot(_)) | Err(_))
}
