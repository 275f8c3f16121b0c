//! What MariaDB was really asked by an account: every statement, prepare, `BEGIN` and ping, as the
//! server itself counts them.

use std::collections::BTreeMap;
use std::fmt;

use mysql::prelude::Queryable;

use crate::{admin, blocking, must};

/// Counts what an account asks of MariaDB, over all of its connections.
#[derive(Debug, Clone)]
pub struct StatementCounter {
    user: String,
    before: Statements,
}

/// How often each kind of statement was asked, by the server's name of the kind without
/// `statement/`: `com/Prepare`, `com/Execute`, `com/Ping`, `sql/select`, `sql/begin`, …
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements(BTreeMap<String, u64>);

impl StatementCounter {
    /// Starts at zero, now. Use an account that nobody else uses: [`crate::TestDb::account`].
    pub async fn start(user: &str) -> Self {
        let before = read(user).await;
        Self {
            user: user.to_owned(),
            before,
        }
    }

    /// What was asked since the start.
    pub async fn read(&self) -> Statements {
        read(&self.user).await.since(&self.before)
    }

    /// What was asked since the start or the last call.
    pub async fn take(&mut self) -> Statements {
        let now = read(&self.user).await;
        let since = now.since(&self.before);
        self.before = now;
        since
    }
}

impl Statements {
    /// Everything that was asked, connections' ends excepted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How often one kind was asked.
    #[must_use]
    pub fn of(&self, kind: &str) -> u64 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    fn since(&self, before: &Self) -> Self {
        let grown = self.0.iter().filter_map(|(kind, count)| {
            let more = count.saturating_sub(before.of(kind));
            (more > 0).then(|| (kind.clone(), more))
        });
        Self(grown.collect())
    }
}

impl fmt::Display for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} statements", self.total())?;
        for (kind, count) in &self.0 {
            write!(f, ", {count} {kind}")?;
        }
        Ok(())
    }
}

async fn read(user: &str) -> Statements {
    let user = user.to_owned();
    blocking(move || {
        let mut conn = admin::connect();
        let enabled: Option<i64> =
            must(conn.query_first("SELECT @@performance_schema"), "variable");
        assert_eq!(enabled, Some(1), "MariaDB runs without performance_schema");
        let rows: Vec<(String, u64)> = must(
            conn.exec(
                "SELECT SUBSTRING(event_name, 11), SUM(count_star) \
                 FROM performance_schema.events_statements_summary_by_account_by_event_name \
                 WHERE user = ? AND count_star > 0 AND event_name <> 'statement/com/Quit' \
                 GROUP BY event_name",
                (user,),
            ),
            "the server's statement counts",
        );
        Statements(rows.into_iter().collect())
    })
    .await
}
