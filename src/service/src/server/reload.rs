//! Certificates and revocation lists, read again every so often.

use std::{sync::Arc, time::Duration};

use super::{Shared, listening::Listening};
use crate::{metrics, tls::TlsFiles};

/// Reloads one listener's files until the shutdown.
pub(crate) async fn reload(shared: Arc<Shared>, listening: Arc<Listening>) {
    let Some(tls) = &listening.tls else { return };
    let every = shared.reload_every;
    let every = every.unwrap_or(Duration::from_secs(tls.reload_seconds()));
    loop {
        tokio::select! {
            () = shared.shutdown.triggered() => return,
            () = tokio::time::sleep(every) => sweep(&shared, &listening, tls),
        }
    }
}

/// Takes up changed files and cuts off whoever isn't good any more: revoked, expired,
/// or of an authority that isn't trusted now.
fn sweep(shared: &Shared, listening: &Listening, tls: &TlsFiles) {
    let listener = listening.address;
    match tls.reload() {
        Ok(true) => {
            metrics::tls_reloaded("changed");
            tracing::info!(%listener, "certificates and revocation lists read again");
        }
        Ok(false) => {}
        Err(error) => {
            metrics::tls_reloaded("failed");
            tracing::error!(%error, %listener, "TLS files are wrong; what held before goes on");
        }
    }
    let state = tls.state();
    let registry = &shared.registry;
    let cut = registry.close_unless(listening.index, |chain| state.peer(chain).is_ok());
    if cut > 0 {
        tracing::warn!(cut, %listener, "connections cut off: certificates not good any more");
    }
}
