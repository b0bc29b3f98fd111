//! Where the public log keeps its files, on disk and over HTTP alike.
//!
//! ```text
//! checkpoint                       the latest checkpoint, with its cosignatures
//! checkpoints/<size>               every checkpoint published, by its decimal size
//! checkpoints/sizes                those sizes, ascending, one a line
//! tile/<L>/<N>[.p/<W>]             hash tiles
//! tile/entries/<N>[.p/<W>]         entry bundles
//! roll/<election>/tile/<L>/<N>[.p/<W>]
//! roll/<election>/leaves/<N>[.p/<W>]   256 leaves of 32 bytes
//! content/<sha256>                 contents, ledger keys and issued lists
//! ```
//!
//! A folder exported for gateways has the same `roll/<election>/leaves/` and `content/`, and
//! `statements/<sequence>`: the ledger entries of statements in the order of publication, named
//! by six decimal digits from 000000.
//!
//! `<N>` is written as C2SP tlog-tiles has it: three digits a segment, `x` before each but the
//! last. Names in hexadecimal are lower-case without a prefix.

use std::fmt::Write as _;

use symbolon_tlog::{bundle_path, tile_number, tiles_of};

/// The latest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The folder of all checkpoints.
pub const CHECKPOINTS: &str = "checkpoints";
/// The list of their sizes: decimal, strictly ascending, each followed by a line feed.
pub const CHECKPOINT_SIZES: &str = "checkpoints/sizes";
/// The folder of the log's tiles.
pub const TILE: &str = "tile";
/// The folder of the rolls.
pub const ROLL: &str = "roll";
/// The folder of files named by their SHA-256.
pub const CONTENT: &str = "content";

/// The checkpoint of a size.
pub fn checkpoint(size: u64) -> String {
    format!("{CHECKPOINTS}/{size}")
}

/// The text of [`CHECKPOINT_SIZES`].
pub fn checkpoint_sizes(sizes: &[u64]) -> String {
    sizes.iter().fold(String::new(), |mut text, size| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{size}");
        text
    })
}

/// Reads [`CHECKPOINT_SIZES`]; `None` where it isn't written exactly as [`checkpoint_sizes`] would.
pub fn parse_checkpoint_sizes(text: &str) -> Option<Vec<u64>> {
    let sizes = text
        .lines()
        .map(str::parse)
        .collect::<Result<Vec<u64>, _>>()
        .ok()?;
    let ascending = sizes.windows(2).all(|pair| pair[0] < pair[1]);
    (ascending && checkpoint_sizes(&sizes) == text).then_some(sizes)
}

/// A hash tile of the log.
pub fn tile(level: u8, number: u64, width: u16) -> String {
    format!("{TILE}/{level}/{}", tile_number(number, width))
}

/// An entry bundle.
pub fn entries(number: u64, width: u16) -> String {
    bundle_path(number, width)
}

/// A hash tile of a roll.
pub fn roll_tile(election_hex: &str, level: u8, number: u64, width: u16) -> String {
    format!(
        "{ROLL}/{election_hex}/tile/{level}/{}",
        tile_number(number, width)
    )
}

/// A file of a roll's leaves.
pub fn roll_leaves(election_hex: &str, number: u64, width: u16) -> String {
    format!(
        "{ROLL}/{election_hex}/leaves/{}",
        tile_number(number, width)
    )
}

/// The folder of a roll's leaves.
pub fn roll_leaves_folder(election_hex: &str) -> String {
    format!("{ROLL}/{election_hex}/leaves")
}

/// A file named by its SHA-256.
pub fn content(sha256: &[u8; 32]) -> String {
    format!("{CONTENT}/{}", hex::encode(sha256))
}

/// A statement in an exported folder, by its place in the order of publication, from 0.
pub fn statement(sequence: u64) -> String {
    format!("statements/{sequence:06}")
}

/// The files of 256 that a size fills: each number with its width, the last one perhaps partial.
pub fn files_of(size: u64) -> impl Iterator<Item = (u64, u16)> {
    tiles_of(0, size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_numbered_in_threes() {
        assert_eq!(entries(5, 7), "tile/entries/005.p/7");
        assert_eq!(tile(1, 1000, 256), "tile/1/x001/000");
        assert_eq!(roll_leaves("ab", 0, 256), "roll/ab/leaves/000");
        assert_eq!(statement(12), "statements/000012");
    }

    #[test]
    fn sizes_are_read_only_as_written() {
        assert_eq!(
            parse_checkpoint_sizes("1\n20\n300\n"),
            Some(vec![1, 20, 300])
        );
        for text in ["1\n20", "20\n1\n", "1\n1\n", "01\n", "1\r\n", " 1\n"] {
            assert_eq!(parse_checkpoint_sizes(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_size_fills_files_of_256() {
        assert_eq!(files_of(0).count(), 0);
        assert_eq!(
            files_of(513).collect::<Vec<_>>(),
            [(0, 256), (1, 256), (2, 1)]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(path in "[0-9\\n ]{0,40}") {
            let _ = parse_checkpoint_sizes(&path);
        }
    }
}
