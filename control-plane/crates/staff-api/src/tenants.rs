//! Tenants: list, page, creation.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit, OperationId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{OperationRef, OperationView, PlacementGroupRef, ServerRef};

/// Where a tenant is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Asked for.
    Requested,
    /// Being made.
    Provisioning,
    /// In service.
    Active,
    /// Kept, not in service.
    Suspended,
    /// Put away.
    Archived,
    /// In its thirty days of grace.
    Deleted,
    /// Gone.
    Purged,
    /// Served on its old version, apart from the fleet.
    Quarantined,
}

/// Filters of the tenant list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TenantQuery {
    /// Beginning of the slug or of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only tenants in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TenantState>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// A tenant in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantSummary {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// First label of its host name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: String,
    /// Where it is in its life.
    pub state: TenantState,
    /// Its address for people.
    pub url: String,
    /// The group it belongs to.
    pub placement_group: PlacementGroupRef,
    /// The server that has its database.
    #[schema(required = true)]
    pub server: Option<ServerRef>,
    /// Version of its schema.
    #[schema(required = true)]
    pub schema_version: Option<i64>,
    /// Whether that is the newest that this control plane knows.
    pub schema_current: bool,
    /// The newest operation that has not ended, or failed.
    #[schema(required = true)]
    pub open_operation: Option<OperationRef>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
}

/// A tenant's own page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TenantDetail {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// First label of its host name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: String,
    /// Where it is in its life.
    pub state: TenantState,
    /// Its address for people.
    pub url: String,
    /// How often its placement changed hands.
    pub generation: u32,
    /// Its time zone.
    pub time_zone: String,
    /// The group it belongs to.
    pub placement_group: PlacementGroupRef,
    /// The server that has its database.
    #[schema(required = true)]
    pub server: Option<ServerRef>,
    /// Its database and accounts.
    #[schema(required = true)]
    pub database: Option<TenantDatabaseView>,
    /// Its schema.
    pub schema: SchemaView,
    /// Its people.
    pub people: PeopleCount,
    /// Its last operations, the newest first.
    pub operations: Vec<OperationView>,
    /// Grows with each change of the row.
    pub revision: u64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
}

/// A tenant's database. Passwords are never answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantDatabaseView {
    /// Its opaque name.
    pub name: String,
    /// The account of the runtime: data only.
    pub runtime_user: String,
    /// The account of migrations.
    pub migrator_user: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The schema that a tenant has, and the one that this control plane would give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SchemaView {
    /// Version.
    #[schema(required = true)]
    pub version: Option<i64>,
    /// Fingerprint after the last migration.
    #[schema(required = true)]
    pub fingerprint: Option<String>,
    /// The newest version.
    pub newest_version: i64,
    /// The fingerprint of the newest version.
    pub expected_fingerprint: String,
    /// Whether both are as expected.
    pub current: bool,
}

/// How many people a tenant has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleCount {
    /// Able to sign in.
    pub active: u64,
    /// Invited.
    pub invited: u64,
    /// Put away.
    pub archived: u64,
}

/// A new tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TenantCreate {
    /// First label of its host name: 2 to 40 letters, digits and single hyphens.
    #[garde(length(min = 1, max = 63))]
    pub slug: String,
    /// Its name.
    #[garde(length(min = 1, max = 200))]
    pub name: String,
    /// Name of the placement group; `default` unless given.
    #[garde(inner(length(min = 1, max = 63)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement_group: Option<String>,
    /// Plan; `standard` unless given.
    #[garde(inner(length(min = 1, max = 32)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The first member, who is invited by mail.
    #[garde(dive)]
    pub architect: ArchitectCreate,
}

/// The first member of a new tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ArchitectCreate {
    /// The name.
    #[garde(length(min = 1, max = 200))]
    pub name: String,
    /// The e-mail address.
    #[garde(email, length(max = 254))]
    pub email: String,
}

/// Takes a tenant out of service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SuspendTenant {
    /// Why; kept in the audit log.
    #[garde(length(min = 1, max = 500))]
    pub reason: String,
    /// The tenant's slug, typed again. Must be its own when given; needed for a tenant of so many
    /// people that another member of staff has to agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(max = 63)))]
    pub confirm: Option<String>,
}

/// 202: an operation has been written down and will be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// The operation to follow.
    #[schema(value_type = String, format = Uuid)]
    pub operation_id: OperationId,
}
