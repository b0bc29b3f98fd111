//! A chain of one node, for tests and measurements. `ANVIL` names the program: see `tests/ethereum/run`.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

/// Where its tools say that anvil is.
pub const NAMED_BY: &str = "ANVIL";

/// An anvil, ended when it is dropped.
pub struct Anvil {
    process: Child,
    /// Where it answers.
    pub url: String,
}

impl Anvil {
    /// Starts the program that the environment names.
    pub fn start(arguments: &[&str]) -> Self {
        let program = std::env::var(NAMED_BY).expect("ANVIL names anvil: see tests/ethereum/run");
        let mut process = Command::new(program)
            .args(["--port", "0", "--accounts", "1", "--hardfork", "london"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("anvil says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{address}");
            }
        };
        // Whatever else it says is let through.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it something; what it answers.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut answer = ureq::post(&self.url).send_json(request).unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Gives an account more than it can spend.
    pub fn fund(&self, account: &str) {
        let plenty = "0xffffffffffffffffffff";
        self.ask("anvil_setBalance", json!([account, plenty]));
    }

    /// Replaces the last blocks by empty ones.
    pub fn reorganise(&self, depth: u64) {
        self.ask("anvil_reorg", json!([depth, []]));
    }

    /// The number of its newest block.
    pub fn height(&self) -> u64 {
        let answer = self.ask("eth_blockNumber", json!([]));
        let digits = answer.as_str().unwrap().trim_start_matches("0x");
        u64::from_str_radix(digits, 16).unwrap()
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Another way to a node, which can be cut.
pub struct Line {
    /// Where it answers.
    pub url: String,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    /// To the node behind an address.
    pub fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            cut: Arc::default(),
            open: Arc::default(),
        };
        let node = url.trim_start_matches("http://").to_owned();
        let (cut, open) = (Arc::clone(&line.cut), Arc::clone(&line.open));
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                // A node that is gone takes no connection: the caller sees it closed at once.
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(node) = TcpStream::connect(&node) else {
                    continue;
                };
                let clone = |stream: &TcpStream| stream.try_clone().unwrap();
                open.lock().unwrap().extend([clone(&caller), clone(&node)]);
                let (back_from, back_to) = (clone(&node), clone(&caller));
                std::thread::spawn(move || pump(caller, node));
                std::thread::spawn(move || pump(back_from, back_to));
            }
        });
        line
    }

    /// Everything passes again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    /// Nothing passes any more.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = from.set_read_timeout(Some(Duration::from_secs(600)));
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
