//! A schema as sorted lines of text, and their SHA-256: equal exactly when the schemas are.
//!
//! Comments, auto-increment values and statistics do not count; neither does the ledger.

use mysql::{Conn, Row, Value, prelude::Queryable};
use sha2::{Digest, Sha256};

use crate::MigrateError;

/// One statement per kind of thing; each row becomes a line.
const QUESTIONS: [(&str, &str); 5] = [
    (
        "table",
        "SELECT table_name, engine, table_collation FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name <> 'refinery_schema_history'",
    ),
    (
        "column",
        "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, \
         column_default, extra, collation_name, generation_expression \
         FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name <> 'refinery_schema_history'",
    ),
    (
        "index",
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type \
         FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name <> 'refinery_schema_history'",
    ),
    (
        "reference",
        "SELECT k.table_name, k.constraint_name, k.ordinal_position, k.column_name, \
         k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule \
         FROM information_schema.key_column_usage k \
         JOIN information_schema.referential_constraints r \
           ON r.constraint_schema = DATABASE() AND r.constraint_name = k.constraint_name \
          AND r.table_name = k.table_name \
         WHERE k.table_schema = DATABASE() AND k.referenced_table_schema = DATABASE()",
    ),
    (
        "check",
        "SELECT table_name, constraint_name, check_clause \
         FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()",
    ),
];

/// The schema of the session's database as lines, sorted by byte value.
pub(crate) fn lines(conn: &mut Conn) -> Result<Vec<String>, MigrateError> {
    let mut lines = Vec::new();
    for (kind, question) in QUESTIONS {
        for row in conn.query_iter(question)? {
            lines.push(line(kind, row?));
        }
    }
    lines.sort_unstable();
    Ok(lines)
}

/// SHA-256 of the lines, in hexadecimal.
pub(crate) fn digest(lines: &[String]) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

fn line(kind: &str, row: Row) -> String {
    let mut line = kind.to_owned();
    for value in row.unwrap() {
        line.push('\t');
        match value {
            Value::NULL => line.push('~'),
            Value::Bytes(bytes) => line.push_str(&String::from_utf8_lossy(&bytes)),
            other => line.push_str(&other.as_sql(true)),
        }
    }
    line
}
