//! Threads for calls that block.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that work off one queue; they end when its last handle is dropped.
#[derive(Clone)]
pub(crate) struct Pool(Sender<Job>);

impl Pool {
    pub(crate) fn new(threads: usize) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new()
                .name("store-read".into())
                .spawn(move || work(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// Calls `job` on one of the threads, unless its caller has gone before its turn.
    ///
    /// `None`: the call panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, result) = oneshot::channel();
        let job = Box::new(move || {
            if !answer.is_closed() {
                // The caller may have gone meanwhile.
                let _ = answer.send(job());
            }
        });
        self.0.send(job).ok()?;
        result.await.ok()
    }
}

fn work(receiver: &Mutex<Receiver<Job>>) {
    loop {
        let job = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = job else { return };
        // A job that panics drops its answer's sender, which tells its caller.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_panics_is_told_and_the_pool_goes_on() {
        let pool = Pool::new(1).unwrap();
        assert_eq!(pool.run(|| -> u8 { panic!("as planned") }).await, None);
        assert_eq!(pool.run(|| 7).await, Some(7));
    }
}
