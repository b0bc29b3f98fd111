//! How keys, values and the head stand in the engine's one tree.
//!
//! The engine's batches are atomic within a tree only, so everything shares one, told apart by the
//! first byte: the head, the rows, the audit leaves by index, the audit tree's hashes above them by
//! level and index.

use std::ops::Bound;

use crate::engine::{RawKey, RawRow};
use crate::{Key, KeyRange, Revision, Row, StoreError, Value};

const ROWS: u8 = 0x01;
const LEAVES: u8 = 0x02;
const HASHES: u8 = 0x03;

/// Bytes of the revision that stands before each value.
const REVISION: usize = 8;

/// The key of the head.
pub(crate) const HEAD: &[u8] = &[0x00];

/// Where a row stands.
pub(crate) fn row_key(key: &Key) -> RawKey {
    let mut raw = Vec::with_capacity(1 + key.as_bytes().len());
    raw.push(ROWS);
    raw.extend_from_slice(key.as_bytes());
    raw
}

/// Where an audit leaf stands.
pub(crate) fn leaf_key(index: u64) -> RawKey {
    let mut raw = vec![LEAVES];
    raw.extend_from_slice(&index.to_be_bytes());
    raw
}

/// Where a hash of the audit tree's tiles stands: `level` 1 and above.
pub(crate) fn hash_key(level: u8, index: u64) -> RawKey {
    let mut raw = vec![HASHES, level];
    raw.extend_from_slice(&index.to_be_bytes());
    raw
}

/// Where a range of rows stands.
pub(crate) fn row_bounds(range: &KeyRange) -> (Bound<RawKey>, Bound<RawKey>) {
    let start = match &range.start {
        Bound::Unbounded => Bound::Included(vec![ROWS]),
        bound => bound.as_ref().map(row_key),
    };
    let end = match &range.end {
        Bound::Unbounded => Bound::Excluded(vec![LEAVES]),
        bound => bound.as_ref().map(row_key),
    };
    (start, end)
}

/// Where the audit leaves from `start` to before `end` stand.
pub(crate) fn leaf_bounds(start: u64, end: u64) -> (Bound<RawKey>, Bound<RawKey>) {
    (
        Bound::Included(leaf_key(start)),
        Bound::Excluded(leaf_key(end)),
    )
}

/// Where the hashes of a level from `start` to before `end` stand.
pub(crate) fn hash_bounds(level: u8, start: u64, end: u64) -> (Bound<RawKey>, Bound<RawKey>) {
    (
        Bound::Included(hash_key(level, start)),
        Bound::Excluded(hash_key(level, end)),
    )
}

/// A value with its revision before it.
pub(crate) fn encode_value(revision: u64, bytes: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(REVISION + bytes.len());
    raw.extend_from_slice(&revision.to_be_bytes());
    raw.extend_from_slice(bytes);
    raw
}

/// Takes a value and its revision apart.
pub(crate) fn decode_value(mut raw: Vec<u8>) -> Result<Value, StoreError> {
    let revision = decode_revision(&raw)?;
    raw.drain(..REVISION);
    Ok(Value {
        revision,
        bytes: raw,
    })
}

/// The revision of a value.
pub(crate) fn decode_revision(raw: &[u8]) -> Result<Revision, StoreError> {
    let revision = raw
        .first_chunk::<REVISION>()
        .ok_or_else(|| StoreError::Corrupt("a value is too short for its revision".into()))?;
    Ok(Revision(u64::from_be_bytes(*revision)))
}

/// Takes a row apart.
pub(crate) fn decode_row((key, value): RawRow) -> Result<Row, StoreError> {
    let key = key
        .strip_prefix(&[ROWS])
        .ok_or_else(|| StoreError::Corrupt("a row stands among other tables".into()))?;
    Ok(Row {
        key: Key::from_stored(key),
        value: decode_value(value)?,
    })
}
