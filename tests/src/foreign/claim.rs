//! What a case says of its bytes, by kind.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use super::delivery::{IssueRequest, Token};
use super::election::{Ballot, Content, IssuedList, Receipt, Statement};
use super::log::{Checkpoint, Consistency, Inclusion};
use super::signatures::{Signature, TypedData};

/// A kind with its inputs. A kind that isn't here, and inputs that are missing or
/// unknown, are errors of the feed, never a refusal.
#[derive(Deserialize)]
#[serde(tag = "kind", content = "inputs", rename_all = "camelCase")]
pub(super) enum Claim {
    Signature(Signature),
    TypedData(TypedData),
    Statement(Statement),
    Content(Content),
    IssuedList(IssuedList),
    IssueRequest(IssueRequest),
    Token(Token),
    Ballot(Ballot),
    Receipt(Receipt),
    Checkpoint(Checkpoint),
    Inclusion(Inclusion),
    Consistency(Consistency),
}

impl Claim {
    pub(super) fn read(kind: &str, inputs: &Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(json!({ "kind": kind, "inputs": inputs }))
    }

    /// Whether this project's code accepts the bytes as what they are said to be.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Signature(claim) => claim.check(bytes),
            Self::TypedData(claim) => claim.check(bytes),
            Self::Statement(claim) => claim.check(bytes),
            Self::Content(claim) => claim.check(bytes),
            Self::IssuedList(claim) => claim.check(bytes),
            Self::IssueRequest(claim) => claim.check(bytes),
            Self::Token(claim) => claim.check(bytes),
            Self::Ballot(claim) => claim.check(bytes),
            Self::Receipt(claim) => claim.check(bytes),
            Self::Checkpoint(claim) => claim.check(bytes),
            Self::Inclusion(claim) => claim.check(bytes),
            Self::Consistency(claim) => claim.check(bytes),
        }
    }
}
