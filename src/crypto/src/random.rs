//! Where randomness comes from. Library functions take a generator as an argument; only binaries make one.

pub use rand_core::{CryptoRng, Rng};

/// The operating system's generator.
///
/// It panics if the operating system can't give randomness, which on a running system it always can: nothing
/// that this software does is safe without it.
pub type OsRng = rand_core::UnwrapErr<rand::rngs::SysRng>;

/// The operating system's generator.
pub fn os() -> OsRng {
    rand_core::UnwrapErr(rand::rngs::SysRng)
}

/// `N` random bytes that are no secret: identifiers, salts, nonces.
pub fn bytes<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
