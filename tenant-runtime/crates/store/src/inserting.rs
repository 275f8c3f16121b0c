//! Many rows in few statements.

use sea_orm::{ConnectionTrait, Value};

use crate::StoreError;
use crate::sql::Sql;

/// Rows of one INSERT at most. Each takes as many as a power of two has, so that the statement is
/// one of a few, which a connection prepares once: preparing one costs more than running it.
const ROWS_PER_INSERT: usize = 128;

/// Inserts rows; `head` goes up to `VALUES`, `tail` comes after the rows.
///
/// # Errors
/// When a row has no values, or the database fails.
pub(crate) async fn insert<R>(
    conn: &impl ConnectionTrait,
    head: &str,
    rows: Vec<R>,
    values: impl Fn(R) -> Result<Vec<Value>, StoreError>,
    tail: &str,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let some = 1 << rows.len().min(ROWS_PER_INSERT).ilog2();
        let mut sql = Sql::new(head);
        for (place, row) in rows.by_ref().take(some).enumerate() {
            sql = sql.text(if place == 0 { " (" } else { ", (" });
            for (place, value) in values(row)?.into_iter().enumerate() {
                sql = sql.text(if place == 0 { "?" } else { ", ?" }).bind(value);
            }
            sql = sql.text(")");
        }
        sql.text(tail).run(conn).await?;
    }
    Ok(())
}
