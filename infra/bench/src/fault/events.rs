//! Many events at once, put straight into a tenant's outbox: copies of one that a request made.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Row as _};

use super::tenant::Tenant;
use crate::statistics::percentile;

/// Numbers of a tenant's events.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    first: u64,
    last: u64,
}

/// Adds so many events of a class. Of every `poison` the middle one has a payload that nobody can
/// read; of none if it is 0.
pub async fn add(tenant: &Tenant, class: &str, count: u64, poison: u64) -> Result<Numbers> {
    let mut tx = tenant.database.begin().await?;
    let counter = "UPDATE event_counter SET value = LAST_INSERT_ID(value + ?) WHERE id = 1";
    let counted = sqlx::query(counter).bind(count).execute(&mut *tx).await?;
    let last = counted.last_insert_id();
    let first = (last + 1).checked_sub(count).context("no event counter")?;
    let payload = if poison == 0 {
        "one.payload".to_owned()
    } else {
        let middle = poison / 2;
        format!("IF(seq MOD {poison} = {middle}, '{{\"poison\": true}}', one.payload)")
    };
    // The server's own sequences: nothing travels.
    let insert = format!(
        "INSERT INTO outbox (number, class, event_id, kind, version, payload, occurred_at) \
         SELECT {first} + seq, '{class}', UNHEX(REPLACE(UUID(), '-', '')), one.kind, one.version, \
         {payload}, UTC_TIMESTAMP(6) FROM seq_0_to_{} JOIN (SELECT kind, version, payload \
         FROM outbox WHERE class = 'activity' AND kind = 'work_item.created' \
         ORDER BY number LIMIT 1) one",
        count.saturating_sub(1),
    );
    sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Numbers { first, last })
}

/// How long events of a class waited for their effect, in microseconds, sorted. Those that are
/// dead do not count.
pub async fn dwell(tenant: &Tenant, class: &str, numbers: &[Numbers]) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    for Numbers { first, last } in numbers {
        let query = "SELECT TIMESTAMPDIFF(MICROSECOND, occurred_at, done_at) FROM outbox \
             WHERE class = ? AND number BETWEEN ? AND ? AND done_at IS NOT NULL \
             AND dead_at IS NULL";
        let query = sqlx::query(query).bind(class).bind(first).bind(last);
        for row in query.fetch_all(&tenant.database).await? {
            all.push(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0));
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// 99 of 100 waited at most so many seconds.
pub fn p99_seconds(sorted: &[u64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of an experiment")]
    let micros = percentile(sorted, 0.99) as f64;
    micros / 1e6
}
