//! Statements on their way to officers and back: typed-data files, signature files, ledger entries.

use std::path::{Path, PathBuf};

use symbolon_election::{
    Domain, Entry, Signature, SignatureFile, Statement, TrustFile, officers,
    typed_data::SIGNATURE_SUFFIX,
};

use crate::{
    error::Error,
    files::{self, Access},
};

/// Reads a trust file.
pub fn read_trust(path: &Path) -> Result<TrustFile, Error> {
    TrustFile::parse(&files::read(path)?).map_err(|e| Error::unreadable_file(path, e))
}

/// Reads a statement's typed data.
pub fn read_statement(path: &Path) -> Result<(Statement, Domain), Error> {
    Statement::from_typed_data(&files::read(path)?).map_err(|e| Error::unreadable_file(path, e))
}

/// Writes a statement's typed data.
pub fn write_statement(path: &Path, statement: &Statement, domain: &Domain) -> Result<(), Error> {
    files::write(path, &statement.to_typed_data(domain), Access::Public)
}

/// Writes a signature beside its statement; the name says who signed what.
pub fn write_signature(
    statement: &Path,
    folder: Option<&Path>,
    signature: &SignatureFile,
) -> Result<PathBuf, Error> {
    let stem = statement.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}.{}{SIGNATURE_SUFFIX}", signature.signer());
    let path = match folder {
        Some(folder) => folder.join(name),
        None => statement.with_file_name(name),
    };
    files::write(&path, &signature.to_json(), Access::Public)?;
    Ok(path)
}

/// The signature files of a folder, by name.
pub fn signature_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::unreadable_file(folder, e))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Error::unreadable_file(folder, e))?.path();
        if path.to_string_lossy().ends_with(SIGNATURE_SUFFIX) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Those of the files' signatures that are on a statement.
///
/// A wrong signature on it is an error.
pub fn signatures_on(
    statement: &Statement,
    domain: &Domain,
    files: &[PathBuf],
) -> Result<Vec<Signature>, Error> {
    let mut signatures = Vec::new();
    for path in files {
        let unreadable = |e| Error::unreadable_file(path, e);
        let file = SignatureFile::parse(&files::read(path)?).map_err(unreadable)?;
        signatures.extend(file.signature_on(statement, domain).map_err(unreadable)?);
    }
    Ok(signatures)
}

/// The ledger entry of a statement with those of the files' signatures that are on it, in ascending order.
pub fn assemble(statement: Statement, domain: &Domain, files: &[PathBuf]) -> Result<Entry, Error> {
    let digest = statement.digest(domain);
    let signatures = signatures_on(&statement, domain, files)?;
    let signatures = officers::arrange(statement.name(), &digest, &signatures).map_err(unsigned)?;
    Entry::from_statement(statement, signatures).map_err(unsigned)
}

/// Too few signatures, or of the wrong people.
pub fn unsigned(error: symbolon_election::Error) -> Error {
    Error::failed(
        error.to_string(),
        "Collect the signature files of enough officers in the statement's folder: `symbolon officer sign`.",
    )
}

/// A folder's statement that waits for its first signature.
pub fn signed_by_nobody(file: &str) -> Error {
    Error::failed(
        "nobody has signed it yet",
        format!("Sign it: symbolon officer sign --key FILE FOLDER/{file}"),
    )
}

/// A statement out of an entry that nobody has signed yet.
pub fn draft_of(entry: &[u8]) -> Result<Statement, Error> {
    let wrong = |problem: &dyn std::fmt::Display| Error::unreadable("the vault's draft", problem);
    let entry = Entry::decode(entry).map_err(|e| wrong(&e))?;
    let (statement, _) = entry.statement().ok_or_else(|| wrong(&"a ballot"))?;
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use symbolon_crypto::{ecdsa::SigningKey, random};
    use symbolon_election::{Cancelled, ElectionId};

    use super::*;

    #[test]
    fn signatures_are_collected_in_ascending_order_and_others_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let domain = Domain::for_log("log.example/1");
        let cancelled = |n| {
            Statement::Cancelled(Cancelled {
                election: ElectionId::new([n; 32]),
            })
        };
        let path = dir.path().join("cancelled.json");
        let mut keys: Vec<_> = (0..3)
            .map(|_| SigningKey::random(&mut random::os()))
            .collect();
        for key in &keys {
            for (n, name) in [(1, "cancelled.json"), (2, "other.json")] {
                let signature = key.sign(cancelled(n).digest(&domain).as_bytes());
                let file = SignatureFile::new(&cancelled(n), &domain, signature).unwrap();
                write_signature(&dir.path().join(name), None, &file).unwrap();
            }
        }
        write_statement(&path, &cancelled(1), &domain).unwrap();
        let (read, domain) = read_statement(&path).unwrap();
        let files = signature_files(dir.path()).unwrap();
        assert_eq!(files.len(), 6);
        let entry = assemble(read, &domain, &files).unwrap();
        let (_, signatures) = entry.statement().unwrap();
        keys.sort_by_key(SigningKey::address);
        let officers: Vec<_> = keys.iter().map(SigningKey::address).collect();
        let digest = cancelled(1).digest(&domain);
        assert_eq!(
            officers::verify("Cancelled", &digest, signatures, &officers, 3).unwrap(),
            officers
        );
    }
}
