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
//! `<N>` is written as C2SP tlog-tiles has it: three digits a segment, `x` before each but the
//! last. Names in hexadecimal are lower-case without a prefix.

use std::fmt::Write as _;

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
/// Hashes a tile, entries a bundle, and leaves a file.
pub const TILE_WIDTH: u64 = 256;

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

/// A number as a path: `1234067` is `x001/x234/067`.
pub fn path_number(number: u64) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Reads what [`path_number`] wrote, and nothing else.
pub fn parse_path_number(path: &str) -> Option<u64> {
    let number = path.split('/').try_fold(0_u64, |number, part| {
        let digits = part.strip_prefix('x').unwrap_or(part);
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        number.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })?;
    (path_number(number) == path).then_some(number)
}

/// A full tile (`width` 256) or a partial one.
fn numbered(number: u64, width: u64) -> String {
    let path = path_number(number);
    if width == TILE_WIDTH {
        path
    } else {
        format!("{path}.p/{width}")
    }
}

/// Reads the number and width of a file of tiles, bundles or leaves.
pub fn parse_numbered(path: &str) -> Option<(u64, u64)> {
    let Some((number, width)) = path.split_once(".p/") else {
        return Some((parse_path_number(path)?, TILE_WIDTH));
    };
    let parsed: u64 = width.parse().ok()?;
    let canonical = (1..TILE_WIDTH).contains(&parsed) && parsed.to_string() == width;
    canonical.then_some((parse_path_number(number)?, parsed))
}

/// A hash tile of the log.
pub fn tile(level: u8, number: u64, width: u64) -> String {
    format!("{TILE}/{level}/{}", numbered(number, width))
}

/// An entry bundle.
pub fn entries(number: u64, width: u64) -> String {
    format!("{TILE}/entries/{}", numbered(number, width))
}

/// A hash tile of a roll.
pub fn roll_tile(election_hex: &str, level: u8, number: u64, width: u64) -> String {
    format!(
        "{ROLL}/{election_hex}/tile/{level}/{}",
        numbered(number, width)
    )
}

/// A file of a roll's leaves.
pub fn roll_leaves(election_hex: &str, number: u64, width: u64) -> String {
    format!("{ROLL}/{election_hex}/leaves/{}", numbered(number, width))
}

/// A file named by its SHA-256.
pub fn content(sha256: &[u8; 32]) -> String {
    format!("{CONTENT}/{}", hex::encode(sha256))
}

/// The files of 256 that a size fills: each number with its width, the last one perhaps partial.
pub fn files_of(size: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..size.div_ceil(TILE_WIDTH))
        .map(move |number| (number, TILE_WIDTH.min(size - number * TILE_WIDTH)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_in_threes() {
        assert_eq!(path_number(0), "000");
        assert_eq!(path_number(1_234_067), "x001/x234/067");
        assert_eq!(entries(5, 7), "tile/entries/005.p/7");
        assert_eq!(tile(1, 1000, 256), "tile/1/x001/000");
    }

    #[test]
    fn other_spellings_of_a_number_are_refused() {
        for path in [
            "", "0", "0000", "x000/001", "001/002", "x001", "-01", "+01", "00a",
        ] {
            assert_eq!(parse_path_number(path), None, "{path}");
        }
        for path in ["000.p/0", "000.p/256", "000.p/01", "000.p/", "000.p/+1"] {
            assert_eq!(parse_numbered(path), None, "{path}");
        }
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
        fn a_path_reads_back(number: u64, width in 1_u64..=256) {
            prop_assert_eq!(parse_numbered(&numbered(number, width)), Some((number, width)));
        }

        #[test]
        fn any_text_is_read_or_refused(path in ".{0,40}") {
            let _ = (parse_numbered(&path), parse_checkpoint_sizes(&path));
        }
    }
}
