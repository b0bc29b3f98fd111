//! A contract on a chain, shared with whoever else writes there.

use symbolon_crypto::{ecdsa::SigningKey, keyfile, random};
use symbolon_election::{ContentHash, EntryHash, Manifest, TrustFile};
use symbolon_ledger::{Ledger, LedgerError, LedgerFuture, Submitted};
use symbolon_ledger_ethereum::{
    Account, Chain, Config, EthereumError, EthereumLedger, Fees, Settle,
};
use symbolon_ledger_log::{Files, Folder};

use super::{Board, Named, Place, make_key};
use crate::{
    Error,
    config::{EthereumConfig, GatewayConfig},
    run::RunError,
};

const GWEI: u128 = 1_000_000_000;

/// The contract that the trust file names, and the folder with rolls and contents.
pub(super) struct ChainBoard {
    ledger: EthereumLedger,
    genesis: ContentHash,
    files: Files,
}

pub(super) async fn open(
    config: &GatewayConfig,
    ethereum: &EthereumConfig,
    trust: &TrustFile,
) -> Result<ChainBoard, RunError> {
    let key = SigningKey::new(keyfile::read(&ethereum.account_key)?)?;
    let account = Account::new(key, trust.domain().chain_id());
    let files = Files::open(Folder::own(&config.ledger.folder)?)?;
    let terms = terms(ethereum, trust);
    let ledger = blocking(move || EthereumLedger::open(terms, account)).await?;
    Ok(ChainBoard {
        genesis: *ledger.genesis(),
        ledger,
        files,
    })
}

/// Makes the account's key; the chain says how manifests name it.
pub(super) async fn init(ethereum: &EthereumConfig, trust: &TrustFile) -> Result<Named, RunError> {
    let key = SigningKey::random(&mut random::os());
    make_key(&ethereum.account_key, key.expose_secret().expose())?;
    let account = SigningKey::new(keyfile::read(&ethereum.account_key)?)?.address();
    let terms = terms(ethereum, trust);
    let genesis = blocking(move || Chain::open(&terms).map(|chain| *chain.genesis())).await?;
    Ok(Named {
        keys: None,
        name: genesis,
        account: Some(account),
    })
}

fn terms(ethereum: &EthereumConfig, trust: &TrustFile) -> Config {
    let settle = ethereum
        .confirmations
        .map_or(Settle::Finalized, Settle::Depth);
    let usual = Config::new(ethereum.endpoints.clone(), trust.domain().clone(), settle);
    Config {
        from_block: ethereum.from_block,
        fees: Fees {
            tip: u128::from(ethereum.tip_gwei) * GWEI,
            cap: u128::from(ethereum.max_fee_gwei) * GWEI,
        },
        ..usual
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EthereumError> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or(Err(EthereumError::Stopped));
    Ok(done.map_err(LedgerError::from)?)
}

#[tonic::async_trait]
impl Board for ChainBoard {
    fn submit(&self, entries: Vec<Vec<u8>>) -> LedgerFuture<'_, Vec<Submitted>> {
        self.ledger.submit(entries)
    }

    fn files(&self) -> &Files {
        &self.files
    }

    fn settles_at_once(&self) -> bool {
        false
    }

    fn opened_at(&self) -> u64 {
        self.ledger.opened_at()
    }

    fn has(&self, entry: &EntryHash) -> bool {
        self.ledger.index_of(entry).is_some()
    }

    async fn place(&self, entry: &EntryHash) -> Result<Option<Place>, Error> {
        let place = |index| Place { index, proof: None };
        Ok(self.ledger.index_of(entry).map(place))
    }

    async fn statements(&self, from: u64) -> Result<(u64, Vec<Vec<u8>>), Error> {
        let statements = self.ledger.statements(from).await?;
        Ok((from + statements.len() as u64, statements))
    }

    /// Blocks show it.
    async fn heartbeat(&self) -> Result<(), Error> {
        Ok(())
    }

    fn keys_file(&self, _: &Manifest) -> Option<ContentHash> {
        None
    }

    fn is_named_by(&self, manifest: &Manifest, _: Option<&[u8]>) -> Result<(), Error> {
        match manifest.ledger_keys == self.genesis {
            true => Ok(()),
            false => Err(Error::OtherGateway(
                "it names the genesis block of another chain",
            )),
        }
    }
}
