//! The nearest work of another system: OpenBao's keyed HMAC of an identifier.
//!
//! OpenBao keeps everything in memory, stretches nothing, looks nothing up and writes no audit
//! leaf; the vault does all of that, with the cheapest profile of Argon2id.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use symbolon_api_closed::registration::{
    RegisterPeopleRequest, register_people_response::Outcome,
    registration_client::RegistrationClient,
};
use symbolon_service::client::{Profile, connect_lazy};
use symbolon_tests::house::{Plan, free_port};
use tempfile::TempDir;
use tonic::Status;

use super::growth::{few_in_flight, register};
use crate::{
    browser::Browser,
    city::{City, person},
    load::{Load, Until},
    process,
    row::{Aim, Bench, Series},
};

/// People who are asked for.
const KNOWN: u64 = 4_000;
/// Identifiers of one request.
const BATCH: usize = 490;
const TOKEN: &str = "root";
const HMAC: &str = "/v1/transit/hmac/ids/sha2-256";

pub(crate) fn run(bench: &mut Bench) {
    let Some(program) = program() else {
        return bench.cannot_run(
            "OpenBao",
            "bao isn't installed: tests/bench does it with python3's venv",
        );
    };
    let openbao = OpenBao::start(&program);
    let plan = Plan {
        concurrent_calls: 64,
        people_per_day: 1_000_000,
        ..Plan::default()
    };
    let city = City::found(plan);
    let (portal, vault) = (city.profile("portal-main"), city.vault());
    few_in_flight(&Load::usual(portal.clone(), Until::Calls(KNOWN)))
        .run(vault, |channel| register(channel, 0, None));
    let mut single = Series::new(
        "pseudonyms, one by one",
        "a core-second",
        "OpenBao's transit/hmac over TLS, in memory",
        Aim::None,
    );
    let mut bulk = Series::new(
        "pseudonyms, in bulk",
        "a core-second",
        "OpenBao's transit/hmac in batches of 490, in memory",
        Aim::None,
    );
    single.note("ours are known people: Argon2id of 64 KiB and a pass for each of two rules, look-ups, a leaf on disk");
    bulk.note("ours by the stream");
    let time = Until::Time(Duration::from_secs(bench.size(5, 2)));
    for _ in 0..bench.repetitions() {
        let ours = few_in_flight(&Load::usual(portal.clone(), time))
            .run(vault, |channel| register(channel, 0, Some(KNOWN)));
        let theirs = openbao.load(time, 1);
        single.push(1e6 / ours.server_micros, 1e6 / theirs);
        bulk.push(1e6 / stream(&city), 1e6 / openbao.load(time, BATCH));
    }
    bench.row(single);
    bench.row(bulk);
}

/// CPU time of the vault for each known person of a stream, in microseconds.
fn stream(city: &City) -> f64 {
    const ROUNDS: u64 = 10;
    let profile = city.profile("portal-main");
    let begun = process::cpu(city.vault());
    city.runtime.block_on(async {
        let mut client = RegistrationClient::new(connect_lazy(&profile).unwrap());
        let requests = (0..KNOWN * ROUNDS).map(|number| RegisterPeopleRequest {
            correlation: number,
            person: Some(person(number % KNOWN)),
        });
        let answers = client.register_people(tokio_stream::iter(requests)).await;
        let mut answers = answers.unwrap().into_inner();
        let mut told = 0;
        while let Some(answer) = answers.message().await.unwrap() {
            assert!(matches!(answer.outcome, Some(Outcome::RegistrationId(_))));
            told += 1;
        }
        assert_eq!(told, KNOWN * ROUNDS);
    });
    let used = process::cpu(city.vault()) - begun;
    used.as_secs_f64() * 1e6 / (KNOWN * ROUNDS) as f64
}

/// Where the program is: tests/bench installs it, or it stands in PATH.
fn program() -> Option<PathBuf> {
    let installed = std::env::var_os("OPENBAO").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("bao"));
    installed
        .into_iter()
        .chain(found)
        .find(|program| program.is_file())
}

/// OpenBao's server with a key, ended when it is dropped.
struct OpenBao {
    child: Child,
    port: u16,
    profile: Profile,
    _folder: TempDir,
}

impl OpenBao {
    fn start(program: &Path) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let certificates = folder.path().to_str().unwrap().to_owned();
        let child = Command::new(program)
            .args(["server", "-dev", "-dev-tls", "-dev-no-store-token"])
            .arg(format!("-dev-tls-cert-dir={certificates}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .arg(format!("-dev-root-token-id={TOKEN}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ca = folder.path().join("vault-ca.pem");
        let profile = Profile {
            endpoint: format!("https://localhost:{port}"),
            server_name: None,
            ca: Some(ca.clone()),
            certificate: None,
            key: None,
        };
        let started = Instant::now();
        let up = || {
            fs::exists(&ca).unwrap() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        };
        while !up() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "OpenBao doesn't start"
            );
            thread::sleep(Duration::from_millis(100));
        }
        let openbao = Self {
            child,
            port,
            profile,
            _folder: folder,
        };
        openbao.post("/v1/sys/mounts/transit", &json!({ "type": "transit" }));
        openbao.post("/v1/transit/keys/ids", &json!({}));
        openbao
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.profile, self.port).with_header("X-Vault-Token", TOKEN)
    }

    fn post(&self, path: &str, body: &Value) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let calls = tokio::task::LocalSet::new();
        let browser = self.browser();
        let (status, _) = calls.block_on(&runtime, browser.post(path, body.to_string()));
        assert!(status.is_success(), "OpenBao answers {status}");
    }

    /// CPU time of the server for each pseudonym, in microseconds.
    fn load(&self, until: Until, batch: usize) -> f64 {
        // Hexadecimal digits are Base64 digits, too.
        let input = |number: u64| json!({ "input": hex::encode(number.to_be_bytes()) });
        let load = Load {
            profile: self.profile.clone(),
            connections: 64,
            in_flight: 1,
            threads: 2,
            until,
        };
        let measured = load.run(self.child.id(), |_| {
            let browser = self.browser();
            async move |number: u64| {
                let body = match batch {
                    1 => input(number),
                    batch => {
                        let first = number * batch as u64;
                        let inputs: Vec<Value> = (first..first + batch as u64).map(input).collect();
                        json!({ "batch_input": inputs })
                    }
                };
                let (status, _) = browser.post(HMAC, body.to_string()).await;
                match status.is_success() {
                    true => Ok(()),
                    false => Err(Status::unknown(status.to_string())),
                }
            }
        });
        measured.server_micros / batch as f64
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
