//! Lets sweep accounts into the databases of tenants that were provisioned without.

use std::{collections::HashSet, time::Duration};

use cp_store::{Server, ServerStore, StoreError, SweepStore, TenantDatabaseStore, TenantStore};
use kernel::TenantContext;
use migrations::sweep::VERSION;
use tokio_util::sync::CancellationToken;

use super::account;
use crate::worker::{
    Worker, execute,
    server::{Administrator, ServerError},
    steps::StepError,
};

/// How often is looked for such tenants.
const EVERY: Duration = Duration::from_secs(60);
/// Tenants listed at a time.
const PAGE: u64 = 200;

impl Worker {
    /// Keeps sweep accounts let in until told to stop. Until then tenants are swept one by one.
    pub async fn keep_sweep_grants(&self, stop: CancellationToken) {
        let mut times = tokio::time::interval(EVERY);
        let keeping = async {
            loop {
                times.tick().await;
                match self.grant_sweeps().await {
                    Ok(0) => {}
                    Ok(tenants) => tracing::info!(tenants, "sweep accounts were let in"),
                    Err(error) => {
                        let error = execute::story(&error);
                        tracing::warn!(error, "sweep accounts cannot be kept let in");
                    }
                }
            }
        };
        stop.run_until_cancelled(keeping).await;
    }

    /// Lets sweep accounts in wherever they are not; tells into how many databases.
    ///
    /// # Errors
    /// When the central database fails. A tenant or server that fails is left for the next time.
    pub async fn grant_sweeps(&self) -> Result<usize, StoreError> {
        let conn = self.fleet.central.conn();
        let (mut granted, mut after, mut away) = (0, None, HashSet::new());
        loop {
            let without = SweepStore::list_without(conn, VERSION, after, PAGE).await?;
            let Some(last) = without.last() else {
                return Ok(granted);
            };
            after = Some(last.tenant);
            for tenant in without {
                let Some(server) = self.server_of(tenant).await? else {
                    continue;
                };
                if away.contains(&server.id) {
                    continue;
                }
                match self.grant_sweep(tenant, &server).await {
                    Ok(done) => granted += usize::from(done),
                    Err(StepError::Store(error)) => return Err(error),
                    Err(error) => {
                        let away_now = matches!(
                            error,
                            StepError::Server(ServerError::Timeout | ServerError::Sql(_))
                        ) && error.may_pass();
                        if away_now {
                            away.insert(server.id);
                        }
                        let error = execute::story(&error);
                        tracing::warn!(tenant = %tenant.tenant, error, "a sweep account is not let in");
                    }
                }
            }
        }
    }

    async fn server_of(&self, tenant: TenantContext) -> Result<Option<Server>, StoreError> {
        let conn = self.fleet.central.conn();
        let Some(database) = TenantDatabaseStore::find(conn, tenant).await? else {
            return Ok(None);
        };
        ServerStore::get(conn, database.server).await.map(Some)
    }

    /// Whether it was done: whoever has the tenant is not disturbed.
    async fn grant_sweep(&self, tenant: TenantContext, server: &Server) -> Result<bool, StepError> {
        let account = account(&self.fleet, server.id).await?;
        let session = self.session(server).await?;
        let Some(mut administrator) = Administrator::take_if_free(session, tenant.tenant).await?
        else {
            return Ok(false);
        };
        // Read when nobody else changes the tenant: it may be on its way out.
        let granted = async {
            let conn = self.fleet.central.conn();
            let now = TenantStore::get(conn, tenant.tenant).await?;
            let database = TenantDatabaseStore::find(conn, tenant).await?;
            let Some(database) = database.filter(|_| now.context() == tenant) else {
                return Ok(false);
            };
            if !now.state.is_in_service() {
                return Ok(false);
            }
            administrator
                .grant_sweep(&database.names, &account.user, &account.password)
                .await?;
            SweepStore::granted(conn, tenant, VERSION, self.fleet.clock.now()).await?;
            Ok(true)
        }
        .await;
        administrator.close().await;
        granted
    }
}
