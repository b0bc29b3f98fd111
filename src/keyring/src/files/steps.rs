//! Changes of files, one after the other; each is there as a whole or not at all.

use std::path::PathBuf;

use symbolon_crypto::{Error, SecretBytes, keyfile};

const OWNER_ONLY: u32 = 0o600;

/// One durable change. When it returns, no loss of power undoes it.
pub(super) enum Step {
    /// Puts these bytes into the file, for its owner only.
    Write {
        /// The file.
        path: PathBuf,
        /// Its whole content.
        bytes: SecretBytes,
    },
    /// Renames one file over another.
    Rename {
        /// What it was called.
        from: PathBuf,
        /// What it is called then.
        to: PathBuf,
    },
    /// Removes a file.
    Remove(PathBuf),
}

/// Runs the steps in order, and stops at the first that fails.
pub(super) fn run(steps: &[Step]) -> Result<(), Error> {
    steps.iter().try_for_each(|step| match step {
        Step::Write { path, bytes } => {
            keyfile::replace_atomically(path, bytes.expose(), OWNER_ONLY)
        }
        Step::Rename { from, to } => keyfile::rename(from, to),
        Step::Remove(path) => keyfile::remove(path),
    })
}
