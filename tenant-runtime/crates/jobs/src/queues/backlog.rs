//! What waits in which tenant. The relay says which tenants have something that is not done, or
//! could not be asked, as it passes through them; only these are counted, and none for longer than it
//! has something.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_node_api::{QueueReport, ServerBacklog, TenantBacklog};
use db::{DbError, PlacementError, TenantPools};
use futures_util::{StreamExt, stream};
use kernel::{TenantContext, TenantId};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tr_store::backlog;

/// How often is counted.
const EVERY: Duration = Duration::from_secs(2);
/// How many tenants are counted each time, the least lately counted first.
const TENANTS_EACH_TIME: usize = 100;
/// How many at a time.
const TENANTS_AT_A_TIME: usize = 4;
/// How long counting in one tenant may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How many rows a report has at most: half of them those that wait longest, half those with the
/// most of the others.
const ROWS: usize = 500;

/// What waits in which tenant. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<Mutex<HashMap<TenantId, Entry>>>);

#[derive(Debug)]
struct Entry {
    tenant: TenantContext,
    /// Where its database is; not known before it was counted.
    server: Option<Server>,
    counted: Option<Instant>,
    /// Whether it could not be asked the last time: the figures are those of before.
    silent: bool,
    classes: Vec<TenantBacklog>,
}

/// A database server, by its host and port.
type Server = (String, u16);

impl Backlog {
    /// Notes that the relay found something in a tenant that is not done, or could not look.
    pub(crate) fn saw(&self, tenant: TenantContext) {
        let mut known = self.lock();
        let entry = known.entry(tenant.tenant).or_insert(Entry {
            tenant,
            server: None,
            counted: None,
            silent: false,
            classes: Vec::new(),
        });
        if tenant.generation > entry.tenant.generation {
            entry.tenant = tenant;
        }
    }

    /// What waits, as a report says it: in each tenant, of no more than a report may have, and on
    /// each server, of all.
    #[must_use]
    pub fn report(&self) -> QueueReport {
        let known = self.lock();
        let rows = known.values().flat_map(|entry| &entry.classes);
        let rows: Vec<_> = rows.cloned().collect();
        let servers = servers(known.values());
        drop(known);
        QueueReport {
            tenants_cut: rows.len() > ROWS,
            tenants: top(rows),
            servers,
            ..QueueReport::default()
        }
    }

    /// When the oldest event of a class happened that is not done.
    pub(crate) fn oldest(&self, class: &str) -> Option<DateTime<Utc>> {
        let known = self.lock();
        let rows = known.values().flat_map(|entry| &entry.classes);
        rows.filter(|row| row.class == class)
            .filter_map(|row| row.oldest_at)
            .min()
    }

    fn due(&self) -> Vec<TenantContext> {
        let known = self.lock();
        let mut due: Vec<_> = known
            .values()
            .map(|entry| (entry.counted, entry.tenant))
            .collect();
        drop(known);
        due.sort_by_key(|(counted, _)| *counted);
        due.truncate(TENANTS_EACH_TIME);
        due.into_iter().map(|(_, tenant)| tenant).collect()
    }

    fn counted(&self, tenant: TenantId, server: Option<Server>, classes: Vec<TenantBacklog>) {
        let mut known = self.lock();
        if classes.is_empty() {
            known.remove(&tenant);
        } else if let Some(entry) = known.get_mut(&tenant) {
            entry.server = server;
            entry.counted = Some(Instant::now());
            entry.silent = false;
            entry.classes = classes;
        }
    }

    /// A tenant could not be asked: what was counted last stays.
    fn silent(&self, tenant: TenantId, server: Option<Server>) {
        if let Some(entry) = self.lock().get_mut(&tenant) {
            entry.server = server.or_else(|| entry.server.take());
            entry.counted = Some(Instant::now());
            entry.silent = true;
        }
    }

    /// A tenant is not here any more, or not as it was: the relay sees it again.
    fn gone(&self, tenant: TenantContext) {
        let mut known = self.lock();
        if known
            .get(&tenant.tenant)
            .is_some_and(|entry| entry.tenant == tenant)
        {
            known.remove(&tenant.tenant);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As many rows as a report may have.
fn top(mut rows: Vec<TenantBacklog>) -> Vec<TenantBacklog> {
    let most = |row: &TenantBacklog| Reverse(row.waiting + row.outstanding);
    rows.sort_by_key(|row| (row.oldest_at.is_none(), row.oldest_at, most(row)));
    let mut others = rows.split_off(rows.len().min(ROWS / 2));
    others.sort_by_key(most);
    others.truncate(ROWS - ROWS / 2);
    rows.append(&mut others);
    rows
}

/// What waits on each server.
fn servers<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<ServerBacklog> {
    let mut servers: BTreeMap<&Server, ServerBacklog> = BTreeMap::new();
    for entry in entries {
        let Some(server) = &entry.server else {
            continue;
        };
        let sum = servers.entry(server).or_insert_with(|| ServerBacklog {
            host: server.0.clone(),
            port: server.1,
            tenants: 0,
            waiting: 0,
            oldest_at: None,
            not_asked: 0,
        });
        sum.not_asked += u64::from(entry.silent);
        sum.tenants += u64::from(entry.classes.iter().any(|row| row.waiting > 0));
        for row in entry.classes.iter().filter(|row| row.waiting > 0) {
            sum.waiting += row.waiting;
            sum.oldest_at = sum.oldest_at.into_iter().chain(row.unpublished_at).min();
        }
    }
    servers.into_values().collect()
}

/// Keeps counting until told to stop.
pub async fn count_backlogs(
    backlog: Backlog,
    pools: TenantPools,
    clock: Clock,
    stop: CancellationToken,
) {
    let counting = async {
        let mut times = tokio::time::interval(EVERY);
        loop {
            times.tick().await;
            let round = Round {
                backlog: &backlog,
                pools: &pools,
                now: clock.now(),
                away: Mutex::default(),
            };
            stream::iter(backlog.due())
                .for_each_concurrent(TENANTS_AT_A_TIME, |tenant| round.count(tenant))
                .await;
        }
    };
    stop.run_until_cancelled(counting).await;
}

/// Counting once.
struct Round<'a> {
    backlog: &'a Backlog,
    pools: &'a TenantPools,
    now: DateTime<Utc>,
    /// The servers that kept a tenant waiting in vain: the others on them are not asked.
    away: Mutex<HashSet<Server>>,
}

impl Round<'_> {
    async fn count(&self, tenant: TenantContext) {
        let server = timeout(WITHIN, self.pools.server(&tenant)).await;
        let server = server.ok().and_then(Result::ok);
        if self.is_away(server.as_ref()) {
            return self.backlog.silent(tenant.tenant, server);
        }
        let (classes, reason) = match timeout(WITHIN, self.classes(tenant)).await {
            Ok(Ok(classes)) => (Some(classes), String::new()),
            Ok(Err(CountError::Gone)) => return self.backlog.gone(tenant),
            Ok(Err(CountError::Failed(reason))) => (None, reason),
            Ok(Err(CountError::Away(reason))) => {
                self.goes_away(server.clone());
                (None, reason)
            }
            Err(_) => {
                self.goes_away(server.clone());
                (None, "nobody answered in time".to_owned())
            }
        };
        match classes {
            Some(classes) => self.backlog.counted(tenant.tenant, server, classes),
            None => {
                tracing::debug!(tenant.id = %tenant.tenant, reason, "the backlog was not counted");
                self.backlog.silent(tenant.tenant, server);
            }
        }
    }

    async fn classes(&self, tenant: TenantContext) -> Result<Vec<TenantBacklog>, CountError> {
        let db = self.pools.get(&tenant).await?;
        let counted = backlog::count(db.conn(), self.now).await;
        let classes = counted.map_err(|error| CountError::Failed(error.to_string()))?;
        let rows = classes.into_iter().map(|(class, found)| TenantBacklog {
            tenant_id: tenant.tenant,
            class,
            waiting: found.waiting,
            outstanding: found.outstanding,
            oldest_at: found.oldest_at,
            unpublished_at: found.unpublished_at,
        });
        Ok(rows.collect())
    }

    fn is_away(&self, server: Option<&Server>) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        server.is_some_and(|server| away.contains(server))
    }

    fn goes_away(&self, server: Option<Server>) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.extend(server);
    }
}

/// A tenant was not counted.
enum CountError {
    /// It is not here, or not under this generation.
    Gone,
    /// Its server does not answer.
    Away(String),
    /// For another reason.
    Failed(String),
}

impl From<DbError> for CountError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Generation { .. } | DbError::Placement(PlacementError::Unknown) => Self::Gone,
            error if error.is_away() => Self::Away(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::Generation;
    use uuid::Uuid;

    use super::*;

    fn row(tenant: TenantId, waiting: u64, at: DateTime<Utc>) -> TenantBacklog {
        TenantBacklog {
            tenant_id: tenant,
            class: "activity".to_owned(),
            waiting,
            outstanding: 0,
            oldest_at: Some(at),
            unpublished_at: Some(at),
        }
    }

    /// Something waits in a tenant.
    fn waits(backlog: &Backlog, port: u16, waiting: u64, at: DateTime<Utc>) -> TenantId {
        let tenant = TenantId::from_uuid(Uuid::now_v7());
        backlog.saw(TenantContext {
            tenant,
            generation: Generation(1),
        });
        let server = ("db.example".to_owned(), port);
        backlog.counted(tenant, Some(server), vec![row(tenant, waiting, at)]);
        tenant
    }

    #[test]
    fn a_report_says_what_waits_on_every_server_however_many_tenants_wait_longer_on_one() {
        let (backlog, now) = (Backlog::default(), DateTime::UNIX_EPOCH);
        for second in 0..600 {
            waits(&backlog, 1, 1, now + TimeDelta::seconds(second));
        }
        assert_eq!(backlog.report().tenants.len(), ROWS);
        let late = now + TimeDelta::hours(1);
        let most = waits(&backlog, 2, 1_000, late);
        let other = waits(&backlog, 2, 2, late + TimeDelta::hours(1));
        backlog.silent(other, None);

        let report = backlog.report();
        assert!(report.tenants_cut);
        assert_eq!(report.tenants.len(), ROWS);
        assert_eq!(report.tenants[0].oldest_at, Some(now));
        let mut tenants = report.tenants.iter();
        assert!(tenants.any(|row| row.tenant_id == most));
        let sums = report.servers.iter().map(|of| {
            let said = (of.tenants, of.waiting, of.not_asked);
            (of.port, said, of.oldest_at)
        });
        let expected = [
            (1, (600, 600, 0), Some(now)),
            (2, (2, 1_002, 1), Some(late)),
        ];
        assert_eq!(sums.collect::<Vec<_>>(), expected);
        backlog.counted(most, None, Vec::new());
        assert_eq!(backlog.report().servers[1].waiting, 2);
    }

    #[test]
    fn what_fits_is_not_cut() {
        let backlog = Backlog::default();
        let tenant = waits(&backlog, 1, 3, DateTime::UNIX_EPOCH);
        let report = backlog.report();
        assert!(!report.tenants_cut);
        assert_eq!(report.tenants, [row(tenant, 3, DateTime::UNIX_EPOCH)]);
    }
}
