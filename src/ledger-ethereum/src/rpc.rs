//! JSON-RPC over HTTP to the first of several nodes that answers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::EthereumError;
use crate::json::bytes;

const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The most bytes of an answer.
const LIMIT: u64 = 256 << 20;

/// A client of several nodes of one chain. Stays with the one that answered last.
pub struct Rpc {
    endpoints: Vec<String>,
    current: AtomicUsize,
    number: AtomicU64,
    agent: Agent,
}

impl Rpc {
    /// A client of these addresses.
    pub fn new(endpoints: Vec<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT));
        Self {
            endpoints,
            current: AtomicUsize::new(0),
            number: AtomicU64::new(0),
            agent: config.build().into(),
        }
    }

    /// Asks the node that answered last, then the others in turn, and all of them once more: to
    /// ask twice changes nothing, for a transaction is known by its hash.
    pub(crate) fn call(&self, method: &'static str, params: Value) -> Result<Value, EthereumError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut problem = "no endpoint is configured".to_owned();
        for step in 0..2 * self.endpoints.len() {
            let at = (first + step) % self.endpoints.len();
            match self.ask(&self.endpoints[at], method, &params) {
                Ok(answer) => {
                    self.current.store(at, Ordering::Relaxed);
                    return answer;
                }
                Err(reason) => problem = reason,
            }
        }
        Err(EthereumError::Unreachable(problem))
    }

    /// Goes on with the next node: this one answers, but not with what is needed.
    pub(crate) fn turn(&self) {
        let next = self.current.load(Ordering::Relaxed) + 1;
        self.current
            .store(next % self.endpoints.len().max(1), Ordering::Relaxed);
    }

    /// The answer of one node; the outer error where there is none.
    fn ask(
        &self,
        endpoint: &str,
        method: &'static str,
        params: &Value,
    ) -> Result<Result<Value, EthereumError>, String> {
        let id = self.number.fetch_add(1, Ordering::Relaxed);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let text = |error: ureq::Error| error.to_string();
        let mut response = self
            .agent
            .post(endpoint)
            .send_json(&request)
            .map_err(text)?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("status {status}"));
        }
        let body = response.body_mut().with_config().limit(LIMIT);
        let mut answer: Value = body.read_json().map_err(text)?;
        if answer["id"] != id {
            return Err("an answer to something else".to_owned());
        }
        if let Some(error) = answer.get("error") {
            return Ok(Err(refusal(method, error)));
        }
        match answer.get_mut("result") {
            Some(result) => Ok(Ok(result.take())),
            None => Err("neither result nor error".to_owned()),
        }
    }
}

fn refusal(method: &'static str, error: &Value) -> EthereumError {
    EthereumError::Refused {
        method,
        message: error["message"].as_str().unwrap_or_default().to_owned(),
        data: bytes(&error["data"]).unwrap_or_default(),
    }
}
