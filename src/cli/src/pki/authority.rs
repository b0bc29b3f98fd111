use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rand::CryptoRng;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, RevokedCertParams, SanType, SerialNumber, string::Ia5String,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    names::{Name, Role, TrustDomain},
    register::{Issued, Register},
};
use crate::{
    error::Error,
    files::{self, Access},
};

const DAY: u64 = 86_400;
const AUTHORITY_DAYS: u64 = 3_650;
/// A list names every revoked certificate for this long; the authority writes it anew with each change.
const LIST_DAYS: u64 = 3_650;
/// Clocks that go a little behind accept fresh certificates.
const BACKDATED: u64 = 300;

/// A certificate authority whose key and register lie in one folder.
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    register: Register,
    // Held as long as this value lives: two issuers at once would lose each other's entries.
    _lock: File,
}

/// What a certificate shall say.
pub struct Order {
    /// The holder's role.
    pub role: Role,
    /// The holder's name.
    pub name: Name,
    /// Host names and addresses, for a server; a client's certificate where empty.
    pub hosts: Vec<SanType>,
    /// How long it is valid.
    pub days: u64,
    /// Whether key and certificate of an earlier order may be replaced.
    pub renew: bool,
}

impl Order {
    fn is_server(&self) -> bool {
        !self.hosts.is_empty()
    }
}

/// Where a certificate was written.
pub struct Files {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM, readable by its owner alone.
    pub key: PathBuf,
    /// As the register has it.
    pub issued: Issued,
}

impl Authority {
    /// Makes a new authority, and an empty revocation list.
    pub fn create(
        dir: &Path,
        trust_domain: TrustDomain,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        files::refuse_existing(&dir.join("ca.key"))?;
        files::refuse_existing(&dir.join("ca.pem"))?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(broken)?;
        let certificate = authority_params(&trust_domain, now, rng)?
            .self_signed(&key)
            .map_err(broken)?;
        let register = Register {
            trust_domain,
            lists: 0,
            certificates: Vec::new(),
        };
        write_key(&dir.join("ca.key"), &key)?;
        register.save(&dir.join("register.json"))?;
        files::write(
            &dir.join("ca.pem"),
            certificate.pem().as_bytes(),
            Access::Public,
        )?;
        let mut authority = Self::open(dir)?;
        authority.write_list(now)?;
        Ok(authority)
    }

    /// Opens the authority of a folder.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let lock = lock(dir)?;
        let pem = files::read_text(&dir.join("ca.pem"))?;
        let key_file = dir.join("ca.key");
        let key = KeyPair::from_pem(&files::read_text(&key_file)?)
            .map_err(|e| Error::unreadable_file(&key_file, e))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)
            .map_err(|e| Error::unreadable_file(&dir.join("ca.pem"), e))?;
        Ok(Self {
            dir: dir.to_owned(),
            issuer,
            register: Register::load(&dir.join("register.json"))?,
            _lock: lock,
        })
    }

    /// The authority's own certificate.
    pub fn certificate_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The revocation list.
    pub fn list_file(&self) -> PathBuf {
        self.dir.join("crl.pem")
    }

    /// All that was issued.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Makes a key and its certificate, and writes both.
    pub fn issue(
        &mut self,
        order: &Order,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Files, Error> {
        let (certificate, key_file) = self.places(order)?;
        let serial = serial(rng);
        let params = leaf_params(order, &self.register.trust_domain, serial, now)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(broken)?;
        let signed = params.signed_by(&key, &self.issuer).map_err(broken)?;
        let issued = Issued {
            serial: hex::encode(serial),
            role: order.role.clone(),
            name: order.name.clone(),
            server: order.is_server(),
            not_after: now.saturating_add(order.days.saturating_mul(DAY)),
            revoked: None,
        };
        // First the register: a certificate that it does not know could not be revoked.
        self.register.certificates.push(issued.clone());
        self.register.save(&self.dir.join("register.json"))?;
        write_key(&key_file, &key)?;
        files::write(&certificate, signed.pem().as_bytes(), Access::Public)?;
        Ok(Files {
            certificate,
            key: key_file,
            issued,
        })
    }

    /// Where certificate and key of an order go.
    fn places(&self, order: &Order) -> Result<(PathBuf, PathBuf), Error> {
        if !order.is_server() && !order.role.is_client() {
            return Err(Error::usage(
                format!("{} is no role of a client", order.role),
                "Add --server with --dns or --ip.",
            ));
        }
        let kind = if order.is_server() { "-server" } else { "" };
        let stem = format!("{}-{}{kind}", order.role, order.name);
        let certificate = self.dir.join(format!("{stem}.pem"));
        let key = self.dir.join(format!("{stem}.key"));
        if !order.renew {
            files::refuse_existing(&certificate)?;
            files::refuse_existing(&key)?;
        }
        Ok((certificate, key))
    }

    /// Revokes by serial or as `role-name`, and writes the list.
    pub fn revoke(&mut self, which: &str, now: u64) -> Result<Vec<Issued>, Error> {
        let revoked = self.register.revoke(which, now)?;
        self.write_list(now)?;
        Ok(revoked)
    }

    fn write_list(&mut self, now: u64) -> Result<(), Error> {
        self.register.lists += 1;
        let mut revoked_certs = Vec::new();
        for issued in &self.register.certificates {
            if let Some(at) = issued.revoked {
                let serial = hex::decode(&issued.serial)
                    .map_err(|e| Error::unreadable_file(&self.dir.join("register.json"), e))?;
                revoked_certs.push(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&serial),
                    revocation_time: moment(at)?,
                    reason_code: None,
                    invalidity_date: None,
                });
            }
        }
        let list = CertificateRevocationListParams {
            this_update: moment(now.saturating_sub(BACKDATED))?,
            next_update: moment(now.saturating_add(LIST_DAYS * DAY))?,
            crl_number: SerialNumber::from(self.register.lists),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)
        .and_then(|list| list.pem())
        .map_err(broken)?;
        self.register.save(&self.dir.join("register.json"))?;
        files::write(&self.list_file(), list.as_bytes(), Access::Public)
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = files::append_private(&path)?;
    file.lock().map_err(|e| Error::unwritable(&path, e))?;
    Ok(file)
}

fn authority_params(
    trust_domain: &TrustDomain,
    now: u64,
    rng: &mut impl CryptoRng,
) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("{trust_domain} trial authority"));
    params.serial_number = Some(SerialNumber::from_slice(&serial(rng)));
    params.not_before = moment(now.saturating_sub(BACKDATED))?;
    params.not_after = moment(now.saturating_add(AUTHORITY_DAYS * DAY))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(
    order: &Order,
    trust_domain: &TrustDomain,
    serial: [u8; 16],
    now: u64,
) -> Result<CertificateParams, Error> {
    let uri = format!("spiffe://{trust_domain}/{}/{}", order.role, order.name);
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("{} {}", order.role, order.name));
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = moment(now.saturating_sub(BACKDATED))?;
    params.not_after = moment(now.saturating_add(order.days.saturating_mul(DAY)))?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![if order.hosts.is_empty() {
        ExtendedKeyUsagePurpose::ClientAuth
    } else {
        ExtendedKeyUsagePurpose::ServerAuth
    }];
    params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(uri).map_err(broken)?)];
    params.subject_alt_names.extend(order.hosts.iter().cloned());
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn serial(rng: &mut impl CryptoRng) -> [u8; 16] {
    let mut serial = [0; 16];
    rng.fill_bytes(&mut serial);
    // Positive and of full length in DER, whatever was drawn.
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

fn moment(seconds: u64) -> Result<OffsetDateTime, Error> {
    i64::try_from(seconds)
        .ok()
        .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok())
        .ok_or_else(|| {
            Error::usage(
                "the certificate would outlive the calendar",
                "Ask for fewer days.",
            )
        })
}

fn write_key(path: &Path, key: &KeyPair) -> Result<(), Error> {
    let pem = Zeroizing::new(key.serialize_pem());
    files::write(path, pem.as_bytes(), Access::Private)
}

fn broken(error: rcgen::Error) -> Error {
    Error::failed(
        format!("the certificate can't be made: {error}"),
        "Check names and hosts.",
    )
}

#[cfg(test)]
mod tests;
