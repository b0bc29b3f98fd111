//! Typed-data JSON: how statements travel to a wallet, and signatures back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::statement::each;
use crate::{Address, Digest, Domain, Error, Signature, Statement, Typed, json, officers};

const WHAT: &str = "typed data";
const LIMIT: usize = 1024 * 1024;
const SIGNATURE_FILE: &str = "signature file";

const DOMAIN_FIELDS: &[(&str, &str)] = &[
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
];

/// The `eth_signTypedData_v4` form of a struct, as RFC 8785 JSON. `chainId` is a
/// number; other integers are numbers up to 2⁵³ − 1, decimal strings beyond.
pub fn write<T: Typed>(typed: &T, domain: &Domain) -> Vec<u8> {
    json::canonical(&value(typed, domain))
}

fn value<T: Typed>(typed: &T, domain: &Domain) -> Value {
    json!({
        "types": { "EIP712Domain": fields(DOMAIN_FIELDS), T::NAME: fields(T::FIELDS) },
        "primaryType": T::NAME,
        "domain": {
            "name": Domain::NAME,
            "version": Domain::VERSION,
            "chainId": domain.chain_id(),
            "verifyingContract": domain.verifying_contract().to_0x(),
        },
        "message": typed.to_message(),
    })
}

fn fields(fields: &[(&str, &str)]) -> Value {
    fields
        .iter()
        .map(|(kind, name)| json!({ "name": name, "type": kind }))
        .collect()
}

/// Reads the typed-data JSON of a struct. Whatever differs in types, domain or
/// message from what [`write`] would write for it is refused.
pub fn read<T: Typed>(bytes: &[u8]) -> Result<(T, Domain), Error> {
    let given: Value = json::parse(WHAT, LIMIT, bytes)?;
    read_value(&given)
}

fn read_value<T: Typed>(given: &Value) -> Result<(T, Domain), Error> {
    let typed = T::from_message(&given["message"])?;
    let domain = read_domain(&given["domain"])?;
    match value(&typed, &domain) == *given {
        true => Ok((typed, domain)),
        false => Err(Error::member(
            WHAT,
            "types",
            "those of the named statement, nothing else",
        )),
    }
}

fn read_domain(domain: &Value) -> Result<Domain, Error> {
    let refuse = |member| Error::member(WHAT, member, "missing or of the wrong form");
    let chain_id = domain["chainId"].as_u64().ok_or(refuse("domain.chainId"))?;
    let contract = domain["verifyingContract"]
        .as_str()
        .ok_or(refuse("domain.verifyingContract"))?;
    let contract: Address = contract
        .parse()
        .map_err(|_| refuse("domain.verifyingContract"))?;
    Ok(Domain::new(chain_id, contract))
}

impl Statement {
    /// The statement as typed-data JSON.
    pub fn to_typed_data(&self, domain: &Domain) -> Vec<u8> {
        each!(self, inner => write(inner, domain))
    }

    /// Reads any statement's typed-data JSON.
    pub fn from_typed_data(bytes: &[u8]) -> Result<(Self, Domain), Error> {
        fn read<T: Typed>(
            given: &Value,
            wrap: fn(T) -> Statement,
        ) -> Result<(Statement, Domain), Error> {
            read_value(given).map(|(typed, domain)| (wrap(typed), domain))
        }
        let given: Value = json::parse(WHAT, LIMIT, bytes)?;
        match given["primaryType"].as_str() {
            Some("Manifest") => read(&given, Self::Manifest),
            Some("RollStatement") => read(&given, Self::RollStatement),
            Some("IssuerRotation") => read(&given, Self::IssuerRotation),
            Some("Close") => read(&given, Self::Close),
            Some("Certified") => read(&given, Self::Certified),
            Some("Cancelled") => read(&given, Self::Cancelled),
            Some("Proposal") => read(&given, Self::Proposal),
            Some("Verdict") => read(&given, Self::Verdict),
            _ => Err(Error::member(
                WHAT,
                "primaryType",
                "a statement of this protocol",
            )),
        }
    }
}

/// How the names of signature files end.
pub const SIGNATURE_SUFFIX: &str = ".signature.json";

/// One officer's signature of one statement, as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFile {
    statement: String,
    digest: Digest,
    signer: Address,
    signature: Signature,
}

impl SignatureFile {
    /// The file for a signature; who signed is recovered from it.
    pub fn new(
        statement: &Statement,
        domain: &Domain,
        signature: Signature,
    ) -> Result<Self, Error> {
        let digest = statement.digest(domain);
        let signer = officers::recover(statement.name(), &digest, &signature)?;
        Ok(Self {
            statement: statement.name().to_owned(),
            digest,
            signer,
            signature,
        })
    }

    /// Reads the JSON file. A signature of 65 bytes, as wallets give them, is taken too.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        json::parse(SIGNATURE_FILE, LIMIT, bytes)
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Who signed, by the file's own word.
    pub fn signer(&self) -> &Address {
        &self.signer
    }

    /// What was signed, by the file's own word.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The name of what was signed, by the file's own word.
    pub fn statement(&self) -> &str {
        &self.statement
    }

    /// The signature, if the file says that it is on this statement: then it has to be.
    pub fn signature_on(
        &self,
        statement: &Statement,
        domain: &Domain,
    ) -> Result<Option<Signature>, Error> {
        match self.digest == statement.digest(domain) {
            true => self.verify(statement, domain).map(Some),
            false => Ok(None),
        }
    }

    /// Checks that the file is about this statement and that the signer signed it.
    pub fn verify(&self, statement: &Statement, domain: &Domain) -> Result<Signature, Error> {
        let what = statement.name();
        if self.statement != what || self.digest != statement.digest(domain) {
            return Err(Error::member(
                SIGNATURE_FILE,
                "digest",
                "that of the statement",
            ));
        }
        match officers::recover(what, &self.digest, &self.signature)? == self.signer {
            true => Ok(self.signature),
            false => Err(Error::Signer { what }),
        }
    }
}
