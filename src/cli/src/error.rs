use std::{io, path::Path};

use symbolon_service::{Reason, Remedy};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command was used wrongly.
    #[error("{message}")]
    Usage {
        /// What is wrong with the arguments.
        message: String,
        /// What to do instead.
        next: String,
    },
    /// A file or an answer can't be read as what it should be.
    #[error("{what}: {problem}")]
    Unreadable {
        /// The file or the field.
        what: String,
        /// Why.
        problem: String,
    },
    /// A file can't be written.
    #[error("cannot write {path}: {source}")]
    Unwritable {
        /// The file.
        path: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A service said no.
    #[error("refused: {reason}{}: {message}", in_field(.field))]
    Refused {
        /// The stable reason.
        reason: String,
        /// The field at fault, or nothing.
        field: String,
        /// The service's own words.
        message: String,
        /// Seconds until another attempt makes sense, where that was said.
        retry_after: Option<u64>,
    },
    /// Nobody answers.
    #[error("no answer from {endpoint}: {problem}")]
    Unreachable {
        /// Who was called.
        endpoint: String,
        /// Why the call failed.
        problem: String,
    },
    /// Something was checked and found wanting.
    #[error("{message}")]
    Failed {
        /// What was found.
        message: String,
        /// What to do about it.
        next: String,
    },
}

/// The exit code of a refusal or a failure.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The exit code of wrong use or unreadable input.
pub(crate) const EXIT_USAGE: u8 = 2;

impl Error {
    /// Wrong use, with advice.
    pub fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            next: next.into(),
        }
    }

    /// Unreadable input.
    pub fn unreadable(what: impl ToString, problem: impl ToString) -> Self {
        Self::Unreadable {
            what: what.to_string(),
            problem: problem.to_string(),
        }
    }

    /// A file that can't be read.
    pub fn unreadable_file(path: &Path, problem: impl ToString) -> Self {
        Self::unreadable(path.display(), problem)
    }

    /// A file that can't be written.
    pub fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::Unwritable {
            path: path.display().to_string(),
            source,
        }
    }

    /// A check that failed, with advice.
    pub fn failed(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            next: next.into(),
        }
    }

    /// 1 where something was refused or failed, 2 where the input was wrong or unreadable.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Unreadable { .. } => EXIT_USAGE,
            _ => EXIT_FAILED,
        }
    }

    /// The stable reason of a refusal, or what kind of failure it was.
    pub fn reason(&self) -> &str {
        match self {
            Self::Usage { .. } => "USAGE",
            Self::Unreadable { .. } => "UNREADABLE",
            Self::Unwritable { .. } => "UNWRITABLE",
            Self::Refused { reason, .. } => reason,
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::Failed { .. } => "FAILED",
        }
    }

    /// The field at fault, or nothing.
    pub fn field(&self) -> &str {
        match self {
            Self::Refused { field, .. } => field,
            _ => "",
        }
    }

    /// What to do next, in plain words.
    pub fn next(&self) -> String {
        match self {
            Self::Usage { next, .. } | Self::Failed { next, .. } => next.clone(),
            Self::Unreadable { .. } => "Check the file or the argument and try again.".into(),
            Self::Unwritable { .. } => {
                "Check the folder, its permissions and the free space.".into()
            }
            Self::Unreachable { .. } => {
                "Check that the service runs, and endpoint and certificates of the profile.".into()
            }
            Self::Refused {
                reason,
                retry_after,
                ..
            } => advice(reason, *retry_after),
        }
    }
}

fn in_field(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!(" in `{field}`")
    }
}

fn advice(reason: &str, retry_after: Option<u64>) -> String {
    if let Some(seconds) = retry_after {
        return format!("Try again in {seconds} s.");
    }
    let words = match reason {
        "PLACE_TAKEN" => {
            "Restore the device with its recovery words. If nobody ever asked with your consent, complain to the portal: this refusal is your evidence."
        }
        "UNKNOWN_ELECTION" => {
            "`symbolon vote elections` shows what portal or gateway offer, `symbolon election list` what the vault has. A new one reaches a gateway within seconds."
        }
        "UNKNOWN_REGISTRATION_ID" => "Register the person first: `symbolon person register`.",
        "UNKNOWN_ELECTORATE" => "`symbolon electorate list` shows those that are there.",
        "REQUEST_DOES_NOT_OPEN" => "Make the request anew, for this election's manifest.",
        "SEALED" => "Unseal the vault: `symbolon unseal`.",
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => {
            "Use a profile whose certificate has the role for it: `symbolon pki issue`."
        }
        "INVALID_SIGNATURE" | "TOO_FEW_SIGNATURES" => {
            "Check who signed what: `symbolon officer sign` shows digest and address."
        }
        "IDENTITY_CONFLICT" => {
            "A registrar sees the ticket: `symbolon conflicts list`. Settling it is not built yet."
        }
        _ => by_remedy(reason),
    };
    words.to_owned()
}

fn by_remedy(reason: &str) -> &'static str {
    match Reason::from_name(reason).map(Reason::remedy) {
        Some(Remedy::Retry) => "Try the same again later.",
        Some(Remedy::Fix) => "Correct it and try again.",
        Some(Remedy::CallRegistrar) => "A registrar has to settle it.",
        Some(Remedy::CallOperator) => "Whoever runs the service has to act.",
        Some(Remedy::Accept) => "The answer is final.",
        None => "Ask whoever runs the service.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_use_and_unreadable_input_end_with_2_and_refusals_with_1() {
        assert_eq!(Error::usage("a", "b").exit_code(), 2);
        assert_eq!(Error::unreadable("a", "b").exit_code(), 2);
        assert_eq!(Error::failed("a", "b").exit_code(), 1);
    }

    #[test]
    fn a_refusal_names_reason_and_field() {
        let refused = Error::Refused {
            reason: "INVALID_ATTRIBUTE".into(),
            field: "birth_date".into(),
            message: "not a date".into(),
            retry_after: None,
        };
        assert_eq!(
            refused.to_string(),
            "refused: INVALID_ATTRIBUTE in `birth_date`: not a date"
        );
        assert!(refused.next().contains("Correct it"));
    }
}
