//! What is noted about one call: method, role, outcome, time. No name, no address.

use std::time::Instant;

use http::{HeaderMap, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Code, Status};

use crate::{metrics, reasons::code_name, roles::Role};

/// The label of paths that no row has.
const UNKNOWN: &str = "unknown";
/// The label of calls whose caller left before the end.
const GONE: &str = "GONE";

/// One call under way; noted when it is dropped.
pub(crate) struct CallRecord {
    method: &'static str,
    role: Role,
    outcome: Option<&'static str>,
    started: Instant,
    /// Held until the last byte is out.
    permit: Option<OwnedSemaphorePermit>,
}

impl CallRecord {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            method: UNKNOWN,
            role,
            outcome: None,
            started: Instant::now(),
            permit: None,
        }
    }

    pub(crate) fn of_method(&mut self, method: &'static str) {
        self.method = method;
    }

    pub(crate) fn hold(&mut self, permit: OwnedSemaphorePermit) {
        self.permit = Some(permit);
    }

    /// Notes the outcome, if these headers or trailers of a gRPC answer name it.
    pub(crate) fn saw_headers(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.saw_code(status.code());
        }
    }

    /// Notes the outcome of an answer over HTTP/JSON.
    pub(crate) fn saw_status(&mut self, status: StatusCode) {
        self.outcome = Some(match status.as_u16() / 100 {
            1..=3 => "OK",
            4 => "HTTP_4XX",
            _ => "HTTP_5XX",
        });
    }

    fn saw_code(&mut self, code: Code) {
        self.outcome = Some(code_name(code));
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        let outcome = self.outcome.unwrap_or(GONE);
        metrics::call(self.method, self.role, outcome, self.started.elapsed());
    }
}
