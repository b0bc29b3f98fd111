//! Turns: requests that touch the same rows go one after the other, in the order in
//! which they queued; all others go at once.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

/// One queue a key. Whoever queues under several keys waits until first in all of them;
/// since all queues are joined at once, nobody waits in a circle.
pub struct Gates<K> {
    queues: Arc<Mutex<Queues<K>>>,
}

type Queues<K> = HashMap<K, VecDeque<Arc<Waiter>>>;

impl<K> Default for Gates<K> {
    fn default() -> Self {
        Self {
            queues: Arc::default(),
        }
    }
}

struct Waiter {
    /// In how many queues somebody is before it.
    behind: AtomicUsize,
    first: Notify,
}

/// A place in the queues, left when it is dropped.
pub struct Turn<K: Eq + Hash> {
    queues: Arc<Mutex<Queues<K>>>,
    keys: Vec<K>,
    waiter: Arc<Waiter>,
}

impl<K: Eq + Hash + Ord + Clone> Gates<K> {
    /// Takes a place in the queue of each key, now.
    pub fn queue(&self, mut keys: Vec<K>) -> Turn<K> {
        keys.sort_unstable();
        keys.dedup();
        let waiter = Arc::new(Waiter {
            behind: AtomicUsize::new(0),
            first: Notify::new(),
        });
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &keys {
            let queue = queues.entry(key.clone()).or_default();
            if !queue.is_empty() {
                waiter.behind.fetch_add(1, Ordering::Relaxed);
            }
            queue.push_back(Arc::clone(&waiter));
        }
        drop(queues);
        Turn {
            queues: Arc::clone(&self.queues),
            keys,
            waiter,
        }
    }
}

impl<K: Eq + Hash> Turn<K> {
    /// Waits until nobody is before it.
    pub async fn come(&self) {
        loop {
            let notified = self.waiter.first.notified();
            if self.waiter.behind.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            let Some(queue) = queues.get_mut(key) else {
                continue;
            };
            let was_first = queue
                .front()
                .is_some_and(|first| Arc::ptr_eq(first, &self.waiter));
            queue.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
            match queue.front() {
                None => drop(queues.remove(key)),
                Some(next) if was_first => {
                    next.behind.fetch_sub(1, Ordering::Release);
                    next.first.notify_waiters();
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn comes(turn: &Turn<u8>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), turn.come())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn turns_with_a_key_in_common_come_in_the_order_of_queueing() {
        let gates = Gates::default();
        let first = gates.queue(vec![1, 2]);
        let second = gates.queue(vec![2, 3]);
        let third = gates.queue(vec![3]);
        assert!(comes(&first).await);
        assert!(!comes(&second).await && !comes(&third).await);
        drop(first);
        assert!(comes(&second).await && !comes(&third).await);
        drop(second);
        assert!(comes(&third).await);
    }

    #[tokio::test]
    async fn turns_without_a_common_key_come_at_once() {
        let gates = Gates::default();
        let turns: Vec<_> = (0..9).map(|key| gates.queue(vec![key, key])).collect();
        for turn in &turns {
            assert!(comes(turn).await);
        }
    }

    #[tokio::test]
    async fn whoever_leaves_the_middle_of_a_queue_lets_nobody_pass() {
        let gates = Gates::default();
        let first = gates.queue(vec![1]);
        let second = gates.queue(vec![1]);
        let third = gates.queue(vec![1]);
        drop(second);
        assert!(!comes(&third).await);
        drop(first);
        assert!(comes(&third).await);
        drop(third);
        assert!(gates.queues.lock().unwrap().is_empty());
    }
}
