//! What stands before the routes: the role table on the raw path, the calls at work
//! on this connection, time and size.

use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response, header::CONTENT_LENGTH};
use hyper::{body::Incoming, service::Service};
use tokio::sync::Semaphore;
use tonic::Status;
use tower::ServiceExt;

use super::{
    body::{RequestBody, ResponseBody},
    listening::Gate,
    record::CallRecord,
};
use crate::{
    Reason, Refusal,
    config::Limits,
    peer::Peer,
    roles::{Pace, RoleTable, Row},
};

/// When a caller with too many calls at work may try again.
const BUSY_DELAY: Duration = Duration::from_secs(1);

/// The service of one connection.
#[derive(Clone)]
pub(crate) struct Guard(Arc<Shared>);

struct Shared {
    table: Arc<RoleTable>,
    gate: Gate,
    limits: Arc<Limits>,
    router: Router,
    peer: Arc<Peer>,
    permits: Arc<Semaphore>,
    used: AtomicBool,
}

impl Guard {
    pub(crate) fn new(
        table: Arc<RoleTable>,
        gate: Gate,
        limits: Arc<Limits>,
        router: Router,
        peer: Arc<Peer>,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(limits.concurrent_calls as usize));
        Self(Arc::new(Shared {
            table,
            gate,
            limits,
            router,
            peer,
            permits,
            used: AtomicBool::new(false),
        }))
    }

    /// Whether a request has come in yet.
    pub(crate) fn was_used(&self) -> bool {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Service<Request<Incoming>> for Guard {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let shared = self.0.clone();
        shared.used.store(true, Ordering::Relaxed);
        Box::pin(async move { Ok(shared.answer(request).await) })
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let mut record = CallRecord::new(self.peer.role());
        let grpc = is_grpc(request.headers());
        let response = match self.admit(&request, grpc, &mut record) {
            Ok(row) => self.run(row, request).await,
            Err(refusal) => Err(refusal),
        };
        let response = response.unwrap_or_else(|refusal| refuse(refusal, grpc));
        match grpc {
            true => record.saw_headers(response.headers()),
            false => record.saw_status(response.status()),
        }
        response.map(|body| ResponseBody::new(body, record))
    }

    /// Role first, then a permit: who may not call gets no share of the work.
    fn admit(
        &self,
        request: &Request<Incoming>,
        grpc: bool,
        record: &mut CallRecord,
    ) -> Result<&Row, Refusal> {
        let role = self.peer.role();
        let row = self.table.admit(request.method(), request.uri(), role)?;
        if row.is_grpc() && !grpc {
            return Err(Refusal::new(Reason::UnknownMethod));
        }
        record.of_method(row.path());
        (self.gate)(row.path())?;
        let permit = self.permits.clone().try_acquire_owned();
        record.hold(permit.map_err(|_| Refusal::new(Reason::Busy).after(BUSY_DELAY))?);
        Ok(row)
    }

    async fn run(&self, row: &Row, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let limits = &self.limits;
        match row.pace() {
            Pace::Stream => {
                let silence = limits.stream_idle();
                let body = |inner| RequestBody::of_stream(inner, silence);
                self.route(request.map(body)).await
            }
            Pace::Call => {
                let largest = row.request_bytes(limits.request_bytes);
                check_length(request.headers(), largest)?;
                let time = asked_timeout(request.headers()).unwrap_or(Duration::MAX);
                let time = time.min(row.time(limits.call()));
                let body = |inner| RequestBody::of_size(inner, largest);
                let answer = self.route(request.map(body));
                let answer = tokio::time::timeout(time, answer).await;
                answer.map_err(|_| Refusal::new(Reason::DeadlineExceeded))?
            }
        }
    }

    /// Calls the handler. A panic there is the handler's own end, not the connection's.
    async fn route(&self, request: Request<RequestBody>) -> Result<Response<Body>, Refusal> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        let answer = self.router.clone().oneshot(request);
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(never)) => match never {},
            Err(_panic) => Err(Refusal::new(Reason::Internal)),
        }
    }
}

fn refuse(refusal: Refusal, grpc: bool) -> Response<Body> {
    match grpc {
        true => Status::from(refusal).into_http(),
        false => axum::response::IntoResponse::into_response(refusal),
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.strip_prefix("application/grpc"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
}

fn check_length(headers: &HeaderMap, most: u32) -> Result<(), Refusal> {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > u64::from(most) => Err(Refusal::new(Reason::MessageTooLarge)),
        _ => Ok(()),
    }
}

/// The `grpc-timeout` header: at most eight digits and a unit.
fn asked_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_caller_s_timeout_is_read() {
        let asked = |text| asked_timeout(&headers("grpc-timeout", text));
        assert_eq!(asked("5S"), Some(Duration::from_secs(5)));
        assert_eq!(asked("250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            asked("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        for text in ["", "S", "5", "-5S", "5s", "123456789S", "5 S", "+5S"] {
            assert_eq!(asked(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_grpc_content_types_are_grpc() {
        let kind = |text| is_grpc(&headers("content-type", text));
        assert!(kind("application/grpc"));
        assert!(kind("application/grpc+proto"));
        assert!(kind("application/grpc;x"));
        assert!(!kind("application/grpc-web"));
        assert!(!kind("application/json"));
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
