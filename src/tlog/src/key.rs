//! Keys that sign notes: Ed25519 over the text, and timestamped cosignatures.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

use crate::Error;
use crate::note::{NoteSignature, is_key_name};

/// What a key's signatures say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519 over the note's text; signature type 1.
    Ed25519,
    /// C2SP `cosignature/v1`: Ed25519 over a time and the note's text; signature type 4.
    CosignatureV1,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::CosignatureV1 => 4,
        }
    }
}

/// A public key with its name and kind; in text a C2SP *vkey*, `name+id+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A named key. Keys for which anybody can sign (of small order) are refused.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; 32]) -> Result<Self, Error> {
        if !is_key_name(name) {
            return Err(Error::Key(
                "the name is empty or holds a space, a plus or a control character",
            ));
        }
        let key = VerifyingKey::from_bytes(public)
            .map_err(|_| Error::Key("not an Ed25519 public key"))?;
        if key.is_weak() {
            return Err(Error::Key("a key of small order"));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// The key's name; a log's is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its signatures say.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The first four bytes of SHA-256 over name, newline, kind and key.
    pub fn key_id(&self) -> u32 {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind.byte()]);
        let hash: [u8; 32] = hash.chain_update(self.public()).finalize().into();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    /// Whether a line claims to be by this key.
    pub fn claims(&self, signature: &NoteSignature) -> bool {
        signature.name() == self.name && signature.key_id() == self.key_id()
    }

    /// Verifies a line by this key; returns the time that a cosignature states.
    pub fn verify(&self, text: &str, signature: &NoteSignature) -> Result<Option<u64>, Error> {
        if !self.claims(signature) {
            return Err(Error::Signature);
        }
        match self.kind {
            KeyKind::Ed25519 => self
                .check(text.as_bytes(), signature.bytes())
                .map(|()| None),
            KeyKind::CosignatureV1 => {
                let (time, bytes) = signature
                    .bytes()
                    .split_first_chunk::<8>()
                    .ok_or(Error::Signature)?;
                let time = u64::from_be_bytes(*time);
                self.check(cosigned(text, time)?.as_bytes(), bytes)
                    .map(|()| Some(time))
            }
        }
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(|_| Error::Signature)?;
        self.key
            .verify(message, &signature)
            .map_err(|_| Error::Signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()][..], self.public()].concat();
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.key_id(),
            BASE64_STANDARD.encode(key)
        )
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Key("it must be name+id+key"));
        };
        let bytes = BASE64_STANDARD
            .decode(key)
            .map_err(|_| Error::Key("the key isn't canonical Base64"))?;
        let (kind, public) = bytes.split_first().ok_or(Error::Key("the key is empty"))?;
        let kind = match kind {
            1 => KeyKind::Ed25519,
            4 => KeyKind::CosignatureV1,
            _ => return Err(Error::Key("its signature type isn't 1 or 4")),
        };
        let public = public
            .try_into()
            .map_err(|_| Error::Key("the key must have 32 bytes"))?;
        let key = Self::new(name, kind, public)?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(Error::Key("the ID isn't that of the key"))
        }
    }
}

/// A log's or witness's secret key. It signs notes and cosigns checkpoints, under
/// two key IDs.
pub struct LogKey {
    name: String,
    key: SigningKey,
}

impl LogKey {
    /// From the 32 secret bytes of an Ed25519 key.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(secret);
        VerifierKey::new(name, KeyKind::Ed25519, key.verifying_key().as_bytes())?;
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The key's name; a log's is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key in the role that `kind` names.
    pub fn verifier(&self, kind: KeyKind) -> VerifierKey {
        VerifierKey {
            name: self.name.clone(),
            kind,
            key: self.key.verifying_key(),
        }
    }

    /// Signs a note's text.
    pub fn sign(&self, text: &str) -> NoteSignature {
        self.line(
            KeyKind::Ed25519,
            self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        )
    }

    /// States that at `time` this was the largest tree seen of the log.
    pub fn cosign(&self, text: &str, time: u64) -> Result<NoteSignature, Error> {
        let signature = self.key.sign(cosigned(text, time)?.as_bytes()).to_bytes();
        Ok(self.line(
            KeyKind::CosignatureV1,
            [&time.to_be_bytes()[..], &signature].concat(),
        ))
    }

    /// The 32 secret bytes, to be written to a key file.
    pub fn to_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    fn line(&self, kind: KeyKind, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature::new(self.name.clone(), self.verifier(kind).key_id(), bytes)
    }
}

/// The message of a `cosignature/v1`; times beyond 2^63 - 1 don't exist.
fn cosigned(text: &str, time: u64) -> Result<String, Error> {
    i64::try_from(time).map_err(|_| Error::Signature)?;
    Ok(format!("cosignature/v1\ntime {time}\n{text}"))
}

#[cfg(test)]
mod tests;
