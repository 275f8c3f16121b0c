//! What waits in many tenants' databases of one server, asked with its sweep account: the relay's
//! own question, put to those databases only in which any row is neither done nor dead.

use db::SweepConnection;

use crate::StoreError;
use crate::relaying::{OPEN, Waiting, question, waiting_row};
use crate::sql::Columns;

/// What there is to relay of these classes in each of these databases, with its place in the list.
///
/// # Errors
/// When the server fails, or one of the databases cannot be looked at.
pub async fn waiting(
    conn: &mut SweepConnection,
    databases: &[&str],
    classes: &[&str],
) -> Result<Vec<(usize, Waiting)>, StoreError> {
    let open = open(conn, databases).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let questions: Vec<String> = open
        .iter()
        .filter_map(|place| {
            let of = qualified(databases.get(*place)?);
            Some(question(*place, &of, classes))
        })
        .collect();
    let rows = conn.rows(questions.join(" UNION ALL ")).await?;
    let found: Vec<_> = rows
        .iter()
        .map(|row| waiting_row(&mut Columns::of_row(row)))
        .collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The places of the databases with a row that is neither done nor dead. What was not published is
/// neither.
async fn open(conn: &mut SweepConnection, databases: &[&str]) -> Result<Vec<usize>, StoreError> {
    let mut questions = Vec::with_capacity(2 * databases.len());
    for (place, database) in databases.iter().enumerate() {
        // Names cannot be parameters of a statement.
        if !database
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return Err(StoreError::Unreadable("a database's name".to_owned()));
        }
        for table in ["outbox", "jobs"] {
            questions.push(format!(
                "(SELECT {place} FROM {}{table} FORCE INDEX ({table}_outstanding) \
                 WHERE {OPEN} LIMIT 1)",
                qualified(database)
            ));
        }
    }
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = conn.rows(questions.join(" UNION ALL ")).await?;
    let mut places: Vec<usize> = rows
        .iter()
        .map(|row| Columns::of_row(row).place())
        .collect::<Result<_, _>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

fn qualified(database: &str) -> String {
    format!("`{database}`.")
}
