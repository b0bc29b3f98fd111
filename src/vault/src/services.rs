//! The gRPC services: requests parsed into domain types, the core called, the answer mapped.

mod audit;
mod conflicts;
mod electorates;
mod registration;
mod seal;
mod stream;

use std::sync::Arc;

use axum::Router;
use symbolon_api_closed::{
    admin::{conflicts_server::ConflictsServer, seal_server::SealServer},
    audit::audit_server::AuditServer,
    registration::{
        electorates_server::ElectoratesServer, registration_server::RegistrationServer,
    },
};
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Peer, Refusal, health::Health, reasons::Reason};
use tonic::{Request, service::Routes};

use crate::{audit::Caller, core::Core, roles::ServiceName};

/// One vault as each of its services sees it.
#[derive(Clone)]
pub(crate) struct Service(Arc<Core>);

/// The largest message of a call.
const CALL_BYTES: usize = 64 << 10;

/// The routes of a listener's services.
pub fn router(core: &Arc<Core>, health: &Health, services: &[ServiceName]) -> Router {
    let mut routes = health.add_to(Routes::default());
    for service in services {
        routes = add(routes, *service, Service(Arc::clone(core)));
    }
    routes.into_axum_router()
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
        ServiceName::Admin => routes
            .add_service(SealServer::new(service.clone()).max_decoding_message_size(CALL_BYTES))
            .add_service(ConflictsServer::new(service).max_decoding_message_size(CALL_BYTES)),
        ServiceName::Audit => {
            routes.add_service(AuditServer::new(service).max_decoding_message_size(CALL_BYTES))
        }
        ServiceName::Reflection => reflection(routes),
        ServiceName::Issuance | ServiceName::Validation => routes,
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

/// The portal that calls, and its name in the audit log.
fn portal<T>(request: &Request<T>) -> Result<(PortalName, Caller), Refusal> {
    let peer = Peer::of(request.extensions())?;
    Ok((crate::core::portal(peer)?, Caller::from(peer)))
}

/// The caller's name in the audit log.
fn caller<T>(request: &Request<T>) -> Result<Caller, Refusal> {
    Ok(Caller::from(Peer::of(request.extensions())?))
}

fn registration_id(field: &'static str, bytes: &[u8]) -> Result<RegistrationId, Refusal> {
    RegistrationId::from_slice(bytes).map_err(|_| {
        Refusal::new(Reason::InvalidArgument)
            .at(field)
            .because("must be 32 bytes")
    })
}
