//! What goes wrong between the stores and a tenant's database.

use sea_orm::{DbErr, RuntimeErr, SqlxError, SqlxMySqlError};

/// A store could not do its work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database failed or refused.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A stored value cannot be read.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    /// What was read to know what to lock had changed when it was locked.
    #[error("changed by someone else meanwhile")]
    Stale,
}

/// Deadlock; lock wait timeout; row changed since the snapshot.
const RETRYABLE: [u16; 3] = [1213, 1205, 1020];
/// Lock wait timeout.
const LOCK_WAIT: u16 = 1205;
/// Statement timeout.
const STATEMENT_TIMEOUT: u16 = 1969;

impl StoreError {
    /// Whether the same transaction may succeed when it is run again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Stale)
            || self
                .number()
                .is_some_and(|number| RETRYABLE.contains(&number))
    }

    /// Whether another transaction held a lock for too long.
    #[must_use]
    pub fn is_lock_wait(&self) -> bool {
        self.number()
            .is_some_and(|number| number == LOCK_WAIT || number == STATEMENT_TIMEOUT)
    }

    /// Whether a unique key was broken.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(error) if db::is_duplicate_key(error))
    }

    /// Whether it may work shortly: no connection was free, or locks were held for too long.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let no_connection = matches!(self, Self::Database(error) if db::is_busy(error));
        no_connection || self.is_retryable() || self.is_lock_wait()
    }

    /// MariaDB's number of the error.
    fn number(&self) -> Option<u16> {
        let Self::Database(DbErr::Exec(inner) | DbErr::Query(inner)) = self else {
            return None;
        };
        let RuntimeErr::SqlxError(inner) = inner else {
            return None;
        };
        let SqlxError::Database(error) = inner.as_ref() else {
            return None;
        };
        error
            .try_downcast_ref::<SqlxMySqlError>()
            .map(SqlxMySqlError::number)
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
