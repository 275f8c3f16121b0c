//! Extractors: what a handler asks of a request, refused with a problem when it is not so.

mod headers;
mod json;
mod pointer;
mod raw;
mod target;

pub use headers::{IdempotencyKey, IfMatchHeader, RequestIdExt};
pub use json::{Json, JsonLimit, OptionalJson};
pub use raw::RawJson;
pub use target::{Path, Query};
