//! The certificate that keys were destroyed: what a vault signs when nothing lies under them.
//!
//! It is a C2SP signed note by the vault's audit log. The text is two lines: the log's origin with
//! `/destroyed` after it, and RFC 8785 JSON:
//!
//! ```json
//! {"destroyed":1800000000,"keys":[{"epoch":1,"id":"0x…","minted":1700000000,"purpose":"index"}],
//!  "ringSecret":"0x…","rows":20000,"tree":{"root":"0x…","size":20417},"version":"symbolon/v1"}
//! ```

use serde::{Deserialize, Serialize};

use crate::{Error, VERSION, json};

const WHAT: &str = "destruction certificate";
/// The most bytes of its JSON.
const MAX_BYTES: usize = 16 * 1024;
/// What follows the log's origin in the first line.
const SUFFIX: &str = "/destroyed";

/// That keys were destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Destruction {
    version: String,
    /// When, Unix seconds. Copies of key ring and ring secret from before have to be thought of.
    pub destroyed: u64,
    /// Which.
    pub keys: Vec<DestroyedKey>,
    /// Rows that lay under them and were made anew under others, or removed.
    pub rows: u64,
    /// The name of the ring secret without which no older copy of the ring opens; none where the
    /// process ended amid the destruction, and another that went on no longer knew it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional")]
    pub ring_secret: Option<[u8; 16]>,
    /// What the audit log was shortly before.
    pub tree: Tree,
}

/// A key that has no value any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DestroyedKey {
    /// What it was for.
    pub purpose: String,
    /// Its version among those of its purpose.
    pub epoch: u32,
    /// Its name.
    #[serde(with = "json::bytes")]
    pub id: [u8; 16],
    /// When it was made, Unix seconds.
    pub minted: u64,
}

/// The head of a log's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Leaves.
    pub size: u64,
    /// RFC 6962 root over them.
    #[serde(with = "json::bytes")]
    pub root: [u8; 32],
}

impl Destruction {
    /// A certificate's content.
    pub fn new(
        destroyed: u64,
        keys: Vec<DestroyedKey>,
        rows: u64,
        ring_secret: Option<[u8; 16]>,
        tree: Tree,
    ) -> Self {
        Self {
            version: VERSION.to_owned(),
            destroyed,
            keys,
            rows,
            ring_secret,
            tree,
        }
    }

    /// The text that is signed.
    pub fn to_text(&self, origin: &str) -> String {
        let json = json::canonical(self);
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        format!("{origin}{SUFFIX}\n{json}\n")
    }

    /// Reads a text of this log; only its one canonical form is taken.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let other = || Error::NotCanonical { what: WHAT };
        let rest = text.strip_prefix(origin).ok_or_else(other)?;
        let rest = rest.strip_prefix(SUFFIX).ok_or_else(other)?;
        let line = rest.strip_prefix('\n').ok_or_else(other)?;
        let read: Self = json::parse(WHAT, MAX_BYTES, line.as_bytes())?;
        json::check_version(WHAT, &read.version)?;
        match read.to_text(origin) == text {
            true => Ok(read),
            false => Err(other()),
        }
    }
}

/// Sixteen bytes where there are any.
mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Bytes(#[serde(with = "crate::json::bytes")] [u8; 16]);

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<[u8; 16]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.map(Bytes).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 16]>, D::Error> {
        let bytes = Option::<Bytes>::deserialize(deserializer)?;
        Ok(bytes.map(|Bytes(bytes)| bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORIGIN: &str = "symbolon-vault/00ff";

    fn any_destruction() -> impl Strategy<Value = Destruction> {
        let key =
            (any::<u32>(), any::<[u8; 16]>(), 0..1_u64 << 40).prop_map(|(epoch, id, minted)| {
                DestroyedKey {
                    purpose: "index".to_owned(),
                    epoch,
                    id,
                    minted,
                }
            });
        let tree = (0..1_u64 << 40, any::<[u8; 32]>()).prop_map(|(size, root)| Tree { size, root });
        let keys = prop::collection::vec(key, 0..4);
        (
            0..1_u64 << 40,
            keys,
            0..1_u64 << 40,
            any::<Option<[u8; 16]>>(),
            tree,
        )
            .prop_map(|(destroyed, keys, rows, ring_secret, tree)| {
                Destruction::new(destroyed, keys, rows, ring_secret, tree)
            })
    }

    proptest! {
        #[test]
        fn a_certificate_reads_back_for_its_log_alone(destruction in any_destruction()) {
            let text = destruction.to_text(ORIGIN);
            prop_assert_eq!(Destruction::parse(&text, ORIGIN).unwrap(), destruction);
            prop_assert!(Destruction::parse(&text, "symbolon-vault/00fe").is_err());
            prop_assert!(Destruction::parse(&text, "symbolon-vault/00f").is_err());
        }

        #[test]
        fn a_certificate_with_another_byte_is_another_or_none(
            destruction in any_destruction(), at in any::<prop::sample::Index>(), byte in 32..127_u8,
        ) {
            let text = destruction.to_text(ORIGIN);
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            let read = Destruction::parse(&String::from_utf8(bytes).unwrap(), ORIGIN);
            prop_assert!(read.ok() != Some(destruction));
        }
    }

    #[test]
    fn a_certificate_has_one_form() {
        let tree = Tree {
            size: 3,
            root: [7; 32],
        };
        let key = DestroyedKey {
            purpose: "sealing".to_owned(),
            epoch: 2,
            id: [1; 16],
            minted: 5,
        };
        let text = Destruction::new(9, vec![key], 4, None, tree).to_text(ORIGIN);
        let json = format!(
            r#"{{"destroyed":9,"keys":[{{"epoch":2,"id":"0x{}","minted":5,"purpose":"sealing"}}],"rows":4,"tree":{{"root":"0x{}","size":3}},"version":"symbolon/v1"}}"#,
            "01".repeat(16),
            "07".repeat(32),
        );
        assert_eq!(text, format!("{ORIGIN}/destroyed\n{json}\n"));
        for wrong in [
            text.replace("\"rows\":4", "\"rows\": 4"),
            text.replace("\"rows\":4", "\"rows\":4,\"more\":1"),
            text.replace("v1", "v2"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
        ] {
            assert!(Destruction::parse(&wrong, ORIGIN).is_err(), "{wrong}");
        }
    }
}
