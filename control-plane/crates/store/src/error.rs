//! What can go wrong between the control plane and its database.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

/// A store's failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or refused the statement.
    #[error("the central database failed")]
    Database(#[source] DbErr),
    /// A row with the same unique value exists.
    #[error("a row with this unique value exists")]
    Duplicate(#[source] DbErr),
    /// The row that was asked for is not there.
    #[error("no such {0}")]
    Missing(&'static str),
    /// A column holds what this release cannot read.
    #[error("{table}.{column} holds an unreadable value")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

impl StoreError {
    /// The error of an unreadable column.
    #[must_use]
    pub const fn corrupt(table: &'static str, column: &'static str) -> Self {
        Self::Corrupt { table, column }
    }

    /// Whether the database could not be asked, so that trying again shortly may help.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => matches!(
                **error,
                SqlxError::Io(_)
                    | SqlxError::PoolTimedOut
                    | SqlxError::PoolClosed
                    | SqlxError::WorkerCrashed
            ),
            _ => self.is_transient(),
        }
    }

    /// Whether the same call may succeed when repeated: the server chose it as a deadlock's victim
    /// or a lock took too long.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        let text = error.to_string();
        text.contains("1213") || text.contains("1205") || text.contains("1020")
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Duplicate(error),
            _ => Self::Database(error),
        }
    }
}
