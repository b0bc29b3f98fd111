//! A server on loopback with certificates of its own, and its callers.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use axum::{Router, routing::get};
use futures_util::{Stream, stream};
use http::Method;
use symbolon_service::{
    Error, Peer, Role, Shutdown,
    client::{self, Profile},
    config::{ClientAuth, Limits, ListenerConfig, TlsConfig},
    roles::{RoleTable, Row},
    server::{Listener, Running, Server},
};
use tempfile::TempDir;
use tonic::{Code, Request, Response, Status, service::Routes, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_client::HealthClient,
    health_server::{Health, HealthServer},
};

use crate::authority::{Authority, Identity};

pub(crate) const CHECK: &str = "/grpc.health.v1.Health/Check";
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// `Check` under a name whose row calls it a stream.
pub(crate) const SLOWLY: &str = "/test.v1.Slowly/Check";
/// How often the house reads its certificates again.
pub(crate) const RELOAD: Duration = Duration::from_millis(200);

/// The health service, whose service names are wishes: `sleep:300` takes 300 ms,
/// `panic` panics, `portal/north` is serving if that is who asks. Who watches `once` is told once, and a
/// millisecond later that this was all; others hear nothing.
#[derive(Clone)]
struct Wishes;

#[tonic::async_trait]
impl Health for Wishes {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let peer = Peer::of(request.extensions())?.to_string();
        let wish = request.into_inner().service;
        if wish == "panic" {
            panic!("hunter2");
        }
        if let Some(time) = wish.strip_prefix("sleep:") {
            tokio::time::sleep(Duration::from_millis(time.parse().unwrap())).await;
        }
        let known = wish.is_empty() || wish.contains(':') || wish == peer;
        let status = match known {
            true => ServingStatus::Serving,
            false => ServingStatus::ServiceUnknown,
        };
        let status = status.into();
        Ok(Response::new(HealthCheckResponse { status }))
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if request.into_inner().service != "once" {
            return Ok(Response::new(Box::pin(stream::pending())));
        }
        let told = stream::unfold(true, async |more| {
            if !more {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            more.then(|| (Ok(HealthCheckResponse::default()), false))
        });
        Ok(Response::new(Box::pin(told)))
    }
}

fn routes() -> Router {
    let health = HealthServer::new(Wishes);
    let slowly = HealthServer::new(Wishes);
    let grpc = Routes::new(health).into_axum_router();
    let slowly = tower::ServiceBuilder::new()
        .map_request(|mut request: http::Request<axum::body::Body>| {
            *request.uri_mut() = http::Uri::from_static(CHECK);
            request.map(tonic::body::Body::new)
        })
        .service(slowly);
    grpc.route_service(SLOWLY, slowly)
        .route("/v1/hello/{name}", get(|| async { "hello" }))
}

/// The rows of every house: callers of role portal may check, officers watch too.
pub(crate) fn rows() -> Vec<Row> {
    const BOTH: &[Role] = &[Role::Portal, Role::Officer, Role::Public];
    vec![
        Row::call(CHECK, BOTH),
        Row::stream(WATCH, &[Role::Officer]),
        Row::stream(SLOWLY, BOTH),
    ]
}

/// A running server.
pub(crate) struct House {
    pub(crate) authority: Authority,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) running: Option<Running>,
    folder: TempDir,
}

/// What a house is built with.
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) tls: bool,
    pub(crate) client_auth: ClientAuth,
    pub(crate) http: bool,
    pub(crate) drain: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            tls: true,
            client_auth: ClientAuth::Required,
            http: false,
            drain: Duration::from_secs(5),
        }
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn limited(limits: Limits) -> Self {
        Self::with(Plan {
            limits,
            ..Plan::default()
        })
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("city");
        write(folder.path(), "server", &authority.server(1));
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        fs::write(folder.path().join("crl.pem"), authority.list(&[99])).unwrap();
        let shutdown = Shutdown::new();
        let mut rows = rows();
        if plan.http {
            rows.push(Row::http(Method::GET, "/v1/hello/{name}", &[Role::Public]));
        }
        let config = config(folder.path(), &plan);
        let listener = Listener::new(config, RoleTable::new(rows), routes);
        let running = Server::bind(vec![listener])
            .unwrap()
            .workers(2)
            .drain(plan.drain)
            .reload_every(RELOAD)
            .start(&shutdown)
            .unwrap();
        Self {
            authority,
            address: running.addresses()[0],
            shutdown,
            running: Some(running),
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A profile of a caller with this identity.
    pub(crate) fn profile(&self, identity: Option<&Identity>) -> Profile {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("caller-{number}");
        if let Some(identity) = identity {
            write(self.folder.path(), &name, identity);
        }
        let file = |ending: &str| self.path(&format!("{name}.{ending}"));
        Profile {
            endpoint: format!("https://{}", self.address),
            server_name: None,
            ca: Some(self.path("ca.pem")),
            certificate: identity.map(|_| file("pem")),
            key: identity.map(|_| file("key")),
        }
    }

    pub(crate) async fn channel(&self, identity: &Identity) -> Channel {
        client::connect(&self.profile(Some(identity)))
            .await
            .unwrap()
    }

    /// The channel of a portal named north.
    pub(crate) async fn north(&self) -> Channel {
        self.channel(&self.authority.caller("portal/north", 2))
            .await
    }

    /// Replaces the revocation list.
    pub(crate) fn revoke(&self, serials: &[u8]) {
        fs::write(self.path("crl.pem"), self.authority.list(serials)).unwrap();
    }

    pub(crate) fn replace_server(&self, identity: &Identity) {
        write(self.folder.path(), "server", identity);
    }

    pub(crate) fn connections(&self) -> usize {
        self.running.as_ref().unwrap().registry().len()
    }

    /// Tries to take the same address again.
    pub(crate) fn bind_again(&self) -> Result<Server, Error> {
        let mut config = config(self.folder.path(), &Plan::default());
        config.address = self.address;
        Server::bind(vec![Listener::new(config, RoleTable::new(rows()), routes)])
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.force();
        if let Some(running) = self.running.take() {
            running.join();
        }
    }
}

fn config(folder: &Path, plan: &Plan) -> ListenerConfig {
    let client = plan.client_auth == ClientAuth::Required;
    let tls = TlsConfig {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_ca: client.then(|| folder.join("ca.pem")),
        revocation_lists: client.then(|| folder.join("crl.pem")).into_iter().collect(),
        trust_domain: client.then(|| "city.example".into()),
        reload_seconds: 30,
    };
    ListenerConfig {
        address: "127.0.0.1:0".parse().unwrap(),
        services: vec!["health".into()],
        client_auth: plan.client_auth,
        tls: plan.tls.then_some(tls),
        limits: plan.limits.clone(),
    }
}

fn write(folder: &Path, name: &str, identity: &Identity) {
    let key = folder.join(format!("{name}.key"));
    fs::write(folder.join(format!("{name}.pem")), &identity.chain).unwrap();
    fs::write(&key, &identity.key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Asks for a wish.
pub(crate) async fn check(channel: &Channel, wish: &str) -> Result<ServingStatus, Status> {
    let request = HealthCheckRequest {
        service: wish.to_owned(),
    };
    let answer = HealthClient::new(channel.clone()).check(request).await?;
    Ok(answer.into_inner().status())
}

/// The code of an answer.
pub(crate) fn code<T>(answer: &Result<T, Status>) -> Code {
    answer.as_ref().map_or_else(Status::code, |_| Code::Ok)
}

/// Waits until something holds, five seconds at most.
pub(crate) async fn soon(holds: impl Fn() -> bool) -> bool {
    for _ in 0..250 {
        if holds() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
