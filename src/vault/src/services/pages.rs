//! Rolls and published files, a page at a time.

use std::{io::Read, pin::Pin};

use symbolon_election::{ContentHash, ElectionId};
use symbolon_service::Refusal;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use crate::{Error, core::Core, published};

/// Leaves of a page.
const LEAVES: u32 = 1024;
/// Bytes of a chunk.
const CHUNK: usize = 32 << 10;
/// Pages that wait for a slow reader.
const AHEAD: usize = 4;

/// A stream of answers.
pub(super) type Pages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The leaves of a roll from `start` on.
pub(super) async fn roll<T: Send + 'static>(
    core: &Core,
    election: &ElectionId,
    start: u32,
    page: fn(Vec<u8>) -> T,
) -> Result<Pages<T>, Error> {
    let election = core.public_election(election).await?;
    let roll = core.roll(&election)?;
    let mut next = start;
    Ok(pages(page, move || {
        let leaves = roll.leaves(next, LEAVES)?;
        next = next.saturating_add(u32::try_from(leaves.len() / 32).unwrap_or(u32::MAX));
        Ok(leaves)
    }))
}

/// The bytes of a published file.
pub(super) fn content<T: Send + 'static>(
    core: &Core,
    name: &ContentHash,
    page: fn(Vec<u8>) -> T,
) -> Result<Pages<T>, Error> {
    let mut file = published::open(&core.published, name)?;
    let path = published::path(&core.published, name);
    Ok(pages(page, move || {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        read.map_err(|source| Error::Published {
            path: path.clone(),
            source,
        })?;
        Ok(chunk)
    }))
}

/// Reads pages on a thread of its own until an empty one.
fn pages<T: Send + 'static>(
    page: fn(Vec<u8>) -> T,
    mut read: impl FnMut() -> Result<Vec<u8>, Error> + Send + 'static,
) -> Pages<T> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let next = match read() {
                Ok(bytes) if bytes.is_empty() => return,
                Ok(bytes) => Ok(page(bytes)),
                Err(error) => Err(Status::from(Refusal::from(error))),
            };
            let last = next.is_err();
            if sender.blocking_send(next).is_err() || last {
                return;
            }
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}
