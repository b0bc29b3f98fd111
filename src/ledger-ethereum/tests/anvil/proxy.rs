//! What stands between a ledger and its node, and fails as it is told.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing out of the ordinary.
    Pass,
    /// The connection breaks before the node sees it.
    Lost,
    /// The node does it, and the connection breaks before the answer.
    Unanswered,
    /// An error is answered, and the node never sees it.
    Refused,
    /// The node does it, and an error is answered.
    DoneButRefused,
    /// Success is answered, and the node never sees it.
    Lie,
}

/// Chooses a fault for the n-th request of a method, from 1.
pub type Choose = dyn Fn(&str, u64) -> Fault + Send + Sync;

pub fn start(target: String, choose: Box<Choose>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts: Arc<Mutex<HashMap<String, u64>>> = Arc::default();
    let choose: Arc<Choose> = choose.into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (target, counts, choose) = (target.clone(), counts.clone(), choose.clone());
            std::thread::spawn(move || serve(stream, &target, &counts, &*choose));
        }
    });
    url
}

fn serve(
    mut stream: TcpStream,
    target: &str,
    counts: &Mutex<HashMap<String, u64>>,
    choose: &Choose,
) -> Option<()> {
    let request: Value = serde_json::from_slice(&body(&stream)?).ok()?;
    let method = request["method"].as_str()?.to_owned();
    let number = {
        let mut counts = counts.lock().unwrap();
        let number = counts.entry(method.clone()).or_default();
        *number += 1;
        *number
    };
    let fault = choose(&method, number);
    let forward = || -> Option<Vec<u8>> {
        let mut answer = ureq::post(target).send_json(&request).ok()?;
        answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()
            .ok()
    };
    let id = request["id"].clone();
    let error =
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": "internal error"}});
    let answer = match fault {
        Fault::Pass => forward()?,
        Fault::Lost => return None,
        Fault::Unanswered => {
            forward();
            return None;
        }
        Fault::Refused => error.to_string().into_bytes(),
        Fault::DoneButRefused => {
            forward();
            error.to_string().into_bytes()
        }
        Fault::Lie => {
            let hash = format!("0x{}", "ab".repeat(32));
            json!({"jsonrpc": "2.0", "id": id, "result": hash})
                .to_string()
                .into_bytes()
        }
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&answer).ok()
}

fn body(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
