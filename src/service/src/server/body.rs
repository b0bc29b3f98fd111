//! Bodies with limits: a request's by size or by silence, a response's by record.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;

use super::record::CallRecord;
use crate::{Reason, Refusal};

/// A request's body.
pub(crate) struct RequestBody {
    inner: Incoming,
    limit: Limit,
}

enum Limit {
    /// So many bytes are left.
    Size(u64),
    /// The caller may stay silent so long.
    Silence(Duration, Option<Pin<Box<Sleep>>>),
}

impl RequestBody {
    /// A body of at most so many bytes.
    pub(crate) fn of_size(inner: Incoming, bytes: u32) -> Self {
        let limit = Limit::Size(u64::from(bytes));
        Self { inner, limit }
    }

    /// A body without end, whose sender may not be silent for longer than this.
    pub(crate) fn of_stream(inner: Incoming, silence: Duration) -> Self {
        let limit = Limit::Silence(silence, None);
        Self { inner, limit }
    }
}

impl Limit {
    fn arrived(&mut self, frame: &Frame<Bytes>) -> Result<(), Reason> {
        match self {
            Self::Size(left) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                *left = left.checked_sub(length).ok_or(Reason::MessageTooLarge)?;
            }
            Self::Silence(_, timer) => *timer = None,
        }
        Ok(())
    }

    /// The timer runs only while somebody waits for the caller: a handler that takes
    /// its time is not the caller's silence.
    fn waiting(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        match self {
            Self::Size(_) => Poll::Pending,
            Self::Silence(silence, timer) => {
                let timer = timer.get_or_insert_with(|| Box::pin(sleep(*silence)));
                timer.as_mut().poll(cx).map(|()| Reason::DeadlineExceeded)
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(match this.limit.arrived(&frame) {
                Ok(()) => Ok(frame),
                Err(reason) => Err(refused(reason)),
            })),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => this
                .limit
                .waiting(cx)
                .map(|reason| Some(Err(refused(reason)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// tonic finds a status among an error's causes and answers with it.
fn refused(reason: Reason) -> BoxError {
    Box::new(Status::from(Refusal::new(reason)))
}

/// A response's body, which notes how the call ended.
pub(crate) struct ResponseBody {
    inner: axum::body::Body,
    record: CallRecord,
}

impl ResponseBody {
    pub(crate) fn new(inner: axum::body::Body, record: CallRecord) -> Self {
        Self { inner, record }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            this.record.saw_headers(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A deadline as late as a timer goes without overflow.
pub(crate) fn from_now(delay: Duration) -> Instant {
    Instant::now() + delay.min(Duration::from_secs(366 * 24 * 3600))
}
