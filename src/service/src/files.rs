//! Reading configuration, certificates, keys and revocation lists from disk.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use zeroize::Zeroizing;

use crate::Error;

/// More than any certificate, key or configuration has; revocation lists may be larger.
const LARGEST: u64 = 1 << 20;
/// A revocation list of a quarter of a million serials.
const LARGEST_LIST: u64 = 16 << 20;

/// Reads a file of at most 1 MiB.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_at_most(path, LARGEST)
}

/// Reads a file that holds a secret: a regular file that only its owner may read.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    check_permissions(path)?;
    read(path)
}

/// Refuses a secret's file that others may read or write.
#[cfg(unix)]
pub fn check_permissions(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|source| file_error(path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.to_owned();
    Err(Error::Permissions { path, mode })
}

/// Refuses a secret's file that others may read or write.
#[cfg(not(unix))]
pub fn check_permissions(path: &Path) -> Result<(), Error> {
    fs::metadata(path).map_err(|source| file_error(path, source))?;
    Ok(())
}

/// The certificates of a PEM file: at least one.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    sections(path, &read(path)?, "certificate")
}

/// The revocation lists of a PEM file: at least one.
pub(crate) fn revocation_lists(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    sections(path, &read_list(path)?, "revocation list")
}

/// Reads a file of at most 16 MiB: revocation lists grow.
pub(crate) fn read_list(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_at_most(path, LARGEST_LIST)
}

/// The private key of a PEM file that only its owner may read.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let bytes = read_secret(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|e| pem_error(path, "private key", &e))
}

fn sections<T: PemObject>(path: &Path, bytes: &[u8], what: &str) -> Result<Vec<T>, Error> {
    let found: Vec<T> = T::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|e| pem_error(path, what, &e))?;
    if found.is_empty() {
        return Err(pem_error(path, what, &pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn read_at_most(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let fail = |source| file_error(path, source);
    let file = File::open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    // Room for the whole file at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(most) as usize + 1));
    file.take(most + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > most {
        let problem = format!("larger than {most} bytes");
        return Err(fail(std::io::Error::other(problem)));
    }
    Ok(bytes)
}

fn file_error(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::File { path, source }
}

/// What is wrong with a PEM file, without any of its bytes.
fn pem_error(path: &Path, what: &str, error: &pem::Error) -> Error {
    let problem = match error {
        pem::Error::NoItemsFound => format!("holds no {what} in PEM"),
        _ => format!("is not a well-formed {what} in PEM"),
    };
    let path = path.to_owned();
    Error::Pem { path, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, "secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read_secret(&path).unwrap_err();
        assert!(matches!(error, Error::Permissions { mode: 0o640, .. }));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(&path).unwrap().as_slice(), b"secret");
    }

    #[test]
    fn a_file_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        fs::write(&path, vec![0; 17]).unwrap();
        assert!(read_at_most(&path, 16).is_err());
        assert_eq!(read_at_most(&path, 17).unwrap().len(), 17);
    }

    #[test]
    fn errors_about_pem_show_no_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nhunter2!\n").unwrap();
        let text = certificates(&path).unwrap_err().to_string();
        assert!(!text.contains("hunter2"), "{text}");
        fs::write(&path, "nothing").unwrap();
        let text = certificates(&path).unwrap_err().to_string();
        assert!(text.contains("holds no certificate"), "{text}");
    }
}
