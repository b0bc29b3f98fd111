use std::path::Path;

use serde::{Deserialize, Serialize};

use super::names::{Name, Role, TrustDomain};
use crate::{
    error::Error,
    files::{self, Access},
};

/// What an authority remembers: whose roles it certifies, and every certificate it issued.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The host part of every URI name.
    pub trust_domain: TrustDomain,
    /// How many revocation lists were written.
    pub lists: u64,
    /// In the order of issue.
    pub certificates: Vec<Issued>,
}

/// One certificate of the register.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Hexadecimal.
    pub serial: String,
    /// The holder's role.
    pub role: Role,
    /// The holder's name.
    pub name: Name,
    /// For a server rather than for a client.
    pub server: bool,
    /// Unix seconds.
    pub not_after: u64,
    /// Unix seconds; absent where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
}

impl Register {
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        files::read_json(path)
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        files::write_json(path, self, Access::Public)
    }

    /// Marks every certificate that fits, by serial or as `role-name`; says which.
    pub(super) fn revoke(&mut self, which: &str, now: u64) -> Result<Vec<Issued>, Error> {
        let mut found = Vec::new();
        for issued in &mut self.certificates {
            let fits =
                issued.serial == which || format!("{}-{}", issued.role, issued.name) == which;
            if fits && issued.revoked.is_none() {
                issued.revoked = Some(now);
                found.push(issued.clone());
            }
        }
        if found.is_empty() {
            return Err(Error::usage(
                format!("no certificate that still stands is {which:?}"),
                "Name a serial or role-name as `symbolon pki list` shows them.",
            ));
        }
        Ok(found)
    }
}
