use serde_json::{Value, json};
use symbolon_election::{
    Digest, ElectionId, EntryHash, LedgerKeys, Signature, SignedReceipt, TrustFile,
    VerifiedManifest, content,
};
use symbolon_ledger::layout;
use symbolon_tlog::{Hash, SignedCheckpoint, VerifierKey, verify_inclusion};

use super::{Papers, bytes, number, to_0x};
use crate::{error::Error, http::Http};

const LISTS: u64 = 64 << 20;
const ANSWERS: u64 = 1 << 20;
/// A proof in a tree of 2⁶⁴ leaves.
const LONGEST_PROOF: usize = 64;

/// A gateway, as a device sees it.
pub struct Gateway {
    http: Http,
}

/// Where a ballot is, by the gateway's word.
pub enum Standing {
    /// Stored, waiting for the next publication.
    Accepted,
    /// Handed to the ledger.
    Published,
    /// On the ledger; the proof is still to be checked.
    Included(Inclusion),
    /// In a settled block of a chain, as the entry of this number; the chain shows it.
    Settled(u64),
}

/// What a gateway gives as proof that a ballot is on the ledger.
pub struct Inclusion {
    /// Its place on the ledger.
    pub index: u64,
    proof: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl Gateway {
    /// The gateway behind this client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// The elections it takes ballots for, held against the trust file.
    pub fn elections(&self, trust: &TrustFile) -> Result<Papers, Error> {
        Papers::from_json(&self.http.get("/v1/elections", None, LISTS)?, trust)
    }

    /// Hands a ballot over; the answer is the receipt, unchecked.
    pub fn cast(&self, entry: &[u8]) -> Result<SignedReceipt, Error> {
        let answer = self.http.post(
            "/v1/ballots",
            None,
            &json!({"entry": to_0x(entry)}),
            ANSWERS,
        )?;
        receipt(&answer["receipt"])
    }

    /// Where a ballot is.
    pub fn standing(&self, entry: &EntryHash) -> Result<Standing, Error> {
        let answer = self
            .http
            .get(&format!("/v1/ballots/{entry}"), None, ANSWERS)?;
        let state = answer["state"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match state.trim_start_matches("ballot_state_") {
            "accepted" => Ok(Standing::Accepted),
            "published" => Ok(Standing::Published),
            "included" if answer["checkpoint"].as_str().is_none_or(str::is_empty) => {
                number(&answer, "index").map(Standing::Settled)
            }
            "included" => Inclusion::read(&answer).map(Standing::Included),
            _ => Err(Error::unreadable(
                "the gateway's answer",
                "names no state of a ballot",
            )),
        }
    }

    /// The ledger keys that a manifest names, from the gateway's public log.
    pub fn ledger_keys(&self, manifest: &VerifiedManifest) -> Result<LedgerKeys, Error> {
        let hash = manifest.manifest().ledger_keys;
        let file = self.http.file(
            &format!("/log/{}", layout::content(hash.as_bytes())),
            ANSWERS,
        )?;
        ledger_keys(&file, manifest)
    }
}

/// Reads a list of ledger keys and checks that it is the manifest's.
pub(crate) fn ledger_keys(file: &[u8], manifest: &VerifiedManifest) -> Result<LedgerKeys, Error> {
    let wrong = |problem: &dyn std::fmt::Display| Error::unreadable("the ledger keys", problem);
    if content::content_hash(file) != manifest.manifest().ledger_keys {
        return Err(wrong(&"not those that the manifest names"));
    }
    LedgerKeys::parse(file).map_err(|e| wrong(&e))
}

/// A receipt as gateways and portals write it in JSON.
pub(crate) fn receipt(value: &Value) -> Result<SignedReceipt, Error> {
    let wrong = |e: symbolon_election::Error| Error::unreadable("the receipt", e);
    let signature = Signature::from_slice(&bytes(value, "signature")?)
        .map_err(|e| Error::unreadable("the receipt", e))?;
    Ok(SignedReceipt {
        election: ElectionId::from_slice(&bytes(value, "election")?).map_err(wrong)?,
        ballot_digest: Digest::from_slice(&bytes(value, "ballotDigest")?).map_err(wrong)?,
        include_by: number(value, "includeBy")?,
        signature,
    })
}

impl Inclusion {
    fn read(value: &Value) -> Result<Self, Error> {
        let wrong =
            |problem: &dyn std::fmt::Display| Error::unreadable("the gateway's proof", problem);
        let list = value["proof"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if list.len() > LONGEST_PROOF {
            return Err(wrong(&"too long"));
        }
        let proof = list
            .iter()
            .map(|hash| {
                let text = hash.as_str().unwrap_or_default();
                text.strip_prefix("0x")
                    .unwrap_or(text)
                    .parse()
                    .map_err(|e: symbolon_tlog::Error| wrong(&e))
            })
            .collect::<Result<_, _>>()?;
        let note = value["checkpoint"].as_str().unwrap_or_default();
        Ok(Self {
            index: number(value, "index")?,
            proof,
            checkpoint: SignedCheckpoint::parse(note.as_bytes()).map_err(|e| wrong(&e))?,
        })
    }

    /// Checks the log's signature, the cosignatures and the proof; gives the ledger's size and the earliest time by
    /// which as many cosigners as the manifest demands had seen it.
    pub fn verify(&self, entry: &EntryHash, keys: &LedgerKeys) -> Result<(u64, u64), Error> {
        let broken = |problem: &dyn std::fmt::Display| {
            Error::failed(
                format!("the gateway's proof does not hold: {problem}"),
                "Keep your receipt; after its time, `symbolon receipt complain` makes a complaint of it.",
            )
        };
        let log: VerifierKey = keys.log().to_vkey().parse().map_err(|e| broken(&e))?;
        let checkpoint = self.checkpoint.verify(&log).map_err(|e| broken(&e))?;
        let mut times = Vec::new();
        for cosigner in keys.cosigners() {
            let key: VerifierKey = cosigner.to_vkey().parse().map_err(|e| broken(&e))?;
            times.extend(self.checkpoint.cosigned_at(&key).map_err(|e| broken(&e))?);
        }
        times.sort_unstable();
        let quorum = usize::from(keys.quorum());
        let seen = quorum.checked_sub(1).and_then(|at| times.get(at));
        let seen = seen.ok_or_else(|| {
            broken(&format!(
                "{} of {quorum} cosigners have seen it",
                times.len()
            ))
        })?;
        let leaf = Hash::new(*entry.as_bytes());
        verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size(),
            &self.proof,
            checkpoint.root(),
        )
        .map_err(|e| broken(&e))?;
        Ok((checkpoint.size(), *seen))
    }
}
