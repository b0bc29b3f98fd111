use std::{fmt, str::FromStr};

use symbolon_service::Serial;

/// A certificate's serial number in hexadecimal, as tools write it: in capitals or not, with
/// colons or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialNumber(Serial);

impl SerialNumber {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl FromStr for SerialNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = hex::decode(text.replace(':', ""));
        let serial = bytes.map(|bytes| Serial::new(&bytes));
        match serial {
            Ok(serial) if !serial.as_bytes().is_empty() => Ok(Self(serial)),
            _ => Err("not a serial number in hexadecimal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_read_as_tools_write_it() {
        for text in ["0a1b", "0A1B", "0A:1B", "000a1b"] {
            assert_eq!(text.parse::<SerialNumber>().unwrap().to_string(), "0a1b");
        }
        for text in ["", "0", "00", "0x0a1b", "officer-one", "0a 1b"] {
            assert!(text.parse::<SerialNumber>().is_err(), "{text}");
        }
    }
}
