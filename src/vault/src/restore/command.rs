use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use symbolon_election::{TrustFile, words::utc};
use symbolon_service::clock;
use symbolon_tlog::VerifierKey;

use super::{Order, Restored, restore};
use crate::config::VaultConfig;

/// The command line of a restore.
#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon-vault restore --config vault.toml --store backup/store/20270115-080000.store \\
      --remembered audit.json --proposal restore --trust trust.json

The vault must not run, and its store's folder must be empty or away. Ring and ring secret stay as they are;
where the vault has none, name their copies. Where the backup is older than what the vault had come to, the officers'
signatures lie in the folder of --proposal.")]
pub struct Restore {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The store's backup; its note lies beside it.
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    /// The key ring's copy, if the vault has no ring.
    #[arg(long, value_name = "FILE")]
    ring: Option<PathBuf>,
    /// The ring secret's copy, if the vault has none.
    #[arg(long, value_name = "FILE")]
    ring_secret: Option<PathBuf>,
    /// The file that auditors keep: symbolon audit verify --remember FILE. It names the audit key.
    #[arg(long, value_name = "FILE", required_unless_present = "audit_key")]
    remembered: Option<PathBuf>,
    /// The audit log's verifier key when the backup was taken, in place of such a file.
    #[arg(long, value_name = "KEY", conflicts_with = "remembered")]
    audit_key: Option<VerifierKey>,
    /// The officers' signed proposal: proposal.json, content.json, signature files.
    #[arg(long, value_name = "FOLDER", requires = "trust")]
    proposal: Option<PathBuf>,
    /// The trust file that the city publishes now.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

impl Restore {
    /// Restores, and says what was done.
    pub async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let config = VaultConfig::read(&self.config)?;
        let trust = self.trust.as_ref().map(|path| {
            let bytes = fs::read(path).with_context(|| path.display().to_string())?;
            TrustFile::parse(&bytes).with_context(|| path.display().to_string())
        });
        let order = Order {
            store: self.store,
            ring: self.ring,
            ring_secret: self.ring_secret,
            audit_key: match (self.audit_key, &self.remembered) {
                (Some(key), _) => key,
                (None, Some(path)) => read_key(path)?,
                (None, None) => bail!("say --remembered FILE or --audit-key KEY"),
            },
            proposal: self.proposal,
            trust: trust.transpose()?,
        };
        let restored = restore(&config, &order, clock::unix_now()).await?;
        report(&restored, out)?;
        Ok(())
    }
}

/// What an auditor keeps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    key: String,
    #[serde(rename = "checkpoint")]
    _checkpoint: String,
}

fn read_key(path: &Path) -> anyhow::Result<VerifierKey> {
    let named = || path.display().to_string();
    let bytes = fs::read(path).with_context(named)?;
    let kept: Remembered = serde_json::from_slice(&bytes).with_context(named)?;
    kept.key.parse().with_context(named)
}

fn report(restored: &Restored, out: &mut impl Write) -> std::io::Result<()> {
    let Restored { note, summary, .. } = restored;
    writeln!(out, "restored       as of {}", utc(note.taken))?;
    writeln!(
        out,
        "store          {} rows, {} audit leaves, every hash compared",
        summary.rows, summary.leaves
    )?;
    writeln!(out, "sha256         {}", hex::encode(summary.sha256))?;
    match restored.older {
        false => writeln!(
            out,
            "lost           nothing: the vault had not come further"
        )?,
        true => writeln!(
            out,
            "lost           what came later; {} elections stand still until their ledger is read back (symbolon backup read-back) and officers decide (symbolon proposals draft resume-issuance)",
            restored.halted
        )?,
    }
    for roll in &restored.missing_rolls {
        writeln!(
            out,
            "missing        {}: copy the roll back before you start",
            roll.display()
        )?;
    }
    writeln!(
        out,
        "now            symbolon-vault check, then start and unseal"
    )
}
