//! The gRPC services: requests parsed into domain types, the core called, the answer mapped.

mod audit;
mod backups;
mod conflicts;
mod elections;
mod electorates;
mod erasures;
mod halts;
mod issuance;
mod keys;
mod lists;
mod pages;
mod proposals;
mod registration;
mod rewraps;
mod seal;
mod stream;
mod validation;

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use symbolon_api_closed::{
    admin::{
        backups_server::BackupsServer, conflicts_server::ConflictsServer,
        elections_server::ElectionsServer, erasures_server::ErasuresServer,
        halts_server::HaltsServer, keys_server::KeysServer, proposals_server::ProposalsServer,
        rewraps_server::RewrapsServer, seal_server::SealServer,
    },
    audit::audit_server::AuditServer,
    issuance::issuance_server::IssuanceServer,
    registration::{
        electorates_server::ElectoratesServer, registration_server::RegistrationServer,
    },
};
use symbolon_api_public::validation::validation_server::ValidationServer;
use symbolon_election::{ContentHash, ElectionId};
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Peer, Refusal, Shutdown, health::Health, reasons::Reason};
use tonic::{Request, Status, service::Routes};

use crate::{
    Error,
    audit::Caller,
    core::Core,
    roles::{DRAFT_BYTES, ServiceName, answers_sealed},
};

/// One vault as each of its services sees it.
#[derive(Clone)]
pub(crate) struct Service(Arc<Core>, Shutdown);

impl Service {
    /// Does what changes something, to its end even if the caller hangs up meanwhile: what
    /// was begun is spent from the caller's budget, and the key ring is never left half changed.
    async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let done = tokio::spawn(work(Arc::clone(&self.0))).await;
        Ok(done.map_err(|_| Refusal::new(Reason::Internal))??)
    }

    /// The portal that calls, and its name in the audit log.
    fn portal<T>(&self, request: &Request<T>) -> Result<(PortalName, Caller), Refusal> {
        let peer = Peer::of(request.extensions())?;
        let portal = crate::core::portal(peer)?;
        self.0.check_portal(&portal)?;
        Ok((portal, Caller::from(peer)))
    }

    /// Comes when the vault stops: streams end then.
    fn stopping(&self) -> BoxFuture<'static, ()> {
        let shutdown = self.1.clone();
        Box::pin(async move { shutdown.triggered().await })
    }

    /// What a stream ends with if the vault stops before the caller has said everything.
    fn stopped<T>(&self) -> Option<Result<T, Status>> {
        let refusal = || Refusal::new(Reason::ShuttingDown).into();
        self.1.is_triggered().then(|| Err(refusal()))
    }
}

/// The largest message of a call.
const CALL_BYTES: usize = 64 << 10;

/// The routes of a listener's services.
pub fn router(
    core: &Arc<Core>,
    shutdown: &Shutdown,
    health: &Health,
    services: &[ServiceName],
) -> Router {
    let mut routes = health.add_to(Routes::default());
    for service in services {
        routes = add(
            routes,
            *service,
            Service(Arc::clone(core), shutdown.clone()),
        );
    }
    routes.into_axum_router()
}

/// Refuses what a sealed vault doesn't answer.
pub fn refuse_if_sealed(core: &Core, path: &str) -> Result<(), Refusal> {
    match core.seal.is_sealed() && !answers_sealed(path) {
        true => Err(Refusal::new(Reason::Sealed)),
        false => Ok(()),
    }
}

fn add(routes: Routes, name: ServiceName, service: Service) -> Routes {
    match name {
        ServiceName::Registration => {
            let registration = RegistrationServer::new(service.clone());
            let electorates = ElectoratesServer::new(service);
            routes
                .add_service(registration.max_decoding_message_size(CALL_BYTES))
                .add_service(electorates.max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Admin => {
            let elections = ElectionsServer::new(service.clone());
            let conflicts = ConflictsServer::new(service.clone());
            let halts = HaltsServer::new(service.clone());
            let keys = KeysServer::new(service.clone());
            let backups = BackupsServer::new(service.clone());
            let erasures = ErasuresServer::new(service.clone());
            let rewraps = RewrapsServer::new(service.clone());
            let proposals = ProposalsServer::new(service.clone());
            routes
                .add_service(SealServer::new(service).max_decoding_message_size(CALL_BYTES))
                .add_service(elections.max_decoding_message_size(DRAFT_BYTES as usize))
                .add_service(conflicts.max_decoding_message_size(CALL_BYTES))
                .add_service(halts.max_decoding_message_size(CALL_BYTES))
                .add_service(keys.max_decoding_message_size(CALL_BYTES))
                .add_service(backups.max_decoding_message_size(CALL_BYTES))
                .add_service(erasures.max_decoding_message_size(CALL_BYTES))
                .add_service(rewraps.max_decoding_message_size(CALL_BYTES))
                .add_service(proposals.max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Issuance => {
            routes.add_service(IssuanceServer::new(service).max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Validation => {
            let validation = ValidationServer::new(service);
            routes.add_service(validation.max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Audit => {
            routes.add_service(AuditServer::new(service).max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Reflection => reflection(routes),
    }
}

fn reflection(routes: Routes) -> Routes {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(symbolon_api_closed::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(symbolon_api_public::FILE_DESCRIPTOR_SET)
    };
    let descriptors = "the descriptor sets are the compiler's own";
    routes
        .add_service(builder().build_v1().expect(descriptors))
        .add_service(builder().build_v1alpha().expect(descriptors))
}

/// The caller's name in the audit log.
fn caller<T>(request: &Request<T>) -> Result<Caller, Refusal> {
    Ok(Caller::from(Peer::of(request.extensions())?))
}

fn registration_id(field: &'static str, bytes: &[u8]) -> Result<RegistrationId, Refusal> {
    RegistrationId::from_slice(bytes).map_err(|_| malformed(field))
}

fn election_id(bytes: &[u8]) -> Result<ElectionId, Refusal> {
    ElectionId::from_slice(bytes).map_err(|_| malformed("election"))
}

fn content_hash(bytes: &[u8]) -> Result<ContentHash, Refusal> {
    ContentHash::from_slice(bytes).map_err(|_| malformed("sha256"))
}

fn malformed(field: &'static str) -> Refusal {
    Refusal::new(Reason::InvalidArgument)
        .at(field)
        .because("has another length than it should")
}
