//! Logs on standard error, and panics without their payload.

use std::panic;

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    Error,
    config::{LogConfig, LogFormat},
};

/// Starts logging, once a process, and installs the panic hook.
pub fn start(config: &LogConfig) -> Result<(), Error> {
    let filter = EnvFilter::builder()
        .parse(&config.filter)
        .map_err(|_| crate::config::value("log.filter", "isn't a filter such as \"info\""))?;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::System {
        what: "starting the log",
        source: std::io::Error::other(error.to_string()),
    };
    let logs = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Plain => logs.with_ansi(false).try_init(),
        LogFormat::Json => logs.json().try_init(),
    }
    .map_err(failed)?;
    hush_panics();
    Ok(())
}

/// A panic's payload may hold what a request held: only its place is logged.
pub fn hush_panics() {
    panic::set_hook(Box::new(|info| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        match info.location() {
            Some(place) => tracing::error!(thread, %place, "panic"),
            None => tracing::error!(thread, "panic"),
        }
    }));
}
