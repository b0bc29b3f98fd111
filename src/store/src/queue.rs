//! The calls that wait for the committer.

use std::collections::VecDeque;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{Change, Outcome, StoreError};

/// What a caller is answered about one change.
pub(crate) type Answer = Result<Outcome, StoreError>;

/// The most changes that make one batch: readers wait while a batch is applied.
pub(crate) const GROUP: usize = 64;

/// A call's changes and where its answers go.
pub(crate) struct Call {
    changes: VecDeque<Change>,
    /// How many of its changes were taken into a group.
    taken: usize,
    answers: Vec<Answer>,
    reply: oneshot::Sender<Vec<Answer>>,
    /// The place in the queue, given back with the answer.
    _place: OwnedSemaphorePermit,
}

impl Call {
    pub(crate) fn new(
        changes: Vec<Change>,
        reply: oneshot::Sender<Vec<Answer>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let answers = Vec::with_capacity(changes.len());
        Self {
            changes: changes.into(),
            taken: 0,
            answers,
            reply,
            _place: place,
        }
    }

    /// How many of its changes no group has taken yet.
    pub(crate) fn changes(&self) -> usize {
        self.changes.len()
    }

    fn take(&mut self) -> Option<Change> {
        let change = self.changes.pop_front()?;
        self.taken += 1;
        Some(change)
    }

    fn finish(self) {
        // The caller may have gone: its changes are made all the same.
        let _ = self.reply.send(self.answers);
    }
}

/// Calls in the order of their arrival, answered as their changes are.
#[derive(Default)]
pub(crate) struct Queue {
    calls: VecDeque<Call>,
    changes: usize,
}

impl Queue {
    pub(crate) fn extend(&mut self, calls: Vec<Call>) {
        self.changes += calls.iter().map(Call::changes).sum::<usize>();
        self.calls.extend(calls);
    }

    /// How many changes wait.
    pub(crate) fn changes(&self) -> usize {
        self.changes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The next changes, at most [`GROUP`], to be answered by [`Queue::answer`].
    pub(crate) fn take_group(&mut self) -> Vec<Change> {
        let mut group = Vec::with_capacity(self.changes.min(GROUP));
        for call in &mut self.calls {
            while group.len() < GROUP
                && let Some(change) = call.take()
            {
                group.push(change);
            }
        }
        self.changes -= group.len();
        group
    }

    /// Answers the changes of the group that was taken last, in their order.
    pub(crate) fn answer(&mut self, answers: Vec<Answer>) {
        let mut answers = answers.into_iter();
        while let Some(mut call) = self.calls.pop_front() {
            let open = call.taken - call.answers.len();
            call.answers.extend(answers.by_ref().take(open));
            if !call.changes.is_empty() {
                self.calls.push_front(call);
                return;
            }
            call.finish();
        }
    }

    /// Answers what was taken as unknown, and what was not taken as never made.
    pub(crate) fn fail(&mut self, reason: &StoreError) {
        for call in &mut self.calls {
            let unknown = call.taken - call.answers.len();
            call.answers
                .extend(vec![Err(StoreError::Indeterminate); unknown]);
        }
        self.refuse(reason);
    }

    /// Answers every change that was not taken yet with `error`.
    pub(crate) fn refuse(&mut self, error: &StoreError) {
        self.changes = 0;
        for mut call in self.calls.drain(..) {
            let open = call.changes.drain(..).map(|_| Err(error.clone()));
            call.answers.extend(open);
            call.finish();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;
    use crate::{Key, Revision};

    pub(crate) fn call(changes: usize) -> (Call, oneshot::Receiver<Vec<Answer>>) {
        let (reply, answers) = oneshot::channel();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let change = |n: usize| Change::new().delete(Key::new(1, &[&n.to_be_bytes()]));
        (
            Call::new((0..changes).map(change).collect(), reply, place),
            answers,
        )
    }

    fn committed(count: usize) -> Vec<Answer> {
        vec![
            Ok(Outcome::Committed {
                revision: Revision(1),
                first_leaf: 0
            });
            count
        ]
    }

    #[test]
    fn a_call_longer_than_a_group_is_answered_after_its_last_group() {
        let mut queue = Queue::default();
        let (long, mut long_answers) = call(100);
        let (short, mut short_answers) = call(3);
        queue.extend(vec![long, short]);
        assert_eq!(queue.changes(), 103);
        assert_eq!(queue.take_group().len(), 64);
        queue.answer(committed(64));
        assert!(long_answers.try_recv().is_err());
        assert_eq!(queue.take_group().len(), 39);
        queue.answer(committed(39));
        assert_eq!(long_answers.try_recv().unwrap().len(), 100);
        assert_eq!(short_answers.try_recv().unwrap().len(), 3);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_was_not_taken_is_refused_beside_what_was_answered() {
        let mut queue = Queue::default();
        let (long, mut answers) = call(70);
        queue.extend(vec![long]);
        queue.take_group();
        queue.answer(committed(64));
        queue.refuse(&StoreError::Indeterminate);
        let answers = answers.try_recv().unwrap();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 64);
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 6);
    }
}
