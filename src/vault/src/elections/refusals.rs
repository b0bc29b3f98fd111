use symbolon_election::Error as Public;
use symbolon_service::{Refusal, reasons::Reason};

use crate::Error;

/// What a caller is told of a statement or file that was refused.
pub(crate) fn refuse(error: Public) -> Error {
    let reason = match &error {
        Public::TooFewSignatures { .. } => Reason::TooFewSignatures,
        Public::Signature { .. } | Public::Signer { .. } | Public::SignatureOrder { .. } => {
            Reason::InvalidSignature
        }
        Public::NotTrusted(_) => Reason::WrongOfficers,
        Public::NotBuilt { .. } => Reason::Unsupported,
        Public::Field {
            statement: "Manifest",
            ..
        } => Reason::InvalidManifest,
        _ => Reason::InvalidArgument,
    };
    let refusal = Refusal::new(reason).because(error.to_string());
    match error {
        Public::Field { field, .. } | Public::NotBuilt { field, .. } => refusal.at(field),
        Public::Member { member, .. } => refusal.at(member),
        _ => refusal,
    }
    .into()
}
