//! Leaves of the audit log: who, when, which operation, about whom, with what outcome.
//!
//! A leaf is an RFC 8785 JSON object:
//!
//! ```json
//! {"at":1700000000,"caller":"portal/main","operation":"RegisterPerson","outcome":"registered","subject":"…"}
//! ```
//!
//! `subject` is a keyed hash in hexadecimal, the same for the same subject and of use to
//! nobody without the key; `count` stands where a leaf sums up many calls; `certificate` is
//! a signed note that keys were destroyed ([`symbolon_election::destruction`]). Where the log gets
//! another key, one leaf names both as `keys`, and a later one holds a `checkpoint` that both signed.

use serde::Serialize;
use symbolon_keyring::keys::Subject;
use symbolon_service::Peer;

/// One leaf. Its fields stand in the order of their names, as RFC 8785 sorts them; of its text
/// and numbers serde_json writes what RFC 8785 does.
#[derive(Debug, Serialize)]
pub struct Leaf<'a> {
    at: u64,
    caller: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<[String; 2]>,
    operation: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl<'a> Leaf<'a> {
    /// What a caller had done at a time.
    pub fn new(at: u64, caller: &Caller, operation: &'a str, outcome: &'a str) -> Self {
        let caller = caller.0.clone();
        Self {
            at,
            caller,
            certificate: None,
            checkpoint: None,
            count: None,
            keys: None,
            operation,
            outcome,
            subject: None,
        }
    }

    /// About whom or what.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(hex::encode(subject.as_bytes()));
        self
    }

    /// How many calls it sums up.
    #[must_use]
    pub fn counting(mut self, calls: u64) -> Self {
        self.count = Some(calls);
        self
    }

    /// With a signed note.
    #[must_use]
    pub fn certified(mut self, note: String) -> Self {
        self.certificate = Some(note);
        self
    }

    /// With a signed checkpoint of the log.
    #[must_use]
    pub fn checkpoint(mut self, note: String) -> Self {
        self.checkpoint = Some(note);
        self
    }

    /// With the log's verifier key and the one that follows.
    #[must_use]
    pub fn naming(mut self, keys: [String; 2]) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The leaf's bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text and numbers only")
    }
}

/// Who calls, as the audit log names them: `role/name` of the certificate, or the vault itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller(String);

impl Caller {
    /// Whether it is the officer whose certificate has this name.
    pub(crate) fn is_officer(&self, name: &str) -> bool {
        self.0.strip_prefix("officer/") == Some(name)
    }

    /// An officer of this name.
    #[cfg(test)]
    pub(crate) fn officer(name: &str) -> Self {
        Self(format!("officer/{name}"))
    }

    /// What the vault does by itself.
    pub fn vault() -> Self {
        Self("vault".to_owned())
    }
}

impl From<&Peer> for Caller {
    fn from(peer: &Peer) -> Self {
        Self(format!("{}/{}", peer.role(), peer.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_canonical_json() {
        let leaf = Leaf::new(7, &Caller::vault(), "Unseal", "unsealed").counting(3);
        let text =
            r#"{"at":7,"caller":"vault","count":3,"operation":"Unseal","outcome":"unsealed"}"#;
        assert_eq!(String::from_utf8(leaf.encode()).unwrap(), text);
    }

    #[test]
    fn every_field_stands_where_rfc_8785_has_it_and_every_character_is_written_so() {
        let characters: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        let caller = Caller(format!("portal/{characters}\u{2028}\u{10ffff}"));
        let leaf = Leaf {
            subject: Some("00ff".to_owned()),
            ..Leaf::new(u64::from(u32::MAX), &caller, &characters, "told")
        };
        let leaf = leaf.counting(1 << 40).certified(characters.clone());
        let leaf = leaf.checkpoint(characters.clone());
        let leaf = leaf.naming([characters.clone(), String::new()]);
        assert_eq!(
            leaf.encode(),
            serde_json_canonicalizer::to_vec(&leaf).unwrap()
        );
    }
}
