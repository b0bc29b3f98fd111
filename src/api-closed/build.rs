//! Compiles this crate's protocol files with `protox`, in Rust.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const FILES: &[&str] = &[
    "symbolon/registration/v1/registration.proto",
    "symbolon/issuance/v1/issuance.proto",
    "symbolon/admin/v1/admin.proto",
    "symbolon/audit/v1/audit.proto",
];
/// Messages that carry personal data or a passphrase: no `Debug`, so no log can show them.
const SECRET: &[&str] = &[
    ".symbolon.registration.v1.Person",
    ".symbolon.registration.v1.RegisterPersonRequest",
    ".symbolon.registration.v1.RegisterPeopleRequest",
    ".symbolon.registration.v1.CheckPersonRequest",
    ".symbolon.registration.v1.AmendPersonRequest",
    ".symbolon.admin.v1.UnsealRequest",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.binpb");
    fs::write(out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .skip_debug(SECRET)
        .compile_fds(descriptors)?;
    Ok(())
}
