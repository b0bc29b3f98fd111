use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::admin::{
    BeginRewrapRequest, CancelRewrapRequest, CollectShareRequest, GetRewrapRequest,
    ProveRewrapRequest, rewraps_client::RewrapsClient,
};
use symbolon_crypto::{SecretBytes, keyfile};
use symbolon_election::words::utc;

use crate::{
    Context, Error,
    context::refused,
    output::{Report, printable},
    passphrase,
};

/// Another way of unsealing, which officers decided on.
#[derive(Subcommand)]
pub enum Rewrap {
    /// Shows what was decided and what is left to do.
    Status(Status),
    /// Makes it: enters the new passphrase or PIN, or has the vault make the shares. What was made before goes.
    Begin(Begin),
    /// Fetches the share that is meant for your certificate, to a new file.
    Collect(Collect),
    /// Shows that it opens the key ring. From then on nothing else does.
    Prove(Prove),
    /// Takes it back: what unseals now goes on doing so.
    Cancel(Cancel),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml keys rewrap status")]
pub struct Status {}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  symbolon --profile pki/officer-one.toml keys rewrap begin --passphrase-file new.txt\n  symbolon --profile pki/officer-one.toml keys rewrap begin --shares"
)]
pub struct Begin {
    /// A file that holds the new passphrase, or the token's PIN, and that nobody else may read; `-` for standard
    /// input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Shares were decided on: the vault makes them.
    #[arg(long, conflicts_with = "passphrase_file")]
    shares: bool,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/officer-two.toml keys rewrap collect --out new-share"
)]
pub struct Collect {
    /// The new file; only you may read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  symbolon --profile pki/officer-one.toml keys rewrap prove --passphrase-file new.txt\n  symbolon --profile pki/officer-two.toml keys rewrap prove --share-file new-share"
)]
pub struct Prove {
    /// A file that holds the new passphrase, or the token's PIN; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The file with your new share; `-` for standard input. As many officers as it takes hand theirs in.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    share_file: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml keys rewrap cancel")]
pub struct Cancel {}

impl Rewrap {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Status(_) => status(context),
            Self::Begin(command) => command.run(context),
            Self::Collect(command) => command.run(context),
            Self::Prove(command) => command.run(context),
            Self::Cancel(_) => cancel(context),
        }
    }
}

fn status(context: &Context) -> Result<Report, Error> {
    let told = context.call(|channel| async {
        let mut client = RewrapsClient::new(channel);
        let answer = client.get_rewrap(GetRewrapRequest {});
        Ok(answer.await.map_err(refused)?.into_inner())
    })?;
    let report = Report::new(json!({
        "to": told.to, "since": told.since, "made": told.made, "holders": told.holders,
        "collected": told.collected, "sharesWaiting": told.shares_waiting, "enteredBy": told.entered_by,
        "shares": { "given": told.shares_given, "needed": told.shares_needed },
    }));
    if told.to.is_empty() {
        return Ok(report.line("Nothing was decided: the vault is unsealed as before."));
    }
    let next = match (told.made, told.to.as_str()) {
        (false, "shares") => "keys rewrap begin --shares",
        (false, _) => "keys rewrap begin",
        (true, "shares") if told.shares_waiting => {
            "each holder: keys rewrap collect, then keys rewrap prove"
        }
        (true, _) => "keys rewrap prove",
    };
    let mut report = report.facts([
        ("unsealed from then on by", printable(&told.to)),
        ("decided", utc(told.since)),
        ("to do", next.to_owned()),
    ]);
    if !told.entered_by.is_empty() && !told.made {
        report = report.line(format!("{} enters it", printable(&told.entered_by)));
    }
    for holder in &told.holders {
        let has = match told.collected.contains(holder) {
            true => "has collected a share",
            false => "hasn't collected a share since the vault made them",
        };
        report = report.line(format!("{} {has}", printable(holder)));
    }
    Ok(report)
}

impl Begin {
    fn run(self, context: &Context) -> Result<Report, Error> {
        context.load_profile()?;
        let secret = match self.shares {
            true => None,
            false => Some(
                passphrase::Source::new(self.passphrase_file).read("New passphrase or PIN: ")?,
            ),
        };
        context.call(|channel| async {
            let passphrase = secret.map_or_else(Vec::new, |it| it.expose_bytes().to_vec());
            let request = BeginRewrapRequest { passphrase };
            let answer = RewrapsClient::new(channel).begin_rewrap(request).await;
            answer.map_err(refused)?;
            Ok(())
        })?;
        let next = match self.shares {
            true => {
                "The shares are made, in the vault's memory only. Each holder: keys rewrap collect."
            }
            false => "It opens the key ring, beside what did before. Show it: keys rewrap prove.",
        };
        Ok(Report::new(json!({"made": true})).line(next))
    }
}

impl Collect {
    fn run(self, context: &Context) -> Result<Report, Error> {
        // Before the vault writes down that the share was collected.
        if self.out.symlink_metadata().is_ok() {
            let told = format!("{} is there already", self.out.display());
            return Err(Error::usage(told, "Choose another file with --out."));
        }
        let (number, share) = context.call(|channel| async {
            let mut client = RewrapsClient::new(channel);
            let answer = client.collect_share(CollectShareRequest {});
            let answer = answer.await.map_err(refused)?.into_inner();
            Ok((answer.number, SecretBytes::new(answer.share)))
        })?;
        keyfile::write_new(&self.out, share.expose())
            .map_err(|e| Error::unreadable_file(&self.out, e))?;
        let file = self.out.display().to_string();
        Ok(
            Report::new(json!({"number": number, "file": file})).line(format!(
                "Share {number} is in {file}. It is kept nowhere else."
            )),
        )
    }
}

impl Prove {
    fn run(self, context: &Context) -> Result<Report, Error> {
        context.load_profile()?;
        let shared = self.share_file.is_some();
        let file = self.share_file.or(self.passphrase_file);
        let secret = passphrase::Source::new(file).read("New passphrase or PIN: ")?;
        let answer = context.call(|channel| async {
            let secret = secret.expose_bytes().to_vec();
            let (passphrase, share) = match shared {
                true => (Vec::new(), secret),
                false => (secret, Vec::new()),
            };
            let request = ProveRewrapRequest { passphrase, share };
            let answer = RewrapsClient::new(channel).prove_rewrap(request).await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let (given, needed) = (answer.shares_given, answer.shares_needed);
        let report = Report::new(json!({
            "proven": answer.proven, "shares": { "given": given, "needed": needed },
        }));
        Ok(report.line(match answer.proven {
            true => "It opens the key ring, and nothing else does any more.".to_owned(),
            false => format!("The vault has {given} of the {needed} new shares that show it."),
        }))
    }
}

fn cancel(context: &Context) -> Result<Report, Error> {
    context.call(|channel| async {
        let mut client = RewrapsClient::new(channel);
        let answer = client.cancel_rewrap(CancelRewrapRequest {});
        answer.await.map_err(refused)?;
        Ok(())
    })?;
    Ok(Report::new(json!({"cancelled": true}))
        .line("It is taken back: the vault is unsealed as before."))
}
