//! Tenants with databases of their own and nothing of the platform around them: what is measured
//! inside a process is called here as the programs call it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools};
use kernel::{Generation, TenantContext, TenantId};
use testkit::TestDb;
use uuid::Uuid;

/// Where the tenants are.
#[derive(Default)]
struct Map(Mutex<HashMap<TenantId, Arc<Placement>>>);

#[db::async_trait]
impl Placements for Map {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).cloned().ok_or(PlacementError::Unknown)
    }
}

/// Tenants and the pools through which a process reaches them.
pub struct Tenancy {
    pub pools: TenantPools,
    map: Arc<Map>,
}

/// A tenant. Its database goes with the value.
pub struct Tenant {
    pub context: TenantContext,
    pub database: TestDb,
}

impl Tenancy {
    /// Pools as large as a program's.
    pub fn new() -> Self {
        let map = Arc::new(Map::default());
        let budget = PoolBudget {
            total: 200,
            ..PoolBudget::default()
        };
        Self {
            pools: TenantPools::new(budget, map.clone()),
            map,
        }
    }

    /// A tenant with this id and the account that a runtime has.
    pub async fn tenant(&self, id: Uuid) -> Tenant {
        let context = TenantContext {
            tenant: TenantId::from_uuid(id),
            generation: Generation(1),
        };
        let database = TestDb::tenant(context.tenant, context.generation).await;
        let account = database.runtime_account().await;
        let placement = Placement {
            tenant: context,
            host: database.host().to_owned(),
            port: database.port(),
            database: database.name().to_owned(),
            user: account.user,
            password: account.password.into(),
        };
        let mut known = self.map.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(context.tenant, Arc::new(placement));
        drop(known);
        Tenant { context, database }
    }
}
