//! What tenants' directories tell: tokens, users and groups (RFC 7643, RFC 7644).

mod filter;
mod group_members;
mod groups;
mod tokens;
mod users;

pub use group_members::{GroupOfMember, MappedRole, ScimGroupMemberStore};
pub use groups::{ScimGroup, ScimGroupStore};
pub use tokens::{ScimToken, ScimTokenStore};
pub use users::{Said, ScimUser, ScimUserStore};

use cp_scim::ScimError;
use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

use crate::StoreError;

/// How many ids one statement takes.
pub(crate) const CHUNK: usize = 500;

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The filter asks for what cannot be searched.
    #[error(transparent)]
    Filter(#[from] ScimError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SearchError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// A statement whose number of values is known only now.
pub(crate) fn open_statement(text: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::MySql, text, values)
}

/// `?, ?, …` for so many values.
pub(crate) fn marks(number: usize) -> String {
    vec!["?"; number].join(", ")
}

/// The values of these ids.
pub(crate) fn ids<T: Into<Uuid> + Copy>(ids: &[T]) -> impl Iterator<Item = Value> {
    ids.iter().map(|id| Value::from((*id).into()))
}
