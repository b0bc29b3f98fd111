use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rcgen::SanType;
use serde_json::json;
use symbolon_service::client::Profile;

use crate::{
    Context, Error, clock,
    files::{self, Access},
    output::{Report, Table},
    pki::{Authority, Name, Order, Role, TrustDomain},
};

const TRIALS: &str = "This authority is for trials and tests: its key lies in a file.";

#[derive(Subcommand)]
pub enum Pki {
    /// Makes a certificate authority in a folder.
    Init(Init),
    /// Makes a key, its certificate and, for a client, its profile.
    Issue(Issue),
    /// Revokes certificates and writes the revocation list.
    Revoke(Revoke),
    /// Shows all that was issued.
    List(List),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon pki init pki --trust-domain city.example\n\nFor trials and tests: a real installation keeps its authority's key in hardware."
)]
pub struct Init {
    /// Where it shall be.
    dir: PathBuf,
    /// Whose roles it certifies: the host part of every URI name.
    #[arg(long, default_value = "symbolon.test")]
    trust_domain: String,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  symbolon pki issue pki --role portal --name main --endpoint https://localhost:7443\n  symbolon pki issue pki --role vault --name main --server --dns localhost --ip 127.0.0.1"
)]
pub struct Issue {
    /// The authority's folder.
    dir: PathBuf,
    /// What the holder is: portal, gateway, organiser, officer, registrar or auditor; servers also vault or observer.
    #[arg(long)]
    role: String,
    /// Which of them.
    #[arg(long)]
    name: String,
    /// For a server: needs --dns or --ip.
    #[arg(long)]
    server: bool,
    /// A host name of the server.
    #[arg(long, requires = "server", value_name = "HOST")]
    dns: Vec<String>,
    /// An address of the server.
    #[arg(long, requires = "server", value_name = "ADDRESS")]
    ip: Vec<std::net::IpAddr>,
    /// The service that the client's profile names.
    #[arg(
        long,
        default_value = "https://localhost:7443",
        conflicts_with = "server",
        value_name = "URL"
    )]
    endpoint: String,
    /// The name in the service's certificate, where it isn't the endpoint's host.
    #[arg(long, conflicts_with = "server", value_name = "HOST")]
    server_name: Option<String>,
    /// Days of validity.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
    /// Replaces the key and certificate that are there.
    #[arg(long)]
    renew: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon pki revoke pki portal-main")]
pub struct Revoke {
    /// The authority's folder.
    dir: PathBuf,
    /// A serial, or role-name for all that still stand.
    which: String,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon pki list pki")]
pub struct List {
    /// The authority's folder.
    dir: PathBuf,
}

impl Pki {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Init(command) => command.run(context),
            Self::Issue(command) => command.run(context),
            Self::Revoke(command) => command.run(context),
            Self::List(command) => command.run(context),
        }
    }
}

impl Init {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let trust_domain: TrustDomain = self.trust_domain.parse()?;
        let authority =
            Authority::create(&self.dir, trust_domain, context.now, &mut context.rng())?;
        let (ca, list) = (authority.certificate_file(), authority.list_file());
        Ok(Report::new(json!({
            "ca": ca, "revocationList": list, "trustDomain": self.trust_domain, "forTrials": true,
        }))
        .facts([
            ("authority", ca.display().to_string()),
            ("revocation list", list.display().to_string()),
        ])
        .line(TRIALS))
    }
}

impl Issue {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let hosts = self.hosts()?;
        let role: Role = self.role.parse()?;
        let name: Name = self.name.parse()?;
        let stem = format!("{role}-{name}");
        let order = Order {
            role,
            name,
            hosts,
            days: self.days,
            renew: self.renew,
        };
        existing_authority(&self.dir)?;
        let mut authority = Authority::open(&self.dir)?;
        let issued = authority.issue(&order, context.now, &mut context.rng())?;
        let profile = if self.server {
            None
        } else {
            Some(self.write_profile(&stem)?)
        };
        let mut facts = vec![
            ("certificate", issued.certificate.display().to_string()),
            ("key", issued.key.display().to_string()),
            ("serial", issued.issued.serial.clone()),
            ("valid until", clock::show_time(issued.issued.not_after)),
        ];
        if let Some(profile) = &profile {
            facts.push(("profile", profile.display().to_string()));
        }
        Ok(Report::new(json!({
            "certificate": issued.certificate, "key": issued.key, "profile": profile,
            "serial": issued.issued.serial, "notAfter": issued.issued.not_after, "forTrials": true,
        }))
        .facts(facts))
    }

    fn hosts(&self) -> Result<Vec<SanType>, Error> {
        let mut hosts = Vec::new();
        for dns in &self.dns {
            let name = dns.as_str().try_into().map_err(|_| {
                Error::usage(
                    format!("{dns:?} is no host name"),
                    "Use ASCII letters, digits, '-' and '.'.",
                )
            })?;
            hosts.push(SanType::DnsName(name));
        }
        hosts.extend(self.ip.iter().map(|ip| SanType::IpAddress(*ip)));
        if self.server && hosts.is_empty() {
            return Err(Error::usage(
                "a server's certificate names its hosts",
                "Add --dns HOST or --ip ADDRESS.",
            ));
        }
        Ok(hosts)
    }

    /// The profile lies beside its files and names them relative to itself.
    fn write_profile(&self, stem: &str) -> Result<PathBuf, Error> {
        let path = self.dir.join(format!("{stem}.toml"));
        let profile = Profile {
            endpoint: self.endpoint.clone(),
            server_name: self.server_name.clone(),
            ca: Some("ca.pem".into()),
            certificate: Some(format!("{stem}.pem").into()),
            key: Some(format!("{stem}.key").into()),
        };
        let text = profile
            .to_toml()
            .map_err(|e| Error::unreadable("the profile", e))?;
        files::write(&path, text.as_bytes(), Access::Public)?;
        Ok(path)
    }
}

impl Revoke {
    fn run(self, context: &Context) -> Result<Report, Error> {
        existing_authority(&self.dir)?;
        let mut authority = Authority::open(&self.dir)?;
        let revoked = authority.revoke(&self.which, context.now)?;
        let list = authority.list_file();
        let serials: Vec<_> = revoked.iter().map(|issued| issued.serial.clone()).collect();
        Ok(
            Report::new(json!({"revoked": serials, "revocationList": list}))
                .line(format!("revoked {}", serials.join(", ")))
                .line(format!(
                    "Services that name {} take it up within a minute.",
                    list.display()
                )),
        )
    }
}

impl List {
    fn run(self, context: &Context) -> Result<Report, Error> {
        existing_authority(&self.dir)?;
        let authority = Authority::open(&self.dir)?;
        let mut table = Table::new(&["serial", "role", "name", "for", "valid until", "state"]);
        for issued in &authority.register().certificates {
            let state = match (issued.revoked, issued.not_after < context.now) {
                (Some(_), _) => "revoked",
                (None, true) => "expired",
                (None, false) => "valid",
            };
            table.row([
                issued.serial.clone(),
                issued.role.to_string(),
                issued.name.to_string(),
                if issued.server { "server" } else { "client" }.into(),
                clock::show_time(issued.not_after),
                state.into(),
            ]);
        }
        Ok(Report::new(json!({"certificates": authority.register().certificates})).table(&table))
    }
}

/// Opening takes a lock, which would otherwise make a folder that isn't there.
fn existing_authority(dir: &Path) -> Result<(), Error> {
    if dir.join("ca.pem").exists() {
        return Ok(());
    }
    Err(Error::unreadable_file(
        dir,
        "holds no authority; `symbolon pki init` makes one",
    ))
}
