use std::{
    io::{BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_crypto::{Secret, ecdsa::SigningKey, random};
use symbolon_election::{
    Domain, Manifest, Proposal, SignatureFile, Statement, TrustFile, proposal::Action, words,
};
use zeroize::Zeroizing;

use crate::{
    Context, Error,
    files::{self, Access},
    keystore::{KeyFile, LIGHT_LOG_N, STANDARD_LOG_N},
    output::{Report, printable, to_stderr},
    passphrase, statements,
};

#[derive(Subcommand)]
pub enum Officer {
    /// Makes a signing key in an Ethereum key file.
    New(New),
    /// Shows the address of a key file.
    Address(Address),
    /// Shows statements in plain words and signs them.
    Sign(Sign),
    /// Takes a signature that a wallet made of a statement's typed data.
    ImportSignature(ImportSignature),
}

#[derive(Args)]
struct Passphrase {
    /// A file that holds the key's passphrase; `-` for standard input. Asked for where absent.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon officer new --out officer-one.json")]
pub struct New {
    /// The key file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// A weak passphrase stretch that takes milliseconds: for trials only.
    #[arg(long)]
    light: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon officer address officer-one.json")]
pub struct Address {
    /// The key file.
    file: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon officer sign --key officer-one.json --trust trust.json --content draft/content.json draft/manifest.json draft/roll-statement.json

Each signature is written beside its statement. The same JSON can be signed by a wallet
(eth_signTypedData_v4) and its signature brought back with `symbolon officer import-signature`.")]
pub struct Sign {
    /// Typed-data JSON files.
    #[arg(required = true)]
    statements: Vec<PathBuf>,
    /// The officer's key file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// The city's trust file: a statement for another ledger, or by other officers, is refused.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The content file, to be shown and held against a manifest or a proposal; a proposal's is
    /// looked for beside it, as content.json.
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// The language in which contents are shown.
    #[arg(long, default_value = "en")]
    language: String,
    /// Where signatures go, instead of beside the statements.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Signs without asking.
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon officer import-signature draft/manifest.json 0x5f1c…1b"
)]
pub struct ImportSignature {
    /// The statement's typed-data JSON file.
    statement: PathBuf,
    /// 65 bytes as wallets show them, or 64; hexadecimal.
    signature: String,
    /// Where the signature goes, instead of beside the statement.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Officer {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::New(command) => command.run(context),
            Self::Address(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::ImportSignature(command) => command.run(),
        }
    }
}

impl New {
    fn run(self, context: &Context) -> Result<Report, Error> {
        files::refuse_existing(&self.out)?;
        let passphrase = passphrase::Source::new(self.passphrase.passphrase_file)
            .read_new("New passphrase: ")?;
        let mut rng = random::os();
        let key = SigningKey::random(&mut rng);
        let strength = if self.light {
            LIGHT_LOG_N
        } else {
            STANDARD_LOG_N
        };
        let file = KeyFile::seal(
            key.expose_secret().expose(),
            key.address().as_bytes(),
            passphrase.expose(),
            strength,
            &mut rng,
        )?;
        files::refuse_existing(&self.out)?;
        files::write_json(&self.out, &file, Access::Private)?;
        let address = key.address().checksummed();
        let mut report = Report::new(json!({"file": self.out, "address": key.address().to_0x()}))
            .facts([
                ("key file", self.out.display().to_string()),
                ("address", address),
            ]);
        if self.light && !context.json {
            report = report.line("The passphrase is stretched weakly: for trials only.");
        }
        Ok(report)
    }
}

impl Address {
    fn run(self) -> Result<Report, Error> {
        let file: KeyFile = files::read_json(&self.file)?;
        let text = file.address.as_deref().unwrap_or_default();
        let address: symbolon_election::Address = text.parse().map_err(|_| {
            Error::unreadable_file(
                &self.file,
                "names no address; signing with it shows the address",
            )
        })?;
        Ok(Report::new(json!({"address": address.to_0x()})).line(address.checksummed()))
    }
}

impl Sign {
    fn run(self) -> Result<Report, Error> {
        let trust = self
            .trust
            .as_deref()
            .map(statements::read_trust)
            .transpose()?;
        let content = self.content.as_deref().map(files::read).transpose()?;
        let mut read = Vec::new();
        for path in &self.statements {
            let (statement, domain) = statements::read_statement(path)?;
            if let Some(trust) = &trust {
                check_trust(path, &statement, &domain, trust)?;
            }
            let content = match (&statement, &content) {
                (Statement::Proposal(proposal), None) => Some(content_beside(path, proposal)?),
                (Statement::Proposal(proposal), Some(content)) => {
                    check_content(path, proposal, content)?;
                    Some(content.clone())
                }
                (_, content) => content.clone(),
            };
            read.push((path, statement, domain, content));
        }
        for (path, statement, domain, content) in &read {
            let content = content.as_deref().map(Vec::as_slice);
            self.show(path, statement, domain, content);
        }
        self.confirm(read.len())?;
        let key = open_key(&self.key, self.passphrase.passphrase_file.clone())?;
        let (mut written, mut facts) = (Vec::new(), Vec::new());
        for (path, statement, domain, _) in &read {
            let digest = statement.digest(domain);
            let signature = SignatureFile::new(statement, domain, key.sign(digest.as_bytes()))
                .map_err(|e| Error::unreadable("the signature", e))?;
            let file = statements::write_signature(path, self.out.as_deref(), &signature)?;
            facts.push((statement.name(), file.display().to_string()));
            written.push(json!({"statement": statement.name(), "digest": format!("0x{digest}"), "file": file}));
        }
        Ok(
            Report::new(json!({"signer": key.address().to_0x(), "signatures": written}))
                .line(format!("signed by {}", key.address().checksummed()))
                .facts(facts),
        )
    }

    fn show(&self, path: &Path, statement: &Statement, domain: &Domain, content: Option<&[u8]>) {
        let mut text = format!("{}\n", path.display());
        let mut lines = statement.in_words(domain);
        match (statement, content) {
            (Statement::Manifest(manifest), Some(content)) => {
                lines.extend(words::content_words(content, manifest, &self.language));
            }
            (Statement::Proposal(proposal), Some(content)) => {
                lines.extend(words::proposal_content_words(content, proposal));
            }
            _ => {}
        }
        for line in lines {
            text.push_str(&format!("  {}\n", printable(&line)));
        }
        to_stderr(&text);
    }

    fn confirm(&self, count: usize) -> Result<(), Error> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Error::usage(
                "nobody is there to confirm",
                "Read what would be signed, and add --yes.",
            ));
        }
        to_stderr(&format!(
            "Sign {}? Type yes: ",
            if count == 1 { "this" } else { "all of these" }
        ));
        let mut answer = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|e| Error::unreadable("standard input", e))?;
        match answer.trim() {
            "yes" => Ok(()),
            _ => Err(Error::failed("nothing was signed", "Type yes to sign.")),
        }
    }
}

fn check_trust(
    path: &Path,
    statement: &Statement,
    domain: &Domain,
    trust: &TrustFile,
) -> Result<(), Error> {
    let refuse = |problem: &str| {
        Err(Error::failed(
            format!("{}: {problem}", path.display()),
            "Don't sign it: ask who drafted it.",
        ))
    };
    if domain != trust.domain() {
        return refuse("it is for another ledger than the trust file's");
    }
    match statement {
        Statement::Manifest(Manifest {
            officers,
            threshold,
            ..
        }) if officers != trust.officers() || *threshold != trust.threshold() => {
            refuse("its officers or threshold are not those of the trust file")
        }
        _ => Ok(()),
    }
}

/// The content of a proposal: nobody signs what they can't read.
fn content_beside(path: &Path, proposal: &Proposal) -> Result<Zeroizing<Vec<u8>>, Error> {
    let content = files::read(&path.with_file_name("content.json"))?;
    check_content(path, proposal, &content)?;
    Ok(content)
}

fn check_content(path: &Path, proposal: &Proposal, content: &[u8]) -> Result<(), Error> {
    match Action::parse(content) {
        Ok(action) if action.content_hash() == proposal.content_hash => Ok(()),
        _ => Err(Error::failed(
            format!(
                "{}: the content is not the one that it names",
                path.display()
            ),
            "Don't sign it: ask who drafted it.",
        )),
    }
}

/// Opens an officer's key file.
fn open_key(path: &Path, passphrase: Option<PathBuf>) -> Result<SigningKey, Error> {
    let file: KeyFile = files::read_json(path)?;
    let passphrase = passphrase::Source::new(passphrase).read("Passphrase of the key: ")?;
    let secret = file.open(passphrase.expose())?;
    let secret = Secret::from_slice(&*secret).map_err(|e| Error::unreadable_file(path, e))?;
    let key = SigningKey::new(secret).map_err(|e| Error::unreadable_file(path, e))?;
    let named = file.address.as_ref().is_none_or(|address| {
        address
            .trim_start_matches("0x")
            .eq_ignore_ascii_case(&hex::encode(key.address().as_bytes()))
    });
    match named {
        true => Ok(key),
        false => Err(Error::unreadable_file(
            path,
            "its address is not that of its key",
        )),
    }
}

impl ImportSignature {
    fn run(self) -> Result<Report, Error> {
        let (statement, domain) = statements::read_statement(&self.statement)?;
        let wrong = |problem: &dyn std::fmt::Display| Error::unreadable("the signature", problem);
        let text = self.signature.trim();
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|e| wrong(&e))?;
        let signature = match <&[u8; 65]>::try_from(bytes.as_slice()) {
            Ok(wallet) => symbolon_election::Signature::from_rsv(wallet),
            Err(_) => symbolon_election::Signature::from_slice(&bytes),
        }
        .map_err(|e| wrong(&e))?;
        let file = SignatureFile::new(&statement, &domain, signature).map_err(|e| wrong(&e))?;
        let path = statements::write_signature(&self.statement, self.out.as_deref(), &file)?;
        let signer = *file.signer();
        Ok(Report::new(json!({"signer": signer.to_0x(), "file": path}))
            .facts([("signer", signer.checksummed()), ("file", path.display().to_string())])
            .line("Compare the signer with the officer's address: another statement gives another address."))
    }
}
