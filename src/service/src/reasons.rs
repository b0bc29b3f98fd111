//! The one table of refusals: every reason a service of Symbolon gives, its gRPC
//! code, what it means and what the caller does about it.

use tonic::Code;

/// What a portal, or whoever called, does after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try the same request again, after the delay if one is given.
    Retry,
    /// Change the request: it will never pass as it is.
    Fix,
    /// A registrar has to settle it.
    CallRegistrar,
    /// Somebody who runs the service has to act.
    CallOperator,
    /// Nothing: the answer is final.
    Accept,
}

impl Remedy {
    /// One word for the table in the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Fix => "fix",
            Self::CallRegistrar => "call a registrar",
            Self::CallOperator => "call an operator",
            Self::Accept => "accept",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $name:literal $code:ident $remedy:ident $meaning:literal;)*) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
            /// A reason this version doesn't know, or an answer without one.
            Other,
        }

        impl Reason {
            /// Every reason of the table.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable name that travels in `google.rpc.ErrorInfo`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Other => "OTHER" }
            }

            /// The gRPC code that goes with it.
            pub fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)* Self::Other => Code::Unknown }
            }

            /// What the caller does about it.
            pub fn remedy(self) -> Remedy {
                match self { $(Self::$variant => Remedy::$remedy,)* Self::Other => Remedy::CallOperator }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* Self::Other => "The service gave no reason known here." }
            }

            /// The reason of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

reasons! {
    Unauthenticated "UNAUTHENTICATED" Unauthenticated Fix "The connection has no certificate that names a role.";
    PermissionDenied "PERMISSION_DENIED" PermissionDenied Accept "The caller's role may not call this method.";
    UnknownMethod "UNKNOWN_METHOD" Unimplemented Fix "There is no such method or path here.";
    Unsupported "UNSUPPORTED" Unimplemented Fix "The value is reserved and not built.";
    Busy "BUSY" ResourceExhausted Retry "Too much is under way; try again after the delay.";
    BudgetExhausted "BUDGET_EXHAUSTED" ResourceExhausted CallOperator "The caller's budget of distinct people is spent for today.";
    StorageFull "STORAGE_FULL" ResourceExhausted CallOperator "There is no room left to store anything durably.";
    MessageTooLarge "MESSAGE_TOO_LARGE" InvalidArgument Fix "The request is larger than the method takes.";
    DeadlineExceeded "DEADLINE_EXCEEDED" DeadlineExceeded Retry "The request took longer than the method may.";
    Sealed "SEALED" Unavailable CallOperator "The vault is sealed: an officer has to unseal it.";
    NotSealed "NOT_SEALED" FailedPrecondition Accept "The vault is unsealed already.";
    WrongKeyRing "WRONG_KEY_RING" FailedPrecondition CallOperator "The key ring is older than the store, or another installation's.";
    WrongPassphrase "WRONG_PASSPHRASE" InvalidArgument Fix "The passphrase doesn't unseal this vault.";
    WrongShares "WRONG_SHARES" InvalidArgument Fix "The shares together don't unseal this vault: at least one is wrong, and all are forgotten.";
    WrongPin "WRONG_PIN" InvalidArgument Fix "The PIN doesn't unlock the PKCS#11 token; how many tries are left is told if the token tells.";
    TokenFailed "TOKEN_FAILED" FailedPrecondition CallOperator "The PKCS#11 token that unseals this vault is missing, locked, another one, or failed.";
    ShuttingDown "SHUTTING_DOWN" Unavailable Retry "The service is stopping.";
    Unavailable "UNAVAILABLE" Unavailable Retry "Something that the service needs doesn't answer now.";
    Indeterminate "INDETERMINATE" Unavailable Retry "It is unknown whether the change was made; asking again tells.";
    Internal "INTERNAL" Internal CallOperator "The service failed; its log says where.";
    InvalidArgument "INVALID_ARGUMENT" InvalidArgument Fix "A field is malformed.";
    OutOfRange "OUT_OF_RANGE" OutOfRange Fix "A position lies beyond the end.";
    NotFound "NOT_FOUND" NotFound Fix "There is nothing of that name.";
    InvalidAttribute "INVALID_ATTRIBUTE" InvalidArgument Fix "An attribute has no canonical form.";
    IdentityConflict "IDENTITY_CONFLICT" FailedPrecondition CallRegistrar "The attributes point to somebody else, or to several people; a ticket is open.";
    UnknownRegistrationId "UNKNOWN_REGISTRATION_ID" NotFound Fix "No person of this portal has this registration ID.";
    PersonSuspended "PERSON_SUSPENDED" FailedPrecondition Accept "The portal has suspended this person.";
    TokenHeld "TOKEN_HELD" FailedPrecondition Retry "The person holds a token of an election that is open.";
    PortalSuspended "PORTAL_SUSPENDED" FailedPrecondition CallOperator "An officer has suspended this portal.";
    UnknownElectorate "UNKNOWN_ELECTORATE" NotFound Fix "There is no such electorate.";
    ElectorateExists "ELECTORATE_EXISTS" AlreadyExists Fix "An electorate of that name exists already.";
    ElectionForgotten "ELECTION_FORGOTTEN" NotFound Fix "The election's keys are destroyed: nothing more is told of its people.";
    UnknownElection "UNKNOWN_ELECTION" NotFound Fix "There is no such election.";
    NotEligible "NOT_ELIGIBLE" FailedPrecondition Accept "The person isn't on the roll of this election.";
    PlaceTaken "PLACE_TAKEN" AlreadyExists Accept "The place has another ballot key, or the ballot key another place.";
    RequestDoesNotOpen "REQUEST_DOES_NOT_OPEN" InvalidArgument Fix "The sealed request doesn't open for this election.";
    InvalidSignature "INVALID_SIGNATURE" InvalidArgument Fix "A signature isn't well formed or isn't of whom it should be.";
    NotOpen "NOT_OPEN" FailedPrecondition Retry "The election hasn't opened yet.";
    IssuanceStopped "ISSUANCE_STOPPED" FailedPrecondition CallOperator "An officer has stopped the issuing of this election's tokens.";
    ReadBackFirst "READ_BACK_FIRST" FailedPrecondition CallOperator "The election was restored from a backup: its ledger has to be read back first.";
    ElectionClosed "ELECTION_CLOSED" FailedPrecondition Accept "The election has closed.";
    NotClosed "NOT_CLOSED" FailedPrecondition Retry "The election hasn't closed yet.";
    ElectionCancelled "ELECTION_CANCELLED" FailedPrecondition Accept "The election was cancelled.";
    WrongState "WRONG_STATE" FailedPrecondition Fix "The election's state doesn't allow this step.";
    InvalidManifest "INVALID_MANIFEST" InvalidArgument Fix "A value of the manifest isn't allowed.";
    WrongOfficers "WRONG_OFFICERS" FailedPrecondition Fix "Officers or threshold differ from the installation's.";
    TooFewSignatures "TOO_FEW_SIGNATURES" FailedPrecondition Fix "Fewer officers signed than the threshold demands.";
    UnknownProposal "UNKNOWN_PROPOSAL" NotFound Fix "There is no such proposal.";
    InvalidProposal "INVALID_PROPOSAL" InvalidArgument Fix "The proposal's content isn't canonical, or not one that can be done.";
    ProposalExpired "PROPOSAL_EXPIRED" FailedPrecondition Fix "The proposal's time is over.";
    ProposalDecided "PROPOSAL_DECIDED" FailedPrecondition Accept "The proposal was executed or cancelled.";
    UnknownTicket "UNKNOWN_TICKET" NotFound Fix "There is no such ticket.";
    TicketSettled "TICKET_SETTLED" FailedPrecondition Accept "The ticket is settled, and not so.";
    VerdictImpossible "VERDICT_IMPOSSIBLE" FailedPrecondition Fix "The ticket can't be settled so.";
    MergeWaits "MERGE_WAITS" FailedPrecondition Retry "The records hold two tokens of an election that isn't closed.";
    ElectionUnderWay "ELECTION_UNDER_WAY" FailedPrecondition Retry "An election is open or closed and neither certified nor cancelled.";
    RotationUnderWay "ROTATION_UNDER_WAY" FailedPrecondition Retry "A key is being rotated; one at a time.";
    RewrapUnderWay "REWRAP_UNDER_WAY" FailedPrecondition Retry "Another way of unsealing is being introduced; one at a time.";
    NoRewrap "NO_REWRAP" FailedPrecondition Fix "No other way of unsealing waits for this step.";
    StatementDiffers "STATEMENT_DIFFERS" AlreadyExists Accept "Another statement stands in this place already.";
    BatchTooSmall "BATCH_TOO_SMALL" FailedPrecondition Retry "Too few for one batch: a small one would tell who is in it.";
    InvalidToken "INVALID_TOKEN" InvalidArgument Fix "The token isn't one of this election's issuer.";
    NotOnRoll "NOT_ON_ROLL" FailedPrecondition Accept "The voter ID isn't at that place of the roll.";
    NotTheIssuedKey "NOT_THE_ISSUED_KEY" FailedPrecondition Accept "The place was issued to another ballot key.";
    InvalidBallot "INVALID_BALLOT" InvalidArgument Fix "The ballot isn't canonical, or its choice isn't allowed.";
    SequenceTaken "SEQUENCE_TAKEN" AlreadyExists Fix "The place has another ballot of this sequence number.";
    UnknownBallot "UNKNOWN_BALLOT" NotFound Fix "No ballot of this hash was taken here.";
}

/// The table of reasons in Markdown, as the protocol's documentation shows it.
pub fn markdown_table() -> String {
    let mut table = String::from(
        "| reason | gRPC code | HTTP | meaning | what to do |\n|---|---|---|---|---|\n",
    );
    for reason in Reason::ALL {
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            reason.name(),
            code_name(reason.code()),
            reason.http_status().as_u16(),
            reason.meaning(),
            reason.remedy().as_str(),
        ));
    }
    table
}

impl Reason {
    /// The HTTP status of the reason, for services over HTTP/JSON.
    pub fn http_status(self) -> http::StatusCode {
        match self {
            Self::UnknownMethod => http::StatusCode::NOT_FOUND,
            Self::MessageTooLarge => http::StatusCode::PAYLOAD_TOO_LARGE,
            other => http_status(other.code()),
        }
    }
}

/// The HTTP status of a gRPC code, as `google.api` maps them.
pub fn http_status(code: Code) -> http::StatusCode {
    use http::StatusCode as S;
    match code {
        Code::Ok => S::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => S::BAD_REQUEST,
        Code::Unauthenticated => S::UNAUTHORIZED,
        Code::PermissionDenied => S::FORBIDDEN,
        Code::NotFound => S::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => S::CONFLICT,
        Code::ResourceExhausted => S::TOO_MANY_REQUESTS,
        Code::Unimplemented => S::NOT_IMPLEMENTED,
        Code::Unavailable => S::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => S::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            S::INTERNAL_SERVER_ERROR
        }
    }
}

/// The name of a gRPC code as its documentation writes it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_reason() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.name()), Some(*reason));
        }
        assert_eq!(Reason::from_name("OTHER"), None);
    }

    #[test]
    fn names_are_screaming_snake() {
        for reason in Reason::ALL {
            let name = reason.name();
            assert!(
                name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
                "{name}"
            );
        }
    }

    #[test]
    fn the_table_lists_every_reason_once() {
        let table = markdown_table();
        for reason in Reason::ALL {
            assert_eq!(
                table.matches(&format!("| `{}` |", reason.name())).count(),
                1
            );
        }
    }
}
