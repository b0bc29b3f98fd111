use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::Error;

const LONGEST: usize = 64;

/// The roles that services know of callers.
pub const CLIENT_ROLES: &[&str] = &[
    "portal",
    "gateway",
    "organiser",
    "officer",
    "registrar",
    "auditor",
];
/// Further names for servers that call nobody.
const SERVER_ROLES: &[&str] = &["vault", "observer"];

/// What a certificate's holder is: the first part of the path of its URI name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(String);

/// Which of the holders of a role: the second part of the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Whose roles these are: the host part of the URI name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustDomain(String);

impl Role {
    /// Whether services know callers of this role.
    pub fn is_client(&self) -> bool {
        CLIENT_ROLES.contains(&self.0.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if CLIENT_ROLES.contains(&text) || SERVER_ROLES.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::usage(
            format!("no role is named {text:?}"),
            format!(
                "Clients are {}; servers may also be {}.",
                CLIENT_ROLES.join(", "),
                SERVER_ROLES.join(", ")
            ),
        ))
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        plain(text, |c| matches!(c, '-' | '_' | '.')).map(|()| Self(text.to_owned()))
    }
}

impl FromStr for TrustDomain {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        plain(text, |c| matches!(c, '-' | '.')).map(|()| Self(text.to_owned()))
    }
}

fn plain(text: &str, extra: impl Fn(char) -> bool) -> Result<(), Error> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let starts_well = text.starts_with(good);
    if starts_well && text.len() <= LONGEST && text.chars().all(|c| good(c) || extra(c)) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{text:?} is no name for a certificate"),
        "Use up to 64 of a-z, 0-9, '-' and '.', beginning with a letter or digit.",
    ))
}

macro_rules! text_form {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )*};
}

text_form!(Role Name TrustDomain);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_a_path_or_uri() {
        for wrong in ["", "..", "a/b", "A", "a b", "ä", ".x", &"a".repeat(65)] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong:?}");
        }
        assert!("main-2.test".parse::<Name>().is_ok());
    }

    #[test]
    fn an_unknown_role_is_refused_with_the_list_of_roles() {
        let error = "admin".parse::<Role>().unwrap_err();
        assert!(error.next().contains("registrar"));
    }
}
