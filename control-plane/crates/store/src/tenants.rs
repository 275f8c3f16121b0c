//! The tenant catalogue. A row changes only by compare-and-set on its revision, and each change
//! takes the next number of the catalogue, in the order of commits.

use chrono::{DateTime, Utc};
use cp_domain::{OperationKind, OperationState, Tenant, TenantState};
use kernel::{Generation, Limit, OperationId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{PlacementGroup, StoreError, placement_groups::read_ring, sql};

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: Uuid,
    slug: String,
    name: String,
    plan: String,
    state: String,
    generation: u32,
    placement_group_id: Uuid,
    server_id: Option<Uuid>,
    time_zone: String,
    schema_version: Option<i64>,
    schema_fingerprint: Option<String>,
    revision: u64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

const COLUMNS: &str = "t.id, t.slug, t.name, t.plan, t.state, t.generation, t.placement_group_id, \
     t.server_id, t.time_zone, t.schema_version, t.schema_fingerprint, t.revision, t.created_at, \
     t.updated_at";

impl TryFrom<Row> for Tenant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            slug: row.slug,
            name: row.name,
            plan: row.plan,
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::corrupt("tenants", "state"))?,
            generation: Generation(row.generation),
            placement_group: row.placement_group_id.into(),
            server: row.server_id.map(Into::into),
            time_zone: row.time_zone,
            schema_version: row.schema_version,
            schema_fingerprint: row.schema_fingerprint,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Which tenants a list holds.
#[derive(Debug, Clone, Default)]
pub struct TenantFilter {
    /// Beginning of the slug or name.
    pub prefix: Option<String>,
    /// Their state; without one, all but purged ones.
    pub state: Option<TenantState>,
    /// Slugs after this one.
    pub after: Option<String>,
}

/// A tenant with its group and what is being done to it.
#[derive(Debug, Clone)]
pub struct ListedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// Its group.
    pub group: PlacementGroup,
    /// The newest operation that is not over.
    pub open_operation: Option<(OperationId, OperationKind, OperationState)>,
}

#[derive(FromQueryResult)]
struct ListedRow {
    #[sea_orm(nested)]
    tenant: Row,
    group_name: String,
    group_ring: String,
    group_created_at: DateTime<Utc>,
    operation_id: Option<Uuid>,
    operation_kind: Option<String>,
    operation_state: Option<String>,
}

impl TryFrom<ListedRow> for ListedTenant {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let tenant = Tenant::try_from(row.tenant)?;
        let group = PlacementGroup {
            id: tenant.placement_group,
            name: row.group_name,
            ring: read_ring(&row.group_ring)?,
            created_at: row.group_created_at,
        };
        let corrupt = |_| StoreError::corrupt("operations", "kind, state");
        let open_operation = match (row.operation_id, row.operation_kind, row.operation_state) {
            (Some(id), Some(kind), Some(state)) => Some((
                id.into(),
                kind.parse().map_err(corrupt)?,
                state.parse().map_err(corrupt)?,
            )),
            _ => None,
        };
        Ok(Self {
            tenant,
            group,
            open_operation,
        })
    }
}

/// How many people a tenant has, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeopleCounts {
    /// Able to sign in.
    pub active: u64,
    /// Invited.
    pub invited: u64,
    /// Put away.
    pub archived: u64,
}

#[derive(FromQueryResult)]
struct StateCount {
    state: String,
    number: i64,
}

/// The table `tenants`.
#[derive(Debug, Clone, Copy)]
pub struct TenantStore;

impl TenantStore {
    /// Adds a tenant at the next number of the catalogue; answers that number.
    ///
    /// # Errors
    /// When the slug is taken or the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, tenant: &Tenant) -> Result<u64, StoreError> {
        let revision = next_revision(conn).await?;
        sql::execute(
            conn,
            "INSERT INTO tenants (id, slug, name, plan, state, generation, placement_group_id, \
             server_id, time_zone, schema_version, schema_fingerprint, revision, created_at, \
             updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                tenant.id.as_uuid().into(),
                tenant.slug.clone().into(),
                tenant.name.clone().into(),
                tenant.plan.clone().into(),
                tenant.state.as_str().into(),
                tenant.generation.0.into(),
                tenant.placement_group.as_uuid().into(),
                tenant.server.map(|id| id.as_uuid()).into(),
                tenant.time_zone.clone().into(),
                tenant.schema_version.into(),
                tenant.schema_fingerprint.clone().into(),
                revision.into(),
                tenant.created_at.into(),
                tenant.updated_at.into(),
            ],
        )
        .await?;
        Ok(revision)
    }

    /// Writes what may change of a tenant, when its revision is still the one in `tenant`; answers
    /// the new one, or nothing when somebody was quicker. Call it last in its transaction.
    ///
    /// # Errors
    /// When the slug is taken or the database fails.
    pub async fn change(
        conn: &impl ConnectionTrait,
        tenant: &Tenant,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, StoreError> {
        let revision = next_revision(conn).await?;
        let changed = sql::execute(
            conn,
            "UPDATE tenants SET slug = ?, name = ?, plan = ?, state = ?, generation = ?, \
             placement_group_id = ?, server_id = ?, time_zone = ?, schema_version = ?, \
             schema_fingerprint = ?, revision = ?, updated_at = ? WHERE id = ? AND revision = ?",
            [
                tenant.slug.clone().into(),
                tenant.name.clone().into(),
                tenant.plan.clone().into(),
                tenant.state.as_str().into(),
                tenant.generation.0.into(),
                tenant.placement_group.as_uuid().into(),
                tenant.server.map(|id| id.as_uuid()).into(),
                tenant.time_zone.clone().into(),
                tenant.schema_version.into(),
                tenant.schema_fingerprint.clone().into(),
                revision.into(),
                now.into(),
                tenant.id.as_uuid().into(),
                tenant.revision.into(),
            ],
        );
        Ok((changed.await? == 1).then_some(revision))
    }

    /// Takes the next number of the catalogue for a tenant of which something changed that stands
    /// in another table, so that gateways read it again. Call it last in its transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        id: TenantId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let revision = next_revision(conn).await?;
        sql::execute(
            conn,
            "UPDATE tenants SET revision = ?, updated_at = ? WHERE id = ?",
            [revision.into(), now.into(), id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: TenantId,
    ) -> Result<Option<Tenant>, StoreError> {
        let found = sql::select::<Row, 1>(
            &format!("SELECT {COLUMNS} FROM tenants t WHERE t.id = ?"),
            [id.as_uuid().into()],
        );
        found.one(conn).await?.map(Tenant::try_from).transpose()
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// When there is none or the database fails.
    pub async fn get(conn: &impl ConnectionTrait, id: TenantId) -> Result<Tenant, StoreError> {
        Self::find(conn, id)
            .await?
            .ok_or(StoreError::Missing("tenant"))
    }

    /// The tenant with this slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_slug(
        conn: &impl ConnectionTrait,
        slug: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        let found = sql::select::<Row, 1>(
            &format!("SELECT {COLUMNS} FROM tenants t WHERE t.slug = ?"),
            [slug.into()],
        );
        found.one(conn).await?.map(Tenant::try_from).transpose()
    }

    /// Tenants by slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        filter: &TenantFilter,
        limit: Limit,
    ) -> Result<Vec<ListedTenant>, StoreError> {
        let prefix = filter.prefix.as_deref().map(like_prefix);
        let state = filter.state.map(TenantState::as_str);
        let rows = sql::select::<ListedRow, 7>(
            &format!(
                "{LISTED} WHERE t.slug > ? AND (? IS NULL OR t.slug LIKE ? OR t.name LIKE ?) \
                 AND IF(? IS NULL, t.state <> 'purged', t.state = ?) ORDER BY t.slug LIMIT ?",
            ),
            [
                filter.after.clone().unwrap_or_default().into(),
                prefix.clone().into(),
                prefix.clone().into(),
                prefix.into(),
                state.into(),
                state.into(),
                limit.plus_one().into(),
            ],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(ListedTenant::try_from)
            .collect()
    }

    /// One tenant as it stands in the list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_listed(
        conn: &impl ConnectionTrait,
        id: TenantId,
    ) -> Result<Option<ListedTenant>, StoreError> {
        let found =
            sql::select::<ListedRow, 1>(&format!("{LISTED} WHERE t.id = ?"), [id.as_uuid().into()]);
        found
            .one(conn)
            .await?
            .map(ListedTenant::try_from)
            .transpose()
    }

    /// How many people the tenant has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_people(
        conn: &impl ConnectionTrait,
        id: TenantId,
    ) -> Result<PeopleCounts, StoreError> {
        let rows = sql::select::<StateCount, 1>(
            "SELECT state, COUNT(*) AS number FROM memberships WHERE tenant_id = ? GROUP BY state",
            [id.as_uuid().into()],
        );
        let mut counts = PeopleCounts::default();
        for row in rows.all(conn).await? {
            let number = u64::try_from(row.number).unwrap_or_default();
            match row.state.as_str() {
                "active" => counts.active = number,
                "invited" => counts.invited = number,
                _ => counts.archived += number,
            }
        }
        Ok(counts)
    }
}

const LISTED: &str = "SELECT t.id, t.slug, t.name, t.plan, t.state, t.generation, \
     t.placement_group_id, t.server_id, t.time_zone, t.schema_version, t.schema_fingerprint, \
     t.revision, t.created_at, t.updated_at, g.name AS group_name, g.ring AS group_ring, \
     g.created_at AS group_created_at, o.id AS operation_id, o.kind AS operation_kind, \
     o.state AS operation_state \
     FROM tenants t JOIN placement_groups g ON g.id = t.placement_group_id \
     LEFT JOIN operations o ON o.id = (SELECT p.id FROM operations p WHERE p.tenant_id = t.id \
     AND p.state NOT IN ('succeeded', 'cancelled') ORDER BY p.id DESC LIMIT 1)";

/// Takes the next number of the catalogue. Its row is locked until the transaction ends, so that
/// numbers become visible in their order and no reader passes one over.
async fn next_revision(conn: &impl ConnectionTrait) -> Result<u64, StoreError> {
    let taken = conn
        .execute_raw(sql::statement(
            "UPDATE catalogue_revision SET value = LAST_INSERT_ID(value + 1) WHERE id = 1",
            [],
        ))
        .await?;
    Ok(taken.last_insert_id())
}

fn like_prefix(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
