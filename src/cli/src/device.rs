//! A voter's device on the network: what portal and gateway are asked, and the files that it keeps.

mod gateway;
mod paper;
mod portal;
mod token_file;

pub(crate) use gateway::receipt;
pub use gateway::{Gateway, Inclusion, Standing};
pub use paper::{Paper, Papers};
pub use portal::Portal;
pub use token_file::TokenFile;

use serde_json::Value;

use crate::error::Error;

/// Bytes of a JSON member, `0x` and lower-case hexadecimal.
fn bytes(value: &Value, member: &'static str) -> Result<Vec<u8>, Error> {
    from_0x(member, &value[member])
}

fn from_0x(member: &'static str, value: &Value) -> Result<Vec<u8>, Error> {
    let text = value.as_str().and_then(|text| text.strip_prefix("0x"));
    text.and_then(|text| hex::decode(text).ok())
        .ok_or_else(|| Error::unreadable(member, "not bytes as 0x and hexadecimal"))
}

/// A number of a JSON member, written as a number or in decimal text.
fn number(value: &Value, member: &'static str) -> Result<u64, Error> {
    let value = &value[member];
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        .ok_or_else(|| Error::unreadable(member, "not a number"))
}

fn to_0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
