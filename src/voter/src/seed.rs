//! The device seed and its recovery code.

use bip39::{Language, Mnemonic};
use symbolon_crypto::kdf::KdfKey;
use symbolon_crypto::random::CryptoRng;
use symbolon_crypto::{Secret, SecretString, Zeroizing};
use symbolon_election::ElectionId;

use crate::{ElectionKeys, Error};

const WORDS: usize = 12;

/// 128 random bits from which a device's keys of every election derive. Shown once
/// as twelve words; a new device that is given them goes on where the lost one
/// stopped.
pub struct DeviceSeed(Secret<16>);

impl DeviceSeed {
    /// A fresh random seed.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The seed with these bits.
    pub fn new(bits: Secret<16>) -> Self {
        Self(bits)
    }

    /// The bits, for whoever stores them.
    pub fn expose_secret(&self) -> &Secret<16> {
        &self.0
    }

    /// Twelve English words of BIP-39.
    pub fn recovery_code(&self) -> SecretString {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.0.expose())
            .expect("128 bits make twelve words");
        // Room for twelve words of eight letters: what grows leaves copies behind.
        let mut code = String::with_capacity(WORDS * 9);
        for word in mnemonic.words() {
            if !code.is_empty() {
                code.push(' ');
            }
            code.push_str(word);
        }
        SecretString::new(code)
    }

    /// Reads twelve words, in either case, with any white space between.
    pub fn from_recovery_code(code: &SecretString) -> Result<Self, Error> {
        let lower = Zeroizing::new(code.expose().to_ascii_lowercase());
        if lower.split_whitespace().count() != WORDS {
            return Err(Error::RecoveryCode("twelve words are needed"));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &lower)
            .map_err(|error| Error::RecoveryCode(explain(&error)))?;
        let (entropy, length) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let bits = Secret::from_slice(&entropy[..length]);
        Ok(Self(bits.expect("twelve words are 16 bytes")))
    }

    /// The keys of one election. Keys of two elections have nothing in common.
    pub fn keys(&self, election: &ElectionId) -> Result<ElectionKeys, Error> {
        ElectionKeys::derive(&KdfKey::new(self.0.expose()), election)
    }
}

/// bip39's own words would repeat what was typed.
fn explain(error: &bip39::Error) -> &'static str {
    match error {
        bip39::Error::UnknownWord(_) => "a word is not of the list",
        bip39::Error::InvalidChecksum => "the words don't fit together: one is wrong or misplaced",
        _ => "not a recovery code",
    }
}
