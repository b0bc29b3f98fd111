//! Whole rolls: many rows at work at once, and yet each takes effect after every earlier
//! row of its stream that shares a match key.

use std::time::Duration;

use futures_util::{StreamExt, future, stream};
use symbolon_api_closed::registration::{Person, RegisterPeopleRequest, RegisterPeopleResponse};
use symbolon_identity::stretch::Stretched;
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, reasons::Reason};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tonic::{Status, Streaming};

use super::{
    Service,
    registration::{person as person_of, row},
};
use crate::audit::Caller;

/// How many rows of one stream are at work at once.
const ROWS: usize = 128;
/// The longest wait for room in the pool.
const PATIENCE: Duration = Duration::from_millis(500);

type Answer = Result<RegisterPeopleResponse, Status>;

/// Works the rows of a stream off. Rows are read only as fast as they are worked, and worked
/// only as fast as answers are read.
pub(super) fn rows_in_order(
    service: Service,
    portal: PortalName,
    caller: Caller,
    rows: Streaming<RegisterPeopleRequest>,
) -> Receiver<Answer> {
    let (answers, received) = mpsc::channel(ROWS);
    tokio::spawn(async move {
        let rows = rows.take_until(service.stopping());
        let stretching = rows.map(|row| stretch(&service, row)).buffered(ROWS);
        // What comes out in order queues in order; from there on rows go at their own pace.
        let registering = stretching
            .map(|row| queue(&service, &portal, &caller, row))
            .buffer_unordered(ROWS);
        forward(registering, &answers).await;
        if let Some(stopped) = service.stopped() {
            // The caller may be gone.
            let _ = answers.send(stopped).await;
        }
    });
    received
}

async fn forward(
    mut results: impl stream::Stream<Item = Answer> + Unpin,
    answers: &Sender<Answer>,
) {
    while let Some(answer) = results.next().await {
        let broken = answer.is_err();
        if answers.send(answer).await.is_err() || broken {
            return;
        }
    }
}

/// A row whose match keys are stretched, or why they aren't.
type Stretching = Result<(u64, Result<Vec<Stretched>, Refusal>), Status>;

async fn stretch(service: &Service, row: Result<RegisterPeopleRequest, Status>) -> Stretching {
    let row = row?;
    let stretched = service.stretch_patiently(row.person).await;
    Ok((row.correlation, stretched))
}

fn queue(
    service: &Service,
    portal: &PortalName,
    caller: &Caller,
    stretching: Stretching,
) -> future::BoxFuture<'static, Answer> {
    let (correlation, stretched) = match stretching {
        Ok(row) => row,
        Err(status) => return Box::pin(future::ready(Err(status))),
    };
    let queued = stretched.and_then(|keys| Ok(service.0.queue(portal, keys)?));
    // At work from now on: who reads answers slowly keeps nobody else from a person's rows.
    let (service, caller) = (service.clone(), caller.clone());
    let registering = tokio::spawn(async move {
        match queued {
            Ok(queued) => service.register(caller, queued).await,
            Err(refusal) => Err(refusal),
        }
    });
    Box::pin(async move {
        let outcome = registering.await;
        let outcome = outcome.unwrap_or_else(|_| Err(Refusal::new(Reason::Internal)));
        Ok(row(correlation, outcome))
    })
}

impl Service {
    /// Waits for room in the pool instead of refusing the row: the stream itself is held back.
    async fn stretch_patiently(&self, person: Option<Person>) -> Result<Vec<Stretched>, Refusal> {
        let person = person_of(person);
        loop {
            let stretched = self.0.stretch_in_turn(self.canonical(&person)?).await;
            match stretched.map_err(Refusal::from) {
                Err(busy) if busy.reason() == Reason::Busy => {
                    let delay = busy.retry_after().unwrap_or(PATIENCE).min(PATIENCE);
                    tokio::time::sleep(delay).await;
                }
                outcome => return outcome,
            }
        }
    }
}
