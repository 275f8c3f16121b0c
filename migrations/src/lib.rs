//! Both schemas, the runner that applies them and the fingerprint that tells them apart.
//!
//! Everything here blocks: call it under `spawn_blocking`. The connection is the synchronous one
//! of the `mysql` crate, because locks and timeouts belong to a session, and the asynchronous
//! driver of refinery may take another connection of a pool for each statement.

mod connection;
mod embedded;
mod error;
mod fingerprint;
mod grants;
mod run;
pub mod sweep;

pub use connection::Target;
pub use embedded::{Schema, expected_fingerprint, statements};
pub use error::MigrateError;
pub use run::{Pending, Report, Session};

/// The central schema.
pub mod central {
    use crate::{MigrateError, Pending, Report, Schema, Session, Target};

    /// Applies what is pending; costs one probe when nothing is.
    ///
    /// # Errors
    /// When the server cannot be reached or a migration fails.
    pub fn run(target: &Target) -> Result<Report, MigrateError> {
        Session::open(target)?.migrate(Schema::Central)
    }

    /// What is pending.
    ///
    /// # Errors
    /// When the server cannot be reached, or the ledger tells of other files.
    pub fn pending(target: &Target) -> Result<Pending, MigrateError> {
        Session::open(target)?.pending(Schema::Central)
    }

    /// Gives the account of serving programs what it needs and no more; answers how many rights
    /// were changed.
    ///
    /// # Errors
    /// When the server cannot be reached, the owner may not give rights, or the account has rights
    /// on the whole database, which cannot be taken back for a table.
    pub fn grant(owner: &Target, serving: &Target) -> Result<usize, MigrateError> {
        crate::grants::grant(owner, serving)
    }

    /// The fingerprint of what is there.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn fingerprint(target: &Target) -> Result<String, MigrateError> {
        Session::open(target)?.fingerprint()
    }
}

/// The schema of a tenant's database.
pub mod tenant {
    use crate::{MigrateError, Pending, Report, Schema, Session, Target};

    /// Applies what is pending; costs one probe when nothing is.
    ///
    /// # Errors
    /// When the server cannot be reached or a migration fails.
    pub fn run(target: &Target) -> Result<Report, MigrateError> {
        Session::open(target)?.migrate(Schema::Tenant)
    }

    /// What is pending.
    ///
    /// # Errors
    /// When the server cannot be reached, or the ledger tells of other files.
    pub fn pending(target: &Target) -> Result<Pending, MigrateError> {
        Session::open(target)?.pending(Schema::Tenant)
    }

    /// The fingerprint of what is there.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn fingerprint(target: &Target) -> Result<String, MigrateError> {
        Session::open(target)?.fingerprint()
    }
}
