//! Creating a tenant: the catalogue's row, the plan of its database and the operation that makes
//! it, in one transaction. A worker does the rest.

use cp_domain::{
    Email, NoRoom, Operation, OperationKind, OperationState, Slug, Tenant, TenantState,
    choose_server,
};
use cp_store::{
    OperationStore, PlacementGroupStore, ServerStore, StoreError, TenantDatabaseStore, TenantStore,
    seal::SealError,
};
use kernel::{Generation, MemberId, OperationId, TenantContext, TenantId};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fleet::{
    Act, Fleet, KeyError, Keyed, Requester,
    keyed::{keep, kept},
    placement::plan_database,
};

/// The group of tenants for which none is named.
pub const DEFAULT_GROUP: &str = "default";
/// The plan of tenants for which none is named.
pub const DEFAULT_PLAN: &str = "standard";

/// A tenant to create.
#[derive(Debug, Clone)]
pub struct CreateTenant {
    /// First label of its host name.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// The name of its placement group.
    pub placement_group: String,
    /// Its plan.
    pub plan: String,
    /// Who is invited first.
    pub architect: Architect,
}

/// The first member of a new tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Architect {
    /// The name.
    pub name: String,
    /// The address.
    pub email: Email,
}

/// What a provisioning was asked for with; kept in the operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProvisionInput {
    /// The slug that was asked for.
    pub slug: Slug,
    /// Who is invited first.
    pub architect: Architect,
    /// The id of their membership, decided beforehand so that every step can be repeated.
    pub member_id: MemberId,
}

/// The operation that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The operation.
    pub operation_id: OperationId,
}

/// Why a tenant is not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateTenantError {
    /// Another tenant has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// There is no such group.
    #[error("there is no placement group of this name")]
    UnknownGroup,
    /// The group is full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A password cannot be sealed.
    #[error("a password cannot be sealed")]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes down a tenant and the operation that makes it. With a key, the same request again gets
/// the same answer.
///
/// # Errors
/// When the slug is taken, the group is unknown or full, or the database fails.
pub async fn create_tenant(
    fleet: &Fleet,
    requester: &Requester,
    command: CreateTenant,
    keyed: Option<&Keyed>,
) -> Result<Accepted, CreateTenantError> {
    if let Some(accepted) = kept(fleet, keyed).await? {
        return Ok(accepted);
    }
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    let written = write(fleet, requester, &tx, command, keyed).await;
    let accepted = match written {
        Ok(accepted) => accepted,
        Err(error) => {
            tx.rollback().await.map_err(StoreError::from)?;
            // Two requests with one key at once: the other one has written.
            return match kept(fleet, keyed).await? {
                Some(accepted) => Ok(accepted),
                None => Err(error),
            };
        }
    };
    tx.commit().await.map_err(StoreError::from)?;
    fleet.operation_changed(accepted.operation_id).await;
    Ok(accepted)
}

async fn write(
    fleet: &Fleet,
    requester: &Requester,
    tx: &DatabaseTransaction,
    command: CreateTenant,
    keyed: Option<&Keyed>,
) -> Result<Accepted, CreateTenantError> {
    let now = fleet.clock.now();
    // Placements into one group take turns, so that a server is never overfilled.
    let group = PlacementGroupStore::lock_by_name(tx, &command.placement_group)
        .await?
        .ok_or(CreateTenantError::UnknownGroup)?;
    let server = choose_server(&ServerStore::loads(tx, group.id).await?)?;
    let tenant = Tenant {
        id: fleet.clock.new_id(),
        slug: command.slug.as_str().to_owned(),
        name: command.name,
        plan: command.plan,
        state: TenantState::Provisioning,
        generation: Generation(1),
        placement_group: group.id,
        server: Some(server),
        time_zone: "UTC".to_owned(),
        schema_version: None,
        schema_fingerprint: None,
        revision: 0,
        created_at: now,
        updated_at: now,
    };
    let input = ProvisionInput {
        slug: command.slug,
        architect: command.architect,
        member_id: fleet.clock.new_id(),
    };
    let operation = provision(fleet, requester, tenant.id, &input);
    let accepted = Accepted {
        tenant_id: tenant.id,
        operation_id: operation.id,
    };
    TenantStore::insert(tx, &tenant)
        .await
        .map_err(|error| match error {
            StoreError::Duplicate(_) => CreateTenantError::SlugTaken,
            other => other.into(),
        })?;
    let place = TenantContext {
        tenant: tenant.id,
        generation: tenant.generation,
    };
    let database = plan_database(&fleet.sealer, place, server, now)?;
    TenantDatabaseStore::insert(tx, &database).await?;
    OperationStore::insert(tx, &operation).await?;
    let act = Act {
        action: "tenant.create",
        tenant: Some(tenant.id),
        object: Some(operation.id.as_uuid()),
        detail: json!({ "slug": tenant.slug, "name": tenant.name, "plan": tenant.plan }),
    };
    fleet.remember(tx, requester, act).await?;
    keep(fleet, tx, keyed, 202, &accepted).await?;
    Ok(accepted)
}

fn provision(
    fleet: &Fleet,
    requester: &Requester,
    tenant: TenantId,
    input: &ProvisionInput,
) -> Operation {
    Operation {
        id: fleet.clock.new_id(),
        kind: OperationKind::Provision,
        tenant,
        state: OperationState::Queued,
        input: json!(input).to_string(),
        requested_by: requester.staff,
        fence: 0,
        steps: Operation::new_steps(OperationKind::Provision),
        created_at: fleet.clock.now(),
        started_at: None,
        finished_at: None,
    }
}
