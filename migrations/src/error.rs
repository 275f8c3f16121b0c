//! What can go wrong in a run.

/// A schema could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No session on the server.
    #[error("cannot open a session for migrations: {0}")]
    Connect(#[source] mysql::Error),
    /// Another runner holds the lease of this database.
    #[error("another runner is migrating this database")]
    Busy,
    /// The database would give new columns another collation.
    #[error("the database's collation is {0}, not utf8mb4_unicode_ci")]
    Collation(String),
    /// The ledger tells of a file that this build has not, or of another text of it.
    #[error("migration {version} in the ledger is not the one of this build")]
    Divergent {
        /// The version of the file.
        version: i64,
    },
    /// A file could not be applied; those before it are in the ledger.
    #[error("migration {name} failed: {source}")]
    Failed {
        /// The name of the file.
        name: String,
        /// What the server said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The account of serving programs has rights on the whole database.
    #[error(
        "the account of database.url has rights on whole databases, so that it could change the \
         audit log: take them back (REVOKE … ON `database`.* FROM …) and run this again"
    )]
    ServingAccount,
    /// Another statement failed.
    #[error("the server refused a statement: {0}")]
    Statement(#[from] mysql::Error),
}
