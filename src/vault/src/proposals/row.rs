use serde::{Deserialize, Serialize};
use symbolon_election::{Address, Digest, Nonce, Proposal, Signature};
use symbolon_store::Key;

use crate::rows::Table;

/// A proposal's row. It stays when it is decided: no digest is executed twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalRow {
    /// Makes two proposals of the same content two.
    pub nonce: [u8; 32],
    /// Until when it may be executed, Unix seconds.
    pub expires: u64,
    /// RFC 8785 JSON.
    pub content: Vec<u8>,
    /// When it was handed in, Unix seconds.
    pub submitted: u64,
    /// What became of it.
    pub decision: Option<Decision>,
    /// Officers and their signatures, ascending.
    signatures: Vec<(Address, Vec<u8>)>,
}

/// How a proposal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Enough officers signed.
    Executed {
        /// Unix seconds.
        at: u64,
    },
    /// An officer ended it.
    Cancelled {
        /// Unix seconds.
        at: u64,
    },
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be signed.
    Open,
    /// It was done.
    Executed,
    /// An officer ended it.
    Cancelled,
    /// Its time is over.
    Expired,
}

impl State {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Executed => "executed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

impl ProposalRow {
    pub(super) fn new(nonce: Nonce, expires: u64, content: &[u8], now: u64) -> Self {
        Self {
            nonce: *nonce.as_bytes(),
            expires,
            content: content.to_vec(),
            submitted: now,
            decision: None,
            signatures: Vec::new(),
        }
    }

    /// One that was executed without a vault, signed by these in ascending order.
    pub(crate) fn executed(
        proposal: &Proposal,
        content: &[u8],
        signed: &[(Address, Signature)],
        now: u64,
    ) -> Self {
        let mut row = Self::new(proposal.nonce, proposal.expires, content, now);
        for (signer, signature) in signed {
            row.sign(*signer, signature);
        }
        row.decision = Some(Decision::Executed { at: now });
        row
    }

    /// Where it stands at a time.
    pub fn state(&self, now: u64) -> State {
        match self.decision {
            Some(Decision::Executed { .. }) => State::Executed,
            Some(Decision::Cancelled { .. }) => State::Cancelled,
            None if now > self.expires => State::Expired,
            None => State::Open,
        }
    }

    /// When it was decided, Unix seconds.
    pub fn decided(&self) -> Option<u64> {
        self.decision.map(|decision| match decision {
            Decision::Executed { at } | Decision::Cancelled { at } => at,
        })
    }

    /// Who signed, ascending.
    pub fn signers(&self) -> impl Iterator<Item = Address> {
        self.signatures.iter().map(|(signer, _)| *signer)
    }

    /// An officer counts once, however often they sign.
    pub(super) fn sign(&mut self, signer: Address, signature: &Signature) {
        if let Err(at) = self
            .signatures
            .binary_search_by_key(&signer, |(signer, _)| *signer)
        {
            let bytes = signature.as_bytes().to_vec();
            self.signatures.insert(at, (signer, bytes));
        }
    }

    pub(super) fn retain(&mut self, counts: impl Fn(&Address) -> bool) {
        self.signatures.retain(|(signer, _)| counts(signer));
    }
}

/// Where it stands in the store.
pub(crate) fn key(digest: &Digest) -> Key {
    Table::Proposal.key(&[digest.as_bytes()])
}
