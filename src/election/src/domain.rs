//! The EIP-712 domain: a statement counts on one ledger only.

use alloy_primitives::{U256, keccak256};
use alloy_sol_types::Eip712Domain;

use crate::{Address, Digest};

/// The EIP-712 domain `{name "Symbolon", version "1", chainId, verifyingContract}`,
/// its separator worked out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    chain_id: u64,
    verifying_contract: Address,
    separator: [u8; 32],
}

impl Domain {
    /// The domain's name.
    pub const NAME: &'static str = "Symbolon";
    /// The domain's version.
    pub const VERSION: &'static str = "1";

    /// The domain of a contract on an Ethereum chain.
    pub fn new(chain_id: u64, verifying_contract: Address) -> Self {
        let domain = Eip712Domain::new(
            Some(Self::NAME.into()),
            Some(Self::VERSION.into()),
            Some(U256::from(chain_id)),
            Some(alloy_primitives::Address::from(
                *verifying_contract.as_bytes(),
            )),
            None,
        );
        Self {
            chain_id,
            verifying_contract,
            separator: domain.separator().0,
        }
    }

    /// The domain of an embedded log: chain 0, and as contract the last 20 bytes of
    /// keccak-256 of the log's origin.
    pub fn for_log(origin: &str) -> Self {
        let hash = keccak256(origin.as_bytes());
        let contract = Address::from_slice(&hash[12..]);
        Self::new(
            0,
            contract.expect("20 bytes of a hash, which nobody can make zero"),
        )
    }

    /// The chain; 0 for an embedded log.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The contract, or what stands for it.
    pub const fn verifying_contract(&self) -> &Address {
        &self.verifying_contract
    }

    /// The EIP-712 domain separator.
    pub const fn separator(&self) -> &[u8; 32] {
        &self.separator
    }

    /// What is signed for a struct: keccak-256 of `0x1901`, separator and struct hash.
    pub fn digest(&self, struct_hash: &[u8; 32]) -> Digest {
        let mut input = [0; 66];
        input[0] = 0x19;
        input[1] = 0x01;
        input[2..34].copy_from_slice(&self.separator);
        input[34..].copy_from_slice(struct_hash);
        Digest::new(keccak256(input).0)
    }
}
