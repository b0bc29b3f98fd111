//! `IssueToken` and `ValidateToken`: the server's CPU beside the sum of what they must do.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use symbolon_api_closed::issuance::issuance_client::IssuanceClient;
use symbolon_api_public::validation::{ValidateTokenRequest, validation_client::ValidationClient};
use symbolon_tests::house::Plan;
use tonic::{Status, transport::Channel};

use crate::{
    city::{City, Voters},
    commits,
    echo::empty_call,
    load::{Load, Measured, Until},
    parts::Parts,
    profile, raw,
    row::{Aim, Bench, Series},
};

const BOUND: f64 = 1.25;

pub(crate) fn run(bench: &mut Bench) {
    let voters = bench.size(20_000, 3_000);
    let mut city = City::found(Plan {
        concurrent_calls: 64,
        cache_mib: 256,
        ..Plan::default()
    });
    city.fill(10 * voters as u64, voters);
    let mut issue = Series::new("IssueToken", "µs CPU", ISSUE, Aim::AtMost(BOUND));
    let mut validate = Series::new("ValidateToken", "µs CPU", VALIDATE, Aim::AtMost(BOUND));
    issue.note(format!(
        "people filled in below the stretch: {}",
        10 * voters
    ));
    let mut parts = Vec::new();
    for _ in 0..bench.repetitions() {
        let manifest = city.open_election();
        let asking = Arc::new(city.voters(manifest, &city.some));
        let time = Until::Time(Duration::from_secs(bench.size(5, 2)));
        let usual = Load::usual(city.profile("portal-main"), time);
        let empty = || usual.run(city.vault(), empty_call);
        let empty = profile::during("empty call", empty, Measured::rate);
        let validating = Parts::new([
            ("empty call", empty.server_micros),
            ("recovery", raw::recovery(bench.size(20_000, 5_000))),
        ]);
        let validating_sum = validating.sum();
        let issuing = validating.and([
            ("signature", raw::signature(bench.size(15_000, 4_000))),
            ("HPKE", raw::hpke(bench.size(5_000, 1_500))),
            (
                "commit",
                commits::issuance_micros(bench.size(16_384, 4_096)),
            ),
        ]);
        let (issued, tokens) = issue_all(&city, &asking);
        issue.push(issued, issuing.sum());
        parts.push(issuing);
        let asked = (0..voters).map(|voter| asking.validation(voter, tokens[voter].get().unwrap()));
        let asked: Arc<[ValidateTokenRequest]> = asked.collect();
        let usual = Load::usual(city.profile("gateway-main"), time);
        let caller = |channel| validate_token(channel, Arc::clone(&asked));
        let validate_all = || usual.run(city.vault(), caller);
        let validated = profile::during("ValidateToken", validate_all, Measured::rate);
        validate.push(validated.server_micros, validating_sum);
    }
    issue.note(Parts::told(&parts));
    bench.row(issue);
    bench.row(validate);
}

const ISSUE: &str = "an empty call, a recovery, a signature, HPKE open and seal, a change in the store's group commit";
const VALIDATE: &str = "an empty call and a recovery";

type Tokens = Arc<[OnceLock<Vec<u8>>]>;

/// Issues a first token to each; CPU of the server, and the sealed tokens.
fn issue_all(city: &City, asking: &Arc<Voters>) -> (f64, Tokens) {
    let tokens: Tokens = asking.requests.iter().map(|_| OnceLock::new()).collect();
    let calls = Until::Calls(asking.requests.len() as u64);
    let load = Load::usual(city.profile("portal-main"), calls);
    let caller = |channel| issue_token(channel, Arc::clone(asking), Some(Arc::clone(&tokens)));
    let issue_all = || load.run(city.vault(), caller);
    let measured = profile::during("IssueToken", issue_all, Measured::rate);
    (measured.server_micros, tokens)
}

/// Asks for the tokens of the voters, one after the other and around again.
pub(crate) fn issue_token(
    channel: Channel,
    asking: Arc<Voters>,
    tokens: Option<Tokens>,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let client = IssuanceClient::new(channel);
    async move |number| {
        let voter = number as usize % asking.requests.len();
        let issued = client
            .clone()
            .issue_token(asking.requests[voter].clone())
            .await?;
        if let Some(tokens) = &tokens {
            let _ = tokens[voter].set(issued.into_inner().sealed_token);
        }
        Ok(())
    }
}

/// Validates tokens, one after the other and around again.
pub(crate) fn validate_token(
    channel: Channel,
    asked: Arc<[ValidateTokenRequest]>,
) -> impl AsyncFn(u64) -> Result<(), Status> + 'static {
    let client = ValidationClient::new(channel);
    async move |number| {
        let request = asked[number as usize % asked.len()].clone();
        client.clone().validate_token(request).await.map(drop)
    }
}
