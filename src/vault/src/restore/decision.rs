//! The officers' decision to go on from an older state, verified without a vault.

use std::path::Path;

use symbolon_election::{
    Address, BackupNote, Digest, Proposal, Signature, SignatureFile, Statement, Typed, officers,
    proposal::Action, typed_data::SIGNATURE_SUFFIX,
};
use symbolon_store::Key;

use super::{Order, RestoreError};
use crate::{
    config::VaultConfig,
    proposals::{LONGEST, ProposalRow, row_key},
    rows::{Officers, encode},
};

/// The largest file of a proposal's folder.
const LARGEST: u64 = 1 << 20;

/// A decision that enough officers signed.
pub(super) struct Decision {
    digest: Digest,
    proposal: Proposal,
    content: Vec<u8>,
    signatures: Vec<(Address, Signature)>,
}

impl Decision {
    /// Reads a folder and checks it: of this vault, about this backup, in time, and signed by enough of
    /// the officers that the backup names *and* of those whom the city publishes now. Who ceased to be
    /// an officer since then doesn't bring the time back in which they were one.
    pub(super) fn read(
        config: &VaultConfig,
        order: &Order,
        note: &BackupNote,
        own: &Officers,
        why: &str,
        now: u64,
    ) -> Result<Self, RestoreError> {
        let (Some(folder), Some(trust)) = (&order.proposal, &order.trust) else {
            return Err(RestoreError::Older { why: why.into() });
        };
        let decision = Self::parse(config, folder)?;
        decision.check(note, now)?;
        let counts = |officers: &[Address], threshold: u8, whose: &str| {
            let signers = decision.signatures.iter();
            let signed = signers.filter(|(signer, _)| officers.contains(signer));
            let signed = signed.count();
            match threshold > 0 && signed >= usize::from(threshold) {
                true => Ok(()),
                false => Err(RestoreError::Decision(format!(
                    "signed by {signed} of the officers {whose}, {threshold} are needed"
                ))),
            }
        };
        counts(&own.addresses, own.threshold, "in the backup")?;
        counts(trust.officers(), trust.threshold(), "in the trust file")?;
        Ok(decision)
    }

    /// Its row, executed.
    pub(super) fn row(&self, now: u64) -> (Key, Vec<u8>) {
        let row = ProposalRow::executed(&self.proposal, &self.content, &self.signatures, now);
        (row_key(&self.digest), encode(&row))
    }

    fn parse(config: &VaultConfig, folder: &Path) -> Result<Self, RestoreError> {
        let wrong = |what: &str| RestoreError::Decision(what.to_owned());
        let path = folder.join("proposal.json");
        let (statement, domain) = Statement::from_typed_data(&read(&path)?)
            .map_err(|error| RestoreError::file(&path, error))?;
        let Statement::Proposal(proposal) = statement.clone() else {
            return Err(RestoreError::file(&path, "it is no proposal"));
        };
        if domain != config.domain() {
            return Err(wrong(
                "is signed for another ledger than the configuration's",
            ));
        }
        let digest = proposal.digest(&domain);
        let mut signatures = Vec::new();
        for path in signature_files(folder)? {
            let file = SignatureFile::parse(&read(&path)?)
                .map_err(|error| RestoreError::file(&path, error))?;
            let signature = file.signature_on(&statement, &domain);
            signatures.extend(signature.map_err(|error| RestoreError::file(&path, error))?);
        }
        let recovered = |signature: &Signature| {
            let signer = officers::recover("Proposal", &digest, signature);
            signer.map(|signer| (signer, *signature))
        };
        let signatures = officers::arrange("Proposal", &digest, &signatures)
            .and_then(|arranged| arranged.iter().map(recovered).collect())
            .map_err(|error| RestoreError::Decision(error.to_string()))?;
        Ok(Self {
            digest,
            proposal,
            content: read(&folder.join("content.json"))?,
            signatures,
        })
    }

    fn check(&self, note: &BackupNote, now: u64) -> Result<(), RestoreError> {
        let wrong = |what: &str| Err(RestoreError::Decision(what.to_owned()));
        let action = Action::parse(&self.content)
            .map_err(|error| RestoreError::Decision(error.to_string()))?;
        if action.content_hash() != self.proposal.content_hash {
            return wrong("content.json is not the content that it names");
        }
        if self.proposal.installation != note.installation {
            return wrong("is of another vault");
        }
        let Action::Restore { backup, taken } = action else {
            return wrong("decides something else");
        };
        if *backup.as_bytes() != note.store || taken != note.taken {
            return wrong("is about another backup");
        }
        if self.proposal.expires < now {
            return wrong("has expired");
        }
        match self.proposal.expires - now > LONGEST {
            true => wrong("expires more than 30 days ahead"),
            false => Ok(()),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RestoreError> {
    let metadata = path.metadata();
    let length = metadata
        .map_err(|error| RestoreError::file(path, error))?
        .len();
    if length > LARGEST {
        return Err(RestoreError::file(path, "it is too long"));
    }
    std::fs::read(path).map_err(|error| RestoreError::file(path, error))
}

fn signature_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, RestoreError> {
    let unread = |error| RestoreError::file(folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.to_string_lossy().ends_with(SIGNATURE_SUFFIX) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
