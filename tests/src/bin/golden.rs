//! Rewrites `tests/golden/golden.json`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/golden.json");
    std::fs::write(path, symbolon_tests::golden::render())
}
