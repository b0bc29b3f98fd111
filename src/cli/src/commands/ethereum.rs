use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_crypto::{ecdsa::SigningKey, keyfile, random};
use symbolon_ledger_ethereum::{Account, EthereumError, Fees, direct};

use crate::{Error, output::Report};

const GWEI: u128 = 1_000_000_000;

#[derive(Subcommand)]
pub enum Ethereum {
    /// Makes an account: a key file, and the address that others send funds to.
    NewAccount(NewAccount),
    /// Makes a ballot box: the contract on which elections are published. Nobody owns it.
    Deploy(Deploy),
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon ethereum new-account --out account.key")]
pub struct NewAccount {
    /// The key: 32 bytes that nobody else may read.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon ethereum deploy --rpc http://node.city.example:8545 --account-key account.key

Prints the chain's number and the contract's address, which go into the vault's configuration, and the
hash of the genesis block, which drafts of elections name.")]
pub struct Deploy {
    /// A node of the chain. May be given several times: the first one that answers serves.
    #[arg(long, value_name = "URL", required = true)]
    rpc: Vec<String>,
    #[command(flatten)]
    payer: Payer,
}

/// Whoever pays for a transaction; nothing else depends on it.
#[derive(Args)]
pub(super) struct Payer {
    /// The key of the account that pays: a file of 32 bytes.
    #[arg(long, value_name = "FILE", required = false)]
    account_key: Option<PathBuf>,
    /// The most that a unit of gas may cost.
    #[arg(long, value_name = "GWEI", default_value_t = 100)]
    max_fee: u64,
}

impl Payer {
    /// The account's key.
    pub(super) fn key(&self) -> Result<SigningKey, Error> {
        let path = self.account_key.as_ref().ok_or_else(|| {
            Error::usage(
                "no account pays for the transaction",
                "Name its key: --account-key FILE.",
            )
        })?;
        let wrong = |e: symbolon_crypto::Error| Error::unreadable_file(path, e);
        SigningKey::new(keyfile::read(path).map_err(wrong)?).map_err(wrong)
    }

    /// What it pays at most.
    pub(super) fn fees(&self) -> Fees {
        let cap = u128::from(self.max_fee) * GWEI;
        Fees {
            tip: Fees::default().tip.min(cap),
            cap,
        }
    }
}

impl Ethereum {
    pub(super) fn run(self) -> Result<Report, Error> {
        match self {
            Self::NewAccount(command) => command.run(),
            Self::Deploy(command) => command.run(),
        }
    }
}

impl NewAccount {
    fn run(self) -> Result<Report, Error> {
        let key = SigningKey::random(&mut random::os());
        keyfile::write_new(&self.out, key.expose_secret().expose())
            .map_err(|e| Error::unreadable_file(&self.out, e))?;
        let address = key.address().to_0x();
        Ok(
            Report::new(json!({"address": address, "file": self.out})).facts([
                ("account", address),
                ("key", self.out.display().to_string()),
            ]),
        )
    }
}

impl Deploy {
    fn run(self) -> Result<Report, Error> {
        let key = self.payer.key()?;
        let account = move |chain| Account::new(key, chain);
        let made = direct::make(self.rpc, account, self.payer.fees()).map_err(refused)?;
        let contract = made.domain.verifying_contract().to_0x();
        let genesis = format!("0x{}", made.genesis);
        let chain = made.domain.chain_id();
        let value = json!({
            "chainId": chain, "contract": contract, "block": made.block, "genesis": genesis, "gas": made.gas,
        });
        Ok(Report::new(value).facts([
            ("chain", chain.to_string()),
            ("contract", contract),
            ("from block", made.block.to_string()),
            ("genesis block", genesis),
            ("gas", made.gas.to_string()),
        ]))
    }
}

/// What to do about a chain that doesn't do what it was asked.
pub(super) fn refused(error: EthereumError) -> Error {
    let next = match &error {
        EthereumError::Unreachable(_) => "Name another node: --rpc or --direct URL.",
        EthereumError::OtherChain { .. } => "Ask a node of the chain that the trust file names.",
        EthereumError::NoContract => {
            "Compare the trust file with what the city published; ask a node of that chain."
        }
        EthereumError::OtherGenesis => {
            "The node is of another chain with the same number: ask one of the election's."
        }
        EthereumError::Missing(_) => {
            "It has to be in a block first: the gateway brings it there, or anybody who has it."
        }
        EthereumError::NoFunds { .. } => "Send funds to the account, or let a gateway cast.",
        EthereumError::Waits(_) => {
            "It may still come; look for the ballot with `symbolon-observer` before you send another."
        }
        _ => "Nothing was recorded.",
    };
    Error::failed(error.to_string(), next)
}
