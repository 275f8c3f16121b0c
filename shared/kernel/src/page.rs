//! Cursor pagination: `?limit=&cursor=` → `{"data":[…],"next_cursor":…}`.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next page starts; null on the last.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of `rows`, which were read with one more than `limit` to see whether more follow.
    /// `key` gives the cursor of the last row shown.
    pub fn from_rows(mut rows: Vec<T>, limit: Limit, key: impl FnOnce(&T) -> Cursor) -> Self {
        let more = rows.len() > limit.get();
        rows.truncate(limit.get());
        let next_cursor = if more { rows.last().map(key) } else { None };
        Self {
            data: rows,
            next_cursor,
        }
    }

    /// The page with each row changed.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(row).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// How many rows a page holds: 1 to 200, 50 unless asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Limit(u16);

impl Limit {
    /// The most rows that a page may hold.
    pub const MAX: u16 = 200;

    /// The limit, when it is in range.
    #[must_use]
    pub const fn new(limit: u16) -> Option<Self> {
        if limit >= 1 && limit <= Self::MAX {
            Some(Self(limit))
        } else {
            None
        }
    }

    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The number to ask the database for: one more, to see whether another page follows.
    #[must_use]
    pub const fn plus_one(self) -> u64 {
        self.0 as u64 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u16::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("limit is 1 to 200"))
    }
}

/// An opaque place in a list: base64url of the sort key of the last row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// The cursor was not made by this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of this list")]
pub struct InvalidCursor;

impl Cursor {
    /// The cursor of a sort key.
    pub fn encode(key: &impl Serialize) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// The text, for a query string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sort key.
    ///
    /// # Errors
    /// When the cursor was not made from such a key.
    pub fn decode<K: DeserializeOwned>(&self) -> Result<K, InvalidCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(&self.0)
            .map_err(|_| InvalidCursor)?;
        serde_json::from_slice(&bytes).map_err(|_| InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_more_follow() {
        let limit = Limit::new(2).unwrap();
        let page = Page::from_rows(vec![1, 2, 3], limit, Cursor::encode);
        assert_eq!(page.data, [1, 2]);
        assert_eq!(page.next_cursor.unwrap().decode::<i32>(), Ok(2));
        assert_eq!(
            Page::from_rows(vec![1, 2], limit, Cursor::encode).next_cursor,
            None
        );
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        assert_eq!(Cursor("%%".into()).decode::<i32>(), Err(InvalidCursor));
        assert_eq!(Cursor::encode(&"word").decode::<i32>(), Err(InvalidCursor));
    }

    #[test]
    fn limits_have_bounds() {
        assert_eq!(Limit::new(0), None);
        assert_eq!(Limit::new(201), None);
        assert_eq!(Limit::default().get(), 50);
    }
}
