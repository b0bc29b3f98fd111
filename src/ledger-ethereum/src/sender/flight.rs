//! One transaction on its way.

use std::time::{Duration, Instant};

use symbolon_election::Address;

use super::Parcel;
use crate::packing::Load;
use crate::transaction::{Account, Price};
use crate::{Config, EthereumError, Fees, Header};

/// How soon the same transaction is handed in again.
const AGAIN: Duration = Duration::from_secs(2);

/// A transaction that keeps its nonce and its load; its fee may rise.
pub(super) struct Flight {
    pub(super) nonce: u64,
    pub(super) parcels: Vec<Parcel>,
    load: Load,
    price: Price,
    raw: Option<Vec<u8>>,
    /// When it was handed in at this price for the first time, and last.
    times: Option<(Instant, Instant)>,
    raise: bool,
}

impl Flight {
    pub(super) fn new(nonce: u64, parcels: Vec<Parcel>, load: Load, price: Price) -> Self {
        Self {
            nonce,
            parcels,
            load,
            price,
            raw: None,
            times: None,
            raise: false,
        }
    }

    pub(super) fn is_due(&self, now: Instant, config: &Config) -> bool {
        self.raise
            || self
                .times
                .is_none_or(|(_, last)| now.duration_since(last) >= AGAIN.min(config.patience))
    }

    /// Raises the price where it waited too long, or a node found it too cheap.
    pub(super) fn price_for(&mut self, now: Instant, head: &Header, config: &Config) {
        let waited = |(first, _): (Instant, Instant)| now.duration_since(first) >= config.patience;
        if self.times.is_some_and(waited) {
            self.raise = true;
        }
        if !std::mem::take(&mut self.raise) {
            return;
        }
        let usual = price(&config.fees, head);
        let raised = self.price.raised(1, &config.fees);
        let next = Price {
            max: raised.max.max(usual.max),
            tip: raised.tip.max(usual.tip),
        };
        if next != self.price {
            self.price = next;
            self.raw = None;
        }
        self.times = None;
    }

    pub(super) fn signed(&mut self, account: &Account, contract: &Address) -> Vec<u8> {
        let sign = || {
            let call = self.load.call.clone();
            account
                .sign(Some(contract), call, self.nonce, self.load.gas, self.price)
                .raw
        };
        self.raw.get_or_insert_with(sign).clone()
    }

    pub(super) fn sent(&mut self, now: Instant) {
        let first = self.times.map_or(now, |(first, _)| first);
        self.times = Some((first, now));
    }

    pub(super) fn too_cheap(&mut self) {
        self.raise = true;
    }
}

/// The usual price: room for the chain's own fee to double.
pub(crate) fn price(fees: &Fees, head: &Header) -> Price {
    let max = (2 * head.base_fee + fees.tip).min(fees.cap);
    Price {
        max,
        tip: fees.tip.min(max),
    }
}

impl Price {
    /// A quarter more, so many times: nodes replace a transaction for a tenth more. Never above
    /// the cap.
    pub(super) fn raised(self, times: u32, fees: &Fees) -> Self {
        let raise = |price: u128| (0..times).fold(price, |price, _| price + price / 4 + 1);
        let max = raise(self.max).min(fees.cap);
        Self {
            max,
            tip: raise(self.tip).min(max),
        }
    }
}

/// What a node made of a transaction that was handed in.
pub(super) enum Taken {
    /// It has it, or had it already.
    Yes,
    /// It has another one of this nonce, or wants more for it.
    TooCheap,
}

/// Reads a node's answer.
pub(super) fn accepted(answer: Result<[u8; 32], EthereumError>) -> Result<Taken, EthereumError> {
    let Err(EthereumError::Refused { message, .. }) = &answer else {
        return answer.map(|_| Taken::Yes);
    };
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&[
        "already known",
        "already imported",
        "nonce too low",
        "known transaction",
    ]) {
        // What became of it, the chain tells.
        return Ok(Taken::Yes);
    }
    match says(&[
        "underpriced",
        "fee too low",
        "max fee per gas less than",
        "fee cap less than",
    ]) {
        true => Ok(Taken::TooCheap),
        false => answer.map(|_| Taken::Yes),
    }
}
