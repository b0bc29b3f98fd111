//! Argon2id over labelled, framed fields, with bounded costs and reusable memory.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use crate::{Error, Label, Secret, labels};

/// The costs of one Argon2id profile. What was stored or configured is checked before any memory is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Costs {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The least and most KiB of memory.
pub const MEMORY_KIB: (u32, u32) = (64, 1 << 20);
/// The least and most passes.
pub const PASSES: (u32, u32) = (1, 16);
/// The least and most lanes.
pub const LANES: (u32, u32) = (1, 8);

impl Costs {
    /// 19 456 KiB, two passes, one lane: what OWASP recommends first.
    pub const DEFAULT: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };

    /// 64 MiB, three passes, one lane: for a passphrase, which is stretched once at each unsealing.
    pub const PASSPHRASE: Self = Self {
        memory_kib: 65_536,
        passes: 3,
        lanes: 1,
    };

    /// Costs within the bounds: at least 64 KiB and at most 1 GiB, 16 passes and 8 lanes, so that an
    /// inflated number in a file can't exhaust the machine.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        within("memory in KiB", memory_kib, MEMORY_KIB)?;
        within("number of passes", passes, PASSES)?;
        within("number of lanes", lanes, LANES)?;
        Ok(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// KiB of memory.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    fn params(self) -> Params {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .expect("within Argon2's own bounds")
    }
}

fn within(name: &'static str, value: u32, (least, most): (u32, u32)) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::CostOutOfRange {
        name,
        value,
        least,
        most,
    })
}

/// Argon2id (version 1.3) of one profile, with the memory it works in. One hasher a worker, used again and
/// again, spares the allocation; the memory is wiped on drop.
pub struct Hasher {
    argon2: Argon2<'static>,
    memory: Vec<Block>,
}

impl Hasher {
    /// A hasher with its memory.
    pub fn new(costs: Costs) -> Self {
        let params = costs.params();
        let memory = vec![Block::new(); params.block_count()];
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            memory,
        }
    }

    /// The 32-byte hash of `fields` under `label`, salted.
    pub fn hash(
        &mut self,
        label: Label,
        fields: &[&[u8]],
        salt: &[u8],
    ) -> Result<Secret<32>, Error> {
        if salt.len() < argon2::MIN_SALT_LEN {
            return Err(Error::SaltTooShort);
        }
        let input = labels::frame(label, fields);
        let memory = &mut self.memory;
        Secret::try_init_with(|place| {
            self.argon2
                .hash_password_into_with_memory(&input, salt, place, memory)
                .map_err(|_| Error::TooLong)
        })
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.memory.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_argon2id_of_the_frame_and_memory_is_reusable() {
        let costs = Costs::new(64, 2, 1).unwrap();
        let mut hasher = Hasher::new(costs);
        let first = hasher
            .hash(labels::STRETCH, &[b"rule", b"key"], &[3; 32])
            .unwrap();
        let again = hasher
            .hash(labels::STRETCH, &[b"rule", b"key"], &[3; 32])
            .unwrap();
        let mut expected = [0; 32];
        let framed = b"symbolon/v1/stretch\0\0\0\x04rule\0\0\0\x03key";
        Argon2::new(Algorithm::Argon2id, Version::V0x13, costs.params())
            .hash_password_into(framed, &[3; 32], &mut expected)
            .unwrap();
        assert!(first.expose() == &expected);
        assert!(first == again);
    }

    #[test]
    fn an_inflated_cost_is_refused() {
        assert!(matches!(
            Costs::new(u32::MAX, 2, 1),
            Err(Error::CostOutOfRange { .. })
        ));
        assert!(matches!(
            Costs::new(64, 17, 1),
            Err(Error::CostOutOfRange { .. })
        ));
        assert!(matches!(
            Costs::new(64, 2, 9),
            Err(Error::CostOutOfRange { .. })
        ));
        assert!(matches!(
            Costs::new(63, 2, 1),
            Err(Error::CostOutOfRange { .. })
        ));
        assert!(matches!(
            Costs::new(64, 0, 1),
            Err(Error::CostOutOfRange { .. })
        ));
    }

    #[test]
    fn every_cost_within_the_bounds_runs() {
        for lanes in LANES.0..=LANES.1 {
            Hasher::new(Costs::new(MEMORY_KIB.0, 1, lanes).unwrap())
                .hash(labels::PASSPHRASE, &[b"x"], &[0; 16])
                .map(drop)
                .unwrap();
        }
    }

    #[test]
    fn a_short_salt_is_refused() {
        let hashed = Hasher::new(Costs::new(64, 1, 1).unwrap()).hash(labels::STRETCH, &[], &[0; 7]);
        assert!(matches!(hashed, Err(Error::SaltTooShort)));
    }
}
