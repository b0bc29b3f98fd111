//! Ways to bend a signature of 64 bytes.

use proptest::prelude::*;
use symbolon_election::Signature;

const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];
/// Half of it, the greatest low s.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Good,
    /// The other signature of the same key: s subtracted from the order, the parity flipped. Such an s
    /// has no room for the parity on top; what remains of it is another number.
    HighS,
    /// The other of the two values of v.
    OtherParity,
    /// v of 27 or 28 in the place of the parity bit.
    WholeV,
    ZeroR,
    ZeroS,
    OrderR,
    /// The greatest s that is low, and the least that isn't.
    HalfS,
    AboveHalfS,
    Ones,
}

pub fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        12 => Just(Form::Good),
        1 => Just(Form::HighS),
        1 => Just(Form::OtherParity),
        1 => Just(Form::WholeV),
        1 => Just(Form::ZeroR),
        1 => Just(Form::ZeroS),
        1 => Just(Form::OrderR),
        1 => Just(Form::HalfS),
        1 => Just(Form::AboveHalfS),
        1 => Just(Form::Ones),
    ]
}

impl Form {
    pub fn of(self, signature: &Signature) -> Signature {
        let mut bytes = *signature.as_bytes();
        match self {
            Self::Good => {}
            Self::HighS => {
                let parity = bytes[32] & 0x80;
                bytes[32] &= 0x7f;
                let s: [u8; 32] = bytes[32..].try_into().unwrap();
                bytes[32..].copy_from_slice(&minus(&ORDER, &s));
                bytes[32] = (bytes[32] & 0x7f) | (parity ^ 0x80);
            }
            Self::OtherParity => bytes[32] ^= 0x80,
            Self::WholeV => bytes[32] = 27 + (bytes[32] >> 7),
            Self::ZeroR => bytes[..32].fill(0),
            Self::ZeroS => bytes[32..].fill(0),
            Self::OrderR => bytes[..32].copy_from_slice(&ORDER),
            Self::HalfS => bytes[32..].copy_from_slice(&HALF),
            Self::AboveHalfS => {
                bytes[32..].copy_from_slice(&HALF);
                bytes[63] += 1;
            }
            Self::Ones => bytes.fill(0xff),
        }
        Signature::from_bytes(bytes)
    }
}

fn minus(from: &[u8; 32], number: &[u8; 32]) -> [u8; 32] {
    let mut borrow = 0;
    let mut result = [0; 32];
    for at in (0..32).rev() {
        let digit = i16::from(from[at]) - i16::from(number[at]) - borrow;
        borrow = i16::from(digit < 0);
        result[at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    result
}
