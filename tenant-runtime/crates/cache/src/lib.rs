//! Computed answers, kept under the version of what they were computed from.
//!
//! A writer bumps the version of a scope (a grid, a folder) in its own transaction. A reader takes
//! the version first and looks for an answer under exactly that version, so an answer can be
//! missing but never stale: what a slow reader puts there late lands under a version that nobody
//! asks for any more. Entries are only ever inserted, never changed; that is all that the document
//! server is asked to do atomically.
//!
//! Three layers: this process's memory, the document server, computing. Without the document
//! server everything is the same, only slower.

mod cache;
mod documents;
mod key;
mod turns;

pub use cache::{Cache, CacheSettings, Computed, NoAnswer};
pub use documents::{Documents, DocumentsError, SweepError};
pub use key::{KINDS, Key, Kind, KindSpec};
