//! Statements written out, for joins and conditional changes that read better as SQL.

use sea_orm::{
    ConnectionTrait, DbBackend, FromQueryResult, SelectModel, SelectorRaw, Statement, Value,
};

use crate::StoreError;

/// A statement with its values.
pub(crate) fn statement<const N: usize>(text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::MySql, text, values)
}

/// Runs a statement that changes rows; answers how many it changed.
pub(crate) async fn execute<const N: usize>(
    conn: &impl ConnectionTrait,
    text: &str,
    values: [Value; N],
) -> Result<u64, StoreError> {
    Ok(conn
        .execute_raw(statement(text, values))
        .await?
        .rows_affected())
}

/// Rows of a type of their own.
pub(crate) fn select<R: FromQueryResult, const N: usize>(
    text: &str,
    values: [Value; N],
) -> SelectorRaw<SelectModel<R>> {
    R::find_by_statement(statement(text, values))
}
