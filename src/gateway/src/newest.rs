//! Waiting for the newest statements.
//!
//! A token of an issuer that nobody knows may be a thief's, or of one that follows: the vault signs
//! with the next token key from the moment on that its rotation is public, and the statement is on its
//! way here. So the source is asked once more before a ballot is refused; however many wait, it
//! is asked once for all of them.

use std::time::Duration;

use tokio::sync::{Notify, watch};

/// The longest that a ballot waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a follower does for those who wait.
pub(crate) struct Newest {
    asked: Notify,
    rounds: watch::Sender<Rounds>,
}

/// How often the source was asked.
#[derive(Clone, Copy, Default)]
struct Rounds {
    /// Whether anybody asks at all.
    following: bool,
    begun: u64,
    /// The last round that ended, and how.
    ended: u64,
    answered: bool,
}

impl Default for Newest {
    fn default() -> Self {
        Self {
            asked: Notify::new(),
            rounds: watch::Sender::new(Rounds::default()),
        }
    }
}

impl Newest {
    /// Waits for a round that begins from now on; whether the source answered.
    pub(crate) async fn wait(&self) -> bool {
        let mut rounds = self.rounds.subscribe();
        let now = *rounds.borrow();
        if !now.following {
            return true;
        }
        self.asked.notify_one();
        let ended = rounds.wait_for(|rounds| rounds.ended > now.begun || !rounds.following);
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(Ok(rounds)) => rounds.answered,
            _ => false,
        }
    }

    /// Whoever waits from here on waits for another round than this.
    pub(crate) fn begin(&self) {
        self.rounds.send_modify(|rounds| {
            rounds.following = true;
            rounds.begun += 1;
        });
    }

    /// The round has ended.
    pub(crate) fn end(&self, answered: bool) {
        self.rounds.send_modify(|rounds| {
            rounds.ended = rounds.begun;
            rounds.answered = answered;
        });
    }

    /// Nobody asks the source any more.
    pub(crate) fn stop(&self) {
        self.rounds.send_modify(|rounds| rounds.following = false);
    }

    #[cfg(test)]
    pub(crate) fn follows(&self) -> bool {
        self.rounds.borrow().ended > 0
    }

    /// Somebody waits.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn who_waits_while_a_round_is_under_way_waits_for_the_next_one() {
        let newest = Arc::new(Newest::default());
        assert!(newest.wait().await);
        newest.begin();
        let waiting = {
            let newest = Arc::clone(&newest);
            tokio::spawn(async move { newest.wait().await })
        };
        newest.asked().await;
        newest.end(true);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!waiting.is_finished());
        newest.begin();
        newest.end(false);
        assert!(!waiting.await.unwrap());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_follower_that_has_stopped() {
        let newest = Arc::new(Newest::default());
        newest.begin();
        newest.end(true);
        let waiting = {
            let newest = Arc::clone(&newest);
            tokio::spawn(async move { newest.wait().await })
        };
        newest.asked().await;
        newest.stop();
        assert!(waiting.await.unwrap());
    }
}
