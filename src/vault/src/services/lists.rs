//! Lists in pages: an answer holds about [`BYTES`] and says where to go on.

use std::pin::pin;

use futures_util::{StreamExt, stream};
use symbolon_election::ElectionId;
use symbolon_service::Refusal;

use super::malformed;
use crate::{Error, elections::ElectionRow};

/// The most rows that one page is made of.
pub(super) const ROWS: usize = 64;
/// A page that holds as much is full. An election has at most 1 MiB more, so no answer comes
/// near the 4 MiB that clients read.
const BYTES: usize = 1 << 20;

/// So many elections are looked up at a time: on a busy machine a look-up waits for its turn often.
const AT_ONCE: usize = 32;

/// A page of what is shown of elections, and after what to go on; empty at the end. `show` gives
/// how many bytes it is, too; none where it isn't for the caller.
pub(super) async fn page<T, F>(
    rows: Vec<(ElectionId, ElectionRow)>,
    show: impl Fn(ElectionId, ElectionRow) -> F,
) -> Result<(Vec<T>, Vec<u8>), Error>
where
    F: Future<Output = Result<Option<(usize, T)>, Error>>,
{
    let (whole, mut left) = (rows.len() == ROWS, rows.len());
    let looks = rows.into_iter().map(|(id, row)| {
        let look = show(id, row);
        async move { (id, look.await) }
    });
    let mut looks = pin!(stream::iter(looks).buffered(AT_ONCE));
    let (mut shown, mut bytes, mut last) = (Vec::new(), 0, None);
    while bytes < BYTES
        && let Some((id, look)) = looks.next().await
    {
        (last, left) = (Some(id), left - 1);
        if let Some((size, item)) = look? {
            bytes += size;
            shown.push(item);
        }
    }
    // There may be more behind the last row of a whole scan.
    let last = last.filter(|_| whole || left > 0);
    let next = last.map_or(Vec::new(), |id| id.as_bytes().to_vec());
    Ok((shown, next))
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

    async fn paged(count: usize, bytes: Option<usize>) -> (Vec<ElectionId>, Vec<u8>) {
        let show = async |id, _| Ok(bytes.map(|bytes| (bytes, id)));
        page(rows(count), show).await.unwrap()
    }

    #[tokio::test]
    async fn a_page_ends_where_it_is_full_and_says_where_to_go_on() {
        let (shown, next) = paged(9, Some(BYTES / 2)).await;
        assert_eq!(shown, [0, 1].map(|n| ElectionId::new([n; 32])));
        assert_eq!(next, [1; 32]);
    }

    #[tokio::test]
    async fn the_last_page_says_so_and_a_whole_scan_does_not() {
        for (count, more) in [(0, false), (9, false), (ROWS, true)] {
            let (shown, next) = paged(count, Some(1)).await;
            assert_eq!((shown.len(), !next.is_empty()), (count, more));
        }
    }

    #[tokio::test]
    async fn a_page_of_rows_that_are_not_shown_goes_on_behind_them() {
        let nothing = (Vec::new(), vec![(ROWS - 1) as u8; 32]);
        assert_eq!(paged(ROWS, None).await, nothing);
    }

    #[tokio::test]
    async fn an_election_that_cannot_be_shown_fails_the_page() {
        let show = async |_, _| Err::<Option<(usize, ())>, _>(Error::Row("election"));
        assert!(page(rows(3), show).await.is_err());
    }
}
