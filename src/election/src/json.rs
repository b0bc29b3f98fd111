//! JSON files: bounded, strict, RFC 8785 when written.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::Error;

/// Parses exactly `N` bytes of lower-case hexadecimal.
pub(crate) fn parse_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Error> {
    let bytes = parse_hex_vec(what, text)?;
    bytes.try_into().map_err(|_| Error::NotHex { what })
}

/// Parses lower-case hexadecimal of any length.
pub(crate) fn parse_hex_vec(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Error::NotHex { what });
    }
    hex::decode(text).map_err(|_| Error::NotHex { what })
}

/// Parses `0x` and lower-case hexadecimal of any length.
pub(crate) fn parse_0x(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    let digits = text.strip_prefix("0x").ok_or(Error::NotHex { what })?;
    parse_hex_vec(what, digits)
}

/// Parses `0x` and exactly `N` bytes of lower-case hexadecimal.
pub(crate) fn parse_0x_exact<const N: usize>(
    what: &'static str,
    text: &str,
) -> Result<[u8; N], Error> {
    let digits = text.strip_prefix("0x").ok_or(Error::NotHex { what })?;
    parse_hex(what, digits)
}

/// `0x` and lower-case hexadecimal.
pub(crate) fn to_0x(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Parses a JSON file of at most `limit` bytes.
pub(crate) fn parse<T: DeserializeOwned>(
    what: &'static str,
    limit: usize,
    bytes: &[u8],
) -> Result<T, Error> {
    if bytes.len() > limit {
        return Err(Error::TooLong { what, limit });
    }
    serde_json::from_slice(bytes).map_err(|error| Error::Json {
        what,
        message: match error.classify() {
            Category::Data => "a member is missing, unknown or of the wrong form",
            Category::Eof => "ends too early",
            Category::Io | Category::Syntax => "not JSON",
        },
        line: error.line(),
        column: error.column(),
    })
}

/// Writes a value as RFC 8785 JSON.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("own types serialise: string keys and finite numbers only")
}

/// A fixed number of bytes as `0x` and lower-case hexadecimal.
pub(crate) mod bytes {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        bytes: impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_0x(bytes))
    }

    pub(crate) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_0x_exact("bytes", &text).map_err(D::Error::custom)
    }
}

/// Any number of bytes as `0x` and lower-case hexadecimal.
pub(crate) mod blob {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        bytes: impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_0x(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_0x("bytes", &text).map_err(D::Error::custom)
    }
}

/// The version tag that every file starts with.
pub(crate) fn check_version(what: &'static str, version: &str) -> Result<(), Error> {
    match version == crate::VERSION {
        true => Ok(()),
        false => Err(Error::member(what, "version", "symbolon/v1")),
    }
}
