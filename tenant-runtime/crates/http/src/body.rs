//! Bodies that are looked at after the thing itself: whether it is there, may be changed and is
//! still what the client read comes before what the client says about it.

use garde::Validate;
use serde::de::DeserializeOwned;
use web::{ApiError, RawJson};

/// The patch of a body, or one that changes nothing together with what is wrong with the body. Run
/// the use case with it first; it refuses in the right order, and leaves no trace.
pub(crate) fn patch<T>(body: &RawJson) -> (T, Result<(), ApiError>)
where
    T: DeserializeOwned + Validate<Context = ()> + Default,
{
    match body.parse() {
        Ok(patch) => (patch, Ok(())),
        Err(wrong) => (T::default(), Err(wrong)),
    }
}
