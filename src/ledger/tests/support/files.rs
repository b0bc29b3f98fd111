//! What a reader needs besides the entries, as files in a folder: rolls, contents, the trust file.

use std::path::Path;

use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::TrustFile;
use symbolon_ledger::layout;

use super::{ORIGIN, Script, officers};

impl Script {
    /// Writes rolls and contents as a gateway serves them, and `trust.json`.
    pub fn write_files(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            write(&folder.join(layout::content(name.as_bytes())), bytes);
        }
        let election = self.id().to_string();
        for ((number, width), leaves) in
            layout::files_of(self.roll.len() as u64).zip(self.roll.chunks(256))
        {
            let leaves: Vec<u8> = leaves.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
            write(
                &folder.join(layout::roll_leaves(&election, number, width)),
                &leaves,
            );
        }
        let of_city = officers().iter().map(SigningKey::address).collect();
        let trust = TrustFile::new("City", self.domain(), ORIGIN, of_city, 2).unwrap();
        write(&folder.join("trust.json"), &trust.to_json());
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
