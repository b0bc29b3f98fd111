//! Keys, ranges of them, and the values that stand under them.

use std::fmt;
use std::ops::Bound;

use crate::StoreError;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 1024;

/// The longest value and the longest audit leaf, in bytes.
pub const MAX_VALUE: usize = 24 * 1024;

/// A row's key: a table's byte and what names the row within the table.
///
/// Keys are ordered as bytes, so a table's rows stand together. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key made of a table's byte and the parts of a row's name, one after the other.
    ///
    /// Parts carry no separator: within a table all but the last have a fixed length.
    #[must_use]
    pub fn new(table: u8, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        bytes.push(table);
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }

    /// The table's byte.
    #[must_use]
    pub fn table(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// What names the row within its table.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }

    /// The whole key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.0.len() > MAX_KEY {
            return Err(StoreError::TooLong {
                what: "key",
                length: self.0.len(),
                limit: MAX_KEY,
            });
        }
        Ok(())
    }

    pub(crate) fn from_stored(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Key(table {:#04x}, {} bytes)",
            self.table(),
            self.0.len()
        )
    }
}

/// The number of the change that wrote a value: it only grows, and no two changes share one.
///
/// A row that was deleted and written again has another revision than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub(crate) u64);

impl Revision {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What stands under a key. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The change that wrote it.
    pub revision: Revision,
    /// What was written.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Value(revision {}, {} bytes)",
            self.revision.0,
            self.bytes.len()
        )
    }
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands.
    pub key: Key,
    /// What stands there.
    pub value: Value,
}

/// A range of keys, in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    pub(crate) start: Bound<Key>,
    pub(crate) end: Bound<Key>,
}

impl KeyRange {
    /// All keys.
    #[must_use]
    pub fn all() -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Unbounded,
        }
    }

    /// The rows of one table.
    #[must_use]
    pub fn table(table: u8) -> Self {
        Self::prefix(&Key::new(table, &[]))
    }

    /// The keys that start with `prefix`, itself included.
    #[must_use]
    pub fn prefix(prefix: &Key) -> Self {
        let mut end = prefix.0.clone();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        let end = match end.last_mut() {
            Some(last) => {
                *last += 1;
                Bound::Excluded(Key(end))
            }
            None => Bound::Unbounded,
        };
        Self {
            start: Bound::Included(prefix.clone()),
            end,
        }
    }

    /// The keys from `start` on, itself included, to before `end`.
    #[must_use]
    pub fn between(start: Key, end: Key) -> Self {
        Self {
            start: Bound::Included(start),
            end: Bound::Excluded(end),
        }
    }

    /// What of the range comes after `key`: the way to go on after a page's last row.
    ///
    /// `key` lies within the range.
    #[must_use]
    pub fn after(mut self, key: Key) -> Self {
        self.start = Bound::Excluded(key);
        self
    }

    /// Whether `key` lies within.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        let from = match &self.start {
            Bound::Included(start) => key >= start,
            Bound::Excluded(start) => key > start,
            Bound::Unbounded => true,
        };
        let to = match &self.end {
            Bound::Included(end) => key <= end,
            Bound::Excluded(end) => key < end,
            Bound::Unbounded => true,
        };
        from && to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_highest_bytes_ends_at_the_next_lower_one() {
        let range = KeyRange::prefix(&Key::new(7, &[&[0xff, 0xff]]));
        assert!(range.contains(&Key::new(7, &[&[0xff, 0xff, 0xff]])));
        assert!(!range.contains(&Key::new(8, &[])));
        let last = KeyRange::table(0xff);
        assert!(last.contains(&Key::new(0xff, &[&[0xff; 40]])));
        assert!(!last.contains(&Key::new(0xfe, &[&[0xff; 40]])));
    }

    #[test]
    fn a_range_after_a_key_excludes_it() {
        let key = Key::new(3, &[b"a"]);
        let range = KeyRange::table(3).after(key.clone());
        assert!(!range.contains(&key));
        assert!(range.contains(&Key::new(3, &[b"a\0"])));
        assert!(!range.contains(&Key::new(4, &[])));
    }

    #[test]
    fn debug_shows_neither_key_nor_value() {
        let row = Row {
            key: Key::new(1, &[b"secret"]),
            value: Value {
                revision: Revision(4),
                bytes: b"hidden".to_vec(),
            },
        };
        let text = format!("{row:?}");
        assert!(
            !text.contains("secret") && !text.contains("hidden"),
            "{text}"
        );
    }
}
