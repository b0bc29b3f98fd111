use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::{
    GetSealStatusRequest, SealVaultRequest, UnsealRequest, seal_client::SealClient,
};

use crate::{Context, Error, context::refused, output::Report, passphrase};

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/officer-one.toml status")]
pub struct Status {}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  symbolon --profile pki/officer-one.toml unseal\n  symbolon --profile pki/officer-one.toml unseal --passphrase-file passphrase.txt"
)]
pub struct Unseal {
    /// A file that holds the passphrase and that nobody else may read; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<std::path::PathBuf>,
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
        Ok(Report::new(json!({
            "sealed": status.sealed, "method": status.method,
            "installation": installation, "version": status.version,
        }))
        .facts([
            (
                "state",
                if status.sealed { "sealed" } else { "unsealed" }.into(),
            ),
            ("unsealed by", crate::output::printable(&status.method)),
            ("installation", installation),
            ("version", crate::output::printable(&status.version)),
        ]))
    }
}

impl Unseal {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        context.load_profile()?;
        let passphrase = passphrase::Source::new(self.passphrase_file).read("Passphrase: ")?;
        context.call(|channel| async {
            // The program's allocator wipes what the request leaves behind.
            let request = UnsealRequest {
                passphrase: passphrase.expose_bytes().to_vec(),
            };
            SealClient::new(channel)
                .unseal(request)
                .await
                .map_err(refused)?;
            Ok(())
        })?;
        Ok(Report::new(json!({"sealed": false})).line("The vault is unsealed."))
    }
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
