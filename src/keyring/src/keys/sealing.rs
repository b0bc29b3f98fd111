//! Sealed records. Each has a key of its own, and opens at its own place only.

use symbolon_crypto::{
    Secret, SecretBytes,
    aead::{self, AeadKey},
    kdf::KdfKey,
    labels,
    random::{self, CryptoRng},
};

use crate::{Epoch, Error, KeyId, KeyInfo};

/// Bytes that sealing adds to a record: `format 1 ‖ key ID 16 ‖ epoch 4 ‖ random 32 ‖ nonce 12 … tag 16`.
pub const RECORD_OVERHEAD: usize = HEAD + aead::OVERHEAD;
const FORMAT: u8 = 1;
const HEAD: usize = 1 + 16 + 4 + 32;

/// The place of a record: it opens nowhere else.
#[derive(Clone, Copy)]
pub struct RecordPlace<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's ID within it.
    pub row: &'a [u8],
}

/// A key of one epoch that seals records.
pub struct SealingKey {
    id: KeyId,
    epoch: Epoch,
    kdf: KdfKey,
}

impl SealingKey {
    pub(crate) fn new(info: &KeyInfo, value: &Secret<32>) -> Self {
        Self::named(info.id, info.epoch, value)
    }

    /// A sealing key that is derived from another key, whose name and epoch it bears.
    pub(super) fn named(id: KeyId, epoch: Epoch, value: &Secret<32>) -> Self {
        Self {
            id,
            epoch,
            kdf: KdfKey::new(value.expose()),
        }
    }

    /// The key's name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key's epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Seals a record for its place.
    pub fn seal_record(
        &self,
        place: &RecordPlace<'_>,
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let own = random::bytes::<32>(rng);
        let body = self
            .record_key(&own)
            .seal(&self.binding(place), plaintext, rng);
        [
            &[FORMAT],
            self.id.as_bytes().as_slice(),
            &self.epoch.0.to_be_bytes(),
            &own,
            &body,
        ]
        .concat()
    }

    /// Opens a record at its place.
    pub fn open_record(
        &self,
        place: &RecordPlace<'_>,
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        let (head, body) = sealed
            .split_first_chunk::<HEAD>()
            .ok_or(Error::RecordDoesNotOpen)?;
        let (name, own) = head
            .split_last_chunk::<32>()
            .expect("the head ends in 32 bytes");
        if name
            != [
                &[FORMAT],
                self.id.as_bytes().as_slice(),
                &self.epoch.0.to_be_bytes(),
            ]
            .concat()
        {
            return Err(Error::RecordDoesNotOpen);
        }
        self.record_key(own)
            .open(&self.binding(place), body)
            .map_err(|_| Error::RecordDoesNotOpen)
    }

    /// Which key a record says that it was sealed under.
    pub fn key_of(sealed: &[u8]) -> Result<KeyId, Error> {
        match sealed.split_first_chunk::<HEAD>() {
            Some(([FORMAT, rest @ ..], _)) => {
                let id = rest.first_chunk::<16>().expect("the head is longer");
                Ok(KeyId::new(*id))
            }
            _ => Err(Error::RecordDoesNotOpen),
        }
    }

    fn record_key(&self, own: &[u8; 32]) -> AeadKey {
        AeadKey::new(&self.kdf.derive(labels::RECORD_KEY, &[own]))
    }

    fn binding(&self, place: &RecordPlace<'_>) -> Vec<u8> {
        let epoch = self.epoch.0.to_be_bytes();
        let fields: [&[u8]; 5] = [
            &[FORMAT],
            place.table.as_bytes(),
            place.row,
            self.id.as_bytes(),
            &epoch,
        ];
        labels::frame(labels::RECORD_BINDING, &fields).to_vec()
    }
}
