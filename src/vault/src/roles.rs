//! Who may call what: the vault's part of the role × method matrix.

use symbolon_service::roles::{Role, Row, health, reflection};

/// Every role that has a certificate.
const ANYBODY: &[Role] = &[
    Role::Portal,
    Role::Gateway,
    Role::Organiser,
    Role::Officer,
    Role::Registrar,
    Role::Auditor,
];
const PORTAL: &[Role] = &[Role::Portal];
const GATEWAY: &[Role] = &[Role::Gateway];
const OFFICER: &[Role] = &[Role::Officer];
const ORGANISERS: &[Role] = &[Role::Organiser, Role::Officer];
const REGISTRARS: &[Role] = &[Role::Registrar, Role::Officer];
const SIGNERS: &[Role] = &[Role::Organiser, Role::Officer, Role::Registrar];
const AUDITOR: &[Role] = &[Role::Auditor];
const WATCHERS: &[Role] = &[Role::Officer, Role::Auditor];

/// The largest draft: a content file in many languages.
pub(crate) const DRAFT_BYTES: u32 = 2 << 20;
/// Seconds that a call may take which goes over everybody.
const LONG: u64 = 3600;

/// A service that a listener can be configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceName {
    /// `symbolon.registration.v1`: registration and electorates.
    Registration,
    /// `symbolon.issuance.v1`.
    Issuance,
    /// `symbolon.validation.v1`.
    Validation,
    /// `symbolon.admin.v1`: seal, elections, conflicts, keys, halts and proposals.
    Admin,
    /// `symbolon.audit.v1`.
    Audit,
    /// The standard reflection service.
    Reflection,
}

impl ServiceName {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Registration,
        Self::Issuance,
        Self::Validation,
        Self::Admin,
        Self::Audit,
        Self::Reflection,
    ];

    /// The name in a listener's `services`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Issuance => "issuance",
            Self::Validation => "validation",
            Self::Admin => "admin",
            Self::Audit => "audit",
            Self::Reflection => "reflection",
        }
    }

    /// The service of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str() == name)
    }

    /// The methods of the service and who may call them.
    pub fn rows(self) -> Vec<Row> {
        match self {
            Self::Registration => REGISTRATION.to_vec(),
            Self::Issuance => ISSUANCE.to_vec(),
            Self::Validation => VALIDATION.to_vec(),
            Self::Admin => ADMIN.to_vec(),
            Self::Audit => AUDIT.to_vec(),
            Self::Reflection => reflection(ANYBODY).to_vec(),
        }
    }
}

/// The methods that every listener offers.
pub fn always() -> Vec<Row> {
    health(ANYBODY).to_vec()
}

/// Whether a sealed vault answers a method: seal status, unsealing and health.
pub fn answers_sealed(path: &str) -> bool {
    let seal = [
        "/symbolon.admin.v1.Seal/GetSealStatus",
        "/symbolon.admin.v1.Seal/Unseal",
        "/symbolon.admin.v1.Seal/CancelUnsealing",
    ];
    seal.contains(&path) || health(ANYBODY).iter().any(|row| row.path() == path)
}

const REGISTRATION: &[Row] = &[
    Row::call(
        "/symbolon.registration.v1.Registration/RegisterPerson",
        PORTAL,
    ),
    Row::stream(
        "/symbolon.registration.v1.Registration/RegisterPeople",
        PORTAL,
    ),
    Row::call("/symbolon.registration.v1.Registration/CheckPerson", PORTAL),
    Row::call("/symbolon.registration.v1.Registration/GetSchema", PORTAL),
    Row::call("/symbolon.registration.v1.Registration/AmendPerson", PORTAL),
    Row::call(
        "/symbolon.registration.v1.Registration/SuspendPerson",
        PORTAL,
    ),
    Row::call(
        "/symbolon.registration.v1.Registration/ResumePerson",
        PORTAL,
    ),
    Row::call("/symbolon.registration.v1.Registration/ErasePerson", PORTAL),
    Row::call(
        "/symbolon.registration.v1.Electorates/CreateElectorate",
        PORTAL,
    ),
    Row::stream(
        "/symbolon.registration.v1.Electorates/AddToElectorate",
        PORTAL,
    ),
    Row::call(
        "/symbolon.registration.v1.Electorates/ListElectorates",
        PORTAL,
    ),
];

const ISSUANCE: &[Row] = &[
    Row::call("/symbolon.issuance.v1.Issuance/ListElections", PORTAL),
    Row::call("/symbolon.issuance.v1.Issuance/IssueToken", PORTAL),
    Row::call("/symbolon.issuance.v1.Issuance/IssueTokens", PORTAL),
    Row::call("/symbolon.issuance.v1.Issuance/GetParticipation", PORTAL),
];

const VALIDATION: &[Row] = &[
    Row::call("/symbolon.validation.v1.Validation/ValidateToken", GATEWAY),
    Row::call("/symbolon.validation.v1.Validation/GetStatements", GATEWAY),
    Row::stream(
        "/symbolon.validation.v1.Validation/WatchStatements",
        GATEWAY,
    ),
    Row::stream("/symbolon.validation.v1.Validation/GetRoll", GATEWAY),
    Row::stream("/symbolon.validation.v1.Validation/GetContent", GATEWAY),
];

const ADMIN: &[Row] = &[
    Row::call("/symbolon.admin.v1.Seal/GetSealStatus", ANYBODY),
    Row::call("/symbolon.admin.v1.Seal/Unseal", OFFICER),
    Row::call("/symbolon.admin.v1.Seal/CancelUnsealing", OFFICER),
    Row::call("/symbolon.admin.v1.Seal/SealVault", OFFICER),
    Row::call("/symbolon.admin.v1.Elections/DraftElection", ORGANISERS)
        .of_bytes(DRAFT_BYTES)
        .of_seconds(LONG),
    Row::call("/symbolon.admin.v1.Elections/GetElection", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/ListElections", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/OpenElection", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/DraftRollAddition", ORGANISERS).of_seconds(LONG),
    Row::call("/symbolon.admin.v1.Elections/ExtendRoll", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/PrepareRotation", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/RotateIssuer", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/PrepareClose", ORGANISERS).of_seconds(LONG),
    Row::call("/symbolon.admin.v1.Elections/CloseElection", ORGANISERS).of_seconds(LONG),
    Row::call("/symbolon.admin.v1.Elections/CertifyElection", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/CancelElection", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/GetStatements", ORGANISERS),
    Row::stream("/symbolon.admin.v1.Elections/GetRoll", ORGANISERS),
    Row::stream("/symbolon.admin.v1.Elections/GetContent", ORGANISERS),
    Row::call("/symbolon.admin.v1.Elections/GetTrustFile", SIGNERS),
    Row::call("/symbolon.admin.v1.Conflicts/ListConflicts", REGISTRARS),
    Row::call("/symbolon.admin.v1.Conflicts/GetConflict", REGISTRARS),
    Row::call("/symbolon.admin.v1.Conflicts/SignVerdict", REGISTRARS),
    Row::call("/symbolon.admin.v1.Keys/ListKeys", WATCHERS),
    Row::stream("/symbolon.admin.v1.Keys/WatchRotation", WATCHERS),
    Row::call("/symbolon.admin.v1.Rewraps/GetRewrap", WATCHERS),
    Row::call("/symbolon.admin.v1.Rewraps/BeginRewrap", OFFICER),
    Row::call("/symbolon.admin.v1.Rewraps/CollectShare", OFFICER),
    Row::call("/symbolon.admin.v1.Rewraps/ProveRewrap", OFFICER),
    Row::call("/symbolon.admin.v1.Rewraps/CancelRewrap", OFFICER),
    Row::call("/symbolon.admin.v1.Backups/GetBackups", WATCHERS),
    Row::call("/symbolon.admin.v1.Backups/ReadBack", OFFICER),
    Row::call("/symbolon.admin.v1.Halts/StopIssuance", OFFICER),
    Row::call("/symbolon.admin.v1.Halts/SuspendPortal", OFFICER),
    Row::call("/symbolon.admin.v1.Halts/RevokeCertificate", OFFICER),
    Row::call("/symbolon.admin.v1.Halts/ListHalts", OFFICER),
    Row::call("/symbolon.admin.v1.Erasures/ListErasures", OFFICER),
    Row::call("/symbolon.admin.v1.Proposals/SubmitProposal", OFFICER),
    Row::call("/symbolon.admin.v1.Proposals/SignProposal", OFFICER),
    Row::call("/symbolon.admin.v1.Proposals/CancelProposal", OFFICER),
    Row::call("/symbolon.admin.v1.Proposals/GetProposal", OFFICER),
    Row::call("/symbolon.admin.v1.Proposals/ListProposals", OFFICER),
];

const AUDIT: &[Row] = &[
    Row::call("/symbolon.audit.v1.Audit/GetCheckpoint", AUDITOR),
    Row::call("/symbolon.audit.v1.Audit/GetLeaves", AUDITOR),
    Row::call("/symbolon.audit.v1.Audit/GetInclusionProof", AUDITOR),
    Row::call("/symbolon.audit.v1.Audit/GetConsistencyProof", AUDITOR),
];

#[cfg(test)]
mod tests {
    use symbolon_service::{matrix, roles::RoleTable};

    use super::*;

    fn all_rows() -> Vec<Row> {
        let services = ServiceName::ALL.into_iter().flat_map(ServiceName::rows);
        services.chain(always()).collect()
    }

    #[test]
    fn every_method_of_the_protocol_has_a_row_and_every_row_a_method() {
        let sets = [
            symbolon_api_closed::FILE_DESCRIPTOR_SET,
            symbolon_api_public::FILE_DESCRIPTOR_SET,
        ];
        let mut mismatch = matrix::compare(&all_rows(), &sets).unwrap();
        // The gateway's own service: no vault offers it.
        mismatch
            .unlisted
            .retain(|path| !path.starts_with("/symbolon.ballots.v1."));
        assert!(mismatch.is_empty(), "{mismatch:?}");
    }

    #[test]
    fn no_row_admits_the_public() {
        assert!(
            all_rows()
                .iter()
                .all(|row| !row.roles().contains(&Role::Public))
        );
    }

    #[test]
    fn a_gateway_may_call_validation_seal_status_and_the_standard_services_only() {
        let table = RoleTable::new(all_rows());
        let admitted = table
            .rows()
            .into_iter()
            .filter(|row| row.roles().contains(&Role::Gateway));
        let known = [
            "/symbolon.validation.v1.",
            "/symbolon.admin.v1.Seal/GetSealStatus",
            "/grpc.",
        ];
        for row in admitted {
            assert!(
                known.iter().any(|start| row.path().starts_with(start)),
                "{}",
                row.path()
            );
        }
    }
}
