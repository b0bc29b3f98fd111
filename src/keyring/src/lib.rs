//! The key ring: every key of a vault, with its purpose, epoch and state, in one file that opens only with a
//! passphrase (or enough shares of a secret, or a PKCS#11 token) *and* a ring secret from another medium; and what the keys may be used for.
//!
//! [`RingFiles`] owns the two files. It gives a [`SealedRing`], which shows what there is without any secret,
//! or, with the passphrase, a [`Ring`], which gives typed keys: each has one method for each statement that it
//! authenticates, so that no key does another's work.
//!
//! A ring changes only through [`RingFiles::update`], which writes before it lets anybody use the change.
//! Whatever destroys a key makes the root key and the ring secret anew, so that a copy of the older ring opens
//! for nobody who doesn't also hold the older ring secret.
//!
//! # Another way of unsealing
//!
//! [`Edit::begin_move`] gives a ring a second way of unsealing beside the one in force, which keeps its rights: the
//! second may be withdrawn. Whoever opens the ring the second way has shown that it can be done, and from the
//! next change on it is the only one. Then root key and ring secret are made anew, as for a key that is
//! destroyed: a copy of before opens the old way only with the ring secret of before.
//!
//! # The ring file
//!
//! Numbers are big-endian.
//!
//! ```text
//! "symbolon-ring" ‖ version 2 ‖ installation 32 ‖ revision 8 ‖ ring secret's ID 16
//! ‖ unsealing: 1 (passphrase) ‖ memory KiB 4 ‖ passes 4 ‖ lanes 4 ‖ salt 32
//!          or 2 (shares) ‖ how many are needed 1 ‖ how many there are 1 ‖ name of the set 16
//!          or 3 (PKCS#11 token) ‖ length 1 ‖ token's label ‖ length 1 ‖ key's label ‖ wrapped by the token 60
//!          or 4 (two ways) ‖ the one in force ‖ the one that follows once it has opened the ring
//! ‖ wrapped root key 60
//! ‖ with two ways: the root key wrapped the second way 60 ‖ the second's unsealed secret, wrapped under the root key 60
//! ‖ number of keys 4 ‖ keys, strictly ascending by purpose, then epoch
//! ‖ HMAC 32 over SHA-256 of all that, under a key derived from the root key
//!
//! key:     ID 16 ‖ purpose ‖ epoch 4 ‖ state 1 ‖ minted 8 ‖ activated ‖ retired ‖ destroyed
//!          ‖ wrapped key 60 (absent once destroyed)
//! purpose: 0 index, 1 sealing, 2 portal domain, 3 audit, 4 election domain, 5 election token,
//!          6 election request; 2 is followed by length 1 ‖ portal's name, 4–6 by the manifest's nonce 32
//! state:   0 pending, 1 active, 2 retiring, 3 destroyed
//! time:    0, or 1 ‖ Unix seconds 8
//! wrapped: nonce 12 ‖ AES-256-GCM ciphertext 32 ‖ tag 16
//! ```
//!
//! # A share's file
//!
//! `symbolon-share-1:` and the lower-case hexadecimal of installation 32 ‖ name of the set 16 ‖ number 1 ‖
//! value 32, and a line end. The value is the share of the unsealed secret, by Shamir over GF(2⁸).
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod files;
mod key;
pub mod keys;
mod purpose;
mod ring;
mod root;
mod sweep;
mod token;

pub use error::Error;
pub use files::{RingCopies, RingFiles};
pub use key::{KeyInfo, KeyState};
pub use purpose::{Epoch, KeyId, PortalName, Purpose};
pub use ring::{
    Edit, MadeWay, NewWay, Ring, RingSecret, RingSecretId, SHARE_BYTES, SealedRing, Share, Sharing,
    Unlock, WayId,
};
pub use root::{RegistrationId, Root};
pub use sweep::{Duty, Planned, Policy, sweep};
pub use token::{TokenError, TokenKey, Tries};
