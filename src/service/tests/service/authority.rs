//! A certificate authority for tests, and every kind of certificate a caller may try.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SanType, SerialNumber,
};

/// A certificate chain and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

/// An authority.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// The URI name of a caller in the tests' trust domain.
pub(crate) fn uri(rest: &str) -> String {
    format!("spiffe://city.example/{rest}")
}

/// Parameters of a caller's certificate with these URI names.
pub(crate) fn caller(uris: &[&str], serial: u8) -> CertificateParams {
    let mut params = leaf(serial);
    params.subject_alt_names = uris
        .iter()
        .map(|uri| SanType::URI((*uri).try_into().unwrap()))
        .collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn leaf(serial: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&[0x11, serial]));
    params.distinguished_name.push(DnType::CommonName, "portal");
    params.use_authority_key_identifier_extension = true;
    params
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A caller of this role and name.
    pub(crate) fn caller(&self, rest: &str, serial: u8) -> Identity {
        self.issue(&caller(&[&uri(rest)], serial))
    }

    /// A good caller's certificate in every field, serial and issuer's name among them, under
    /// a key of its own and with no signature but that key's.
    pub(crate) fn imitation(&self, rest: &str, serial: u8) -> Identity {
        let mut params = caller(&[&uri(rest)], serial);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "city");
        params.use_authority_key_identifier_extension = false;
        let key = KeyPair::generate().unwrap();
        Identity {
            chain: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// A server on loopback.
    pub(crate) fn server(&self, serial: u8) -> Identity {
        let mut params = leaf(serial);
        params.subject_alt_names = vec![
            SanType::IpAddress("127.0.0.1".parse().unwrap()),
            SanType::DnsName("localhost".try_into().unwrap()),
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    /// A caller whose certificate another caller's certificate issued.
    pub(crate) fn caller_of_a_caller(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut middle = caller(&[&uri("portal/middle")], 90);
        middle.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let middle = CertifiedIssuer::signed_by(middle, key, &self.issuer).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = caller(&[&uri("officer/forged")], 91);
        let forged = params.signed_by(&key, &middle).unwrap();
        Identity {
            chain: format!("{}{}", forged.pem(), middle.pem()),
            key: key.serialize_pem(),
        }
    }

    /// A revocation list of these serials.
    pub(crate) fn list(&self, serials: &[u8]) -> String {
        let now = SystemTime::now();
        let revoked = |serial: &u8| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[0x11, *serial]),
            revocation_time: now.into(),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: (now - Duration::from_secs(60)).into(),
            next_update: (now + Duration::from_secs(3600)).into(),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}
