//! The trust file: whose elections these are. A city publishes it out of band.

use serde::{Deserialize, Serialize};

use crate::officers::ascending;
use crate::{Address, Domain, Error, VERSION, json};

const WHAT: &str = "trust file";
const LIMIT: usize = 64 * 1024;
const MAX_TEXT: usize = 1024;

/// Officers, threshold and domain that devices, gateways and observers go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    name: String,
    domain: Domain,
    origin: String,
    officers: Vec<Address>,
    threshold: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    name: String,
    domain: DomainFile,
    origin: String,
    officers: Vec<Address>,
    threshold: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DomainFile {
    chain_id: u64,
    verifying_contract: Address,
}

impl TrustFile {
    /// Trust in these officers on an embedded log.
    pub fn for_log(
        name: &str,
        origin: &str,
        officers: Vec<Address>,
        threshold: u8,
    ) -> Result<Self, Error> {
        Self::new(name, Domain::for_log(origin), origin, officers, threshold)
    }

    /// Trust in these officers in this domain. Where the chain is 0 the domain is
    /// that of the log's origin.
    pub fn new(
        name: &str,
        domain: Domain,
        origin: &str,
        officers: Vec<Address>,
        threshold: u8,
    ) -> Result<Self, Error> {
        check_text("name", name)?;
        check_text("origin", origin)?;
        if domain.chain_id() == 0 && domain != Domain::for_log(origin) {
            return Err(Error::member(
                WHAT,
                "domain",
                "that of the origin, where chainId is 0",
            ));
        }
        if !ascending(&officers) {
            return Err(Error::member(WHAT, "officers", "strictly ascending"));
        }
        if threshold == 0 || usize::from(threshold) > officers.len() {
            return Err(Error::member(
                WHAT,
                "threshold",
                "between 1 and the number of officers",
            ));
        }
        let (name, origin) = (name.to_owned(), origin.to_owned());
        Ok(Self {
            name,
            domain,
            origin,
            officers,
            threshold,
        })
    }

    /// Reads the JSON file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let file: File = json::parse(WHAT, LIMIT, bytes)?;
        json::check_version(WHAT, &file.version)?;
        let domain = Domain::new(file.domain.chain_id, file.domain.verifying_contract);
        Self::new(
            &file.name,
            domain,
            &file.origin,
            file.officers,
            file.threshold,
        )
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(&File {
            version: VERSION.to_owned(),
            name: self.name.clone(),
            domain: DomainFile {
                chain_id: self.domain.chain_id(),
                verifying_contract: *self.domain.verifying_contract(),
            },
            origin: self.origin.clone(),
            officers: self.officers.clone(),
            threshold: self.threshold,
        })
    }

    /// Whose it is, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The domain of all statements.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The origin of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Who signs, strictly ascending.
    pub fn officers(&self) -> &[Address] {
        &self.officers
    }

    /// How many of them.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }
}

fn check_text(member: &'static str, text: &str) -> Result<(), Error> {
    let fine = !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    match fine {
        true => Ok(()),
        false => Err(Error::member(
            WHAT,
            member,
            "1 to 1024 bytes without control characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn officers() -> Vec<Address> {
        vec![
            Address::new([1; 20]).unwrap(),
            Address::new([2; 20]).unwrap(),
        ]
    }

    #[test]
    fn a_trust_file_reads_back() {
        let trust = TrustFile::for_log("City", "log.example/1", officers(), 2).unwrap();
        assert_eq!(TrustFile::parse(&trust.to_json()).unwrap(), trust);
    }

    #[test]
    fn another_domain_than_the_origins_is_refused() {
        let domain = Domain::for_log("log.example/2");
        assert!(TrustFile::new("City", domain, "log.example/1", officers(), 2).is_err());
    }

    #[test]
    fn thresholds_of_nobody_and_of_too_many_are_refused() {
        assert!(TrustFile::for_log("City", "o", officers(), 0).is_err());
        assert!(TrustFile::for_log("City", "o", officers(), 3).is_err());
        assert!(TrustFile::for_log("City", "o", vec![], 0).is_err());
    }

    #[test]
    fn unknown_and_doubled_members_and_other_versions_are_refused() {
        let trust = TrustFile::for_log("City", "o", officers(), 2).unwrap();
        let text = String::from_utf8(trust.to_json()).unwrap();
        for (from, to) in [
            ("{\"domain\"", "{\"extra\":1,\"domain\""),
            ("{\"domain\"", "{\"name\":\"x\",\"domain\""),
            ("symbolon/v1", "symbolon/v2"),
        ] {
            let altered = text.replacen(from, to, 1);
            assert_ne!(altered, text);
            assert!(TrustFile::parse(altered.as_bytes()).is_err(), "{altered}");
        }
    }
}
