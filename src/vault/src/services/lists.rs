//! Lists in pages: an answer holds about [`BYTES`] and says where to go on.

use symbolon_election::ElectionId;
use symbolon_service::Refusal;

use super::malformed;
use crate::elections::ElectionRow;

/// The most rows that one page is made of.
pub(super) const ROWS: usize = 256;
/// A page that holds as much is full. An election has at most 1 MiB more, so no answer comes
/// near the 4 MiB that clients read.
const BYTES: usize = 1 << 20;

/// A page of elections that is made.
pub(super) struct List<T> {
    rows: std::vec::IntoIter<(ElectionId, ElectionRow)>,
    /// There may be more behind the last row.
    more: bool,
    last: Option<ElectionId>,
    shown: Vec<T>,
    bytes: usize,
}

impl<T> List<T> {
    pub(super) fn new(rows: Vec<(ElectionId, ElectionRow)>) -> Self {
        Self {
            more: rows.len() == ROWS,
            rows: rows.into_iter(),
            last: None,
            shown: Vec::new(),
            bytes: 0,
        }
    }

    /// The next row; none once the page is full.
    pub(super) fn next(&mut self) -> Option<(ElectionId, ElectionRow)> {
        if self.bytes >= BYTES {
            return None;
        }
        let next = self.rows.next()?;
        self.last = Some(next.0);
        Some(next)
    }

    /// Puts what is shown of a row, so many bytes, onto the page.
    pub(super) fn show(&mut self, bytes: usize, item: T) {
        self.bytes += bytes;
        self.shown.push(item);
    }

    /// The page, and after what to go on; empty at the end.
    pub(super) fn page(self) -> (Vec<T>, Vec<u8>) {
        let more = self.more || self.rows.len() > 0;
        let last = self.last.filter(|_| more);
        (
            self.shown,
            last.map_or(Vec::new(), |id| id.as_bytes().to_vec()),
        )
    }
}

/// After which election to go on; empty: from the first.
pub(super) fn after(bytes: &[u8]) -> Result<Option<ElectionId>, Refusal> {
    match bytes {
        [] => Ok(None),
        bytes => Ok(Some(
            ElectionId::from_slice(bytes).map_err(|_| malformed("after"))?,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elections::{Entitled, Stage};

    fn rows(count: usize) -> Vec<(ElectionId, ElectionRow)> {
        let row = ElectionRow {
            rotations: Vec::new(),
            stage: Stage::Open,
            entitled: Entitled::Everybody,
            manifest: Vec::new(),
            rolls: 0,
            pending_roll: None,
            ended: false,
            issued: None,
            close: None,
            certified: None,
            cancelled: None,
        };
        let row = |n: usize| (ElectionId::new([n as u8; 32]), row.clone());
        (0..count).map(row).collect()
    }

    #[test]
    fn a_page_ends_where_it_is_full_and_says_where_to_go_on() {
        let mut list = List::new(rows(9));
        while let Some((id, _)) = list.next() {
            list.show(BYTES / 2, id);
        }
        let (shown, next) = list.page();
        assert_eq!(shown.len(), 2);
        assert_eq!(next, [1; 32]);
    }

    #[test]
    fn the_last_page_says_so_and_a_full_scan_does_not() {
        for (count, more) in [(0, false), (9, false), (ROWS, true)] {
            let mut list = List::new(rows(count));
            while let Some((id, _)) = list.next() {
                list.show(1, id);
            }
            let (shown, next) = list.page();
            assert_eq!((shown.len(), !next.is_empty()), (count, more));
        }
    }

    #[test]
    fn a_page_of_rows_that_are_not_shown_goes_on_behind_them() {
        let mut list: List<()> = List::new(rows(ROWS));
        while list.next().is_some() {}
        assert_eq!(list.page(), (Vec::new(), vec![(ROWS - 1) as u8; 32]));
    }
}
