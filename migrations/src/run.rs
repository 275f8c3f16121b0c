//! Probe, lease, run.

use std::error::Error;

use mysql::{Conn, prelude::Queryable};
use refinery::Runner;

use crate::{MigrateError, Schema, Target, fingerprint, statements};

type Cause = Box<dyn Error + Send + Sync>;

/// How long a runner waits for another that has the same database.
const LEASE_WAIT_SECONDS: u32 = 30;
/// How often a statement is tried that waited too long for somebody's transaction.
const LOCK_TRIES: u32 = 5;
const NO_SUCH_TABLE: u16 = 1146;
const LOCK_WAIT_TIMEOUT: u16 = 1205;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The names of the files applied, in order; empty when nothing was pending.
    pub applied: Vec<String>,
    /// The version that the schema has now.
    pub version: i64,
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The version that the schema has; `None` when it has none.
    pub version: Option<i64>,
    /// The names of the files that a run would apply, in order.
    pub files: Vec<String>,
}

/// A session on one database, for a probe, a run and a fingerprint after one another.
#[derive(Debug)]
pub struct Session {
    conn: Conn,
    database: String,
}

impl Session {
    /// Opens a session that uses the target's database.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the account.
    pub fn open(target: &Target) -> Result<Self, MigrateError> {
        Ok(Self {
            conn: target.connect()?,
            database: target.database.clone(),
        })
    }

    /// Compares the ledger with the files of this build: one statement, no lock.
    ///
    /// # Errors
    /// When the ledger tells of files that this build does not have.
    pub fn pending(&mut self, schema: Schema) -> Result<Pending, MigrateError> {
        let ledger = self.ledger()?;
        let mut files: Vec<_> = schema.runner().get_migrations().iter().collect();
        files.sort_by_key(|file| file.version());
        for (version, checksum) in &ledger {
            let same = files
                .iter()
                .any(|f| f.version() == *version && f.checksum().to_string() == *checksum);
            if !same {
                return Err(MigrateError::Divergent { version: *version });
            }
        }
        files.retain(|file| !ledger.iter().any(|(version, _)| *version == file.version()));
        Ok(Pending {
            version: ledger.last().map(|(version, _)| *version),
            files: files
                .into_iter()
                .map(|file| file.name().to_owned())
                .collect(),
        })
    }

    /// Applies what is pending. Nothing pending costs the probe only; otherwise one runner at a
    /// time works on a database, and a runner that dies frees it with its session.
    ///
    /// # Errors
    /// When another runner keeps the database, or a file fails.
    pub fn migrate(&mut self, schema: Schema) -> Result<Report, MigrateError> {
        if self.pending(schema)?.files.is_empty() {
            return Ok(Report {
                applied: Vec::new(),
                version: schema.newest_version(),
            });
        }
        self.check_collation()?;
        self.take_lease()?;
        let applied = self.apply(schema);
        self.conn.query_drop("DO RELEASE_ALL_LOCKS()")?;
        Ok(Report {
            applied: applied?,
            version: schema.newest_version(),
        })
    }

    /// SHA-256 of the normalised schema.
    ///
    /// # Errors
    /// When the session is lost.
    pub fn fingerprint(&mut self) -> Result<String, MigrateError> {
        Ok(fingerprint::digest(&self.schema_lines()?))
    }

    /// The normalised schema itself, to show in what two differ.
    ///
    /// # Errors
    /// When the session is lost.
    pub fn schema_lines(&mut self) -> Result<Vec<String>, MigrateError> {
        fingerprint::lines(&mut self.conn)
    }

    /// SQL mode, time zone and collation of the session.
    ///
    /// # Errors
    /// When the session is lost.
    pub fn settings(&mut self) -> Result<[String; 3], MigrateError> {
        let row: Option<(String, String, String)> = self
            .conn
            .query_first("SELECT @@sql_mode, @@time_zone, @@collation_connection")?;
        let (mode, zone, collation) = row.unwrap_or_default();
        Ok([mode, zone, collation])
    }

    fn apply(&mut self, schema: Schema) -> Result<Vec<String>, MigrateError> {
        let mut applied = Vec::new();
        let mut tries = 1;
        loop {
            let pending = self.pending(schema)?;
            let before = pending.files;
            let worked = match pending.version {
                None => self.apply_all(schema),
                Some(_) => schema
                    .runner()
                    .run(&mut self.conn)
                    .map(drop)
                    .map_err(|e| (None, e.into())),
            };
            let Err((failed, source)) = worked else {
                applied.extend(before);
                return Ok(applied);
            };
            let after = self.pending(schema)?.files;
            let done = before.len().saturating_sub(after.len());
            let name = failed
                .or_else(|| after.first().cloned())
                .unwrap_or_default();
            applied.extend(before.into_iter().take(done));
            if tries == LOCK_TRIES || !is_lock_wait(&*source) {
                return Err(MigrateError::Failed { name, source });
            }
            tries += 1;
        }
    }

    /// Applies every file to a new database, then writes the whole ledger in one transaction: a
    /// commit, and its flush to the disk, fewer per file. A runner that dies before has the next
    /// one run every file again, and each stands that.
    fn apply_all(&mut self, schema: Schema) -> Result<(), (Option<String>, Cause)> {
        for (name, statement) in statements(schema) {
            let done = self.conn.query_drop(statement);
            done.map_err(|error| (Some(name.to_owned()), error.into()))?;
        }
        let ledger =
            Runner::new(schema.runner().get_migrations()).set_target(refinery::Target::Fake);
        ledger
            .run(&mut self.conn)
            .map(drop)
            .map_err(|error| (None, error.into()))
    }

    fn ledger(&mut self) -> Result<Vec<(i64, String)>, MigrateError> {
        let rows = self
            .conn
            .query("SELECT version, checksum FROM refinery_schema_history ORDER BY version");
        match rows {
            Err(mysql::Error::MySqlError(error)) if error.code == NO_SUCH_TABLE => Ok(Vec::new()),
            rows => Ok(rows?),
        }
    }

    fn check_collation(&mut self) -> Result<(), MigrateError> {
        let collation: Option<String> = self.conn.query_first("SELECT @@collation_database")?;
        match collation {
            Some(collation) if collation == "utf8mb4_unicode_ci" => Ok(()),
            other => Err(MigrateError::Collation(other.unwrap_or_default())),
        }
    }

    fn take_lease(&mut self) -> Result<(), MigrateError> {
        let name = format!("migrate:{}", self.database);
        let got: Option<Option<i64>> = self.conn.exec_first(
            "SELECT GET_LOCK(LEFT(?, 64), ?)",
            (name, LEASE_WAIT_SECONDS),
        )?;
        if got.flatten() == Some(1) {
            Ok(())
        } else {
            Err(MigrateError::Busy)
        }
    }
}

/// Whether the statement only waited too long: the server's own wait was the back-off.
fn is_lock_wait(error: &(dyn Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(cause) = source {
        if let Some(mysql::Error::MySqlError(error)) = cause.downcast_ref() {
            return error.code == LOCK_WAIT_TIMEOUT;
        }
        source = cause.source();
    }
    false
}
