//! The SQL files, embedded at build time, and the fingerprints that they lead to.

use std::sync::LazyLock;

use refinery::Runner;

mod central_files {
    refinery::embed_migrations!("central");
}
mod tenant_files {
    refinery::embed_migrations!("tenant");
}

// Ledger rows are written one by one, but within one exchange: MariaDB commits at each DDL
// statement whatever the transaction, so a transaction per file would only add round trips.
static CENTRAL: LazyLock<Runner> =
    LazyLock::new(|| central_files::migrations::runner().set_grouped(true));
static TENANT: LazyLock<Runner> =
    LazyLock::new(|| tenant_files::migrations::runner().set_grouped(true));

/// Which of the two schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schema {
    /// The control plane's own.
    Central,
    /// Of every tenant's database.
    Tenant,
}

impl Schema {
    pub(crate) fn runner(self) -> &'static Runner {
        match self {
            Self::Central => &CENTRAL,
            Self::Tenant => &TENANT,
        }
    }

    /// The version of the newest file.
    #[must_use]
    pub fn newest_version(self) -> i64 {
        self.runner()
            .get_migrations()
            .iter()
            .map(refinery::Migration::version)
            .max()
            .unwrap_or(0)
    }
}

/// Name and text of every file, in the order in which they are applied.
#[must_use]
pub fn statements(schema: Schema) -> Vec<(&'static str, &'static str)> {
    let mut files: Vec<_> = schema.runner().get_migrations().iter().collect();
    files.sort_by_key(|file| file.version());
    files
        .into_iter()
        .map(|file| (file.name(), file.sql().unwrap_or_default()))
        .collect()
}

/// The fingerprint of a database to which every file has been applied, on MariaDB 10.11.
/// A test compares it with a database made from the files.
#[must_use]
pub fn expected_fingerprint(schema: Schema) -> &'static str {
    match schema {
        Schema::Central => include_str!("../fingerprints/central").trim_ascii(),
        Schema::Tenant => include_str!("../fingerprints/tenant").trim_ascii(),
    }
}
