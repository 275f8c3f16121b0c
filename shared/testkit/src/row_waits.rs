//! Which requests of a test's database wait for a row that another transaction holds, as the server
//! knows at this moment. `information_schema.innodb_trx` would say it from a copy that is not
//! renewed while it is asked often.

use std::collections::BTreeSet;

use mysql::prelude::Queryable;

use crate::{TestDb, admin, blocking, must};

impl TestDb {
    /// How many connections wait for a row.
    pub async fn row_waits(&self) -> usize {
        let name = self.name().to_owned();
        blocking(move || {
            let mut conn = admin::connect();
            let status: Option<(String, String, String)> = must(
                conn.query_first("SHOW ENGINE INNODB STATUS"),
                "the server does not say who waits",
            );
            let waiting = status.map_or_else(BTreeSet::new, |(_, _, text)| waiting(&text));
            let own: Vec<u64> = must(
                conn.exec(
                    "SELECT id FROM information_schema.processlist WHERE db = ?",
                    (name,),
                ),
                "the server does not say who is connected",
            );
            own.iter().filter(|id| waiting.contains(id)).count()
        })
        .await
    }
}

/// The connections whose transactions wait.
fn waiting(status: &str) -> BTreeSet<u64> {
    let now = status.split("---TRANSACTION ").skip(1);
    now.filter(|transaction| transaction.contains("\nLOCK WAIT "))
        .filter_map(|transaction| {
            let (_, rest) = transaction.split_once("MariaDB thread id ")?;
            rest.split(',').next()?.trim().parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_that_wait_are_told_from_those_that_do_not() {
        let status = "LIST OF TRANSACTIONS FOR EACH SESSION:\n\
            ---TRANSACTION 421, not started\n0 lock struct(s), heap size 1128\n\
            ---TRANSACTION 17, ACTIVE 1 sec starting index read\nmysql tables in use 1, locked 1\n\
            LOCK WAIT 2 lock struct(s), heap size 1128, 1 row lock(s)\n\
            MariaDB thread id 42, OS thread handle 1, query id 9 127.0.0.1 root Updating\n\
            ---TRANSACTION 16, ACTIVE 2 sec\n3 lock struct(s), heap size 1128, 2 row lock(s)\n\
            MariaDB thread id 41, OS thread handle 2, query id 8 127.0.0.1 root\n";
        assert_eq!(waiting(status), BTreeSet::from([42]));
    }
}
