//! Ethereum's JSON: quantities and bytes as hexadecimal text.

use alloy_primitives::hex;
use serde_json::Value;

/// A number as nodes write it.
pub(crate) fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

/// The same, up to 128 bits.
pub(crate) fn wide_quantity(value: &Value) -> Option<u128> {
    u128::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

/// Bytes as nodes write them.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str().filter(|text| text.starts_with("0x"))?;
    hex::decode(text).ok()
}

/// Bytes of an exact length.
pub(crate) fn array<const N: usize>(value: &Value) -> Option<[u8; N]> {
    bytes(value)?.try_into().ok()
}

/// A number as nodes read it.
pub(crate) fn to_quantity(number: u64) -> Value {
    format!("{number:#x}").into()
}

/// Bytes as nodes read them.
pub(crate) fn to_bytes(bytes: &[u8]) -> Value {
    hex::encode_prefixed(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_read_back() {
        for number in [0, 1, 255, u64::MAX] {
            assert_eq!(quantity(&to_quantity(number)), Some(number));
        }
        assert_eq!(bytes(&to_bytes(&[0, 1, 255])), Some(vec![0, 1, 255]));
        assert_eq!(array::<2>(&to_bytes(&[0, 1, 255])), None);
    }

    #[test]
    fn bytes_have_one_prefix_and_whole_digits() {
        for text in ["", "00", "0x0", "0x0x00", "0X00", "0xg0"] {
            assert_eq!(bytes(&text.into()), None, "{text}");
        }
        assert_eq!(bytes(&"0x".into()), Some(Vec::new()));
    }

    #[test]
    fn anything_else_is_no_number() {
        for value in [Value::Null, 7.into(), "7".into(), "0x".into(), "0xg".into()] {
            assert_eq!(quantity(&value), None, "{value}");
        }
    }
}
