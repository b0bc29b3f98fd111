//! The issued list: which ballot key each roll place has, published at Close.
//!
//! 20 bytes a place: its ballot key, or zeros where none was issued.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::{BallotKey, Close, ContentHash, Error, RollIndex, Typed};

const WHAT: &str = "issued list";
const PLACE: usize = 20;

/// The ballot keys of a roll, by place; none stands twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedList {
    keys: Vec<Option<BallotKey>>,
    issued: u32,
}

impl IssuedList {
    /// A list of every place of the roll in order. A key that stands twice is refused.
    pub fn new(keys: Vec<Option<BallotKey>>) -> Result<Self, Error> {
        if u32::try_from(keys.len()).is_err() {
            return Err(Error::TooLong {
                what: WHAT,
                limit: u32::MAX as usize * PLACE,
            });
        }
        let mut seen = HashSet::new();
        if !keys.iter().flatten().all(|key| seen.insert(*key)) {
            return Err(Error::member(
                WHAT,
                "ballot key",
                "stands at one place only",
            ));
        }
        let issued = u32::try_from(seen.len()).expect("not more than places, which are counted");
        Ok(Self { keys, issued })
    }

    /// Reads the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (places, rest) = bytes.as_chunks::<PLACE>();
        if !rest.is_empty() {
            return Err(Error::NotCanonical { what: WHAT });
        }
        // The zero address is the one that can't be made: no key was issued.
        Self::new(
            places
                .iter()
                .map(|place| BallotKey::new(*place).ok())
                .collect(),
        )
    }

    /// Writes the file.
    pub fn encode(&self) -> Vec<u8> {
        self.keys
            .iter()
            .flat_map(|key| key.map_or([0; PLACE], |key| *key.as_bytes()))
            .collect()
    }

    /// SHA-256 of the file: its name.
    pub fn hash(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        for key in &self.keys {
            hasher.update(key.map_or([0; PLACE], |key| *key.as_bytes()));
        }
        ContentHash::new(hasher.finalize().into())
    }

    /// Checks that this is the list that a Close names, of the right length.
    pub fn belongs_to(&self, close: &Close) -> Result<(), Error> {
        if self.places() != close.roll_size {
            return Err(Error::field(
                Close::NAME,
                "rollSize",
                "the number of places of the list",
            ));
        }
        match self.hash() == close.issued {
            true => Ok(()),
            false => Err(Error::field(Close::NAME, "issued", "the hash of the list")),
        }
    }

    /// The ballot key of a place, if one was issued.
    pub fn key(&self, place: RollIndex) -> Option<BallotKey> {
        let place = usize::try_from(place.0).ok()?;
        self.keys.get(place).copied().flatten()
    }

    /// How many places the roll has.
    pub fn places(&self) -> u32 {
        u32::try_from(self.keys.len()).expect("checked when made")
    }

    /// How many of them have a ballot key.
    pub fn issued(&self) -> u32 {
        self.issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Option<BallotKey> {
        Some(BallotKey::new([byte; 20]).unwrap())
    }

    #[test]
    fn a_list_reads_back() {
        let list = IssuedList::new(vec![key(1), None, key(2)]).unwrap();
        let bytes = list.encode();
        assert_eq!(bytes.len(), 60);
        assert_eq!(IssuedList::parse(&bytes).unwrap(), list);
        assert_eq!(list.issued(), 2);
        assert_eq!(list.key(RollIndex(1)), None);
        assert_eq!(list.key(RollIndex(2)), key(2));
        assert_eq!(list.key(RollIndex(3)), None);
    }

    #[test]
    fn a_key_at_two_places_is_refused() {
        assert!(IssuedList::new(vec![key(1), None, key(1)]).is_err());
    }

    #[test]
    fn a_trailing_byte_is_refused() {
        assert!(IssuedList::parse(&[0; 21]).is_err());
    }
}
