//! The command line of `symbolon-vault`.

use std::{
    io::Write,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use symbolon_crypto::{keyfile, password::Costs};
use symbolon_election::Address;
use symbolon_identity::stretch::MAX_THREADS;
use symbolon_keyring::{KeyState, Ring, RingFiles, SHARE_BYTES, Share, TokenKey};
use symbolon_service::{Shutdown, clock, logs};
use symbolon_store::{LocalStore, Options, Store};

use crate::{
    Error,
    config::VaultConfig,
    core::{CoreError, check_ring, officers},
    init::{Birth, Unsealing, init},
    inspection::Inspection,
    kdf::{self, Measured, Report},
    pinned::Pinned,
    restore::Restore,
    run::Vault,
};

/// What has to happen on the vault's own host. Everything else is `symbolon`, over the network.
#[derive(Parser)]
#[command(
    name = "symbolon-vault",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<Run>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a new installation: store, key ring, officers, trust file.
    Init(Init),
    /// Checks configuration, store and key ring without changing anything.
    Check(Check),
    /// Makes the vault's store of a backup, and key ring and ring secret where they are missing.
    Restore(Box<Restore>),
    /// Measures what the configured Argon2id profile costs here, beside others to choose from.
    Kdf(Kdf),
}

/// Runs the vault until SIGINT or SIGTERM. It starts sealed: `symbolon unseal` opens it.
#[derive(Args)]
struct Run {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon-vault init --config vault.toml --officer 0x… --officer 0x… --officer 0x… \\
      --threshold 2 --passphrase-file passphrase --trust trust.json
  symbolon-vault init --config vault.toml --officer 0x… --officer 0x… --officer 0x… \\
      --threshold 2 --unseal-shares 3 --unseal-threshold 2 --shares-dir shares --trust trust.json
  symbolon-vault init --config vault.toml --officer 0x… --officer 0x… --officer 0x… \\
      --threshold 2 --pkcs11-token LABEL --pkcs11-key LABEL --passphrase-file pin --trust trust.json")]
struct Init {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Address of an officer; once for each.
    #[arg(long = "officer", value_name = "ADDRESS", required = true)]
    officers: Vec<Address>,
    /// How many officers must sign.
    #[arg(long)]
    threshold: u8,
    #[command(flatten)]
    unsealing: UnsealingArgs,
    /// Where the trust file goes that the city publishes.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
}

/// How the key ring will be unsealed: by a passphrase, by shares or by a PKCS#11 token.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct UnsealingArgs {
    /// Holds what will unseal the key ring: the passphrase, or the PIN of the token. Only its owner may read it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unseal_shares", "unseal_threshold", "shares_dir"])]
    passphrase_file: Option<PathBuf>,
    /// The label of a PKCS#11 token that unseals, with its PIN; the configuration's keys.pkcs11_module names its library.
    #[arg(long, value_name = "LABEL", requires_all = ["pkcs11_key", "passphrase_file"])]
    pkcs11_token: Option<String>,
    /// The label of the AES key that is made in the token, and never leaves it.
    #[arg(long, value_name = "LABEL", requires = "pkcs11_token")]
    pkcs11_key: Option<String>,
    /// In place of a passphrase: how many shares are made, one for each officer who unseals.
    #[arg(long, value_name = "N", requires_all = ["unseal_threshold", "shares_dir"], value_parser = clap::value_parser!(u8).range(2..))]
    unseal_shares: Option<u8>,
    /// How many of the shares unseal.
    #[arg(long, value_name = "M", requires = "unseal_shares", value_parser = clap::value_parser!(u8).range(2..))]
    unseal_threshold: Option<u8>,
    /// Where the shares are written, a file for each. Move them to their holders: whoever has enough of them
    /// unseals.
    #[arg(long, value_name = "DIR", requires = "unseal_shares")]
    shares_dir: Option<PathBuf>,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon-vault check --config vault.toml --passphrase-file passphrase"
)]
struct Check {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Also opens the key ring, with the passphrase or the PIN of the token.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The same with shares; once for each of as many as it takes.
    #[arg(
        long = "share-file",
        value_name = "FILE",
        conflicts_with = "passphrase_file"
    )]
    share_files: Vec<PathBuf>,
    /// Also opens every record, and follows every row that leads to one.
    #[arg(long)]
    records: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon-vault kdf --config vault.toml --seconds 10")]
struct Kdf {
    /// The configuration file. Store and keys are not needed.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How long each profile is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match (arguments.command, arguments.run) {
        (Some(Command::Init(command)), _) => command.run(out).await,
        (Some(Command::Check(command)), _) => command.run(out).await,
        (Some(Command::Restore(command)), _) => command.run(out).await,
        (Some(Command::Kdf(command)), _) => command.run(out),
        (None, Some(run)) => run.run().await,
        (None, None) => {
            bail!("say --config FILE, or init, check, restore or kdf; --help tells more")
        }
    }
}

impl Run {
    async fn run(self) -> anyhow::Result<()> {
        let config = VaultConfig::read(&self.config)?;
        logs::start(&config.log)?;
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let vault = Vault::start(&config, &shutdown, |error| {
            tracing::error!(%error, "the store stopped: so does the vault");
            std::process::exit(1);
        });
        vault.await?.finished().await?;
        Ok(())
    }
}

impl Init {
    async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let config = VaultConfig::read(&self.config)?;
        if self.trust.symlink_metadata().is_ok() {
            bail!(
                "{} is there already; nothing was changed",
                self.trust.display()
            );
        }
        let birth = Birth {
            officers: self.officers,
            threshold: self.threshold,
            unsealing: self.unsealing.read()?,
        };
        let trust = init(&config, birth, clock::unix_now()).await?;
        write_trust(&self.trust, &trust.to_json())?;
        writeln!(
            out,
            "made the installation; its trust file is {}",
            self.trust.display()
        )?;
        writeln!(
            out,
            "publish the trust file; keep {} on another medium than {}",
            config.keys.ring_secret.display(),
            config.keys.ring.display()
        )?;
        Ok(())
    }
}

impl UnsealingArgs {
    fn read(self) -> anyhow::Result<Unsealing> {
        if let Some(path) = &self.passphrase_file {
            let passphrase = keyfile::read_passphrase(path)?;
            return Ok(match (self.pkcs11_token, self.pkcs11_key) {
                (Some(token), Some(key)) => Unsealing::Token {
                    place: TokenKey::new(&token, &key)?,
                    pin: passphrase,
                },
                _ => Unsealing::Passphrase {
                    passphrase,
                    costs: Costs::PASSPHRASE,
                },
            });
        }
        let shares = (self.unseal_shares, self.unseal_threshold, self.shares_dir);
        let (Some(shares), Some(threshold), Some(folder)) = shares else {
            bail!("say --passphrase-file, or --unseal-shares, --unseal-threshold and --shares-dir");
        };
        if threshold > shares {
            bail!("--unseal-threshold: at most as many as --unseal-shares; nothing was changed");
        }
        Ok(Unsealing::Shares {
            threshold,
            shares,
            folder,
        })
    }
}

impl Check {
    async fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let config = VaultConfig::read(&self.config)?;
        writeln!(out, "configuration  fine")?;
        let options = Options::new(&config.store.directory, &config.store.checkpoint_file);
        let store: Arc<dyn Store> = Arc::new(LocalStore::open(options)?);
        let checked = self.check(&config, &store, out).await;
        store.close().await?;
        checked
    }

    async fn check(
        &self,
        config: &VaultConfig,
        store: &Arc<dyn Store>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        fits(config, store.as_ref()).await?;
        writeln!(
            out,
            "store          opens, not rolled back; people are found by this schema"
        )?;
        let files = config.keys.files();
        let sealed = files.read()?;
        if sealed.installation().as_bytes() != store.head().await?.installation().as_bytes() {
            return Err(Error::ForeignRing.into());
        }
        writeln!(
            out,
            "key ring       {} keys, {} of them live",
            sealed.keys().count(),
            sealed
                .keys()
                .filter(|key| key.state != KeyState::Destroyed)
                .count()
        )?;
        let (name, option) = match sealed.sharing() {
            Some(_) => ("shares", "--share-file"),
            None if sealed.token_key().is_some() => ("token", "--passphrase-file with its PIN"),
            None => ("passphrase", "--passphrase-file"),
        };
        let Some(ring) = self.open(files).await? else {
            if self.records {
                bail!("records are opened with the key ring: give {option}");
            }
            writeln!(out, "{name:<14} not tried: give {option}")?;
            return Ok(());
        };
        check_ring(store.as_ref(), &ring).await?;
        writeln!(
            out,
            "{name:<14} opens the key ring, which isn't older than the store"
        )?;
        if self.records {
            let found = Inspection::of(store, ring).await?;
            writeln!(out, "records        {found}")?;
            if !found.is_sound() {
                bail!("records can't be opened or found, or rows lead nowhere");
            }
        }
        Ok(())
    }
}

impl Check {
    /// The ring, if something was given that should open it.
    async fn open(&self, files: RingFiles) -> anyhow::Result<Option<Ring>> {
        let ring = if let Some(path) = &self.passphrase_file {
            let passphrase = keyfile::read_passphrase(path)?;
            tokio::task::spawn_blocking(move || files.unseal(&passphrase)).await??
        } else if !self.share_files.is_empty() {
            let shares = self.share_files.iter().map(|path| {
                let text = keyfile::read_bytes(path, SHARE_BYTES as u64 + 2)?;
                Share::parse(text.expose()).with_context(|| path.display().to_string())
            });
            let shares: Vec<_> = shares.collect::<Result<_, anyhow::Error>>()?;
            files.unseal(shares.as_slice())?
        } else {
            return Ok(None);
        };
        Ok(Some(ring))
    }
}

impl Kdf {
    fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let config = VaultConfig::read(&self.config)?;
        let (configured, schema) = (config.costs()?, config.schema()?);
        let rules = schema
            .rules()
            .iter()
            .filter(|rule| !rule.outdated())
            .count();
        let threads = Some(config.stretching_threads()).filter(|threads| *threads <= MAX_THREADS);
        let threads = threads.and_then(NonZeroUsize::new);
        let threads = threads.with_context(|| format!("identity.threads: 1 to {MAX_THREADS}"))?;
        let profiles = kdf::profiles(configured)?;
        let mut measured = Vec::with_capacity(profiles.len());
        for (number, costs) in profiles.iter().enumerate() {
            writeln!(
                out,
                "measuring profile {} of {}",
                number + 1,
                profiles.len()
            )?;
            let time = Duration::from_secs(self.seconds);
            measured.push(Measured::measure(*costs, threads, time)?);
        }
        let report = Report {
            configured,
            rules,
            measured,
        };
        write!(out, "\n{report}")?;
        Ok(())
    }
}

/// The trust file holds nothing secret: everybody may read it.
fn write_trust(path: &Path, json: &[u8]) -> anyhow::Result<()> {
    keyfile::replace_atomically(path, json, 0o644).with_context(|| {
        format!(
            "{}: the installation is made, but its trust file could not be written; \
             `symbolon election trust` fetches it once the vault is unsealed",
            path.display()
        )
    })
}

/// Whether the configuration is one for the people in the store.
async fn fits(config: &VaultConfig, store: &dyn Store) -> Result<(), CoreError> {
    officers(store).await?;
    let pinned = Pinned::new(&config.schema()?, config.costs()?);
    pinned.check(store).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CONFIG;

    async fn kdf(config: &str) -> anyhow::Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.toml");
        std::fs::write(&path, config).unwrap();
        let path = path.to_str().unwrap();
        let words = ["symbolon-vault", "kdf", "--seconds", "1", "--config", path];
        let mut out = Vec::new();
        run(Arguments::try_parse_from(words)?, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn kdf_measures_the_configured_profile_without_store_or_keys() {
        let told = kdf(CONFIG).await.unwrap();
        assert_eq!(told.matches("← configured").count(), 1);
        assert!(told.contains("WARNING"), "{told}");
    }

    #[tokio::test]
    async fn kdf_names_the_field_that_no_machine_can_have() {
        for wrong in ["threads = 0", "threads = 1000000"] {
            let config = CONFIG.replace("threads = 2", wrong);
            let refused = kdf(&config).await.unwrap_err().to_string();
            assert!(refused.starts_with("identity.threads"), "{refused}");
        }
    }
}
