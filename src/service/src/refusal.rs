//! [`Refusal`]: the one error that leaves a service, over gRPC or HTTP/JSON.

use std::{borrow::Cow, collections::HashMap, fmt, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::reasons::{self, Reason};

/// The `domain` of every `google.rpc.ErrorInfo` that Symbolon sends.
pub const ERROR_DOMAIN: &str = "symbolon";

/// Why a request was refused: a stable reason, the field at fault, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    reason: Reason,
    field: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    description: Cow<'static, str>,
    metadata: Vec<(Cow<'static, str>, String)>,
}

impl Refusal {
    /// A refusal with the code and the sentence of the table.
    pub fn new(reason: Reason) -> Self {
        Self {
            code: reason.code(),
            reason,
            field: None,
            retry_after: None,
            description: Cow::Borrowed(reason.meaning()),
            metadata: Vec::new(),
        }
    }

    /// Names the field at fault, as the protocol's messages spell it.
    #[must_use]
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Replaces the table's sentence. Never put a value of the request in here.
    #[must_use]
    pub fn because(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds a pair of metadata, such as the number of a ticket.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.metadata.push((key.into(), value.to_string()));
        self
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The field at fault.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// When to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// One sentence for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// A value of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let found = self.metadata.iter().find(|(k, _)| k == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The HTTP status.
    pub fn http_status(&self) -> StatusCode {
        match self.reason {
            Reason::Other => reasons::http_status(self.code),
            reason => reason.http_status(),
        }
    }

    /// The JSON object of services over HTTP/JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        object.insert("reason".into(), self.reason.name().into());
        if let Some(field) = &self.field {
            object.insert("field".into(), field.as_ref().into());
        }
        object.insert("message".into(), self.description.as_ref().into());
        if let Some(delay) = self.retry_after {
            object.insert("retryAfter".into(), whole_seconds(delay).into());
        }
        for (key, value) in &self.metadata {
            object.insert(key.as_ref().into(), value.as_str().into());
        }
        object.into()
    }

    /// Reads back what a service of Symbolon answered.
    pub fn from_status(status: &Status) -> Self {
        let mut refusal = Self::new(Reason::Other);
        refusal.code = status.code();
        refusal.description = Cow::Owned(status.message().to_owned());
        let details = status.get_error_details();
        if let Some(info) = details.error_info().filter(|i| i.domain == ERROR_DOMAIN) {
            refusal.reason = Reason::from_name(&info.reason).unwrap_or(Reason::Other);
            let mut pairs: Vec<_> = info.metadata.iter().collect();
            pairs.sort();
            for (key, value) in pairs {
                refusal
                    .metadata
                    .push((Cow::Owned(key.clone()), value.clone()));
            }
        }
        refusal.retry_after = details.retry_info().and_then(|info| info.retry_delay);
        refusal.field = details
            .bad_request()
            .and_then(|bad| bad.field_violations.first())
            .map(|violation| Cow::Owned(violation.field.clone()));
        refusal
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Other => write!(f, "{}", reasons::code_name(self.code))?,
            reason => write!(f, "{}", reason.name())?,
        }
        if let Some(field) = &self.field {
            write!(f, " at {field}")?;
        }
        write!(f, ": {}", self.description)?;
        if let Some(delay) = self.retry_after {
            write!(f, " (try again after {} s)", whole_seconds(delay))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let metadata: HashMap<String, String> = refusal
            .metadata
            .into_iter()
            .map(|(key, value)| (key.into_owned(), value))
            .collect();
        let mut details = ErrorDetails::new();
        details.set_error_info(refusal.reason.name(), ERROR_DOMAIN, metadata);
        if let Some(field) = refusal.field {
            details.add_bad_request_violation(field, refusal.description.as_ref());
        }
        if refusal.retry_after.is_some() {
            details.set_retry_info(refusal.retry_after);
        }
        Status::with_error_details(refusal.code, refusal.description, details)
    }
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        Self::from_status(status)
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::from_status(&status)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.http_status(), axum::Json(self.to_json())).into_response();
        if let Some(delay) = self.retry_after {
            let seconds = HeaderValue::from(whole_seconds(delay));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Whole seconds, rounded up: a caller that waits as long as told isn't early.
fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_wire() {
        let refusal = Refusal::new(Reason::IdentityConflict)
            .at("person.document")
            .after(Duration::from_secs(3))
            .with("ticket", 17);
        let status = Status::from(refusal.clone());
        assert_eq!(status.code(), Code::FailedPrecondition);
        let back = Refusal::from(&status);
        assert_eq!(back, refusal);
        assert_eq!(back.metadata("ticket"), Some("17"));
    }

    #[test]
    fn a_foreign_status_keeps_its_code_and_message() {
        let back = Refusal::from(Status::unavailable("gone"));
        assert_eq!(back.reason(), Reason::Other);
        assert_eq!(back.code(), Code::Unavailable);
        assert_eq!(back.to_string(), "UNAVAILABLE: gone");
        assert_eq!(back.http_status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn another_domain_s_reason_is_not_ours() {
        let details = ErrorDetails::with_error_info("PLACE_TAKEN", "example.org", HashMap::new());
        let status = Status::with_error_details(Code::Aborted, "no", details);
        assert_eq!(Refusal::from(&status).reason(), Reason::Other);
    }

    #[test]
    fn json_has_reason_field_and_message() {
        let refusal = Refusal::new(Reason::InvalidBallot).at("entry");
        let json = refusal.to_json();
        assert_eq!(json["reason"], "INVALID_BALLOT");
        assert_eq!(json["field"], "entry");
        assert!(json["message"].is_string());
        assert_eq!(refusal.into_response().status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_delay_is_rounded_up() {
        let refusal = Refusal::new(Reason::Busy).after(Duration::from_millis(1500));
        assert_eq!(refusal.to_json()["retryAfter"], 2);
        assert_eq!(refusal.into_response().headers()["retry-after"], "2");
    }
}
