//! Lists of items: filters, order, and pages that begin after a key, never at an offset.

use std::str::FromStr;

use kernel::{FolderId, Limit, MemberId, WorkItemId};
use sea_orm::{ConnectionTrait, Value};
use serde::{Deserialize, Serialize};
use tr_domain::WorkItemKind;
use tr_domain::access::Viewer;
use uuid::Uuid;

use super::row::{ItemRow, SEEN, read, select};
use crate::StoreError;
use crate::access::visible;
use crate::sql::{Sql, id_value};

/// Which items.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "each narrows the list to items with this value"
)]
pub struct Filter {
    pub grid_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub parent_id: Option<WorkItemId>,
    pub kinds: Vec<WorkItemKind>,
    pub assignee_id: Option<MemberId>,
    pub complete: Option<bool>,
    pub q: Option<String>,
}

impl Filter {
    /// Whether it is about what lies in one place.
    const fn is_in_place(&self) -> bool {
        self.grid_id.is_some() || self.folder_id.is_some() || self.parent_id.is_some()
    }
}

/// The field that a list is ordered by. UUIDv7 ids are in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// The id.
    #[default]
    CreatedAt,
    /// The last change.
    UpdatedAt,
    /// The name.
    Name,
    /// The order among siblings.
    Position,
    /// The start; items without one come last.
    Start,
    /// The finish; items without one come last.
    Finish,
    /// The deadline; items without one come last.
    Deadline,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Whether the highest comes first.
    pub descending: bool,
}

impl Sort {
    /// The words, each also with a `-` before it.
    pub const WORDS: &'static [&'static str] = &[
        "created_at",
        "updated_at",
        "name",
        "position",
        "start",
        "finish",
        "deadline",
    ];
}

impl FromStr for Sort {
    type Err = tr_domain::UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (word, descending) = s.strip_prefix('-').map_or((s, false), |word| (word, true));
        let key = match word {
            "created_at" => SortKey::CreatedAt,
            "updated_at" => SortKey::UpdatedAt,
            "name" => SortKey::Name,
            "position" => SortKey::Position,
            "start" => SortKey::Start,
            "finish" => SortKey::Finish,
            "deadline" => SortKey::Deadline,
            _ => {
                return Err(tr_domain::UnknownWord {
                    expected: Self::WORDS,
                });
            }
        };
        Ok(Self { key, descending })
    }
}

const NEVER: &str = "'2999-12-31 23:59:00'";

impl SortKey {
    fn expression(self) -> String {
        match self {
            Self::CreatedAt => "i.id".into(),
            Self::UpdatedAt => "i.updated_at".into(),
            Self::Name => "i.name".into(),
            Self::Position => "i.position".into(),
            Self::Start => format!("COALESCE(i.start, {NEVER})"),
            Self::Finish => format!("COALESCE(i.finish, {NEVER})"),
            Self::Deadline => format!("COALESCE(i.deadline, {NEVER})"),
        }
    }

    const fn place(self) -> &'static str {
        match self {
            Self::CreatedAt | Self::Name => "?",
            Self::Position => "CAST(? AS SIGNED)",
            Self::UpdatedAt | Self::Start | Self::Finish | Self::Deadline => {
                "CAST(? AS DATETIME(6))"
            }
        }
    }

    /// The key of a row, as the cursor carries it; what the expression above gives.
    #[must_use]
    pub fn of(self, row: &ItemRow) -> String {
        const FORMAT: &str = "%Y-%m-%d %H:%M:%S%.6f";
        let local = |minute: Option<tr_domain::LocalMinute>| {
            minute.map_or(NEVER.trim_matches('\'').to_owned(), |m| {
                m.as_naive().format(FORMAT).to_string()
            })
        };
        match self {
            Self::CreatedAt => String::new(),
            Self::UpdatedAt => row.updated_at.format(FORMAT).to_string(),
            Self::Name => row.content.name.to_string(),
            Self::Position => row.position.to_string(),
            Self::Start => local(row.content.start),
            Self::Finish => local(row.content.finish),
            Self::Deadline => local(row.content.deadline),
        }
    }
}

/// The visible live items that pass the filter, after the place `after` = (key, id).
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &Filter,
    sort: Sort,
    after: Option<(String, Uuid)>,
    limit: Limit,
) -> Result<Vec<ItemRow>, StoreError> {
    let mut sql = select(viewer).text("i.deleted_at IS NULL");
    if !filter.is_in_place() {
        sql = sql.text(" AND ").append(visible(viewer, "i.grid_id"));
    }
    let equal = [
        ("i.grid_id", id_value(filter.grid_id)),
        ("i.folder_id", id_value(filter.folder_id)),
        ("i.parent_id", id_value(filter.parent_id)),
        ("i.assignee_id", id_value(filter.assignee_id)),
    ];
    for (column, value) in equal {
        if value != Value::from(None::<Uuid>) {
            sql = sql.text(&format!(" AND {column} = ?")).bind(value);
        }
    }
    if !filter.kinds.is_empty() {
        let words: Vec<_> = filter.kinds.iter().map(|k| format!("'{k}'")).collect();
        sql = sql.text(&format!(" AND i.kind IN ({})", words.join(", ")));
    }
    if let Some(complete) = filter.complete {
        let not = if complete { "NOT " } else { "" };
        sql = sql.text(&format!(" AND i.completed_at IS {not}NULL"));
    }
    if let Some(words) = &filter.q {
        let pattern = pattern(words);
        sql = sql
            .text(" AND (i.name LIKE ? OR i.description LIKE ?)")
            .bind(pattern.clone())
            .bind(pattern);
    }
    // In one place, where rows come in their order and most are seen, the level that is read anyway
    // says so row by row, and a page ends as soon as it is full; over everything that would look at
    // what others see, too.
    let seen = if filter.is_in_place() { SEEN } else { "" };
    let sql = ordered(sql, sort, after, seen);
    sql.page(limit).all(conn, read).await
}

/// The items after a place in an order; `having` goes before the ORDER BY.
fn ordered(sql: Sql, sort: Sort, after: Option<(String, Uuid)>, having: &str) -> Sql {
    let (than, direction) = if sort.descending {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    let expression = sort.key.expression();
    if sort.key == SortKey::CreatedAt {
        let sql = match after {
            None => sql,
            Some((_, id)) => sql.text(&format!(" AND i.id {than} ?")).bind(id),
        };
        return sql.text(&format!("{having} ORDER BY i.id {direction}"));
    }
    let sql = match after {
        None => sql,
        Some((key, id)) => {
            let place = sort.key.place();
            // The first condition is implied; it is there for the index.
            sql.text(&format!(
                " AND {expression} {than}= {place} AND ({expression}, i.id) {than} ({place}, ?)"
            ))
            .bind(key.clone())
            .bind(key)
            .bind(id)
        }
    };
    sql.text(&format!(
        "{having} ORDER BY {expression} {direction}, i.id {direction}"
    ))
}

/// A LIKE pattern that finds the words as they are.
fn pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for c in words.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
