//! Ways to bend bytes.

use proptest::prelude::*;

/// One change of an entry's bytes. Places are taken modulo the length.
#[derive(Clone, Debug)]
pub enum Bend {
    Flip {
        at: usize,
        bit: u8,
    },
    Set {
        at: usize,
        to: u8,
    },
    Fill {
        at: usize,
        len: usize,
        with: u8,
    },
    Cut {
        len: usize,
    },
    Append {
        bytes: Vec<u8>,
    },
    Insert {
        at: usize,
        bytes: Vec<u8>,
    },
    Remove {
        at: usize,
        len: usize,
    },
    /// Exchanges two words of a statement's encoding.
    Swap {
        one: usize,
        other: usize,
    },
    /// A word of a statement's encoding becomes this number.
    Word {
        at: usize,
        value: u64,
    },
}

pub fn bend() -> impl Strategy<Value = Bend> {
    let at = || any::<usize>();
    let bytes = || prop::collection::vec(any::<u8>(), 1..70);
    prop_oneof![
        4 => (at(), 0..8u8).prop_map(|(at, bit)| Bend::Flip { at, bit }),
        2 => (at(), any::<u8>()).prop_map(|(at, to)| Bend::Set { at, to }),
        2 => (at(), prop_oneof![Just(20), Just(32), Just(64)], prop_oneof![Just(0), Just(0xff)])
            .prop_map(|(at, len, with)| Bend::Fill { at, len, with }),
        1 => (1..70usize).prop_map(|len| Bend::Cut { len }),
        1 => bytes().prop_map(|bytes| Bend::Append { bytes }),
        1 => Just(Bend::Append { bytes: vec![0; 32] }),
        1 => (at(), bytes()).prop_map(|(at, bytes)| Bend::Insert { at, bytes }),
        1 => (at(), 1..70usize).prop_map(|(at, len)| Bend::Remove { at, len }),
        2 => (0..40usize, 0..40usize).prop_map(|(one, other)| Bend::Swap { one, other }),
        3 => (0..40usize, prop_oneof![0..3u64, Just(32), Just(64), Just(255), Just(256), any::<u64>()])
            .prop_map(|(at, value)| Bend::Word { at, value }),
    ]
}

impl Bend {
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        let word = |at: usize| (2 + at * 32 + 32 <= len).then_some(2 + at * 32);
        match self {
            Self::Flip { at, bit } => bytes[at % len] ^= 1 << bit,
            Self::Set { at, to } => bytes[at % len] = *to,
            Self::Fill {
                at,
                len: many,
                with,
            } => {
                let from = at % len;
                bytes[from..len.min(from + many)].fill(*with);
            }
            Self::Cut { len: many } => bytes.truncate(len.saturating_sub(*many)),
            Self::Append { bytes: more } => bytes.extend(more),
            Self::Insert { at, bytes: more } => {
                let at = at % (len + 1);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Remove { at, len: many } => {
                let from = at % len;
                bytes.drain(from..len.min(from + many));
            }
            Self::Swap { one, other } => {
                if let (Some(one), Some(other)) = (word(*one), word(*other)) {
                    (0..32).for_each(|at| bytes.swap(one + at, other + at));
                }
            }
            Self::Word { at, value } => {
                if let Some(at) = word(*at) {
                    bytes[at..at + 24].fill(0);
                    bytes[at + 24..at + 32].copy_from_slice(&value.to_be_bytes());
                }
            }
        }
    }
}
