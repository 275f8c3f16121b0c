//! Which page of a list.

use kernel::{Cursor, Limit};
use serde::{Serialize, de::DeserializeOwned};
use tr_domain::Faults;

/// A page of a list that has no other parameters.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// How many rows.
    pub limit: Limit,
    /// Where it starts; none for the first.
    pub cursor: Option<Cursor>,
}

/// The place at which a page starts.
pub(crate) fn place<K: DeserializeOwned>(cursor: Option<&Cursor>) -> Result<Option<K>, Faults> {
    cursor
        .map(Cursor::decode)
        .transpose()
        .map_err(|error| Faults::one("cursor", "invalid", error.to_string()))
}

/// A page of rows read with one more than its limit.
pub(crate) fn page<R, V: From<R>>(
    rows: Vec<R>,
    limit: Limit,
    key: impl FnOnce(&R) -> Cursor,
) -> kernel::Page<V> {
    kernel::Page::from_rows(rows, limit, key).map(V::from)
}

/// The cursor of a key.
pub(crate) fn cursor(key: &impl Serialize) -> Cursor {
    Cursor::encode(key)
}
