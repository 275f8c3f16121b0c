//! Tenant pools on a real server: whose database it is, how many are open, who waits.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use db::{
    CentralDb, DbError, Placement, PlacementError, Placements, PoolBudget, PoolSettings,
    TenantPools,
};
use kernel::{Generation, TenantContext, TenantId};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use settings::Secret;
use testkit::TestDb;
use uuid::Uuid;

/// Placements out of a table that the test changes, counting how often they are asked for.
#[derive(Default)]
struct Catalogue {
    known: Mutex<HashMap<TenantId, Arc<Placement>>>,
    asked: AtomicUsize,
}

impl Catalogue {
    fn put(&self, tenant: TenantContext, database: &Database) {
        let placement = Arc::new(Placement {
            tenant,
            ..database.placement.clone()
        });
        self.known.lock().unwrap().insert(tenant.tenant, placement);
    }
}

#[db::async_trait]
impl Placements for Catalogue {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let known = self.known.lock().unwrap().get(&tenant).cloned();
        // Give others the chance to come between, as a call over the network would.
        tokio::task::yield_now().await;
        known.ok_or(PlacementError::Unknown)
    }
}

struct Database {
    tenant: TenantContext,
    placement: Placement,
    _database: TestDb,
}

async fn database(number: u128, generation: u32) -> Database {
    let tenant = TenantContext {
        tenant: TenantId::from_uuid(Uuid::from_u128(number)),
        generation: Generation(generation),
    };
    let database = TestDb::tenant(tenant.tenant, tenant.generation).await;
    let account = database.runtime_account().await;
    let placement = Placement {
        tenant,
        host: database.host().to_owned(),
        port: database.port(),
        database: database.name().to_owned(),
        user: account.user,
        password: Secret::new(account.password),
    };
    Database {
        tenant,
        placement,
        _database: database,
    }
}

fn budget() -> PoolBudget {
    PoolBudget {
        per_tenant: 2,
        total: 4,
        idle_seconds: 60,
        queue: 4,
        acquire_timeout_ms: 400,
        statement_timeout_ms: 500,
    }
}

fn pools(catalogue: &Arc<Catalogue>) -> TenantPools {
    let placements: Arc<dyn Placements> = Arc::<Catalogue>::clone(catalogue);
    TenantPools::new(budget(), placements)
}

async fn scalar(db: &db::TenantDb, sql: &str) -> String {
    let statement = Statement::from_string(DbBackend::MySql, sql);
    let row = db.conn().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<String>(0).unwrap()
}

#[tokio::test]
async fn a_tenants_database_is_opened_once_and_set_up() {
    let acme = database(1, 1).await;
    let catalogue = Arc::new(Catalogue::default());
    catalogue.put(acme.tenant, &acme);
    let pools = pools(&catalogue);
    let many = (0..20).map(|_| pools.get(&acme.tenant));
    let all = futures_util::future::try_join_all(many).await.unwrap();
    assert_eq!(
        catalogue.asked.load(Ordering::SeqCst),
        1,
        "opened more than once"
    );
    let db = &all[0];
    assert_eq!(db.context(), &acme.tenant);
    assert_eq!(scalar(db, "SELECT @@time_zone").await, "+00:00");
    assert!(
        scalar(db, "SELECT @@sql_mode")
            .await
            .contains("STRICT_ALL_TABLES")
    );
    assert_eq!(scalar(db, "SELECT @@character_set_client").await, "utf8mb4");
    let slow = Statement::from_string(DbBackend::MySql, "SELECT SLEEP(60)");
    let started = std::time::Instant::now();
    let _ = db.conn().query_one_raw(slow).await;
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "the statement was not stopped"
    );
}

#[tokio::test]
async fn a_foreign_database_is_refused() {
    let (acme, globex) = (database(1, 1).await, database(2, 1).await);
    let catalogue = Arc::new(Catalogue::default());
    // The catalogue is wrong: acme's placement leads to globex's database.
    catalogue.put(acme.tenant, &globex);
    let pools = pools(&catalogue);
    assert!(matches!(
        pools.get(&acme.tenant).await,
        Err(DbError::Foreign)
    ));
    assert_eq!(pools.open_pools(), 0);
    catalogue.put(acme.tenant, &acme);
    pools.get(&acme.tenant).await.unwrap();
    // A database without owner is nobody's.
    let empty = TestDb::empty().await;
    let mut nobody = database(3, 1).await;
    let account = empty.runtime_account().await;
    nobody.placement.database = empty.name().to_owned();
    nobody.placement.user = account.user;
    nobody.placement.password = Secret::new(account.password);
    catalogue.put(nobody.tenant, &nobody);
    assert!(matches!(
        pools.get(&nobody.tenant).await,
        Err(DbError::Foreign)
    ));
}

#[tokio::test]
async fn a_generation_is_a_fence() {
    let old = database(1, 1).await;
    let catalogue = Arc::new(Catalogue::default());
    catalogue.put(old.tenant, &old);
    let pools = pools(&catalogue);
    let held = pools.get(&old.tenant).await.unwrap();

    // The tenant moves: another database, generation 2. The gateway knows before this process.
    let new = database(1, 2).await;
    let early = pools.get(&new.tenant).await.unwrap_err();
    assert!(matches!(early, DbError::Generation { .. }), "{early}");
    catalogue.put(new.tenant, &new);
    let moved = pools.get(&new.tenant).await.unwrap();
    assert_eq!(moved.context().generation, Generation(2));
    let late = pools.get(&old.tenant).await.unwrap_err();
    assert!(matches!(
        late,
        DbError::Generation {
            asked: Generation(1),
            current: Generation(2)
        }
    ));
    // Who held the old one finishes.
    assert_eq!(
        scalar(&held, "SELECT CONCAT('', generation) FROM tenant").await,
        "1"
    );

    drop((held, moved));

    // The database itself says generation 2: a placement that claims 3 is refused.
    let ahead = TenantContext {
        generation: Generation(3),
        ..new.tenant
    };
    catalogue.put(ahead, &new);
    assert!(matches!(pools.get(&ahead).await, Err(DbError::Foreign)));
}

#[tokio::test]
async fn the_budget_is_kept() {
    let (one, two, three) = (
        database(1, 1).await,
        database(2, 1).await,
        database(3, 1).await,
    );
    let catalogue = Arc::new(Catalogue::default());
    for tenant in [&one, &two, &three] {
        catalogue.put(tenant.tenant, tenant);
    }
    let pools = pools(&catalogue);
    drop(pools.get(&one.tenant).await.unwrap());
    let second = pools.get(&two.tenant).await.unwrap();
    // Four connections are two pools: the least recently used makes room.
    let third = pools.get(&three.tenant).await.unwrap();
    assert_eq!(pools.open_pools(), 2);
    // Both are held: who comes now waits, and not for ever.
    assert!(matches!(pools.get(&one.tenant).await, Err(DbError::Busy)));
    // Who waits gets the room that is given back.
    let waiting = pools.get(&one.tenant);
    let (first, ()) = tokio::join!(waiting, async {
        tokio::task::yield_now().await;
        drop(second);
    });
    let first = first.unwrap();
    assert_eq!(pools.open_pools(), 2);
    drop((first, third));
    // An evicted tenant comes back.
    pools.get(&two.tenant).await.unwrap();
    pools.close().await;
    assert_eq!(pools.open_pools(), 0);
}

#[tokio::test]
async fn a_pool_gives_no_more_than_its_connections() {
    let acme = database(1, 1).await;
    let catalogue = Arc::new(Catalogue::default());
    catalogue.put(acme.tenant, &acme);
    let pools = pools(&catalogue);
    let db = pools.get(&acme.tenant).await.unwrap();
    let (first, second) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let error = db.begin().await.unwrap_err();
    assert!(db::is_busy(&error), "{error}");
    first.rollback().await.unwrap();
    db.begin().await.unwrap().rollback().await.unwrap();
    second.rollback().await.unwrap();
}

#[tokio::test]
async fn a_pool_that_nobody_uses_is_closed() {
    let acme = database(1, 1).await;
    let catalogue = Arc::new(Catalogue::default());
    catalogue.put(acme.tenant, &acme);
    let placements: Arc<dyn Placements> = Arc::<Catalogue>::clone(&catalogue);
    let pools = TenantPools::new(
        PoolBudget {
            idle_seconds: 1,
            ..budget()
        },
        placements,
    );
    let held = pools.get(&acme.tenant).await.unwrap();
    drop(held);
    testkit::eventually(Duration::from_secs(10), async || pools.open_pools() == 0).await;
    pools.get(&acme.tenant).await.unwrap();
}

#[tokio::test]
async fn what_was_forgotten_is_learnt_anew() {
    let acme = database(1, 1).await;
    let catalogue = Arc::new(Catalogue::default());
    catalogue.put(acme.tenant, &acme);
    let pools = pools(&catalogue);
    drop(pools.get(&acme.tenant).await.unwrap());
    catalogue.known.lock().unwrap().clear();
    drop(pools.get(&acme.tenant).await.unwrap());
    pools.forget(acme.tenant.tenant);
    let unknown = pools.get(&acme.tenant).await.unwrap_err();
    assert!(
        matches!(unknown, DbError::Placement(PlacementError::Unknown)),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_program_starts_while_its_database_is_down() {
    let settings = |url: &str| PoolSettings {
        url: Secret::new(url),
        max_connections: 2,
        acquire_timeout_ms: 300,
        statement_timeout_ms: 500,
    };
    // Port 9 is discard: nothing listens there.
    let down = CentralDb::connect(&settings("mysql://a:hunter2@127.0.0.1:9/x"))
        .await
        .unwrap();
    assert!(
        !down
            .ping()
            .await
            .unwrap_err()
            .to_string()
            .contains("hunter2")
    );
    let wrong = CentralDb::connect(&settings("hunter2")).await.unwrap_err();
    assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
    let real = TestDb::central().await;
    CentralDb::connect(&settings(real.url()))
        .await
        .unwrap()
        .ping()
        .await
        .unwrap();
}
