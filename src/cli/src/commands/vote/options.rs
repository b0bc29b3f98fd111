use std::path::PathBuf;

use clap::Args;
use symbolon_crypto::keyfile;
use symbolon_election::{ElectionId, TrustFile};
use symbolon_voter::{DeviceSeed, ElectionKeys};

use crate::{
    Error,
    device::{Gateway, Paper, Portal},
    http::Http,
    passphrase, statements,
};

/// The voter's device.
#[derive(Args)]
pub(super) struct DeviceOption {
    /// The device's seed file.
    #[arg(long, value_name = "FILE")]
    device: PathBuf,
}

/// Whose elections count.
#[derive(Args)]
pub(super) struct TrustOption {
    /// The city's trust file.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
}

/// The portal, and who signs in there.
#[derive(Args)]
pub(super) struct PortalOptions {
    /// The registration portal.
    #[arg(long, value_name = "URL")]
    pub portal: String,
    #[command(flatten)]
    pub login: LoginOptions,
}

/// Who signs in at the portal.
#[derive(Args)]
pub(super) struct LoginOptions {
    /// Who signs in there.
    #[arg(long, value_name = "NAME")]
    login: Option<String>,
    /// A file that holds the password there; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Whose certificate vouches for portal and gateway.
#[derive(Args)]
pub(super) struct CaOption {
    /// The authority of the certificates, where the public ones don't vouch for them.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Where the election's manifest and questions come from.
#[derive(Args)]
pub(crate) struct PaperOptions {
    #[command(flatten)]
    trust: TrustOption,
    /// The election as `symbolon vote elections --save` wrote it.
    #[arg(long, value_name = "FILE")]
    paper: Option<PathBuf>,
    /// A gateway that takes ballots for it.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    #[command(flatten)]
    ca: CaOption,
}

impl DeviceOption {
    pub(super) fn keys(&self, election: ElectionId) -> Result<ElectionKeys, Error> {
        let bits = keyfile::read::<16>(&self.device)
            .map_err(|e| Error::unreadable("the device's seed", e))?;
        DeviceSeed::new(bits)
            .keys(&election)
            .map_err(|e| Error::unreadable("the device's seed", e))
    }
}

impl TrustOption {
    pub(super) fn load(&self) -> Result<TrustFile, Error> {
        statements::read_trust(&self.trust)
    }
}

impl CaOption {
    pub(super) fn http(&self, url: &str) -> Result<Http, Error> {
        Http::new(url, self.ca.as_deref())
    }
}

impl LoginOptions {
    /// Signs in where a name is given.
    pub(super) fn sign_in(&self, portal: &mut Portal) -> Result<(), Error> {
        let Some(login) = &self.login else {
            return Ok(());
        };
        let password =
            passphrase::Source::new(self.password_file.clone()).read("Password at the portal: ")?;
        portal.sign_in(login, &password)
    }
}

impl PortalOptions {
    pub(super) fn open(&self, ca: &CaOption) -> Result<Portal, Error> {
        let mut portal = Portal::new(ca.http(&self.portal)?);
        self.login.sign_in(&mut portal)?;
        Ok(portal)
    }
}

impl PaperOptions {
    pub(crate) fn trust(&self) -> Result<TrustFile, Error> {
        self.trust.load()
    }

    /// The gateway that the command needs.
    pub(crate) fn gateway(&self) -> Result<Gateway, Error> {
        let url = self
            .gateway
            .as_deref()
            .ok_or_else(|| Error::usage("no gateway", "Name one: --gateway URL."))?;
        Ok(Gateway::new(self.ca.http(url)?))
    }

    /// The election, from the file or else from the gateway.
    pub(crate) fn load(&self, election: ElectionId) -> Result<Paper, Error> {
        let trust = self.trust()?;
        let Some(path) = &self.paper else {
            if self.gateway.is_none() {
                return Err(Error::usage(
                    "nothing says what the election asks",
                    "Name --gateway URL, or --paper FILE as `symbolon vote elections --save` writes it.",
                ));
            }
            return self.gateway()?.elections(&trust)?.find(election);
        };
        let paper = Paper::read(path, &trust)?;
        match paper.election() == election {
            true => Ok(paper),
            false => Err(Error::unreadable_file(path, "of another election")),
        }
    }
}
