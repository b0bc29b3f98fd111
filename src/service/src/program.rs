//! A daemon's `main`: the process is hardened, panics are hushed, the work runs, and what
//! ended it is said once.

use std::{error::Error as StdError, future::Future, io::Write, process::ExitCode};

use crate::{hardening, logs};

/// Runs a daemon's work on a runtime of its own to its end. `name` is the program's.
pub fn run<W, F, E>(name: &str, work: W) -> ExitCode
where
    W: FnOnce() -> F,
    F: Future<Output = Result<(), E>>,
    E: AsRef<dyn StdError> + From<std::io::Error> + From<crate::Error>,
{
    match start(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(name, &causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn start<W, F, E>(work: W) -> Result<(), E>
where
    W: FnOnce() -> F,
    F: Future<Output = Result<(), E>>,
    E: From<std::io::Error> + From<crate::Error>,
{
    hardening::harden()?;
    logs::hush_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work())
}

/// In the log where there is one, else as plain words.
fn complain(name: &str, why: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::error!(error = why, "stopped");
    } else {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(std::io::stderr(), "{name}: {why}");
    }
}

/// An error with its causes, those left out that its own text tells already.
pub fn causes(error: &dyn StdError) -> String {
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(cause) = source {
        let own = cause.to_string();
        if !text.contains(&own) {
            text.push_str(": ");
            text.push_str(&own);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{what}")]
    struct Told {
        what: String,
        source: std::io::Error,
    }

    fn told(what: &str) -> String {
        causes(&Told {
            what: what.into(),
            source: std::io::Error::other("no room"),
        })
    }

    #[test]
    fn a_cause_is_told_once() {
        assert_eq!(told("the file"), "the file: no room");
        assert_eq!(told("the file: no room"), "the file: no room");
    }
}
