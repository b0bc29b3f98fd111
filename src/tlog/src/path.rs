//! C2SP paths: `x001/x234/067`, and `.p/<width>` for what isn't full yet.

use crate::Error;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The path of the `index`-th tile of its level, with its width if that is partial.
pub fn tile_number(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path.insert_str(0, &format!("x{:03}/", rest % 1000));
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

/// Reads a tile's number; only what [`tile_number`] prints is accepted.
pub fn parse_tile_number(path: &str) -> Result<(u64, u16), Error> {
    let (number, width) = match path.split_once(".p/") {
        None => (path, TILE_WIDTH),
        Some((number, width)) => (number, width.parse().map_err(|_| Error::Path)?),
    };
    let mut index: u64 = 0;
    for group in number.split('/') {
        let digits: u64 = group
            .trim_start_matches('x')
            .parse()
            .map_err(|_| Error::Path)?;
        index = index
            .checked_mul(1000)
            .and_then(|i| i.checked_add(digits))
            .ok_or(Error::Path)?;
    }
    let canonical = width != 0 && tile_number(index, width) == path;
    if canonical {
        Ok((index, width))
    } else {
        Err(Error::Path)
    }
}

/// The path of a bundle of entries.
pub fn bundle_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", tile_number(index, width))
}

/// The tiles, as index and width, that hold elements `[start, end)` of a row of
/// `end` elements: those touched when it grew from `start` to `end`.
pub fn tiles_of(start: u64, end: u64) -> impl Iterator<Item = (u64, u16)> {
    let wide = u64::from(TILE_WIDTH);
    (start / wide..end.div_ceil(wide))
        .filter(move |_| start < end)
        .map(move |index| {
            let width = (end - index * wide).min(wide);
            (index, u16::try_from(width).expect("at most 256"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_specification_s_example_path() {
        assert_eq!(tile_number(1_234_067, 256), "x001/x234/067");
        assert_eq!(tile_number(0, 5), "000.p/5");
    }

    #[test]
    fn other_spellings_are_refused() {
        let wrong = [
            "",
            "0",
            "00",
            "0000",
            "x000/000",
            "001/234",
            "x001/x234",
            "xx01/234",
            "000.p/256",
            "000.p/0",
            "000.p/01",
            "000.p/",
            "000.p/+1",
            "000/",
            "/000",
            "../000",
            "000.p/1/",
            "x001/+34",
            "-01",
            "x99999999999999999999/000",
            "000.p/1.p/1",
            "x001//234",
        ];
        for path in wrong {
            assert!(parse_tile_number(path).is_err(), "{path}");
        }
    }

    #[test]
    fn growth_touches_the_partial_tile_and_those_after_it() {
        assert_eq!(
            tiles_of(250, 600).collect::<Vec<_>>(),
            [(0, 256), (1, 256), (2, 88)]
        );
        assert_eq!(tiles_of(256, 512).collect::<Vec<_>>(), [(1, 256)]);
        assert_eq!(tiles_of(7, 7).count(), 0);
    }

    proptest! {
        #[test]
        fn a_number_survives_its_path(index: u64, width in 1u16..=256) {
            prop_assert_eq!(parse_tile_number(&tile_number(index, width)).unwrap(), (index, width));
        }

        #[test]
        fn what_parses_prints_the_same(path in "[x0-9/.p+]{0,12}") {
            if let Ok((index, width)) = parse_tile_number(&path) {
                prop_assert_eq!(tile_number(index, width), path);
            }
        }
    }
}
