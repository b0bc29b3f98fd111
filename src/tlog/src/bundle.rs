//! Entry bundles: up to 256 entries, each after its length in two bytes.

use crate::Error;
use crate::path::TILE_WIDTH;

/// The longest entry that a bundle can hold.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Writes a bundle of 1 to 256 entries.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, Error> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(Error::Bundle);
    }
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| Error::EntryTooLong)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads a bundle that must hold exactly `width` entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Error> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(Error::Bundle)?;
        entries.push(entry);
        rest = after;
    }
    let whole = rest.is_empty() && entries.len() == usize::from(width);
    if whole {
        Ok(entries)
    } else {
        Err(Error::Bundle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cut_or_extended_bundles_are_refused() {
        let bytes = encode_bundle(&[b"one".as_slice(), b"", b"three"]).unwrap();
        assert_eq!(
            decode_bundle(&bytes, 3).unwrap(),
            [b"one".as_slice(), b"", b"three"]
        );
        for end in 0..bytes.len() {
            assert!(decode_bundle(&bytes[..end], 3).is_err(), "{end}");
        }
        assert!(decode_bundle(&[&bytes[..], &[0]].concat(), 3).is_err());
        assert!(decode_bundle(&bytes, 2).is_err());
    }

    #[test]
    fn an_entry_of_65536_bytes_is_refused() {
        assert!(encode_bundle(&[vec![0; 65535]]).is_ok());
        assert!(matches!(
            encode_bundle(&[vec![0; 65536]]),
            Err(Error::EntryTooLong)
        ));
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same(bytes in prop::collection::vec(0u8..4, 0..40), width in 1u16..20) {
            if let Ok(entries) = decode_bundle(&bytes, width) {
                prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
            }
        }
    }
}
