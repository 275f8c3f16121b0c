//! Where a page begins.

use kernel::Cursor;
use serde::de::DeserializeOwned;
use web::{ApiError, ProblemCode};

/// The sort key of a cursor.
///
/// # Errors
/// 400 when it was not given out by this list.
pub(super) fn after<K: DeserializeOwned>(cursor: Option<&Cursor>) -> Result<Option<K>, ApiError> {
    let key = cursor.map(Cursor::decode).transpose();
    key.map_err(|_| ApiError::new(ProblemCode::InvalidCursor))
}
