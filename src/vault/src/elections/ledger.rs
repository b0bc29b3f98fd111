//! How manifests name the ledger.

use symbolon_election::{ContentHash, LedgerKeys, TrustFile, content::content_hash};
use symbolon_service::{Refusal, reasons::Reason};

use super::refuse;
use crate::Error;

/// The name of the ledger that a draft gives: a log's by its list of keys, a chain's by the hash
/// of its genesis block. Refused where it isn't this installation's kind of ledger, or log.
pub(super) fn name(given: &[u8], trust: &TrustFile) -> Result<ContentHash, Error> {
    if is_chain(trust) {
        let genesis = given.try_into().map(ContentHash::new);
        return genesis.map_err(|_| wrong("the ledger is on a chain: its genesis block's hash"));
    }
    let keys = LedgerKeys::parse(given).map_err(refuse)?;
    match keys.origin() == trust.origin() {
        true => Ok(content_hash(given)),
        false => Err(wrong("its origin is not this installation's")),
    }
}

/// Whether the ledger is a contract: then it has no file of keys to publish.
pub(super) fn is_chain(trust: &TrustFile) -> bool {
    trust.domain().chain_id() != 0
}

fn wrong(why: &'static str) -> Error {
    let refusal = Refusal::new(Reason::InvalidArgument).at("ledgerKeys");
    refusal.because(why).into()
}

#[cfg(test)]
mod tests {
    use symbolon_election::{Address, Domain, ledger_keys::NoteKey};

    use super::*;

    const ORIGIN: &str = "log.example.org/polls";

    fn trust(domain: Domain) -> TrustFile {
        let officers = vec![Address::new([1; 20]).unwrap()];
        TrustFile::new("City", domain, ORIGIN, officers, 1).unwrap()
    }

    fn keys(origin: &str) -> Vec<u8> {
        let log = NoteKey::log(origin, [3; 32]).unwrap();
        let own = NoteKey::cosigner(origin, [3; 32]).unwrap();
        let keys = LedgerKeys::new(origin, log, vec![own], 1);
        keys.unwrap().to_json()
    }

    #[test]
    fn a_log_is_named_by_its_own_list_of_keys() {
        let log = trust(Domain::for_log(ORIGIN));
        let own = keys(ORIGIN);
        assert_eq!(name(&own, &log).unwrap(), content_hash(&own));
        assert!(name(&keys("other.example"), &log).is_err());
        assert!(name(&[7; 32], &log).is_err());
    }

    #[test]
    fn a_chain_is_named_by_its_genesis_block() {
        let chain = trust(Domain::new(5, Address::new([2; 20]).unwrap()));
        assert_eq!(name(&[7; 32], &chain).unwrap(), ContentHash::new([7; 32]));
        assert!(name(&[7; 31], &chain).is_err());
        assert!(name(&keys(ORIGIN), &chain).is_err());
    }
}
