//! EIP-712 structs: one trait, and the macro that declares them.

use serde_json::Value;

use crate::json::{parse_0x, parse_0x_exact, to_0x};
use crate::{Address, Digest, Domain, Error, RollIndex};

/// A struct of the protocol with its EIP-712 type.
pub trait Typed: Clone + Sized + sealed::Sealed {
    /// The struct's name in its EIP-712 type.
    const NAME: &'static str;
    /// The struct's fields in order: Solidity type and name.
    const FIELDS: &'static [(&'static str, &'static str)];

    /// EIP-712 `encodeType`.
    fn encode_type() -> String;
    /// EIP-712 `hashStruct`.
    fn hash_struct(&self) -> [u8; 32];
    /// Solidity's `abi.encode(struct)`. A struct with a dynamic field (only
    /// [`Manifest`](crate::Manifest) and [`Ballot`](crate::Ballot)) starts with the
    /// offset word 0x20, as in Solidity; the others are their fields' words alone.
    fn abi_encode(&self) -> Vec<u8>;
    /// Reads [`Typed::abi_encode`]; whatever encodes to other bytes is refused.
    fn abi_decode(bytes: &[u8]) -> Result<Self, Error>;
    /// The `message` of the struct's typed-data JSON.
    fn to_message(&self) -> Value;
    /// Reads [`Typed::to_message`].
    fn from_message(message: &Value) -> Result<Self, Error>;

    /// The digest that is signed.
    fn digest(&self, domain: &Domain) -> Digest {
        domain.digest(&self.hash_struct())
    }
}

pub(crate) mod sealed {
    /// Keeps [`Typed`](super::Typed) to the structs of this crate.
    pub trait Sealed {}
}

/// A field's type: its Solidity twin and its JSON form.
pub(crate) trait Field: Sized {
    type Sol;
    fn to_sol(&self) -> Self::Sol;
    fn from_sol(name: &'static str, sol: Self::Sol) -> Result<Self, Error>;
    fn to_json(&self) -> Value;
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error>;
}

/// The largest number that every JSON reader takes exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

pub(crate) fn malformed(name: &'static str) -> Error {
    Error::member("typed data", name, "missing or of the wrong form")
}

fn address(name: &'static str, bytes: [u8; 20]) -> Result<Address, Error> {
    Address::new(bytes).map_err(|_| Error::member("statement", name, "no address is zero"))
}

macro_rules! number_field {
    ($($number:ty),*) => {$(
        impl Field for $number {
            type Sol = $number;
            fn to_sol(&self) -> $number {
                *self
            }
            fn from_sol(_: &'static str, sol: $number) -> Result<Self, Error> {
                Ok(sol)
            }
            fn to_json(&self) -> Value {
                number_to_json(u64::from(*self))
            }
            fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
                number_from_json(name, value)?.try_into().map_err(|_| malformed(name))
            }
        }
    )*};
}
number_field!(u8, u16, u32, u64);

/// A number, or beyond what JSON readers take exactly a decimal string.
fn number_to_json(number: u64) -> Value {
    if number <= MAX_EXACT {
        number.into()
    } else {
        number.to_string().into()
    }
}

fn number_from_json(name: &'static str, value: &Value) -> Result<u64, Error> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| malformed(name))
}

impl Field for bool {
    type Sol = bool;
    fn to_sol(&self) -> bool {
        *self
    }
    fn from_sol(_: &'static str, sol: bool) -> Result<Self, Error> {
        Ok(sol)
    }
    fn to_json(&self) -> Value {
        (*self).into()
    }
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
        value.as_bool().ok_or_else(|| malformed(name))
    }
}

impl Field for RollIndex {
    type Sol = u32;
    fn to_sol(&self) -> u32 {
        self.0
    }
    fn from_sol(_: &'static str, sol: u32) -> Result<Self, Error> {
        Ok(Self(sol))
    }
    fn to_json(&self) -> Value {
        self.0.into()
    }
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
        u32::from_json(name, value).map(Self)
    }
}

impl Field for Vec<u8> {
    type Sol = alloy_primitives::Bytes;
    fn to_sol(&self) -> alloy_primitives::Bytes {
        self.clone().into()
    }
    fn from_sol(_: &'static str, sol: alloy_primitives::Bytes) -> Result<Self, Error> {
        Ok(sol.to_vec())
    }
    fn to_json(&self) -> Value {
        to_0x(self).into()
    }
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
        parse_0x(name, value.as_str().ok_or_else(|| malformed(name))?)
    }
}

impl Field for Address {
    type Sol = alloy_primitives::Address;
    fn to_sol(&self) -> alloy_primitives::Address {
        alloy_primitives::Address::from(*self.as_bytes())
    }
    fn from_sol(name: &'static str, sol: alloy_primitives::Address) -> Result<Self, Error> {
        address(name, sol.into_array())
    }
    fn to_json(&self) -> Value {
        to_0x(self.as_bytes()).into()
    }
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
        let text = value.as_str().ok_or_else(|| malformed(name))?;
        address(name, parse_0x_exact(name, text)?)
    }
}

impl Field for Vec<Address> {
    type Sol = Vec<alloy_primitives::Address>;
    fn to_sol(&self) -> Vec<alloy_primitives::Address> {
        self.iter().map(Field::to_sol).collect()
    }
    fn from_sol(name: &'static str, sol: Vec<alloy_primitives::Address>) -> Result<Self, Error> {
        sol.into_iter()
            .map(|one| Address::from_sol(name, one))
            .collect()
    }
    fn to_json(&self) -> Value {
        self.iter().map(Field::to_json).collect()
    }
    fn from_json(name: &'static str, value: &Value) -> Result<Self, Error> {
        let items = value.as_array().ok_or_else(|| malformed(name))?;
        items
            .iter()
            .map(|item| Address::from_json(name, item))
            .collect()
    }
}

/// Reads an object that has exactly the named members.
pub(crate) fn exact_members<'a>(
    value: &'a Value,
    names: &[(&'static str, &'static str)],
) -> Result<&'a serde_json::Map<String, Value>, Error> {
    let object = value.as_object().ok_or_else(|| malformed("message"))?;
    match object.len() == names.len() {
        true => Ok(object),
        false => Err(malformed("message")),
    }
}

pub(crate) fn member<'a>(
    object: &'a serde_json::Map<String, Value>,
    name: &'static str,
) -> Result<&'a Value, Error> {
    object.get(name).ok_or_else(|| malformed(name))
}

/// Declares a struct with the EIP-712 type of the same name in
/// [`statement::sol`](crate::statement::sol).
macro_rules! typed {
    ($(
        $(#[$doc:meta])*
        struct $name:ident {
            $( $(#[$field_doc:meta])* $field:ident: $type:ty = $sol:ident: $sol_type:literal, )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        impl $name {
            fn to_sol(&self) -> sol::$name {
                sol::$name { $( $sol: $crate::typed::Field::to_sol(&self.$field), )* }
            }
        }

        impl $crate::typed::sealed::Sealed for $name {}

        impl $crate::typed::Typed for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [(&'static str, &'static str)] =
                &[$( ($sol_type, stringify!($sol)), )*];

            fn encode_type() -> String {
                <sol::$name as alloy_sol_types::SolStruct>::eip712_encode_type().into_owned()
            }

            fn hash_struct(&self) -> [u8; 32] {
                static TYPE_HASH: std::sync::LazyLock<[u8; 32]> =
                    std::sync::LazyLock::new(|| alloy_primitives::keccak256($name::encode_type()).0);
                let data = alloy_sol_types::SolStruct::eip712_encode_data(&self.to_sol());
                alloy_primitives::keccak256([TYPE_HASH.as_slice(), &data].concat()).0
            }

            fn abi_encode(&self) -> Vec<u8> {
                alloy_sol_types::SolValue::abi_encode(&self.to_sol())
            }

            fn abi_decode(bytes: &[u8]) -> Result<Self, $crate::Error> {
                let not_canonical = $crate::Error::NotCanonical { what: stringify!($name) };
                let Ok(decoded) = <sol::$name as alloy_sol_types::SolValue>::abi_decode(bytes)
                else {
                    return Err(not_canonical);
                };
                let decoded = Self {
                    $( $field: $crate::typed::Field::from_sol(stringify!($sol), decoded.$sol)?, )*
                };
                match decoded.abi_encode() == bytes {
                    true => Ok(decoded),
                    false => Err(not_canonical),
                }
            }

            fn to_message(&self) -> serde_json::Value {
                let mut message = serde_json::Map::new();
                $( message.insert(
                    stringify!($sol).to_owned(),
                    $crate::typed::Field::to_json(&self.$field),
                ); )*
                message.into()
            }

            fn from_message(message: &serde_json::Value) -> Result<Self, $crate::Error> {
                let object = $crate::typed::exact_members(message, Self::FIELDS)?;
                Ok(Self {
                    $( $field: $crate::typed::Field::from_json(
                        stringify!($sol),
                        $crate::typed::member(object, stringify!($sol))?,
                    )?, )*
                })
            }
        }
    )*};
}
pub(crate) use typed;
