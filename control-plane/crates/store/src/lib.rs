//! Central entities and stores.
//!
//! A store is a unit struct whose functions take the connection or transaction first:
//! `PersonStore::find(conn, id)` answers an option, `get` an error when there is none. Entities
//! stay inside this crate; stores take and give the types of `cp-domain` and `kernel`.

mod error;

pub use error::StoreError;
