//! Sweeps: many rows read a page at a time by the store, worked on by threads of their own.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use symbolon_service::reasons::Reason;
use symbolon_store::{Change, Key, KeyRange, Row, Store};

use crate::Error;

/// Rows of a page: one read of the store, one piece of work.
pub(crate) const PAGE: usize = 512;
/// How many rows one change removes.
const REMOVED: usize = 16;
/// Random bytes follow the prefix, so each part of the key space holds as much as the others.
const PARTS: u8 = 16;

/// How many pages are read, and how many worked on, at a time.
fn width() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// The rows whose keys are `prefix` and random bytes, page by page in no order.
pub(crate) fn pages(
    store: &Arc<dyn Store>,
    prefix: &Key,
) -> impl Stream<Item = Result<Vec<Row>, Error>> + Send + use<> {
    let parts = (0..PARTS).map(|part| one_part(Arc::clone(store), part_of(prefix, part)).boxed());
    stream::iter(parts.collect::<Vec<_>>()).flatten_unordered(width())
}

/// How many rows have keys of `prefix` and random bytes.
pub(crate) async fn count(store: &Arc<dyn Store>, prefix: &Key) -> Result<u64, Error> {
    let sizes = pages(store, prefix).map_ok(|page| page.len() as u64);
    sizes.try_fold(0, async |sum, size| Ok(sum + size)).await
}

/// Removes the first rows of a range that nobody writes any more, at most `limit`; which they were.
pub(crate) async fn remove(
    store: &Arc<dyn Store>,
    range: KeyRange,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let rows = store.scan(range, limit).await?;
    let removing = |some: &[Row]| {
        let keys = some.iter().map(|row| row.key.clone());
        keys.fold(Change::new(), Change::delete)
    };
    let changes = rows.chunks(REMOVED).map(removing).collect();
    for outcome in store.commit(changes).await {
        outcome?;
    }
    Ok(rows)
}

/// Works on each item with a thread of its own, on all cores; what comes of it, in no order.
pub(crate) fn work_on<I, T>(
    items: impl Stream<Item = Result<I, Error>> + Send,
    work: impl Fn(I) -> Result<T, Error> + Send + Sync + 'static,
) -> impl Stream<Item = Result<T, Error>> + Send
where
    I: Send + 'static,
    T: Send + 'static,
{
    let work = Arc::new(work);
    let worked = items.map_ok(move |item| {
        let work = Arc::clone(&work);
        blocking(move || work(item))
    });
    worked.try_buffer_unordered(2 * width())
}

/// Does what takes long off the connection's worker.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Reason::Internal)?
}

/// The keys from the part's first byte on, to before the next part's.
fn part_of(prefix: &Key, part: u8) -> KeyRange {
    let start = |part: u8| {
        Key::new(
            prefix.table(),
            &[prefix.name(), &[part * (0x100 / PARTS as u16) as u8]],
        )
    };
    match part + 1 {
        // Nothing stands at the bare first byte.
        PARTS => KeyRange::prefix(prefix).after(start(part)),
        next => KeyRange::between(start(part), start(next)),
    }
}

fn one_part(
    store: Arc<dyn Store>,
    all: KeyRange,
) -> impl Stream<Item = Result<Vec<Row>, Error>> + Send {
    stream::try_unfold(Some(all.clone()), move |next| {
        let (store, all) = (Arc::clone(&store), all.clone());
        async move {
            let Some(range) = next else { return Ok(None) };
            let rows = store.scan(range, PAGE).await?;
            let full = rows.last().filter(|_| rows.len() == PAGE);
            let next = full.map(|last| all.after(last.key.clone()));
            Ok((!rows.is_empty()).then_some((rows, next)))
        }
    })
}

#[cfg(test)]
mod tests {
    use symbolon_store::Change;

    use super::*;
    use crate::testing::Installation;

    #[tokio::test]
    async fn a_sweep_sees_each_row_of_its_prefix_once() {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let prefix = Key::new(b'x', &[&[7, 0xff]]);
        let name = |n: u32| [&[(n % 256) as u8], n.to_be_bytes().as_slice()].concat();
        // The last part holds more than a page.
        let all = (0..2048).chain((0..600).map(|n| 0xffff + n * 256));
        let keys: Vec<_> = all
            .map(|n| Key::new(b'x', &[&[7, 0xff], &name(n)]))
            .collect();
        let beside = [
            Key::new(b'x', &[&[7, 0xfe, 0xff]]),
            Key::new(b'x', &[&[8, 0, 0]]),
        ];
        let change = keys.iter().chain(&beside);
        let change = change.fold(Change::new(), |change, key| {
            change.put(key.clone(), vec![1])
        });
        core.store.commit_one(change).await.unwrap();
        let swept = work_on(pages(&core.store, &prefix), |rows: Vec<Row>| {
            assert!(rows.len() <= PAGE);
            Ok(rows.into_iter().map(|row| row.key).collect::<Vec<_>>())
        });
        let mut swept: Vec<_> = swept.try_concat().await.unwrap();
        swept.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert!(swept == keys);
    }
}
