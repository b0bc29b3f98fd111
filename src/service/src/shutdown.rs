//! Stopping: a handle that everybody who runs holds a copy of.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells a daemon to stop, first gently, then at once. Copies share one state.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    gentle: CancellationToken,
    forced: CancellationToken,
}

impl Shutdown {
    /// A handle that nothing triggered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop: no new connections, calls under way may end.
    pub fn trigger(&self) {
        self.gentle.cancel();
    }

    /// Asks to stop without waiting for calls under way.
    pub fn force(&self) {
        self.gentle.cancel();
        self.forced.cancel();
    }

    /// Whether somebody asked to stop.
    pub fn is_triggered(&self) -> bool {
        self.gentle.is_cancelled()
    }

    /// Waits until somebody asks to stop.
    pub async fn triggered(&self) {
        self.gentle.cancelled().await;
    }

    /// Waits until somebody asks to stop without waiting.
    pub async fn forced(&self) {
        self.forced.cancelled().await;
    }

    /// Triggers at SIGINT or SIGTERM, and forces at a second one. Must be called
    /// within a tokio runtime.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if shutdown.is_triggered() {
                    tracing::warn!("asked twice: stopping at once");
                    return shutdown.force();
                }
                tracing::info!("stopping: calls under way may end");
                shutdown.trigger();
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_share_one_state() {
        let shutdown = Shutdown::new();
        let copy = shutdown.clone();
        assert!(!copy.is_triggered());
        shutdown.trigger();
        copy.triggered().await;
        assert!(!copy.forced.is_cancelled());
        copy.force();
        shutdown.forced().await;
    }
}
