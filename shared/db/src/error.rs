//! What goes wrong between a program and its databases.

use std::sync::Arc;

use kernel::Generation;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr};

use crate::PlacementError;

/// No database for the call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// The address or a setting is wrong.
    #[error("the database's address is not usable: {0}")]
    Address(String),
    /// The database cannot be reached or refuses us.
    #[error("the database cannot be reached: {0}")]
    Connect(Arc<sqlx::Error>),
    /// The budget is used up, and the queue full or the wait over. Try again shortly.
    #[error("too many requests wait for a database")]
    Busy,
    /// The caller's generation is not the tenant's present one.
    #[error("the call is for generation {asked}, the tenant is at {current}")]
    Generation {
        /// What the caller has.
        asked: Generation,
        /// What the placement says.
        current: Generation,
    },
    /// The database says that it is another tenant's, or of another generation.
    #[error("the database at the placement is not this tenant's")]
    Foreign,
    /// Where the tenant's database is could not be learnt.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] DbErr),
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::Connect(Arc::new(error))
    }
}

impl DbError {
    /// Whether no database was had since the server does not answer, rather than refuses.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Connect(error) if !matches!(**error, sqlx::Error::Database(_)))
    }

    /// Whether trying again shortly may help: an answer is 503 with `Retry-After`.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Statement(error) => is_busy(error),
            _ => false,
        }
    }
}

/// Whether the statement found no free connection in time.
#[must_use]
pub fn is_busy(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => true,
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            matches!(**inner, sqlx::Error::PoolTimedOut)
        }
        _ => false,
    }
}

/// Whether the statement broke a unique key.
#[must_use]
pub fn is_duplicate_key(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
