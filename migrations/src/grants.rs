//! What the account of serving programs may do in the central database: rows of every table, but
//! of the audit log adding and reading only. It may change no table, this ledger included.

use std::collections::{BTreeMap, BTreeSet};

use mysql::{Conn, params, prelude::Queryable};

use crate::{MigrateError, Target};

/// Tables that are added to and never changed.
const APPEND_ONLY: [&str; 2] = ["audit_log", "audit_chain"];
/// Tables that only the runner of migrations writes.
const READ_ONLY: [&str; 1] = ["refinery_schema_history"];

type Rights = BTreeSet<String>;

/// Gives the account of `serving` its rights on each table, and takes away what it has beyond
/// them. Costs two statements when nothing is to be changed.
pub(crate) fn grant(owner: &Target, serving: &Target) -> Result<usize, MigrateError> {
    let (account, present) = present(serving)?;
    let mut conn = owner.connect()?;
    let mut changes = Vec::new();
    for table in tables(&mut conn)? {
        let wanted = wanted(&table);
        let has = present.get(&table).cloned().unwrap_or_default();
        let name = format!("{}.{}", quoted(&owner.database), quoted(&table));
        let list = |rights: Vec<&String>| {
            let rights: Vec<&str> = rights.into_iter().map(String::as_str).collect();
            rights.join(", ")
        };
        let (missing, beyond) = (
            list(wanted.difference(&has).collect()),
            list(has.difference(&wanted).collect()),
        );
        if !missing.is_empty() {
            changes.push(format!("GRANT {missing} ON {name} TO {account}"));
        }
        if !beyond.is_empty() {
            changes.push(format!("REVOKE {beyond} ON {name} FROM {account}"));
        }
    }
    for change in &changes {
        conn.query_drop(change)?;
    }
    check_whole_database(serving)?;
    Ok(changes.len())
}

fn wanted(table: &str) -> Rights {
    let words: &[&str] = if APPEND_ONLY.contains(&table) {
        &["INSERT", "SELECT"]
    } else if READ_ONLY.contains(&table) {
        &["SELECT"]
    } else {
        &["DELETE", "INSERT", "SELECT", "UPDATE"]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn tables(conn: &mut Conn) -> Result<Vec<String>, MigrateError> {
    Ok(conn.query(
        "SELECT table_name FROM information_schema.tables \
         WHERE table_schema = DATABASE() ORDER BY table_name",
    )?)
}

/// The account's own name, as the server writes it, and what it has on each table.
fn present(serving: &Target) -> Result<(String, BTreeMap<String, Rights>), MigrateError> {
    let mut conn = serving.connect_to_server()?;
    let grantee: Option<String> = conn.query_first(
        "SELECT CONCAT('\\'', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '\\'@\\'', \
         SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '\\'')",
    )?;
    let grantee = grantee.unwrap_or_default();
    let rows: Vec<(String, String)> = conn.exec(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges \
         WHERE table_schema = :database AND grantee = :grantee",
        params! { "database" => &serving.database, "grantee" => &grantee },
    )?;
    let mut present: BTreeMap<String, Rights> = BTreeMap::new();
    for (table, right) in rows {
        present.entry(table).or_default().insert(right);
    }
    Ok((grantee, present))
}

/// Rights on the whole database cannot be taken back for one table: such an account could change
/// the audit log whatever else is granted.
fn check_whole_database(serving: &Target) -> Result<(), MigrateError> {
    let mut conn = serving.connect_to_server()?;
    let lines: Vec<String> = conn.query("SHOW GRANTS")?;
    let may_change = |line: &&String| {
        let Some((rights, on)) = line
            .strip_prefix("GRANT ")
            .and_then(|line| line.split_once(" ON "))
        else {
            return false;
        };
        let whole =
            on.starts_with("*.*") || on.split(" TO ").next().is_some_and(|on| on.ends_with(".*"));
        let rights: Vec<&str> = rights.split(", ").collect();
        let risky = ["ALL PRIVILEGES", "UPDATE", "DELETE", "DROP", "ALTER"];
        whole && risky.iter().any(|risk| rights.contains(risk))
    };
    match lines.iter().find(may_change) {
        None => Ok(()),
        Some(_) => Err(MigrateError::ServingAccount),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_log_is_only_added_to() {
        for table in APPEND_ONLY {
            let rights = wanted(table);
            assert!(
                !rights.contains("UPDATE") && !rights.contains("DELETE"),
                "{table}"
            );
        }
        assert_eq!(wanted("sessions").len(), 4);
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
