mod certificates;
mod chain;
mod export;
mod leaves;
mod source;
mod verify;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use symbolon_tlog::SignedCheckpoint;

use self::source::Source;
use crate::{
    Context, Error,
    output::{Report, printable},
};

#[derive(Subcommand)]
pub enum Audit {
    /// Shows leaves of the vault's audit log.
    Show(Show),
    /// Checks the log's signature, its tree, the certificates of destroyed keys in it, and that it
    /// extends what was seen before.
    Verify(verify::Verify),
    /// Copies the log into a folder, where it is verified without the vault.
    Export(export::Export),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/auditor-one.toml audit show --last 20")]
pub struct Show {
    /// The first leaf, from 0.
    #[arg(long, conflicts_with = "last")]
    start: Option<u64>,
    /// How many leaves.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// The last so many leaves.
    #[arg(long)]
    last: Option<u32>,
}

impl Audit {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Show(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Export(command) => command.run(context),
        }
    }
}

impl Show {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let (start, leaves) = context.call(|channel| async {
            let mut source = Source::vault(channel);
            let (mut start, mut limit) = (self.start.unwrap_or(0), self.limit);
            if let Some(last) = self.last {
                let signed = parse(&source.checkpoint().await?.note)?;
                start = signed.checkpoint().size().saturating_sub(last.into());
                limit = last;
            }
            Ok((start, source.leaves(start, limit.into()).await?))
        })?;
        let mut report = Report::new(
            json!({"start": start, "leaves": leaves.iter().map(|l| shown(l)).collect::<Vec<_>>()}),
        );
        for (index, leaf) in (start..).zip(&leaves) {
            report = report.line(format!(
                "{index}  {}",
                printable(&String::from_utf8_lossy(leaf))
            ));
        }
        Ok(report)
    }
}

/// A leaf is a JSON object; anything else is shown as hexadecimal.
fn shown(leaf: &[u8]) -> Value {
    serde_json::from_slice(leaf).unwrap_or_else(|_| json!({"hex": hex::encode(leaf)}))
}

fn parse(note: &str) -> Result<SignedCheckpoint, Error> {
    SignedCheckpoint::parse(note.as_bytes()).map_err(|e| Error::unreadable("the checkpoint", e))
}

fn violated(message: impl Into<String>) -> Error {
    Error::failed(
        message,
        "Keep the remembered file: it is evidence. Tell the officers.",
    )
}
