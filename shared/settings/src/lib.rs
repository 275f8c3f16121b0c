//! Layered settings: embedded defaults, a file, environment variables. Every fault is reported
//! at once, because a deployment that fails six times for six typos costs an afternoon.
//!
//! The embedded `default.toml` names every key there is, with a comment: it is the schema (keys
//! and types) and the source of the reference. An empty table in it admits any keys. `CP__A__B=…`
//! sets `a.b`; lists are separated by commas. Beside every text key `x`, `x_file` reads it from a
//! file, which is how secrets come in.

mod fault;
mod layers;
mod load;
mod reference;
mod secret;
mod tree;

pub use fault::{Fault, SettingsError};
pub use load::{Loaded, Source, load, load_from};
pub use reference::reference_markdown;
pub use secret::Secret;

/// Rules across fields. All faults are pushed, none returned early.
pub trait Validate {
    /// Pushes one fault per broken rule.
    fn validate(&self, faults: &mut Vec<Fault>) {
        let _ = faults;
    }
}
