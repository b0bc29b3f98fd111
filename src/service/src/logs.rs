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

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_its_payload() {
        let lines = Lines::default();
        let writer = lines.clone();
        let logs = fmt().with_writer(move || writer.clone()).finish();
        let before = panic::take_hook();
        hush_panics();
        tracing::subscriber::with_default(logs, || {
            let payload = String::from("hunter2");
            panic::catch_unwind(|| panic!("{payload}")).unwrap_err();
        });
        panic::set_hook(before);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("logs.rs"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let config = LogConfig {
            filter: "=====".to_owned(),
            ..LogConfig::default()
        };
        let error = start(&config).unwrap_err();
        assert!(error.to_string().starts_with("log.filter"), "{error}");
    }
}
