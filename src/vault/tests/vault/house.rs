//! A vault with certificates of its own, and its callers.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use symbolon_api_closed::{
    admin::{UnsealRequest, seal_client::SealClient},
    registration::{Person, RegisterPersonRequest, registration_client::RegistrationClient},
};
use symbolon_crypto::{SecretString, ecdsa::SigningKey, password::Costs, random};
use symbolon_service::{Refusal, Shutdown, client, client::Profile, clock};
use symbolon_vault::{
    config::VaultConfig,
    init::{Birth, Unsealing, init},
    run::Vault,
};
use tempfile::TempDir;
use tonic::{Status, transport::Channel};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

const CONFIG: &str = r#"
name = "Test City"
published = "published"
rolls = "rolls"

[store]
directory = "store"
checkpoint_file = "checkpoint"
cache_mib = 16

[keys]
ring = "ring"
ring_secret = "ring-secret"

[ledger]
origin = "log.example.org/polls"

[identity]
argon2 = { memory_kib = 64, passes = 1, lanes = 1 }
threads = 2
queue = 64

[identity.schema]
attributes = [
    { name = "name", kind = "name" },
    { name = "birth_date", kind = "date" },
    { name = "document", kind = "document" },
]
rules = [
    { name = "document", attributes = ["document"], kind = "unique" },
    { name = "names", attributes = ["name", "birth_date"], kind = "hint", always = true },
]

[[portal]]
name = "main"
people_per_day = 100000

[[portal]]
name = "small"
people_per_day = 3

[[listener]]
address = "127.0.0.1:0"
services = ["registration", "issuance", "validation", "admin", "audit"]
client_auth = "required"

[listener.tls]
certificate = "server.pem"
key = "server.key"
client_ca = "ca.pem"
trust_domain = "city.example"
"#;

/// A running vault.
pub(crate) struct House {
    vault: Option<Vault>,
    pub(crate) shutdown: Shutdown,
    endpoint: String,
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl House {
    /// Sealed.
    pub(crate) async fn new() -> Self {
        logs();
        let folder = tempfile::tempdir().unwrap();
        let authority = authority();
        fs::write(folder.path().join("vault.toml"), CONFIG).unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        issue(&authority, folder.path(), "server", server());
        let birth = Birth {
            officers: vec![SigningKey::random(&mut random::os()).address()],
            threshold: 1,
            unsealing: Unsealing::Passphrase {
                passphrase: SecretString::new(PASSPHRASE.to_owned()),
                costs: Costs::new(64, 1, 1).unwrap(),
            },
        };
        let config = VaultConfig::read(&folder.path().join("vault.toml")).unwrap();
        init(&config, birth, clock::unix_now()).await.unwrap();
        let mut house = Self {
            vault: None,
            shutdown: Shutdown::new(),
            endpoint: String::new(),
            authority,
            folder,
        };
        house.start().await;
        house
    }

    pub(crate) async fn unsealed() -> Self {
        let house = Self::new().await;
        house.unseal().await;
        house
    }

    async fn start(&mut self) {
        let config = VaultConfig::read(&self.path("vault.toml")).unwrap();
        self.shutdown = Shutdown::new();
        let vault = Vault::start(&config, &self.shutdown, |_| {});
        let vault = vault.await.unwrap();
        self.endpoint = format!("https://{}", vault.addresses()[0]);
        self.vault = Some(vault);
    }

    /// Waits for the end of a vault that was asked to stop.
    pub(crate) async fn finished(&mut self) {
        self.vault.take().unwrap().finished().await.unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.shutdown.trigger();
        self.restart_after_trigger().await;
    }

    /// Starts anew once the vault that was asked to stop has stopped.
    pub(crate) async fn restart_after_trigger(&mut self) {
        self.finished().await;
        self.start().await;
        self.unseal().await;
    }

    pub(crate) async fn unseal(&self) {
        unseal(&self.caller("officer/one").await, PASSPHRASE)
            .await
            .unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The channel of a caller such as `portal/main`.
    pub(crate) async fn caller(&self, who: &str) -> Channel {
        self.try_caller(who).await.unwrap()
    }

    pub(crate) async fn try_caller(&self, who: &str) -> Result<Channel, symbolon_service::Error> {
        let name = who.replace('/', "-");
        if !self.path(&format!("{name}.pem")).exists() {
            issue(&self.authority, self.folder.path(), &name, caller(who));
        }
        let file = |ending: &str| Some(self.path(&format!("{name}.{ending}")));
        let profile = Profile {
            endpoint: self.endpoint.clone(),
            server_name: None,
            ca: Some(self.path("ca.pem")),
            certificate: file("pem"),
            key: file("key"),
        };
        client::connect(&profile).await
    }

    pub(crate) async fn portal(&self, name: &str) -> RegistrationClient<Channel> {
        RegistrationClient::new(self.caller(&format!("portal/{name}")).await)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.force();
    }
}

pub(crate) async fn unseal(officer: &Channel, passphrase: &str) -> Result<(), Status> {
    let passphrase = passphrase.as_bytes().to_vec();
    let request = UnsealRequest {
        passphrase,
        ..Default::default()
    };
    let mut seal = SealClient::new(officer.clone());
    seal.unseal(request).await.map(drop)
}

/// A person's attributes.
pub(crate) fn person(name: &str, birth_date: &str, document: &str) -> Option<Person> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut attributes = vec![own("name", name), own("birth_date", birth_date)];
    if !document.is_empty() {
        attributes.push(own("document", document));
    }
    Some(Person {
        attributes: attributes.into_iter().collect(),
    })
}

/// A person like many others.
pub(crate) fn anybody(n: usize) -> Option<Person> {
    person(
        &format!("Ann {}", "x".repeat(n + 1)),
        "1990-01-01",
        &format!("DOC{n}"),
    )
}

pub(crate) async fn register(
    portal: &RegistrationClient<Channel>,
    person: Option<Person>,
) -> Result<Vec<u8>, Refusal> {
    let request = RegisterPersonRequest { person };
    let answer = portal.clone().register_person(request).await;
    Ok(answer.map_err(Refusal::from)?.into_inner().registration_id)
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn server() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn caller(who: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let uri = format!("spiffe://city.example/{who}");
    params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    folder: &Path,
    name: &str,
    mut params: CertificateParams,
) {
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let path = folder.join(format!("{name}.key"));
    fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(&path, key.serialize_pem()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Everything that was logged by any test of this process.
pub(crate) fn logs() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .with_writer(move || writer.clone())
            .init();
        log
    })
}

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn contains(&self, text: &str) -> bool {
        let bytes = self.0.lock().unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
