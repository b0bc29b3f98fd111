//! The portal over HTTP/JSON.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use symbolon_crypto::random;
use symbolon_election::ElectionId;
use symbolon_service::{Refusal, clock, reasons::Reason};

use crate::{
    accounts::{Accounts, RegistrationId},
    page,
    relay::{Relay, find},
    sessions::Sessions,
    simple::Simple,
};

const BODY: usize = 16 << 10;

/// A request's body, or why it didn't come whole.
type Body = Result<Bytes, BytesRejection>;

/// What the handlers work with.
pub(crate) struct Portal {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) relay: Relay,
    pub(crate) simple: Option<Simple>,
}

/// The portal's routes.
pub(crate) fn router(portal: Arc<Portal>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/v1/session", post(sign_in))
        .route("/v1/elections", get(elections))
        .route("/v1/elections/{id}/token", post(token))
        .route("/v1/elections/{id}/simple-vote", post(simple_vote))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(portal)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    request: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vote {
    choices: Vec<Vec<u8>>,
}

async fn index(State(portal): State<Arc<Portal>>) -> Response {
    match portal.relay.offers().await {
        Ok(offers) => Html(page::elections(&offers)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn sign_in(State(portal): State<Arc<Portal>>, body: Body) -> Response {
    let sign_in = || {
        let SignIn { login, password } = parse(body)?;
        let wrong = || Refusal::new(Reason::Unauthenticated).because("login or password is wrong");
        let person = portal
            .accounts
            .sign_in(&login, &password)
            .ok_or_else(wrong)?;
        let session = portal
            .sessions
            .open(person, clock::unix_now(), &mut random::os())?;
        Ok(json!({ "session": session }))
    };
    answer(sign_in())
}

async fn elections(State(portal): State<Arc<Portal>>, headers: HeaderMap) -> Response {
    let elections = async {
        portal.person(&headers)?;
        let offers = portal.relay.offers().await?;
        let elections = offers.iter().map(|offer| {
            json!({
                "election": to_0x(&offer.election.election),
                "manifest": to_0x(&offer.election.manifest),
                "content": to_0x(&offer.election.content),
                "state": offer.election.state,
                "rotations": offer.election.rotations.iter().map(|it| to_0x(it)).collect::<Vec<_>>(),
            })
        });
        Ok(json!({ "elections": elections.collect::<Vec<_>>() }))
    };
    answer(elections.await)
}

async fn token(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let token = async {
        let person = portal.person(&headers)?;
        let Ask { request } = parse(body)?;
        let malformed = || {
            Refusal::new(Reason::InvalidArgument)
                .at("request")
                .because("must be 0x and hexadecimal")
        };
        let digits = request.strip_prefix("0x").ok_or_else(malformed)?;
        let sealed = hex::decode(digits).map_err(|_| malformed())?;
        let token = portal.relay.token(&person, &election(&id)?, sealed).await?;
        Ok(json!({ "token": to_0x(&token) }))
    };
    answer(token.await)
}

async fn simple_vote(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let vote = async {
        let person = portal.person(&headers)?;
        let Vote { choices } = parse(body)?;
        let none = || Refusal::new(Reason::Unsupported).because("this portal has no simple mode");
        let simple = portal.simple.as_ref().ok_or_else(none)?;
        let offers = portal.relay.offers().await?;
        let offer = find(&offers, &election(&id)?)?;
        let now = clock::unix_now();
        let receipt = simple
            .vote(&portal.relay, &person, offer, &choices, now)
            .await?;
        serde_json::to_value(&receipt).map_err(|_| Refusal::new(Reason::Internal))
    };
    answer(vote.await)
}

impl Portal {
    /// Who calls, by the session.
    fn person(&self, headers: &HeaderMap) -> Result<RegistrationId, Refusal> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let secret = bearer
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        self.sessions.person(secret, clock::unix_now())
    }
}

fn election(id: &str) -> Result<ElectionId, Refusal> {
    id.parse()
        .map_err(|_| Refusal::new(Reason::InvalidArgument).at("election"))
}

fn parse<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Reason::MessageTooLarge,
        _ => Reason::InvalidArgument,
    })?;
    serde_json::from_slice(&body).map_err(|_| {
        Refusal::new(Reason::InvalidArgument).because("the body isn't the JSON object of this call")
    })
}

fn to_0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn answer(outcome: Result<Value, Refusal>) -> Response {
    match outcome {
        Ok(value) => Json(value).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
