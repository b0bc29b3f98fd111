//! The keys of one election. When they are destroyed, nobody joins its voter IDs to people any more.

use symbolon_crypto::{
    Secret, SecretBytes, ecdsa::SigningKey, hpke::HpkeSecretKey, kdf, labels, mac::MacKey,
    random::CryptoRng,
};
use symbolon_election::{Address, ElectionId, RequestKey, VoterId};

use super::{RecordPlace, SealingKey, Subject, domain};
use crate::{Epoch, Error, KeyId, KeyInfo, KeyState, Root};

/// An election's keys.
pub struct ElectionKeys {
    domain: MacKey,
    /// By the state of their keys; exactly one is active.
    issuers: Vec<(KeyState, SigningKey)>,
    request: HpkeSecretKey,
    rows: RowKeys,
    subjects: MacKey,
}

impl ElectionKeys {
    /// `tokens`: every live token key, one of them active.
    pub(crate) fn new<'a>(
        (info, domain): (&KeyInfo, &Secret<32>),
        tokens: impl Iterator<Item = (&'a KeyInfo, &'a Secret<32>)>,
        request: &Secret<32>,
    ) -> Self {
        let issuer =
            |token| SigningKey::new(issuer_scalar(token)).expect("checked when the key was minted");
        Self {
            domain: MacKey::new(domain),
            issuers: tokens
                .map(|(info, token)| (info.state, issuer(token)))
                .collect(),
            request: HpkeSecretKey::new(kdf::derive(request.expose(), labels::REQUEST_KEY, &[])),
            rows: RowKeys::new(info, domain),
            subjects: MacKey::new(&kdf::derive(
                domain.expose(),
                labels::ELECTION_SUBJECT_KEY,
                &[],
            )),
        }
    }

    /// The voter ID of the person with this root.
    pub fn voter_id(&self, root: &Root) -> VoterId {
        // The pseudonym is made for the ledger.
        VoterId::new(domain::pseudonym(&self.domain, root))
    }

    /// The active token key. Before any rotation its address is the manifest's `issuer`.
    pub fn issuer(&self) -> &SigningKey {
        self.issuer_in(KeyState::Active)
            .expect("made with an active token key")
    }

    /// The token key that waits for the officers' statement.
    pub fn next_issuer(&self) -> Option<&SigningKey> {
        self.issuer_in(KeyState::Pending)
    }

    /// The token key of this address, while it has a value.
    pub fn issuer_of(&self, address: &Address) -> Option<&SigningKey> {
        let mut keys = self.issuers.iter().map(|(_, key)| key);
        keys.find(|key| key.address() == *address)
    }

    fn issuer_in(&self, state: KeyState) -> Option<&SigningKey> {
        let found = self.issuers.iter().find(|(its, _)| *its == state);
        found.map(|(_, key)| key)
    }

    /// The manifest's `requestKey`.
    pub fn request_key(&self) -> RequestKey {
        RequestKey::new(*self.request.public_key().as_bytes())
    }

    /// The key that opens issue requests.
    pub fn request_secret(&self) -> &HpkeSecretKey {
        &self.request
    }

    /// Opens an issue request that was sealed for this election.
    pub fn open_request(&self, election: &ElectionId, sealed: &[u8]) -> Result<SecretBytes, Error> {
        Ok(self
            .request
            .open(labels::ISSUE_REQUEST, election.as_bytes(), sealed)?)
    }

    /// The keys of the election's rows.
    pub fn rows(&self) -> &RowKeys {
        &self.rows
    }

    /// The subject of an audit leaf, for what belongs to this election.
    pub fn subject(&self, kind: &str, id: &[u8]) -> Subject {
        Subject::new(&self.subjects, kind, id)
    }
}

/// The secp256k1 key that a token key's value gives.
pub(crate) fn issuer_scalar(token: &Secret<32>) -> Secret<32> {
    kdf::derive(token.expose(), labels::ISSUER_KEY, &[])
}

/// Keys of an election's rows, derived from its domain key: what they hid is gone when that is.
pub struct RowKeys {
    blinding: MacKey,
    sealing: SealingKey,
}

impl RowKeys {
    fn new(info: &KeyInfo, domain: &Secret<32>) -> Self {
        let blinding = kdf::derive(domain.expose(), labels::ELECTION_BLINDING_KEY, &[]);
        let sealing = kdf::derive(domain.expose(), labels::ELECTION_SEALING_KEY, &[]);
        Self {
            blinding: MacKey::new(&blinding),
            sealing: SealingKey::named(info.id, info.epoch, &sealing),
        }
    }

    /// The row of a table that is found by `fields`.
    pub fn blind(&self, table: &str, fields: &[&[u8]]) -> RowTag {
        let all: Vec<_> = [table.as_bytes()]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        // A blinded value is made to lie on disk.
        RowTag(self.blinding.tag(labels::ELECTION_ROW, &all).declassify())
    }

    /// Seals a record for its place.
    pub fn seal_record(
        &self,
        place: &RecordPlace<'_>,
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        self.sealing.seal_record(place, plaintext, rng)
    }

    /// Opens a record at its place.
    pub fn open_record(
        &self,
        place: &RecordPlace<'_>,
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        self.sealing.open_record(place, sealed)
    }

    /// The name of the domain key that both derive from.
    pub fn key_id(&self) -> KeyId {
        self.sealing.id()
    }

    /// The epoch of the domain key.
    pub fn epoch(&self) -> Epoch {
        self.sealing.epoch()
    }
}

/// A blinded value of an election's row. It may lie on disk; it has no `Debug`, since it stands for a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowTag([u8; 32]);

impl RowTag {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
