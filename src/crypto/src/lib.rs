//! The primitives that everything else stands on: secrets that wipe themselves, labelled and framed inputs,
//! HMAC, HKDF, Argon2id, AES-256-GCM, HPKE, shared secrets, secp256k1 and Ed25519 keys, and files that hold secrets.
//!
//! This crate knows how to authenticate, derive, seal and sign. It doesn't know what is signed: statements,
//! identifiers and key rings live on the floors above.
//!
//! Two rules hold throughout. A secret has no `Debug`, compares in constant time and is wiped on drop; its
//! bytes are reached only by a method named `expose…`. A value that starts secret and may become public is
//! turned by a method named `declassify`, whose callers say why.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod aead;
pub mod digest;
pub mod ecdsa;
pub mod ed25519;
mod error;
pub mod hpke;
pub mod kdf;
pub mod keyfile;
pub mod labels;
pub mod mac;
pub mod password;
pub mod random;
pub mod secret;
pub mod sharing;

pub use ecdsa::Address;
pub use error::{Error, FileProblem};
pub use labels::Label;
pub use secret::{Secret, SecretBytes, SecretString};
pub use zeroize::{Zeroize, Zeroizing};
