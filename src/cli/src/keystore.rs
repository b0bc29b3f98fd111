//! Officers' key files: Ethereum's Web3 Secret Storage, version 3, as wallets read and write them.

use aes::Aes128;
use alloy_primitives::keccak256;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use hmac::Hmac;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Error;

/// What wallets call the standard strength: 256 MiB, a second or so.
pub const STANDARD_LOG_N: u8 = 18;
/// A few milliseconds: for tests and demonstrations only.
pub const LIGHT_LOG_N: u8 = 12;

const DERIVED: usize = 32;
/// 1 GiB of memory at r = 8: a stranger's file can't take more.
const LARGEST_N: u32 = 1 << 20;
const LARGEST_ROUNDS: u32 = 10_000_000;

/// A key file as it is stored.
#[derive(Serialize, Deserialize)]
pub struct KeyFile {
    /// 20 bytes, hexadecimal without prefix; some wallets leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Sealed,
    id: String,
    version: u8,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    cipher: String,
    cipherparams: CipherParams,
    #[serde(with = "hex::serde")]
    ciphertext: Vec<u8>,
    #[serde(flatten)]
    kdf: Kdf,
    #[serde(with = "hex::serde")]
    mac: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct CipherParams {
    #[serde(with = "hex::serde")]
    iv: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kdf", content = "kdfparams", rename_all = "lowercase")]
enum Kdf {
    Scrypt {
        dklen: usize,
        n: u32,
        r: u32,
        p: u32,
        #[serde(with = "hex::serde")]
        salt: Vec<u8>,
    },
    Pbkdf2 {
        dklen: usize,
        c: u32,
        prf: String,
        #[serde(with = "hex::serde")]
        salt: Vec<u8>,
    },
}

impl KeyFile {
    /// Seals a secret key with a passphrase; memory and time grow with `log_n`.
    pub fn seal(
        secret: &[u8; 32],
        address: &[u8; 20],
        passphrase: &str,
        log_n: u8,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        let (mut salt, mut iv, mut id) = ([0; 32], [0; 16], [0; 16]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut iv);
        rng.fill_bytes(&mut id);
        let kdf = Kdf::Scrypt {
            dklen: DERIVED,
            n: 1_u32.checked_shl(log_n.into()).unwrap_or(0),
            r: 8,
            p: 1,
            salt: salt.to_vec(),
        };
        let derived = kdf.derive(passphrase)?;
        let ciphertext = apply(&derived, &iv, secret)?.to_vec();
        Ok(Self {
            address: Some(hex::encode(address)),
            crypto: Sealed {
                cipher: "aes-128-ctr".into(),
                cipherparams: CipherParams { iv: iv.to_vec() },
                mac: mac(&derived, &ciphertext).to_vec(),
                ciphertext,
                kdf,
            },
            id: uuid(id),
            version: 3,
        })
    }

    /// Opens a key file with its passphrase.
    pub fn open(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        if self.version != 3 {
            return Err(wrong("only version 3 is read"));
        }
        if self.crypto.cipher != "aes-128-ctr" {
            return Err(wrong("the cipher is not aes-128-ctr"));
        }
        let derived = self.crypto.kdf.derive(passphrase)?;
        let expected = mac(&derived, &self.crypto.ciphertext);
        if !bool::from(expected[..].ct_eq(&self.crypto.mac)) {
            return Err(Error::failed(
                "the passphrase does not open this key file",
                "Type it again; nothing was signed.",
            ));
        }
        apply(
            &derived,
            &self.crypto.cipherparams.iv,
            &self.crypto.ciphertext,
        )
    }
}

impl Kdf {
    fn derive(&self, passphrase: &str) -> Result<Zeroizing<[u8; DERIVED]>, Error> {
        let mut derived = Zeroizing::new([0; DERIVED]);
        match self {
            Self::Scrypt {
                dklen,
                n,
                r,
                p,
                salt,
            } => {
                let sensible =
                    *dklen == DERIVED && n.is_power_of_two() && *n > 1 && *n <= LARGEST_N;
                if !sensible || *r > 8 || *p > 8 {
                    return Err(wrong("its scrypt parameters are out of range"));
                }
                let log_n = n.trailing_zeros().to_le_bytes()[0];
                let params = scrypt::Params::new(log_n, *r, *p)
                    .map_err(|_| wrong("its scrypt parameters are out of range"))?;
                scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut *derived)
                    .map_err(|_| wrong("its scrypt parameters are out of range"))?;
            }
            Self::Pbkdf2 {
                dklen,
                c,
                prf,
                salt,
            } => {
                if *dklen != DERIVED || *c == 0 || *c > LARGEST_ROUNDS || prf != "hmac-sha256" {
                    return Err(wrong("its pbkdf2 parameters are out of range"));
                }
                pbkdf2::pbkdf2::<Hmac<Sha256>>(passphrase.as_bytes(), salt, *c, &mut *derived)
                    .map_err(|_| wrong("its pbkdf2 parameters are out of range"))?;
            }
        }
        Ok(derived)
    }
}

fn mac(derived: &[u8; DERIVED], ciphertext: &[u8]) -> [u8; 32] {
    let mut input = Zeroizing::new(Vec::with_capacity(16 + ciphertext.len()));
    input.extend_from_slice(&derived[16..]);
    input.extend_from_slice(ciphertext);
    keccak256(&*input).0
}

fn apply(derived: &[u8; DERIVED], iv: &[u8], text: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut out = Zeroizing::new(
        <[u8; 32]>::try_from(text).map_err(|_| wrong("its secret is not 32 bytes long"))?,
    );
    let mut cipher = Ctr128BE::<Aes128>::new_from_slices(&derived[..16], iv)
        .map_err(|_| wrong("its iv is not 16 bytes long"))?;
    cipher.apply_keystream(&mut *out);
    Ok(out)
}

fn uuid(mut id: [u8; 16]) -> String {
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    let hex = hex::encode(id);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn wrong(problem: &str) -> Error {
    Error::unreadable("the key file", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two test vectors of the Web3 Secret Storage Definition.
    const PBKDF2: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    const SCRYPT: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    const SECRET: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

    fn sealed() -> KeyFile {
        KeyFile::seal(
            &[7; 32],
            &[9; 20],
            "correct horse",
            LIGHT_LOG_N,
            &mut rand::rng(),
        )
        .unwrap()
    }

    #[test]
    fn the_published_vectors_open() {
        for vector in [PBKDF2, SCRYPT] {
            let file: KeyFile = serde_json::from_str(vector).unwrap();
            assert_eq!(hex::encode(*file.open("testpassword").unwrap()), SECRET);
        }
    }

    #[test]
    fn another_implementation_opens_ours_and_we_open_its() {
        let dir = tempfile::tempdir().unwrap();
        let ours = dir.path().join("ours");
        std::fs::write(&ours, serde_json::to_vec(&sealed()).unwrap()).unwrap();
        assert_eq!(
            eth_keystore::decrypt_key(&ours, "correct horse").unwrap(),
            [7; 32]
        );
        let kdf_salt_and_iv = &mut old_rand();
        eth_keystore::encrypt_key(dir.path(), kdf_salt_and_iv, [5; 32], "pass", Some("theirs"))
            .unwrap();
        let text = std::fs::read(dir.path().join("theirs")).unwrap();
        let theirs: KeyFile = serde_json::from_slice(&text).unwrap();
        assert_eq!(*theirs.open("pass").unwrap(), [5; 32]);
    }

    #[test]
    fn a_wrong_passphrase_is_refused() {
        assert!(sealed().open("wrong horse").is_err());
    }

    #[test]
    fn parameters_that_would_eat_the_machine_are_refused() {
        let mut file = sealed();
        if let Kdf::Scrypt { n, .. } = &mut file.crypto.kdf {
            *n = 1 << 30;
        }
        assert!(file.open("correct horse").is_err());
    }

    fn old_rand() -> impl rand08::Rng + rand08::CryptoRng {
        rand08::rngs::OsRng
    }
}
