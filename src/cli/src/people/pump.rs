use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    io::Read,
    rc::Rc,
    time::Duration,
};

use symbolon_api_closed::registration::{
    RegisterPeopleRequest, RegisterPeopleResponse, RowRefusal, register_people_response::Outcome,
    registration_client::RegistrationClient,
};
use symbolon_service::{Reason, Remedy};
use tokio::{
    sync::mpsc::{self, Sender},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::{
    results::Results,
    rows::{Header, Row, Rows},
};
use crate::{context::refused, error::Error};

/// How many rows may be on their way: enough for a busy vault, few to send again.
const WINDOW: usize = 512;
const QUEUE: usize = 64;
const FAREWELL: Duration = Duration::from_secs(1);
/// Rows that the vault puts off longer than this wait for another run.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// So many connections in a row without a single answer, and the run ends.
const ATTEMPTS: u32 = 6;
/// Answers between two flushes of the journal.
const FLUSH_EVERY: u32 = 256;

/// How a run ended.
#[derive(Debug, Default)]
pub struct Ending {
    /// Rows that an earlier run had settled.
    pub settled_before: u64,
    /// Rows that wait for another run, by the reason given.
    pub put_off: HashMap<String, u64>,
}

/// Told of each step.
pub trait Progress {
    /// So many bytes of the file are read, so many rows registered and refused.
    fn step(&mut self, bytes: u64, done: u64, refused: u64);
}

/// Sends the rows of a file and files the answers.
pub struct Pump<R, P> {
    rows: Rows<R>,
    results: Results,
    progress: P,
    header: Rc<Header>,
    in_flight: HashMap<u64, Row>,
    // Lines to be sent again, the soonest first.
    later: BinaryHeap<Reverse<(Instant, u64)>>,
    delayed: HashMap<u64, Row>,
    ending: Ending,
    exhausted: bool,
    stopped: bool,
    unflushed: u32,
}

impl<R: Read, P: Progress> Pump<R, P> {
    /// Ready to run.
    pub fn new(rows: Rows<R>, results: Results, progress: P) -> Self {
        Self {
            header: rows.header(),
            rows,
            results,
            progress,
            in_flight: HashMap::new(),
            later: BinaryHeap::new(),
            delayed: HashMap::new(),
            ending: Ending::default(),
            exhausted: false,
            stopped: false,
            unflushed: 0,
        }
    }

    /// Runs to the end of the file, over new streams where one breaks.
    pub async fn run(mut self, channel: Channel) -> Result<(Results, Ending), Error> {
        let mut failures = 0;
        while !self.is_finished() {
            let answered = self.answered();
            let outcome = self.stream(&channel).await;
            self.results.flush()?;
            let Err(error) = outcome else { continue };
            failures = if self.answered() > answered {
                1
            } else {
                failures + 1
            };
            let worth_it = matches!(error, Error::Unreachable { .. }) || will_pass(error.reason());
            if failures >= ATTEMPTS || !worth_it {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(200 << failures)).await;
            self.requeue();
        }
        Ok((self.results, self.ending))
    }

    fn is_finished(&self) -> bool {
        self.in_flight.is_empty() && self.delayed.is_empty() && (self.exhausted || self.stopped)
    }

    fn answered(&self) -> u64 {
        self.results.count(super::Fate::Done) + self.results.count(super::Fate::Refused)
    }

    /// What a broken stream left unanswered goes out again.
    fn requeue(&mut self) {
        let now = Instant::now();
        for (line, row) in self.in_flight.drain() {
            self.later.push(Reverse((now, line)));
            self.delayed.insert(line, row);
        }
    }

    async fn stream(&mut self, channel: &Channel) -> Result<(), Error> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        // Some rows wait in the queue before the call: the server may answer only to the first.
        while sender.capacity() > 0 && self.may_send(Instant::now()) {
            self.send_one(&sender).await?;
        }
        let mut client = RegistrationClient::new(channel.clone());
        let call = client.register_people(ReceiverStream::new(receiver)).await;
        let mut answers = call.map_err(refused)?.into_inner();
        self.exchange(sender, &mut answers).await?;
        // The queue is closed now: let the server end the stream in order.
        let _ = tokio::time::timeout(FAREWELL, answers.message()).await;
        Ok(())
    }

    async fn exchange(
        &mut self,
        sender: Sender<RegisterPeopleRequest>,
        answers: &mut Streaming<RegisterPeopleResponse>,
    ) -> Result<(), Error> {
        while !self.is_finished() {
            let now = Instant::now();
            if self.may_send(now) && sender.capacity() > 0 {
                self.send_one(&sender).await?;
                continue;
            }
            let next_retry = self.later.peek().map(|Reverse((at, _))| *at);
            let wake = next_retry.filter(|_| self.has_room());
            tokio::select! {
                answer = answers.message() => match answer.map_err(refused)? {
                    Some(answer) => self.take(answer)?,
                    None => return Err(ended_early()),
                },
                permit = sender.reserve(), if self.may_send(now) => {
                    permit.map_err(|_| ended_early())?;
                }
                () = sleep_until(wake), if wake.is_some() => {}
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.in_flight.len() < WINDOW
    }

    fn may_send(&self, now: Instant) -> bool {
        let due = self.later.peek().is_some_and(|Reverse((at, _))| *at <= now);
        self.has_room()
            && (due || (!self.exhausted && !self.stopped && self.delayed.len() < WINDOW))
    }

    async fn send_one(&mut self, sender: &Sender<RegisterPeopleRequest>) -> Result<(), Error> {
        let Some(row) = self.next_row()? else {
            return Ok(());
        };
        let request = RegisterPeopleRequest {
            correlation: row.line,
            person: Some(row.to_person(&self.header)),
        };
        self.in_flight.insert(row.line, row);
        sender.send(request).await.map_err(|_| ended_early())
    }

    /// A row that is due again, or the next of the file that nobody has settled.
    fn next_row(&mut self) -> Result<Option<Row>, Error> {
        let now = Instant::now();
        if self.later.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let line = self.later.pop().map(|Reverse((_, line))| line);
            return Ok(line.and_then(|line| self.delayed.remove(&line)));
        }
        while !self.exhausted && !self.stopped {
            let Some(row) = self.rows.next_row()? else {
                self.exhausted = true;
                break;
            };
            let line = match &row {
                Ok(row) => row.line,
                Err(bad) => bad.line,
            };
            if self.results.fate(line).is_some() {
                self.ending.settled_before += 1;
                continue;
            }
            match row {
                Ok(row) => return Ok(Some(row)),
                Err(bad) => self.results.unreadable(&bad)?,
            }
        }
        Ok(None)
    }

    fn take(&mut self, answer: RegisterPeopleResponse) -> Result<(), Error> {
        let Some(row) = self.in_flight.remove(&answer.correlation) else {
            return Err(Error::unreadable(
                "the vault's answer",
                "names a row that is not on its way",
            ));
        };
        match answer.outcome {
            Some(Outcome::RegistrationId(id)) if id.len() == 32 => {
                self.results.registered(&row, &id)?
            }
            Some(Outcome::Refusal(refusal)) => self.take_refusal(row, refusal)?,
            _ => {
                return Err(Error::unreadable(
                    "the vault's answer",
                    "holds neither ID nor refusal",
                ));
            }
        }
        self.unflushed += 1;
        if self.unflushed >= FLUSH_EVERY {
            self.unflushed = 0;
            self.results.flush()?;
        }
        let (done, refused) = (super::Fate::Done, super::Fate::Refused);
        self.progress.step(
            self.rows.position(),
            self.results.count(done),
            self.results.count(refused),
        );
        Ok(())
    }

    fn take_refusal(&mut self, row: Row, refusal: RowRefusal) -> Result<(), Error> {
        let delay = Duration::from_millis(refusal.retry_after_ms.into());
        let passes = will_pass(&refusal.reason);
        if passes && delay <= LONGEST_DELAY {
            let at = Instant::now() + delay.max(Duration::from_millis(50));
            self.later.push(Reverse((at, row.line)));
            self.delayed.insert(row.line, row);
            return Ok(());
        }
        if passes || is_nobodys_fault(&refusal.reason) {
            // The rows behind would fare no better; this one waits with them for another run.
            self.stopped = true;
            *self.ending.put_off.entry(refusal.reason).or_default() += 1;
            return Ok(());
        }
        self.results.refused(row.line, &refusal)
    }
}

fn will_pass(reason: &str) -> bool {
    Reason::from_name(reason).is_some_and(|reason| reason.remedy() == Remedy::Retry)
}

/// Neither the row nor its person is at fault: a budget is spent, the vault is sealed.
fn is_nobodys_fault(reason: &str) -> bool {
    Reason::from_name(reason).is_some_and(|reason| reason.remedy() == Remedy::CallOperator)
}

fn ended_early() -> Error {
    Error::Unreachable {
        endpoint: String::new(),
        problem: "the stream ended before all rows were answered".into(),
    }
}

async fn sleep_until(wake: Option<Instant>) {
    if let Some(at) = wake {
        tokio::time::sleep_until(at).await;
    }
}
