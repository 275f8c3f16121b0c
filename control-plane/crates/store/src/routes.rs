//! What gateways and nodes read of the tenant catalogue: joins of several tables, read-only.

use cp_domain::{
    Ring, Route, RouteAccess, Service, TenantState, TokenHash,
    access_policy::{TenantPolicy, Zone},
};
use kernel::{Generation, TenantContext, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

#[derive(FromQueryResult)]
struct RouteRow {
    id: Uuid,
    slug: String,
    name: String,
    state: String,
    generation: u32,
    ring: String,
    revision: u64,
    time_zone: String,
    access_policy: Option<String>,
    contact: Option<String>,
}

impl TryFrom<RouteRow> for Route {
    type Error = StoreError;

    fn try_from(row: RouteRow) -> Result<Self, StoreError> {
        // A state of a newer release is not served by this one.
        let state = row.state.parse::<TenantState>();
        Ok(Self {
            tenant: row.id.into(),
            slug: row.slug,
            name: row.name,
            service: state.map_or(Service::Suspended, Service::of_state),
            generation: Generation(row.generation),
            ring: read_ring(&row.ring)?,
            revision: row.revision,
            access: RouteAccess {
                policy: read_policy(row.access_policy.as_deref()),
                zone: Zone::parse(&row.time_zone).unwrap_or(Zone::UTC),
                contact: row.contact,
            },
        })
    }
}

/// A tenant's policy. One that cannot be read closes this tenant, not the list that it is in.
fn read_policy(text: Option<&str>) -> TenantPolicy {
    text.map_or(TenantPolicy::None, |text| {
        serde_json::from_str(text).map_or(TenantPolicy::Unreadable, TenantPolicy::Rules)
    })
}

fn read_ring(word: &str) -> Result<Ring, StoreError> {
    word.parse()
        .map_err(|_| StoreError::corrupt("placement_groups", "ring"))
}

/// A tenant as the nodes of its ring see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The tenant at its generation.
    pub tenant: TenantContext,
    /// Its ring.
    pub ring: Ring,
    /// Its state, a word of the catalogue.
    pub state: String,
    /// The revision of its last change.
    pub revision: u64,
}

#[derive(FromQueryResult)]
struct EntryRow {
    id: Uuid,
    state: String,
    generation: u32,
    ring: String,
    revision: u64,
}

impl TryFrom<EntryRow> for CatalogueEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let tenant = TenantContext {
            tenant: row.id.into(),
            generation: Generation(row.generation),
        };
        let ring = read_ring(&row.ring)?;
        Ok(Self {
            tenant,
            ring,
            state: row.state,
            revision: row.revision,
        })
    }
}

/// A tenant's placement as a node gets it, the password still sealed.
#[derive(Debug, Clone, FromQueryResult)]
pub struct SealedPlacement {
    /// The tenant.
    pub tenant_id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its state.
    pub state: String,
    /// The generation of the placement.
    pub generation: u32,
    /// Its time zone.
    pub time_zone: String,
    /// The revision of its last change.
    pub revision: u64,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database_name: String,
    /// The runtime's account.
    pub runtime_user: String,
    /// Its password in the envelope.
    pub runtime_password: Vec<u8>,
}

const ROUTE: &str = "SELECT t.id, t.slug, t.name, t.state, t.generation, g.ring, t.revision, \
     t.time_zone, x.access_policy, x.contact \
     FROM tenants t JOIN placement_groups g ON g.id = t.placement_group_id \
     LEFT JOIN tenant_security x ON x.tenant_id = t.id WHERE ";

const ENTRY: &str = "SELECT t.id, t.state, t.generation, g.ring, t.revision \
     FROM tenants t JOIN placement_groups g ON g.id = t.placement_group_id WHERE ";

const PLACEMENT: &str = "SELECT t.id AS tenant_id, t.slug, t.name, t.state, t.generation, \
     t.time_zone, t.revision, s.host, s.port, d.database_name, d.runtime_user, d.runtime_password \
     FROM tenants t \
     JOIN placement_groups g ON g.id = t.placement_group_id \
     JOIN tenant_databases d ON d.tenant_id = t.id AND d.generation = t.generation \
     JOIN database_servers s ON s.id = d.server_id \
     WHERE t.id = ? AND g.ring = ? AND t.state IN ('active', 'quarantined')";

/// The catalogue as gateways and nodes read it.
#[derive(Debug, Clone, Copy)]
pub struct RouteStore;

impl RouteStore {
    /// The route of a slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_slug(
        conn: &impl ConnectionTrait,
        slug: &str,
    ) -> Result<Option<Route>, StoreError> {
        let row = sql::select::<RouteRow, 1>(&format!("{ROUTE}t.slug = ?"), [slug.into()]);
        row.one(conn).await?.map(Route::try_from).transpose()
    }

    /// The route of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Option<Route>, StoreError> {
        let values = [tenant.as_uuid().into()];
        let row = sql::select::<RouteRow, 1>(&format!("{ROUTE}t.id = ?"), values);
        row.one(conn).await?.map(Route::try_from).transpose()
    }

    /// The tenant of a personal access token, usable or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_tenant_of_token(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
    ) -> Result<Option<TenantId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            tenant_id: Uuid,
        }
        let text = "SELECT tenant_id FROM access_tokens WHERE token_hash = ?";
        let row = sql::select::<Row, 1>(text, [hash.as_bytes().to_vec().into()]);
        Ok(row.one(conn).await?.map(|row| row.tenant_id.into()))
    }

    /// The routes that changed after a revision, the oldest change first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_changed(
        conn: &impl ConnectionTrait,
        since: u64,
        limit: u64,
    ) -> Result<Vec<Route>, StoreError> {
        let text = format!("{ROUTE}t.revision > ? ORDER BY t.revision LIMIT ?");
        let rows = sql::select::<RouteRow, 2>(&text, [since.into(), limit.into()]);
        rows.all(conn)
            .await?
            .into_iter()
            .map(Route::try_from)
            .collect()
    }

    /// The number of the catalogue's last change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revision(conn: &impl ConnectionTrait) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            value: u64,
        }
        let row = sql::select::<Row, 0>("SELECT value FROM catalogue_revision WHERE id = 1", []);
        let row = row
            .one(conn)
            .await?
            .ok_or(StoreError::Missing("catalogue revision"))?;
        Ok(row.value)
    }

    /// The entries that changed after a revision, of every ring, the oldest change first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_changed_entries(
        conn: &impl ConnectionTrait,
        since: u64,
        limit: u64,
    ) -> Result<Vec<CatalogueEntry>, StoreError> {
        let text = format!("{ENTRY}t.revision > ? ORDER BY t.revision LIMIT ?");
        let rows = sql::select::<EntryRow, 2>(&text, [since.into(), limit.into()]);
        rows.all(conn)
            .await?
            .into_iter()
            .map(CatalogueEntry::try_from)
            .collect()
    }

    /// The tenants in service of a ring, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_in_service(
        conn: &impl ConnectionTrait,
        ring: Ring,
        after: Option<TenantId>,
        limit: u64,
    ) -> Result<Vec<CatalogueEntry>, StoreError> {
        let text = format!(
            "{ENTRY}g.ring = ? AND t.state IN ('active', 'quarantined') AND t.id > ? \
             ORDER BY t.id LIMIT ?"
        );
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let values = [ring.as_str().into(), after.into(), limit.into()];
        let rows = sql::select::<EntryRow, 3>(&text, values);
        rows.all(conn)
            .await?
            .into_iter()
            .map(CatalogueEntry::try_from)
            .collect()
    }

    /// Where a tenant in service is, when it is of this ring.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_placement(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        ring: Ring,
    ) -> Result<Option<SealedPlacement>, StoreError> {
        let values = [tenant.as_uuid().into(), ring.as_str().into()];
        Ok(sql::select::<SealedPlacement, 2>(PLACEMENT, values)
            .one(conn)
            .await?)
    }

    /// Locks the catalogue's revision for the transaction: whoever changes what all processes
    /// share does so one after the other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_revision(conn: &impl ConnectionTrait) -> Result<(), StoreError> {
        let text = "SELECT value FROM catalogue_revision WHERE id = 1 FOR UPDATE";
        conn.query_one_raw(sql::statement(text, [])).await?;
        Ok(())
    }
}
