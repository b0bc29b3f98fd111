//! What the cores do while a load runs: samples of perf, by thread and kind of work.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::cores;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Below this share of the cores a line stands under `other`.
const LEAST: f64 = 0.4;

/// What a symbol is counted as; the first that fits.
const KINDS: &[(&str, &[&str])] = &[
    ("secp256k1", &["secp256k1"]),
    ("Argon2", &["argon2"]),
    ("X25519", &["x25519", "curve25519"]),
    ("Keccak", &["keccak"]),
    ("SHA-256", &["sha2::", "sha256", "hmac", "hkdf"]),
    ("TLS", &["rustls", "ring_core", "ring::", "gcm", "aes"]),
    ("database", &["sled::", "crc32", "fxhash", "pagecache"]),
    ("store", &["symbolon_store", "symbolon_tlog"]),
    (
        "HTTP",
        &[
            "h2::", "hyper", "tonic", "http::", "tower", "axum", "httparse", "matchit",
        ],
    ),
    ("messages", &["prost", "symbolon_api", "serde_json"]),
    ("tokio", &["tokio", "mio::", "futures"]),
    (
        "allocator",
        &[
            "malloc",
            "free",
            "calloc",
            "realloc",
            "_int_",
            "alloc::alloc",
        ],
    ),
    ("copies", &["memcpy", "memmove", "memset", "memcmp"]),
    ("own code", &["symbolon"]),
];

/// Every load is sampled from now on; what comes out goes to this folder.
pub(crate) fn into(folder: PathBuf) {
    fs::create_dir_all(&folder).unwrap();
    let _ = FOLDER.set(folder);
}

/// Does some work; `rate` tells how much of it was done a second.
pub(crate) fn during<T>(name: &str, work: impl FnOnce() -> T, rate: impl FnOnce(&T) -> f64) -> T {
    let Some(folder) = FOLDER.get() else {
        return work();
    };
    let plain = |letter: char| {
        if letter.is_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let file = folder.join(name.chars().map(plain).collect::<String>());
    let samples = file.with_extension("perf");
    let perf = record(&samples);
    let done = work();
    end(perf);
    let text = table(name, &report(&samples), rate(&done));
    fs::write(file.with_extension("txt"), &text).unwrap();
    eprint!("{text}");
    done
}

fn record(samples: &Path) -> Child {
    let perf = Command::new("perf")
        .args(["record", "-q", "-a", "-F", "997", "-e", "cpu-clock", "-o"])
        .arg(samples)
        .stderr(Stdio::null())
        .spawn();
    perf.expect("perf is installed, for profiles")
}

fn end(mut perf: Child) {
    let id = Pid::from_child(&perf);
    kill_process(id, Signal::INT).unwrap();
    perf.wait().unwrap();
}

/// Shares of the samples, by thread, object and symbol.
fn report(samples: &Path) -> String {
    let output = Command::new("perf")
        .args(["report", "--stdio", "-q", "-g", "none", "-t", ";"])
        .args(["--sort", "comm,dso,sym", "-i"])
        .arg(samples)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn table(name: &str, report: &str, rate: f64) -> String {
    let mut shares: BTreeMap<String, BTreeMap<&str, f64>> = BTreeMap::new();
    for line in report.lines() {
        let mut fields = line.splitn(4, ';').map(str::trim);
        let (Some(share), Some(thread), Some(object), Some(symbol)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let Ok(share) = share.trim_end_matches('%').parse::<f64>() else {
            continue;
        };
        let thread = thread.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let thread = thread.trim_end_matches('-').to_owned();
        *shares
            .entry(thread)
            .or_default()
            .entry(kind(object, symbol))
            .or_default() += share;
    }
    let micros = |share: f64| share / 100.0 * cores() as f64 * 1e6 / rate;
    let mut text = format!("    {name}: {rate:.0}/s on {} cores\n", cores());
    let mut threads: Vec<_> = shares
        .into_iter()
        .map(|(thread, kinds)| (kinds.values().sum::<f64>(), thread, kinds))
        .collect();
    threads.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (sum, thread, kinds) in threads {
        let _ = writeln!(
            text,
            "    {thread:<18} {sum:>5.1} % {:>7.1} µs",
            micros(sum)
        );
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by(|one, other| other.1.total_cmp(&one.1));
        for (kind, share) in kinds.into_iter().filter(|(_, share)| *share >= LEAST) {
            let _ = writeln!(
                text,
                "      {kind:<16} {share:>5.1} % {:>7.1} µs",
                micros(share)
            );
        }
    }
    text
}

/// What a symbol of an object is counted as.
fn kind(object: &str, symbol: &str) -> &'static str {
    if object.contains("kernel") || symbol.starts_with("[k]") {
        return "kernel";
    }
    let fits = |(_, parts): &&(_, &[&str])| parts.iter().any(|part| symbol.contains(part));
    KINDS.iter().find(fits).map_or("other", |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_told_by_thread_and_kind_in_time_a_call() {
        let report = "\
# a comment
    30.00%;worker-0        ;symbolon-vault     ;[.] rustsecp256k1_v0_11_ecmult
    20.00%;worker-1        ;symbolon-vault     ;[.] <h2::proto::Streams as core::ops::Drop>::drop
    10.00%;store-commit    ;[kernel.kallsyms]  ;[k] _raw_spin_unlock_irqrestore
";
        let text = table("a load", report, 10_000.0 * cores() as f64);
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap();
        assert!(line("worker").ends_with("50.0 %    50.0 µs"), "{text}");
        assert!(line("secp256k1").ends_with("30.0 %    30.0 µs"), "{text}");
        assert!(line("HTTP").ends_with("20.0 %    20.0 µs"), "{text}");
        assert!(line("kernel").ends_with("10.0 %    10.0 µs"), "{text}");
    }
}
