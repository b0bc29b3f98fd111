use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use symbolon_election::EntryHash;
use symbolon_service::{Refusal, reasons::Reason};

use super::{BODY, Gateway};
use crate::book::Election;

/// The HTTP/JSON form of the service.
pub(super) fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/v1/ballots", post(cast).options(preflight))
        .route("/v1/ballots/{entry}", get(standing))
        .route("/v1/elections", get(elections))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(gateway)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cast {
    entry: String,
}

async fn cast(State(gateway): State<Gateway>, body: Result<Bytes, BytesRejection>) -> Response {
    let cast = async {
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Reason::MessageTooLarge,
            _ => Reason::InvalidArgument,
        })?;
        let malformed = |why| {
            Refusal::new(Reason::InvalidArgument)
                .at("entry")
                .because(why)
        };
        let Cast { entry } =
            serde_json::from_slice(&body).map_err(|_| malformed("must be {\"entry\": \"0x…\"}"))?;
        let digits = entry
            .strip_prefix("0x")
            .ok_or_else(|| malformed("must begin with 0x"))?;
        let entry = hex::decode(digits).map_err(|_| malformed("must be hexadecimal"))?;
        let (hash, receipt) = gateway.intake.cast(&entry).await?;
        Ok(json!({
            "entryHash": hash,
            "receipt": {
                "election": receipt.election,
                "ballotDigest": receipt.ballot_digest,
                "includeBy": receipt.include_by,
                "signature": receipt.signature,
            },
        }))
    };
    answer(cast.await)
}

async fn standing(State(gateway): State<Gateway>, Path(hash): Path<String>) -> Response {
    let standing = async {
        let hash: EntryHash = hash
            .parse()
            .map_err(|_| Refusal::new(Reason::InvalidArgument).at("entryHash"))?;
        let standing = gateway.standing(&hash).await?;
        let mut answer = json!({ "state": standing.state.as_str_name() });
        if let Some(place) = standing.place {
            answer["index"] = place.index.into();
            if let Some(inclusion) = place.proof {
                let hashes = inclusion.proof.iter();
                answer["proof"] = hashes.map(|hash| format!("0x{hash}")).collect();
                answer["checkpoint"] = inclusion.checkpoint.to_text().into();
            }
        }
        Ok(answer)
    };
    answer(standing.await)
}

async fn elections(State(gateway): State<Gateway>) -> Response {
    let elections: Vec<Value> = gateway
        .elections()
        .iter()
        .map(|(id, election)| {
            json!({
                "election": id,
                "manifest": format!("0x{}", hex::encode(&election.entry)),
                "content": format!("0x{}", hex::encode(&election.content)),
                "rotations": rotations(election),
            })
        })
        .collect();
    answer(Ok(json!({ "elections": elections })))
}

fn rotations(election: &Election) -> Vec<String> {
    let entries = election.rotations.iter();
    entries
        .map(|entry| format!("0x{}", hex::encode(entry)))
        .collect()
}

/// Browsers ask before they post JSON.
async fn preflight() -> Response {
    let mut response = open(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type"),
    );
    response
}

fn answer(outcome: Result<Value, crate::Error>) -> Response {
    open(match outcome {
        Ok(value) => Json(value).into_response(),
        Err(error) => Refusal::from(error).into_response(),
    })
}

/// Pages of any origin may read the answer.
fn open(mut response: Response) -> Response {
    let any = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    response
}
