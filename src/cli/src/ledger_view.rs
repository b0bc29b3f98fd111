//! A public ledger, read whole and verified from its entries: a log from a folder or over HTTP, or a
//! contract from a node of its chain, with rolls and contents as a log has them.

#[cfg(feature = "ethereum")]
mod chain;
mod files;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use symbolon_election::{ContentHash, ElectionId, LedgerHead, LedgerKeys, TrustFile, VoterId};
use symbolon_ledger::{
    Chronicle, FileSource, Pins, Report, RollSource, Sighting, Timeline, Unread, Verifier, layout,
};
use symbolon_tlog::{
    Frontier, Hash, MAX_NOTE, SignedCheckpoint, VerifierKey, decode_bundle, leaf_hash,
};

use crate::{error::Error, statements};
use files::Files;

const WIDE: u16 = 256;
const LEAF: usize = 32;
/// A bundle of 256 entries of the longest kind.
const LARGEST_BUNDLE: u64 = 256 * (2 + 65_535);
const LARGEST_SIZES: u64 = 64 << 20;

#[cfg(feature = "ethereum")]
pub use chain::NodeOptions;

/// Which ledger is read, and whose elections count.
#[derive(Args)]
pub struct LogOption {
    /// The log, or rolls and contents beside a contract: a folder, or a URL that serves the same files.
    #[arg(long, value_name = "SOURCE")]
    source: String,
    /// The authority of the log's certificate, where the public ones don't vouch for it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The city's trust file.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[cfg(feature = "ethereum")]
    #[command(flatten)]
    node: NodeOptions,
}

impl LogOption {
    /// The ledger, not verified yet, and the trust file.
    pub fn open(&self) -> Result<(Box<dyn View>, TrustFile), Error> {
        let trust = statements::read_trust(&self.trust)?;
        let ca = self.ca.as_deref();
        #[cfg(feature = "ethereum")]
        if let Some(config) = self.node.config(&trust)? {
            let files = LedgerView::of_files(&self.source, ca)?;
            let view = chain::ChainView::open(&config, files)?;
            return Ok((Box::new(view), trust));
        }
        if trust.domain().chain_id() != 0 {
            return Err(Error::usage(
                "the trust file names a contract on a chain",
                "Name a node of it: --rpc URL, in a build with the feature `ethereum`.",
            ));
        }
        let view = LedgerView::open(&self.source, ca)?;
        Ok((Box::new(view), trust))
    }
}

/// A whole ledger.
pub trait View {
    /// Verifies every entry and gives the report; whose elections count, the trust file says.
    fn verify(&mut self, trust: &TrustFile) -> Result<Report, Error>;

    /// The ledger's root, or the block's hash, at a size that the report names.
    fn head_at(&mut self, size: u64) -> Option<LedgerHead>;

    /// Every entry in the ledger's order, of a ledger that was verified.
    fn entries(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), Error>;

    /// Up to which time everything was read that the ledger will ever hold, where it tells by itself.
    fn settled_until(&self) -> Option<u64> {
        None
    }
}

/// A log and what it says of itself.
pub struct LedgerView {
    files: Files,
    checkpoints: BTreeMap<u64, SignedCheckpoint>,
    roots: BTreeMap<u64, Hash>,
}

impl LedgerView {
    /// The files beside the entries, in a folder, or behind a URL that serves the same.
    fn of_files(source: &str, ca: Option<&Path>) -> Result<Self, Error> {
        Ok(Self {
            files: Files::open(source, ca)?,
            checkpoints: BTreeMap::new(),
            roots: BTreeMap::new(),
        })
    }

    /// Reads the checkpoints of a log.
    fn open(source: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let mut view = Self::of_files(source, ca)?;
        view.checkpoint(layout::CHECKPOINT)?;
        for size in view.sizes()? {
            view.checkpoint(&layout::checkpoint(size))?;
        }
        Ok(view)
    }

    fn compare_roots(&self, trust: &TrustFile) -> Result<(), Error> {
        for (size, signed) in self.checkpoints.iter().filter(|(size, _)| **size > 0) {
            let stated = signed.checkpoint();
            if stated.origin() != trust.origin() {
                return Err(Error::failed(
                    format!("the checkpoint of size {size} is another log's"),
                    "Check the source and the trust file.",
                ));
            }
            if self.roots.get(size) != Some(stated.root()) {
                return Err(Error::failed(
                    format!("the entries do not give the root of the checkpoint of size {size}"),
                    "The log was altered: keep a copy, and tell the officers.",
                ));
            }
        }
        Ok(())
    }

    fn sizes(&self) -> Result<Vec<u64>, Error> {
        let bytes = self
            .files
            .read(layout::CHECKPOINT_SIZES, LARGEST_SIZES)
            .map_err(unread)?;
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(layout::parse_checkpoint_sizes)
            .ok_or_else(|| Error::unreadable(layout::CHECKPOINT_SIZES, "not a list of sizes"))
    }

    fn checkpoint(&mut self, path: &str) -> Result<(), Error> {
        let bytes = self.files.read(path, MAX_NOTE as u64).map_err(unread)?;
        let signed = SignedCheckpoint::parse(&bytes).map_err(|e| Error::unreadable(path, e))?;
        // The latest stands there twice; the copy by size may have fewer cosignatures.
        self.checkpoints
            .entry(signed.checkpoint().size())
            .or_insert(signed);
        Ok(())
    }

    fn bundle(&self, number: u64, width: u16) -> Result<Vec<Vec<u8>>, Error> {
        let path = layout::entries(number, width);
        let (bytes, found) = self
            .widest(width, LARGEST_BUNDLE, |width| {
                layout::entries(number, width)
            })
            .map_err(unread)?;
        let entries = decode_bundle(&bytes, found).map_err(|e| Error::unreadable(path, e))?;
        Ok(entries
            .into_iter()
            .take(width.into())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// A file of 256 of this width, or the full one that has replaced it.
    fn widest(
        &self,
        width: u16,
        limit: u64,
        path: impl Fn(u16) -> String,
    ) -> Result<(Vec<u8>, u16), Unread> {
        match self.files.read(&path(width), limit) {
            Err(Unread::Missing { .. }) if width < WIDE => {
                Ok((self.files.read(&path(WIDE), limit)?, WIDE))
            }
            read => Ok((read?, width)),
        }
    }
}

impl View for LedgerView {
    fn verify(&mut self, trust: &TrustFile) -> Result<Report, Error> {
        let size = self.checkpoints.keys().next_back().copied().unwrap_or(0);
        let mut verifier =
            Verifier::new(Pins::Trust(Box::new(trust.clone())), trust.domain().clone());
        let mut tree = Frontier::new();
        for (number, width) in layout::files_of(size) {
            let entries = self.bundle(number, width)?;
            for entry in &entries {
                tree.push(leaf_hash(entry));
                if self.checkpoints.contains_key(&tree.size()) {
                    self.roots.insert(tree.size(), tree.root());
                }
            }
            verifier.feed(&entries, self);
        }
        self.compare_roots(trust)?;
        Ok(verifier.report(self))
    }

    fn head_at(&mut self, size: u64) -> Option<LedgerHead> {
        self.head(size)
    }

    fn entries(&self, each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let size = self.checkpoints.keys().next_back().copied().unwrap_or(0);
        for (number, width) in layout::files_of(size) {
            self.bundle(number, width)?
                .iter()
                .for_each(|entry| each(entry));
        }
        Ok(())
    }
}

impl RollSource for LedgerView {
    fn leaves(
        &mut self,
        election: &ElectionId,
        from: u32,
        count: u32,
    ) -> Result<Vec<VoterId>, Unread> {
        let wide = u32::from(WIDE);
        let (number, skip) = (u64::from(from / wide), from % wide);
        let end = wide.min(skip.saturating_add(count));
        let width = u16::try_from(end).unwrap_or(WIDE);
        let election = election.to_string();
        let limit = u64::from(WIDE) * LEAF as u64;
        let path = |width| layout::roll_leaves(&election, number, width);
        let (bytes, _) = self.widest(width, limit, path)?;
        let (leaves, _) = bytes.as_chunks::<LEAF>();
        let wanted = leaves
            .get(skip as usize..end as usize)
            .ok_or_else(|| Unread::Unreadable {
                path: path(width),
                reason: "too short".to_owned(),
            })?;
        Ok(wanted.iter().map(|leaf| VoterId::new(*leaf)).collect())
    }
}

impl FileSource for LedgerView {
    fn file(&mut self, sha256: &ContentHash, limit: u64) -> Result<Vec<u8>, Unread> {
        self.files.read(&layout::content(sha256.as_bytes()), limit)
    }
}

impl Chronicle for LedgerView {
    fn timeline(&mut self, keys: &LedgerKeys) -> Timeline {
        let Ok(log) = keys.log().to_vkey().parse::<VerifierKey>() else {
            return Timeline::default();
        };
        let mut sightings = Vec::new();
        for (size, signed) in &self.checkpoints {
            if signed.verify(&log).is_err() {
                continue;
            }
            for (cosigner, key) in keys.cosigners().iter().enumerate() {
                let Ok(key) = key.to_vkey().parse::<VerifierKey>() else {
                    continue;
                };
                let first = signed.cosigned_at(&key).ok().flatten();
                let last = signed.last_cosigned_at(&key).ok().flatten();
                sightings.extend(first.zip(last).map(|(time, last)| Sighting {
                    cosigner,
                    size: *size,
                    time,
                    last,
                }));
            }
        }
        Timeline::from_sightings(sightings, keys.quorum().into())
    }

    fn head(&mut self, size: u64) -> Option<LedgerHead> {
        self.roots
            .get(&size)
            .map(|root| LedgerHead::new(*root.as_bytes()))
    }
}

fn unread(unread: Unread) -> Error {
    Error::unreadable("the log", unread)
}
