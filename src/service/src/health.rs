//! The standard health service (`grpc.health.v1`).

use axum::Router;
use tonic::service::Routes;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// What the health service answers. Copies share one state.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// The server as a whole is serving; no service is known yet.
    pub fn new() -> Self {
        let reporter = HealthReporter::new();
        Self { reporter }
    }

    /// Says whether a service serves, by its full name such as
    /// `symbolon.registration.v1.Registration`; the empty name is the whole server.
    pub async fn set(&self, service: &str, serving: bool) {
        let status = match serving {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        self.reporter.set_service_status(service, status).await;
    }

    /// Adds the health service to routes.
    pub fn add_to(&self, routes: Routes) -> Routes {
        let service = HealthService::from_health_reporter(self.reporter.clone());
        routes.add_service(HealthServer::new(service))
    }

    /// Routes of nothing but the health service.
    pub fn router(&self) -> Router {
        self.add_to(Routes::default()).into_axum_router()
    }
}
