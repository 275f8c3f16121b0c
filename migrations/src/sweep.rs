//! What a sweep account may read of a tenant's database: whether rows wait and since when, never
//! what they say. It stands here, beside the schema, since the control plane gives the rights and
//! the runtime asks with them.

/// Counts up whenever [`COLUMNS`] changes: databases with rights of an older version get them anew.
pub const VERSION: u16 = 1;

/// The tables, and the columns of each.
pub const COLUMNS: [(&str, &str); 2] = [
    ("outbox", "class, published_at, done_at, dead_at"),
    ("jobs", "class, due_at, published_at, done_at, dead_at"),
];

/// The statements that let an account (`'user'@'host'`) look at a database.
#[must_use]
pub fn grants(database: &str, account: &str) -> [String; 2] {
    COLUMNS.map(|(table, columns)| {
        format!("GRANT SELECT ({columns}) ON `{database}`.`{table}` TO {account}")
    })
}

/// The statements that take it away, whether or not the database is still there. Each fails when
/// there is nothing to take.
#[must_use]
pub fn revocations(database: &str, account: &str) -> [String; 2] {
    COLUMNS
        .map(|(table, _)| format!("REVOKE ALL PRIVILEGES ON `{database}`.`{table}` FROM {account}"))
}
