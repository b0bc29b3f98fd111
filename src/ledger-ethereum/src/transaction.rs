//! Transactions of an account that can only pay.

use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{TxKind, U256, keccak256};
use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::Address;

/// An account: its key signs transactions, and nothing of an election.
pub struct Account {
    key: SigningKey,
    chain: u64,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// As it is handed in.
    pub raw: Vec<u8>,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What a unit of gas may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// In all.
    pub max: u128,
    /// Of it for whoever seals the block.
    pub tip: u128,
}

impl Account {
    /// An account on a chain.
    pub fn new(key: SigningKey, chain: u64) -> Self {
        Self { key, chain }
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// A call of a contract; where none is named, the transaction that makes one of `input`.
    pub fn sign(
        &self,
        to: Option<&Address>,
        input: Vec<u8>,
        nonce: u64,
        gas_limit: u64,
        price: Price,
    ) -> Signed {
        let to = to.map_or(TxKind::Create, |to| TxKind::Call((*to.as_bytes()).into()));
        let transaction = TxEip1559 {
            chain_id: self.chain,
            nonce,
            gas_limit,
            max_fee_per_gas: price.max,
            max_priority_fee_per_gas: price.tip,
            to,
            value: U256::ZERO,
            access_list: Default::default(),
            input: input.into(),
        };
        let signature = self.key.sign(&transaction.signature_hash().0).to_rsv();
        let word = |bytes: &[u8]| U256::from_be_slice(bytes);
        let signature = alloy_primitives::Signature::new(
            word(&signature[..32]),
            word(&signature[32..64]),
            signature[64] == 28,
        );
        let raw = transaction.into_signed(signature).encoded_2718();
        let hash = keccak256(&raw).0;
        Signed { raw, hash }
    }
}
