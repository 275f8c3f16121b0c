//! Whether a session of staff in a tenant may be used: asked each time, of both databases.

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_domain::{FleetPermission, SupportState, TokenHash};
use cp_store::{
    RouteStore, StoreError, SupportAccessStore, SupportConsentStore, SupportSession,
    SupportSessionStore,
};
use db::{CentralDb, TenantPools};
use kernel::{SupportAccessId, TenantId};
use serde::{Deserialize, Serialize};

/// Who of the staff looks in, for the banner that everybody's pages show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportGuest {
    /// The access.
    pub access: SupportAccessId,
    /// What they are called.
    pub staff_name: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Asks both databases.
#[derive(Debug, Clone)]
pub struct SupportDoor {
    central: CentralDb,
    pools: TenantPools,
    clock: Clock,
}

impl SupportDoor {
    /// A door to the tenants of these pools.
    #[must_use]
    pub const fn new(central: CentralDb, pools: TenantPools, clock: Clock) -> Self {
        Self {
            central,
            pools,
            clock,
        }
    }

    /// Who a cookie stands for in this tenant, when they may be there now. What cannot be read is
    /// no consent.
    ///
    /// # Errors
    /// When the central database fails.
    pub async fn find(
        &self,
        tenant: TenantId,
        hash: &TokenHash,
    ) -> Result<Option<SupportGuest>, StoreError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        let session = SupportSessionStore::find_usable(conn, tenant, hash, true, now).await?;
        match session {
            Some(session) => self.admit(&session).await,
            None => Ok(None),
        }
    }

    /// Whether both databases still let this session in.
    ///
    /// # Errors
    /// When the central database fails.
    pub(super) async fn admit(
        &self,
        session: &SupportSession,
    ) -> Result<Option<SupportGuest>, StoreError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        let access = SupportAccessStore::find(conn, session.access).await?;
        let access = access.filter(|access| {
            let may = |role| FleetPermission::UseSupport.is_held_by(role);
            access.tenant == session.tenant
                && access.staff == session.staff
                && access.state_at(now) == SupportState::Granted
                && access.staff_role.is_some_and(may)
        });
        let Some(access) = access else {
            return Ok(None);
        };
        let Some(until) = self.consent(access.tenant, access.id, now).await else {
            return Ok(None);
        };
        Ok(Some(SupportGuest {
            access: access.id,
            staff_name: access.staff_name,
            expires_at: access.expires_at.map_or(until, |end| end.min(until)),
        }))
    }

    /// Until when the tenant's own row consents.
    async fn consent(
        &self,
        tenant: TenantId,
        access: SupportAccessId,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let route = RouteStore::find(self.central.conn(), tenant).await.ok()??;
        let db = match self.pools.get(&route.context()).await {
            Ok(db) => db,
            Err(error) => {
                tracing::warn!(%tenant, %error, "a tenant's consent cannot be read");
                return None;
            }
        };
        let consent = SupportConsentStore::find(db.conn(), access).await;
        match consent {
            Ok(consent) => consent
                .filter(|consent| consent.holds(now))
                .map(|consent| consent.expires_at),
            Err(error) => {
                tracing::warn!(%tenant, %error, "a tenant's consent cannot be read");
                None
            }
        }
    }
}
