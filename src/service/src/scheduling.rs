//! How threads are scheduled that wake up often and work briefly, as those of a store do.
//!
//! Under the usual policy each wake-up takes the core from a thread that works, whose caches are
//! full of other things when it goes on.

use std::{
    panic,
    thread::{self, Builder},
};

use thread_priority::{
    NormalThreadSchedulePolicy::{Batch, Other},
    ThreadPriority, ThreadPriorityOsValue,
    ThreadSchedulePolicy::Normal,
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
};

use crate::Error;

/// Does some work on a thread of its own, which interrupts no other thread, nor does any that it
/// starts: woken, they wait for a free core or the end of a time slice (`SCHED_BATCH` of [sched(7)]).
///
/// That is more work done where cores are busy with much that is brief. Beside threads that
/// compute for long it is a wait of some ten milliseconds each time.
///
/// A policy or a nice value that the process was started with stays; where the system refuses,
/// threads are scheduled as usual.
///
/// # Errors
/// The thread can't be started.
///
/// [sched(7)]: https://man7.org/linux/man-pages/man7/sched.7.html
pub fn interrupting_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, || {
            interrupt_nobody();
            work()
        });
        let thread = thread.map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(thread
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })
}

fn interrupt_nobody() {
    let nice = rustix::process::getpriority_process(None);
    if thread_schedule_policy() == Ok(Normal(Other)) && nice == Ok(0) {
        let no_nice = ThreadPriority::Os(ThreadPriorityOsValue::default());
        let _ = set_thread_priority_and_policy(thread_native_id(), no_nice, Normal(Batch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_and_those_that_it_starts_interrupt_nobody_and_the_caller_is_as_before() {
        let policies = interrupting_nobody(|| {
            let child = thread::spawn(thread_schedule_policy).join().unwrap();
            [thread_schedule_policy(), child].map(Result::unwrap)
        });
        assert_eq!(policies.unwrap(), [Normal(Batch); 2]);
        assert_eq!(thread_schedule_policy().unwrap(), Normal(Other));
    }

    #[test]
    fn a_nice_value_of_the_operator_s_stays_and_so_does_the_policy() {
        let found = thread::spawn(|| {
            rustix::process::setpriority_process(None, 5).unwrap();
            interrupting_nobody(|| {
                let nice = rustix::process::getpriority_process(None).unwrap();
                (thread_schedule_policy().unwrap(), nice)
            })
        });
        assert_eq!(found.join().unwrap().unwrap(), (Normal(Other), 5));
    }

    #[test]
    #[should_panic(expected = "at work")]
    fn a_panic_is_the_caller_s() {
        let _ = interrupting_nobody(|| panic!("at work"));
    }
}
