//! Which other way of unsealing officers agree to.

use serde::{Deserialize, Serialize};

use super::{MAX_OFFICERS, WHAT, name};
use crate::Error;

/// How a vault is unsealed from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NewUnsealing {
    /// By a passphrase.
    Passphrase {
        /// Who enters it: the name of an officer's certificate.
        entered_by: String,
    },
    /// By shares, one for each holder.
    Shares {
        /// Whose certificates collect one: names of officers' certificates, strictly ascending.
        holders: Vec<String>,
        /// How many unseal: 2 to the number of holders.
        threshold: u8,
    },
    /// By a PKCS#11 token.
    Token {
        /// The key's label.
        key: String,
        /// The token's label.
        token: String,
    },
}

impl NewUnsealing {
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Passphrase { entered_by } => certificate("enteredBy", entered_by),
            Self::Shares { holders, threshold } => {
                let ascending = holders.is_sorted_by(|one, next| one < next);
                if !ascending || !(2..=MAX_OFFICERS).contains(&holders.len()) {
                    let rule = "2 to 64, strictly ascending";
                    return Err(Error::member(WHAT, "holders", rule));
                }
                for holder in holders {
                    certificate("holders", holder)?;
                }
                match (2..=holders.len()).contains(&usize::from(*threshold)) {
                    true => Ok(()),
                    false => {
                        let rule = "between 2 and the number of holders";
                        Err(Error::member(WHAT, "threshold", rule))
                    }
                }
            }
            Self::Token { key, token } => {
                label("token", token, 32)?;
                label("key", key, 64)
            }
        }
    }

    pub(super) fn in_words(&self) -> Vec<String> {
        let mut lines = vec![
            "THE VAULT IS UNSEALED IN ANOTHER WAY once that has been shown to work".to_owned(),
        ];
        match self {
            Self::Passphrase { entered_by } => {
                lines.push(format!(
                    "From then on: by a new passphrase, which this officer enters: {entered_by}"
                ));
            }
            Self::Shares { holders, threshold } => {
                lines.push(format!(
                    "From then on: by any {threshold} of these officers, each with a new share:"
                ));
                lines.extend(holders.iter().map(|holder| format!("  {holder}")));
            }
            Self::Token { key, token } => {
                lines.push(format!(
                    "From then on: by the PKCS#11 token {token}, which makes the key {key}"
                ));
            }
        }
        lines.push("What unseals it now goes on doing so until then, and never after".to_owned());
        lines
    }
}

fn certificate(member: &'static str, text: &str) -> Result<(), Error> {
    let named = name(text.to_owned());
    named.map_err(|_| Error::member(WHAT, member, "names of certificates"))?;
    Ok(())
}

/// A label is shown to those who sign: printable ASCII only.
fn label(member: &'static str, label: &str, most: usize) -> Result<(), Error> {
    let plain = label.bytes().all(|b| b.is_ascii_graphic());
    match plain && (1..=most).contains(&label.len()) {
        true => Ok(()),
        false => Err(Error::member(
            WHAT,
            member,
            "a label of printable ASCII without blanks",
        )),
    }
}
