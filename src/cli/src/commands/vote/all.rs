use std::path::PathBuf;

use clap::Args;
use symbolon_election::ElectionId;
use symbolon_voter::request;

use super::{
    cast::Urn,
    choices::ChoiceOptions,
    options::{CaOption, DeviceOption, PortalOptions, TrustOption},
    token::{opened, refused},
};
use crate::{
    Context, Error,
    device::{Gateway, TokenFile},
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon vote all 3f5c… --device device.seed --trust trust.json --portal https://portal.city.example --login anna \\
    --gateway https://gateway.city.example --choices '1;2,3' --out ballot

Portal and gateway both see this machine's network address within seconds. Who fears that they compare
notes goes step by step, over two networks: vote request, vote open, vote cast.")]
pub struct All {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    device: DeviceOption,
    #[command(flatten)]
    trust: TrustOption,
    #[command(flatten)]
    portal: PortalOptions,
    /// The gateway that takes the ballot.
    #[arg(long, value_name = "URL")]
    gateway: String,
    #[command(flatten)]
    ca: CaOption,
    #[command(flatten)]
    choices: ChoiceOptions,
    /// Where token and receipt are kept.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl All {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let trust = self.trust.load()?;
        let keys = self.device.keys(self.election)?;
        let gateway = Gateway::new(self.ca.http(&self.gateway)?);
        let portal = self.portal.open(&self.ca)?;
        let paper = portal.elections(&trust)?.find(self.election)?;
        let selections = self.choices.selections(&paper)?;
        let sealed = request(&keys, paper.manifest(), context.now, &mut context.rng());
        let sealed = sealed.map_err(refused)?;
        let sealed = portal.token(self.election, &sealed)?;
        let newer = || portal.elections(&trust)?.find(self.election);
        let (paper, token) = opened(paper, &keys, &sealed, newer)?;
        let path = self.out.join("token.json");
        let mut file = match path.exists() {
            true => TokenFile::read(&path)?,
            false => TokenFile::new(self.election, &token),
        };
        file.check(&keys, &paper)?;
        file.write(&path)?;
        let urn = Urn {
            gateway: &gateway,
            paper: &paper,
            keys: &keys,
            token: &token,
        };
        let done = urn.cast_next(&selections, file.next_sequence)?;
        let receipt = self.out.join(format!("receipt-{}.json", done.sequence));
        files::write(&receipt, &done.record, Access::Private)?;
        file.next_sequence = done.sequence.saturating_add(1);
        file.write(&path)?;
        Ok(done.report(&receipt, context.now))
    }
}
