use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::{
    CancelUnsealingRequest, GetSealStatusRequest, SealVaultRequest, UnsealRequest,
    seal_client::SealClient,
};

use crate::{Context, Error, context::refused, output::Report, passphrase};

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml status")]
pub struct Status {}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  symbolon --profile pki/officer-one.toml unseal\n  symbolon --profile pki/officer-one.toml unseal --passphrase-file passphrase.txt\n  symbolon --profile pki/officer-two.toml unseal --share-file share-2\n  symbolon --profile pki/officer-one.toml unseal --cancel"
)]
pub struct Unseal {
    /// A file that holds the passphrase, or the PIN of the vault's PKCS#11 token, and that nobody else may read; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<std::path::PathBuf>,
    /// For a vault that several officers unseal: the file with your share; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    share_file: Option<std::path::PathBuf>,
    /// Has the vault forget the shares handed in so far: all start again.
    #[arg(long, conflicts_with_all = ["passphrase_file", "share_file"])]
    cancel: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml seal")]
pub struct Seal {}

impl Status {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let status = context.call(|channel| async {
            let answer = SealClient::new(channel)
                .get_seal_status(GetSealStatusRequest {})
                .await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let installation = hex::encode(&status.installation);
        let by = match status.method.as_str() {
            "" => "unknown: the vault can't read its key ring".into(),
            "shares" if status.sealed => format!(
                "shares: {} of {} handed in, {} were made",
                status.shares_given, status.shares_needed, status.shares_made
            ),
            "shares" => format!("{} of {} shares", status.shares_needed, status.shares_made),
            other => crate::output::printable(other),
        };
        Ok(Report::new(json!({
            "sealed": status.sealed, "method": status.method,
            "installation": installation, "version": status.version,
            "shares": {
                "given": status.shares_given, "needed": status.shares_needed, "made": status.shares_made,
            },
        }))
        .facts([
            (
                "state",
                if status.sealed { "sealed" } else { "unsealed" }.into(),
            ),
            ("unsealed by", by),
            ("installation", installation),
            ("version", crate::output::printable(&status.version)),
        ]))
    }
}

impl Unseal {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        context.load_profile()?;
        if self.cancel {
            return cancel(context);
        }
        let shared = self.share_file.is_some();
        let file = self.share_file.or(self.passphrase_file);
        let secret = passphrase::Source::new(file).read("Passphrase or PIN: ")?;
        let answer = context.call(|channel| async {
            // The program's allocator wipes what the request leaves behind.
            let secret = secret.expose_bytes().to_vec();
            let (passphrase, share) = match shared {
                true => (Vec::new(), secret),
                false => (secret, Vec::new()),
            };
            let request = UnsealRequest { passphrase, share };
            let answer = SealClient::new(channel).unseal(request).await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let (given, needed) = (answer.shares_given, answer.shares_needed);
        let report = Report::new(json!({
            "sealed": !answer.unsealed, "shares": { "given": given, "needed": needed },
        }));
        Ok(report.line(match answer.unsealed {
            true => "The vault is unsealed.".to_owned(),
            false => format!("The vault has {given} of the {needed} shares that unseal it."),
        }))
    }
}

fn cancel(context: &Context) -> Result<Report, Error> {
    context.call(|channel| async {
        let answer = SealClient::new(channel)
            .cancel_unsealing(CancelUnsealingRequest {})
            .await;
        answer.map_err(refused)?;
        Ok(())
    })?;
    Ok(Report::new(json!({"sealed": true}))
        .line("The vault has forgotten the shares: all officers start again."))
}

impl Seal {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        context.call(|channel| async {
            let answer = SealClient::new(channel)
                .seal_vault(SealVaultRequest {})
                .await;
            answer.map_err(refused)?;
            Ok(())
        })?;
        Ok(Report::new(json!({"sealed": true}))
            .line("The vault is sealed: its keys are wiped from memory."))
    }
}
