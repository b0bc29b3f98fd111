use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use symbolon_crypto::keyfile;
use symbolon_voter::DeviceSeed;

use crate::{Context, Error, files, output::Report, passphrase};

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon vote new-device --out device.seed\n\nWrite the twelve words down: they are shown once. Whoever has them votes in your place; without them a lost device is a lost place."
)]
pub struct NewDevice {
    /// The seed file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon vote restore-device --out device.seed")]
pub struct RestoreDevice {
    /// The seed file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A file that holds the twelve words and that nobody else may read; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
}

impl NewDevice {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        files::refuse_existing(&self.out)?;
        let seed = DeviceSeed::random(&mut context.rng());
        write(&self.out, &seed)?;
        let words = seed.recovery_code();
        Ok(
            Report::new(json!({"device": self.out, "recoveryCode": words.expose()}))
                .facts([("device", self.out.display().to_string())])
                .line("Recovery words, shown once; write them down:")
                .line(format!("  {}", words.expose())),
        )
    }
}

impl RestoreDevice {
    pub(super) fn run(self) -> Result<Report, Error> {
        files::refuse_existing(&self.out)?;
        let words = passphrase::Source::new(self.words_file).read("Recovery words: ")?;
        let seed = DeviceSeed::from_recovery_code(&words)
            .map_err(|e| Error::unreadable("the words", e))?;
        write(&self.out, &seed)?;
        Ok(Report::new(json!({"device": self.out}))
            .line(format!("{} is the device again.", self.out.display())))
    }
}

fn write(path: &std::path::Path, seed: &DeviceSeed) -> Result<(), Error> {
    keyfile::write_new(path, seed.expose_secret().expose()).map_err(|e| {
        Error::failed(
            e.to_string(),
            "Check the folder, its permissions and the free space.",
        )
    })
}
