//! What a vault says of a backup that it took: the text of a signed note.
//!
//! ```text
//! symbolon-vault/<installation>/backup
//! taken 1800000000
//! generation 5123
//! audit 812 <root>
//! store <SHA-256>
//! ring 7 <SHA-256>
//! ring-secret <ID>
//! ```
//!
//! Numbers are decimal, all else lower-case hexadecimal. The audit key of the vault signs it, as it signs the
//! checkpoints of the audit log.

use std::str::FromStr;

use crate::{Error, InstallationId};

const WHAT: &str = "backup note";

/// What belongs together in a backup: store, key ring and ring secret of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupNote {
    /// Whose backup.
    pub installation: InstallationId,
    /// When it was taken, Unix seconds.
    pub taken: u64,
    /// How many changes the store had seen.
    pub generation: u64,
    /// How many leaves its audit log had.
    pub audit_size: u64,
    /// The audit tree's root.
    pub audit_root: [u8; 32],
    /// SHA-256 of the store's backup, as its own last bytes state it.
    pub store: [u8; 32],
    /// The key ring's revision.
    pub ring_revision: u64,
    /// SHA-256 of the key ring's file.
    pub ring: [u8; 32],
    /// Which ring secret the ring wants.
    pub ring_secret: [u8; 16],
}

impl BackupNote {
    /// The name of the key that signs: the audit log's.
    pub fn signer(&self) -> String {
        format!("symbolon-vault/{}", self.installation)
    }

    /// The text, with its last newline.
    pub fn to_text(&self) -> String {
        format!(
            "{}/backup\ntaken {}\ngeneration {}\naudit {} {}\nstore {}\nring {} {}\nring-secret {}\n",
            self.signer(),
            self.taken,
            self.generation,
            self.audit_size,
            hex::encode(self.audit_root),
            hex::encode(self.store),
            self.ring_revision,
            hex::encode(self.ring),
            hex::encode(self.ring_secret),
        )
    }

    /// Reads a text; only its one form is taken.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::NotCanonical { what: WHAT };
        let mut words = text.split(['\n', ' ']);
        let mut next = || words.next().ok_or_else(wrong);
        let name = next()?;
        let installation = name
            .strip_prefix("symbolon-vault/")
            .and_then(|rest| rest.strip_suffix("/backup"))
            .ok_or_else(wrong)?;
        let installation = InstallationId::new(bytes(installation)?);
        let note = Self {
            installation,
            taken: number((next()?, next()?).1)?,
            generation: number((next()?, next()?).1)?,
            audit_size: number((next()?, next()?).1)?,
            audit_root: bytes(next()?)?,
            store: bytes((next()?, next()?).1)?,
            ring_revision: number((next()?, next()?).1)?,
            ring: bytes(next()?)?,
            ring_secret: bytes((next()?, next()?).1)?,
        };
        match note.to_text() == text {
            true => Ok(note),
            false => Err(wrong()),
        }
    }
}

fn number(text: &str) -> Result<u64, Error> {
    u64::from_str(text).map_err(|_| Error::NotCanonical { what: WHAT })
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::NotCanonical { what: WHAT })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note() -> BackupNote {
        BackupNote {
            installation: InstallationId::new([7; 32]),
            taken: 1_800_000_000,
            generation: 5123,
            audit_size: 812,
            audit_root: [1; 32],
            store: [2; 32],
            ring_revision: 7,
            ring: [3; 32],
            ring_secret: [4; 16],
        }
    }

    #[test]
    fn a_note_reads_back() {
        assert_eq!(BackupNote::parse(&note().to_text()), Ok(note()));
    }

    proptest! {
        #[test]
        fn a_changed_text_is_another_note_or_none(at in any::<prop::sample::Index>(), to in 0..128_u8) {
            let text = note().to_text();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = to;
            let other = String::from_utf8(bytes).unwrap();
            if let Ok(read) = BackupNote::parse(&other) {
                prop_assert_eq!(read.to_text(), other);
            }
        }
    }
}
