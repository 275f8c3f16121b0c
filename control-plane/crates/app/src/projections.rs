//! The projection of memberships into tenants' databases: at once after a change, and by a worker
//! for what a crash or an unreachable database left.

use std::{collections::BTreeSet, time::Duration};

use cp_store::{MembershipStore, RouteStore, StoreError, TenantMemberStore};
use db::DbError;
use kernel::{MemberId, TenantId};
use tokio_util::sync::CancellationToken;

use crate::Auth;

/// How long a request waits for the projection of what it changed.
const PATIENCE: Duration = Duration::from_secs(2);
const PERIOD: Duration = Duration::from_secs(2);
const BATCH: u32 = 500;

/// A membership was not projected; the worker will see to it.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The central database failed, or the tenant's did.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant's database cannot be had.
    #[error(transparent)]
    Tenant(#[from] DbError),
    /// The tenant has no database, or not yet.
    #[error("the tenant is not in service")]
    NotInService,
}

/// Writes the present version of a membership into the tenant's database.
///
/// # Errors
/// When a database fails.
pub async fn project_member(
    auth: &Auth,
    tenant: TenantId,
    member: MemberId,
) -> Result<(), ProjectionError> {
    let conn = auth.central.conn();
    let Some(member) = MembershipStore::find(conn, tenant, member).await? else {
        return Ok(());
    };
    let route = RouteStore::find(conn, tenant)
        .await?
        .ok_or(ProjectionError::NotInService)?;
    let database = auth.pools.get(&route.context()).await?;
    TenantMemberStore::upsert(database.conn(), &member).await?;
    let membership = member.membership;
    MembershipStore::mark_projected(conn, membership.member, membership.version).await?;
    Ok(())
}

/// Projects after a change, so that who made it sees it; leaves it to the worker when it fails or
/// takes long.
pub(crate) async fn project_soon(auth: &Auth, tenant: TenantId, member: MemberId) {
    let projected = tokio::time::timeout(PATIENCE, project_member(auth, tenant, member)).await;
    if !matches!(projected, Ok(Ok(()))) {
        tracing::debug!(%tenant, %member, "the projection is left to the worker");
        auth.projection_nudge.notify_one();
    }
}

/// Finishes what was left.
#[derive(Debug, Clone)]
pub struct Worker {
    auth: Auth,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub const fn new(auth: Auth) -> Self {
        Self { auth }
    }

    /// Works until told to stop.
    pub async fn run(&self, shutdown: CancellationToken) {
        let rest = || async {
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = self.auth.projection_nudge.notified() => {}
            }
        };
        while shutdown.run_until_cancelled(rest()).await.is_some() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "memberships wait to be projected");
            }
        }
    }

    /// One pass over what is left; answers how many were projected.
    ///
    /// # Errors
    /// When the central database fails.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let left = MembershipStore::list_unprojected(self.auth.central.conn(), BATCH).await?;
        let mut unreachable = BTreeSet::new();
        let mut projected = 0;
        for (tenant, member) in left {
            if unreachable.contains(&tenant) {
                continue;
            }
            match project_member(&self.auth, tenant, member).await {
                Ok(()) => projected += 1,
                Err(error) => {
                    tracing::warn!(%tenant, %error, "a membership could not be projected");
                    unreachable.insert(tenant);
                }
            }
        }
        Ok(projected)
    }
}
