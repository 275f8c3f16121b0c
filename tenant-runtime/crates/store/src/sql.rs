//! Statements and rows. Reads are written as SQL, since each is one statement made for its answer;
//! rows are read column after column, in the order of the SELECT.

use chrono::{DateTime, Utc};
use kernel::{Limit, TypedId};
use sea_orm::{ConnectionTrait, DbBackend, ExecResult, QueryResult, Statement, Value};
use sqlx::{Decode, MySql, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use crate::StoreError;

/// SQL with its values, which grow together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Begins with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    /// Adds text.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds the value of a `?` in the text so far.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds another piece.
    pub(crate) fn append(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// Adds `(?, ?, …)` with these ids; of none, a list that matches nothing.
    pub(crate) fn ids<I: TypedId>(self, ids: impl IntoIterator<Item = I>) -> Self {
        self.list(ids.into_iter().map(|id| Value::from(id.as_uuid())))
    }

    /// Adds `(?, ?, …)` with these numbers.
    pub(crate) fn numbers(self, numbers: &[u64]) -> Self {
        self.list(numbers.iter().map(|number| Value::from(*number)))
    }

    /// Adds `(?, ?, …)` with these ids.
    pub(crate) fn uuids(self, ids: &[Uuid]) -> Self {
        self.list(ids.iter().map(|id| Value::from(*id)))
    }

    /// The last value fills the list up to a power of two: a statement is prepared once per length,
    /// and of a few lengths once per connection, not once per call.
    fn list(mut self, values: impl Iterator<Item = Value>) -> Self {
        let before = self.values.len();
        self.values.extend(values);
        let count = self.values.len() - before;
        let Some(last) = self.values.last().filter(|_| count > 0).cloned() else {
            return self.text("(NULL)");
        };
        let filled = count.next_power_of_two();
        self.values.resize(before + filled, last);
        self.text.push_str("(?");
        for _ in 1..filled {
            self.text.push_str(", ?");
        }
        self.text.push(')');
        self
    }

    /// Adds a `LIMIT` of one more row than a page holds.
    pub(crate) fn page(self, limit: Limit) -> Self {
        self.text(&format!(" LIMIT {}", limit.plus_one()))
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(DbBackend::MySql, self.text, self.values)
    }

    /// Reads one row, or none.
    pub(crate) async fn one<T>(
        self,
        conn: &impl ConnectionTrait,
        read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let row = conn.query_one_raw(self.statement()).await?;
        row.as_ref()
            .map(|row| read(&mut Columns::of(row)?))
            .transpose()
    }

    /// Reads all rows.
    pub(crate) async fn all<T>(
        self,
        conn: &impl ConnectionTrait,
        read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = conn.query_all_raw(self.statement()).await?;
        rows.iter()
            .map(|row| read(&mut Columns::of(row)?))
            .collect()
    }

    /// Executes a change.
    pub(crate) async fn run(self, conn: &impl ConnectionTrait) -> Result<ExecResult, StoreError> {
        Ok(conn.execute_raw(self.statement()).await?)
    }
}

/// The columns of a row, one after another.
pub(crate) struct Columns<'r> {
    row: &'r MySqlRow,
    next: usize,
}

impl<'r> Columns<'r> {
    fn of(row: &'r QueryResult) -> Result<Self, StoreError> {
        let row = row
            .try_as_mysql_row()
            .ok_or_else(|| StoreError::Unreadable("the row is not of MariaDB".into()))?;
        Ok(Self::of_row(row))
    }

    /// Of a row that the driver itself gave.
    pub(crate) const fn of_row(row: &'r MySqlRow) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(crate) fn get<T: Decode<'r, MySql>>(&mut self) -> Result<T, StoreError> {
        let index = self.next;
        self.next += 1;
        Ok(self.row.try_get_unchecked(index)?)
    }

    /// The next column, a place in a list.
    pub(crate) fn place(&mut self) -> Result<usize, StoreError> {
        let place: i64 = self.get()?;
        usize::try_from(place)
            .map_err(|_| StoreError::Unreadable(format!("{place} is no place in a list")))
    }

    /// The next column, an id.
    pub(crate) fn id<I: TypedId>(&mut self) -> Result<I, StoreError> {
        Ok(I::from_uuid(self.get::<Uuid>()?))
    }

    /// The next column, an id or null.
    pub(crate) fn id_opt<I: TypedId>(&mut self) -> Result<Option<I>, StoreError> {
        Ok(self.get::<Option<Uuid>>()?.map(I::from_uuid))
    }

    /// The next column, a word of a vocabulary.
    pub(crate) fn word<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        let word: &str = self.get()?;
        word.parse()
            .map_err(|_| StoreError::Unreadable(format!("unknown word {word}")))
    }

    /// The next column, a word or null.
    pub(crate) fn word_opt<T: std::str::FromStr>(&mut self) -> Result<Option<T>, StoreError> {
        let word: Option<&str> = self.get()?;
        word.map(|word| {
            word.parse()
                .map_err(|_| StoreError::Unreadable(format!("unknown word {word}")))
        })
        .transpose()
    }

    /// The next column, a time.
    pub(crate) fn time(&mut self) -> Result<DateTime<Utc>, StoreError> {
        self.get()
    }
}

/// The value of an optional id.
pub(crate) fn id_value<I: TypedId>(id: Option<I>) -> Value {
    Value::from(id.map(TypedId::as_uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filled_up_to_a_few_lengths() {
        let list = |numbers: &[u64]| Sql::new("n IN ").bind(9).numbers(numbers);
        assert_eq!(list(&[]).text, "n IN (NULL)");
        assert_eq!(list(&[7]).text, "n IN (?)");
        let five = list(&[1, 2, 3, 4, 5]);
        assert_eq!(five.text, "n IN (?, ?, ?, ?, ?, ?, ?, ?)");
        let values = [9, 1, 2, 3, 4, 5, 5, 5, 5];
        assert_eq!(five.values.first(), Some(&Value::from(9)));
        let numbers: Vec<Value> = values
            .iter()
            .skip(1)
            .map(|n| Value::from(*n as u64))
            .collect();
        assert_eq!(five.values.get(1..), Some(numbers.as_slice()));
    }
}
