//! What everybody may call.

use axum::http::Method;
use symbolon_service::roles::{Role, RoleTable, Row, health};

const PUBLIC: &[Role] = &[Role::Public];

/// The role table of every listener.
pub fn table() -> RoleTable {
    let rows = [
        Row::http(Method::GET, "/", PUBLIC),
        Row::http(Method::POST, "/v1/session", PUBLIC),
        Row::http(Method::GET, "/v1/elections", PUBLIC),
        Row::http(Method::POST, "/v1/elections/{id}/token", PUBLIC),
        Row::http(Method::POST, "/v1/elections/{id}/simple-vote", PUBLIC),
    ];
    RoleTable::new(rows.into_iter().chain(health(PUBLIC)))
}
