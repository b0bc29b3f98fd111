//! Signatures of several officers on one statement.

use symbolon_crypto::ecdsa;

use crate::{Address, Digest, Error, Signature};

/// Checks that at least `threshold` of the officers signed the digest, each once,
/// in strictly ascending order of their addresses, and nobody else; returns who.
/// A threshold of 0 is refused.
pub fn verify(
    what: &'static str,
    digest: &Digest,
    signatures: &[Signature],
    officers: &[Address],
    threshold: u8,
) -> Result<Vec<Address>, Error> {
    if threshold == 0 || signatures.len() < usize::from(threshold) {
        return Err(Error::TooFewSignatures {
            what,
            got: signatures.len(),
            threshold,
        });
    }
    let mut signers: Vec<Address> = Vec::with_capacity(signatures.len());
    for signature in signatures {
        let signer = recover(what, digest, signature)?;
        if !officers.contains(&signer) {
            return Err(Error::Signer { what });
        }
        if signers.last().is_some_and(|last| *last >= signer) {
            return Err(Error::SignatureOrder { what });
        }
        signers.push(signer);
    }
    Ok(signers)
}

/// Puts signatures on one digest in the order of their signers' addresses. A
/// signer's second signature is dropped.
pub fn arrange(
    what: &'static str,
    digest: &Digest,
    signatures: &[Signature],
) -> Result<Vec<Signature>, Error> {
    let mut by_signer = std::collections::BTreeMap::new();
    for signature in signatures {
        let signer = recover(what, digest, signature)?;
        by_signer.entry(signer).or_insert_with(|| *signature);
    }
    Ok(by_signer.into_values().collect())
}

/// Who signed a digest. High-s signatures and the zero address are refused.
pub fn recover(
    what: &'static str,
    digest: &Digest,
    signature: &Signature,
) -> Result<Address, Error> {
    ecdsa::recover(digest.as_bytes(), signature).map_err(|_| Error::Signature { what })
}

/// Whether addresses are strictly ascending. None is ever zero: there is no such
/// [`Address`].
pub(crate) fn ascending(addresses: &[Address]) -> bool {
    addresses.is_sorted_by(|a, b| a < b)
}
