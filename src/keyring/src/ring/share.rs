//! What an officer holds of a ring that is unsealed by several: one share of its unsealed secret.

use symbolon_crypto::{Secret, SecretBytes, Zeroizing, sharing};
use symbolon_election::InstallationId;

use crate::Error;

/// What a share's file begins with.
const PREFIX: &[u8] = b"symbolon-share-1:";
/// Installation, set, number, value.
const BINARY: usize = 32 + 16 + 1 + sharing::BYTES;
/// How many bytes a share's file has, without a line end.
pub const SHARE_BYTES: usize = PREFIX.len() + 2 * BINARY;

/// How the unsealed secret of a ring is shared. It tells nothing about the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// How many shares open the ring.
    pub threshold: u8,
    /// How many shares there are.
    pub shares: u8,
    /// Names this splitting: its shares go with no other.
    pub set: [u8; 16],
}

/// One share, bound to its installation.
pub struct Share {
    installation: InstallationId,
    set: [u8; 16],
    share: sharing::Share,
}

impl Sharing {
    /// Whether it can be: 2 to 255 shares, and at least 2 needed.
    pub(super) fn check(self) -> Result<Self, Error> {
        match 2 <= self.threshold && self.threshold <= self.shares {
            true => Ok(self),
            false => Err(symbolon_crypto::Error::InvalidSharing.into()),
        }
    }

    /// Whether a share is, by its label, one of these. Of its value nothing is looked at.
    pub fn admits(&self, installation: InstallationId, share: &Share) -> bool {
        share.installation == installation && share.set == self.set && share.number() <= self.shares
    }

    pub(super) fn label(&self, installation: InstallationId, share: sharing::Share) -> Share {
        Share {
            installation,
            set: self.set,
            share,
        }
    }
}

impl Share {
    /// Which of the shares it is, from 1.
    pub fn number(&self) -> u8 {
        self.share.number
    }

    /// Reads what [`Share::encode`] writes; one line end behind it is fine.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let digits = text.strip_prefix(PREFIX).ok_or(Error::NotAShare)?;
        let mut bytes = Zeroizing::new([0; BINARY]);
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| Error::NotAShare)?;
        let (installation, rest) = bytes.split_first_chunk().expect("that many");
        let (set, rest) = rest.split_first_chunk().expect("that many");
        let (number, value) = rest.split_first().expect("that many");
        if *number == 0 || digits.iter().any(u8::is_ascii_uppercase) {
            return Err(Error::NotAShare);
        }
        Ok(Self {
            installation: InstallationId::new(*installation),
            set: *set,
            share: sharing::Share {
                number: *number,
                value: Secret::from_slice(value)?,
            },
        })
    }

    /// The file's content: one line of text, which also fits on paper.
    pub fn encode(&self) -> SecretBytes {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BINARY));
        bytes.extend(self.installation.as_bytes());
        bytes.extend(self.set);
        bytes.push(self.share.number);
        bytes.extend(self.share.value.expose());
        let mut text = vec![0; SHARE_BYTES + 1];
        text[..PREFIX.len()].copy_from_slice(PREFIX);
        hex::encode_to_slice(bytes.as_slice(), &mut text[PREFIX.len()..SHARE_BYTES])
            .expect("two digits a byte");
        text[SHARE_BYTES] = b'\n';
        SecretBytes::new(text)
    }

    pub(super) fn of(shares: &[Self]) -> impl Iterator<Item = &sharing::Share> {
        shares.iter().map(|share| &share.share)
    }
}
