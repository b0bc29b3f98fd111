//! Who may call what: everybody, and nothing but this.

use axum::http::Method;
use symbolon_service::roles::{Role, RoleTable, Row, health};

const PUBLIC: &[Role] = &[Role::Public];

/// The role table of every listener.
pub fn table() -> RoleTable {
    RoleTable::new(rows())
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::call("/symbolon.ballots.v1.Ballots/CastBallot", PUBLIC),
        Row::call("/symbolon.ballots.v1.Ballots/GetBallotStatus", PUBLIC),
        Row::call("/symbolon.ballots.v1.Ballots/ListElections", PUBLIC),
        Row::http(Method::POST, "/v1/ballots", PUBLIC),
        Row::http(Method::OPTIONS, "/v1/ballots", PUBLIC),
        Row::http(Method::GET, "/v1/ballots/{entry}", PUBLIC),
        Row::http(Method::GET, "/v1/elections", PUBLIC),
        Row::http(Method::GET, "/log/{*path}", PUBLIC),
        Row::http(Method::HEAD, "/log/{*path}", PUBLIC),
    ];
    rows.extend(health(PUBLIC));
    rows
}

#[cfg(test)]
mod tests {
    use symbolon_service::matrix;

    use super::*;

    #[test]
    fn every_method_of_the_ballots_service_has_a_row_and_every_row_a_method() {
        let sets = [symbolon_api_public::FILE_DESCRIPTOR_SET];
        let mut mismatch = matrix::compare(&rows(), &sets).unwrap();
        // The vault's service: a gateway calls it and never offers it.
        mismatch
            .unlisted
            .retain(|path| !path.starts_with("/symbolon.validation.v1."));
        assert!(mismatch.is_empty(), "{mismatch:?}");
    }
}
