//! What every command gets: the profile, the clock, randomness and a way to call services.

use std::{future::Future, path::PathBuf};

use symbolon_crypto::random::OsRng;
use symbolon_service::{
    Reason, Refusal,
    client::{self, Profile},
};
use tonic::{Code, Status, transport::Channel};

use crate::error::Error;

/// What the command line says beside the command itself.
pub struct Context {
    /// The service's profile, where one was named.
    pub profile: Option<PathBuf>,
    /// Whether a machine reads the output.
    pub json: bool,
    /// Unix seconds, once, at the start.
    pub now: u64,
}

impl Context {
    /// The operating system's randomness.
    pub fn rng(&self) -> OsRng {
        symbolon_crypto::random::os()
    }

    /// The profile that the command needs.
    pub fn load_profile(&self) -> Result<Profile, Error> {
        let path = self.profile.as_ref().ok_or_else(|| {
            Error::usage(
                "this command calls a service and no profile says which",
                "Name one: --profile FILE, or the environment variable SYMBOLON_PROFILE.",
            )
        })?;
        Profile::load(path).map_err(|e| Error::unreadable("the profile", e))
    }

    /// Waits for what needs no service.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        runtime()?.block_on(work)
    }

    /// Runs calls of a service over one channel.
    pub fn call<T, F>(&self, calls: impl FnOnce(Channel) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let profile = self.load_profile()?;
        let runtime = runtime()?;
        let named = |problem: String| Error::Unreachable {
            endpoint: profile.endpoint.clone(),
            problem,
        };
        runtime
            .block_on(async {
                let channel = client::connect(&profile)
                    .await
                    .map_err(|e| named(e.to_string()))?;
                calls(channel).await
            })
            .map_err(|error| match error {
                // Statuses don't know whom they come from.
                Error::Unreachable { endpoint, problem } if endpoint.is_empty() => named(problem),
                other => other,
            })
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::failed(format!("no runtime: {e}"), "Free some resources."))
}

/// What a service answered instead of a result.
pub fn refused(status: Status) -> Error {
    let lost = matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled
    );
    let refusal = Refusal::from(&status);
    if lost && refusal.reason() == Reason::Other {
        return Error::Unreachable {
            endpoint: String::new(),
            problem: client::with_causes(&status),
        };
    }
    from_refusal(&refusal)
}

/// A refusal as this crate's error.
pub fn from_refusal(refusal: &Refusal) -> Error {
    let mut message = refusal.description().to_owned();
    if let Some(ticket) = refusal.metadata("ticket") {
        message.push_str(&format!(" (ticket {ticket})"));
    }
    let reason = match refusal.reason() {
        Reason::Other => symbolon_service::reasons::code_name(refusal.code()),
        reason => reason.name(),
    };
    Error::Refused {
        reason: reason.to_owned(),
        field: refusal.field().unwrap_or_default().to_owned(),
        message,
        retry_after: refusal.retry_after().map(|delay| delay.as_secs().max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_reason_field_and_ticket() {
        let status = Status::from(
            Refusal::new(Reason::IdentityConflict)
                .at("person.document")
                .with("ticket", 17),
        );
        let error = refused(status);
        assert_eq!(error.reason(), "IDENTITY_CONFLICT");
        assert_eq!(error.field(), "person.document");
        assert!(error.to_string().contains("ticket 17"));
    }

    #[test]
    fn a_lost_connection_is_no_refusal() {
        assert!(matches!(
            refused(Status::unavailable("gone")),
            Error::Unreachable { .. }
        ));
    }
}
