//! The reference of the transport: tonic's own server with an empty call.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Duration,
};

use clap::Parser;
use symbolon_service::client::Profile;
use symbolon_tests::house::{House, free_port};
use tonic::{
    Status,
    transport::{Certificate, Channel, Identity, Server, ServerTlsConfig},
};
use tonic_health::pb::{
    HealthCheckRequest, health_client::HealthClient, health_server::HealthServer,
};
use tonic_health::server::{HealthReporter, HealthService};

use crate::process::cores;

/// Where it listens, and with which certificates.
#[derive(Clone, Debug, Parser)]
pub(crate) struct EchoServer {
    port: u16,
    /// The city's folder of certificates.
    pki: PathBuf,
}

/// tonic's server as a process of its own, ended when it is dropped.
pub(crate) struct Echo {
    child: Child,
    profile: Profile,
}

impl Echo {
    /// Starts it with the certificates of a house.
    pub(crate) fn start(house: &House) -> Self {
        let (port, pki) = (free_port(), house.path("pki"));
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["echo", &port.to_string(), &pki])
            .spawn()
            .unwrap();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        let endpoint = format!("https://localhost:{port}");
        Self {
            child,
            profile: Profile {
                endpoint,
                ..portal(house)
            },
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile.clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The profile of a house's portal.
pub(crate) fn portal(house: &House) -> Profile {
    Profile::load(Path::new(&house.path("pki/portal-main.toml"))).unwrap()
}

/// Makes empty calls over a channel.
pub(crate) fn empty_call(channel: Channel) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let client = HealthClient::new(channel);
    async move |_| {
        let service = String::new();
        client
            .clone()
            .check(HealthCheckRequest { service })
            .await
            .map(drop)
    }
}

/// Serves empty calls with tonic's own server on one multi-thread runtime, with a thread a core.
pub(crate) fn serve(server: &EchoServer) {
    let read = |name: &str| fs::read(server.pki.join(name)).unwrap();
    let identity = Identity::from_pem(read("vault-main-server.pem"), read("vault-main-server.key"));
    let tls = ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(Certificate::from_pem(read("ca.pem")));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores())
        .enable_all()
        .build()
        .unwrap();
    let health = HealthService::from_health_reporter(HealthReporter::new());
    let serving = Server::builder()
        .tls_config(tls)
        .unwrap()
        .tcp_nodelay(true)
        .add_service(HealthServer::new(health))
        .serve((Ipv4Addr::LOCALHOST, server.port).into());
    runtime.block_on(serving).unwrap();
}
