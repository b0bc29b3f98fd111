//! Revocation lists, checked as a whole before they are used: a list that nobody
//! listed here signed would otherwise shut every caller out.

use std::path::Path;

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::{Error, files};

/// The lists of a PEM file, each well formed and signed by one of the authorities.
pub(super) fn load(
    path: &Path,
    authorities: &[CertificateDer<'_>],
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let lists = files::revocation_lists(path)?;
    for list in &lists {
        check(list, authorities).map_err(|problem| Error::Pem {
            path: path.to_owned(),
            problem: problem.to_owned(),
        })?;
    }
    Ok(lists)
}

fn check(
    list: &CertificateRevocationListDer<'_>,
    authorities: &[CertificateDer<'_>],
) -> Result<(), &'static str> {
    let malformed = "holds a malformed revocation list";
    let (rest, list) = CertificateRevocationList::from_der(list).map_err(|_| malformed)?;
    if !rest.is_empty() {
        return Err(malformed);
    }
    let signed = authorities.iter().any(|authority| {
        X509Certificate::from_der(authority).is_ok_and(|(_, authority)| {
            authority.subject() == list.issuer()
                && list.verify_signature(authority.public_key()).is_ok()
        })
    });
    match signed {
        true => Ok(()),
        false => Err("holds a revocation list that no authority of client_ca signed"),
    }
}
