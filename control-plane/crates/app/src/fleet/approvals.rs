//! The second person: what takes a tenant of many people out of service waits until another member
//! of staff agrees.

use chrono::{DateTime, TimeDelta, Utc};
use cp_store::{Approval, ApprovalStore, StoreError, TenantStore};
use kernel::{Limit, StaffId, TenantId};
use serde_json::json;
use uuid::Uuid;

use super::{
    Accepted, Act, Fleet, KeyError, Keyed, Requester, ServiceError,
    keyed::{keep, kept},
    suspend_tenant,
    tenants::suspend_in,
};

/// How long a request waits for the second person.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// The action that waits.
const SUSPEND: &str = "tenant.suspend";

/// What became of a request to take a tenant out of service.
#[derive(Debug, Clone)]
pub enum Suspension {
    /// An operation does it.
    Accepted(Accepted),
    /// Another member of staff has to agree.
    Waits(Box<Approval>),
}

/// A request to take a tenant out of service.
#[derive(Debug, Clone)]
pub struct Suspend<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Why.
    pub reason: &'a str,
    /// The tenant's slug, typed again; needed where a second person is.
    pub confirm: Option<&'a str>,
    /// People from whom on another member of staff has to agree.
    pub second_person_from: u32,
}

/// Why something is not done, or not agreed to.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such thing that waits.
    #[error("nothing such waits")]
    NotFound,
    /// It is decided, or too old.
    #[error("it was decided, or waited too long")]
    Over,
    /// The first person cannot be the second, too.
    #[error("another member of staff has to agree")]
    SamePerson,
    /// The slug was not typed, or not that of the tenant.
    #[error("the tenant's slug has to be typed")]
    NotConfirmed,
    /// The tenant cannot be so changed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a tenant out of service, or has it wait for a second person when many people would be
/// put out. A command on the server is done at once: who has it has everything.
///
/// # Errors
/// When the slug was typed wrong, or the tenant cannot be taken out of service.
pub async fn suspend(
    fleet: &Fleet,
    requester: &Requester,
    command: Suspend<'_>,
    keyed: Option<&Keyed>,
) -> Result<Suspension, ApprovalError> {
    let conn = fleet.central.conn();
    let tenant = match TenantStore::get(conn, command.tenant).await {
        Err(StoreError::Missing(_)) => return Err(ServiceError::Unknown.into()),
        other => other?,
    };
    if command.confirm.is_some_and(|typed| typed != tenant.slug) {
        return Err(ApprovalError::NotConfirmed);
    }
    let people = TenantStore::count_people(conn, command.tenant).await?;
    let many = people.active >= u64::from(command.second_person_from);
    let Some(staff) = requester.staff.filter(|_| many) else {
        let accepted =
            suspend_tenant(fleet, requester, command.tenant, command.reason, keyed).await?;
        return Ok(Suspension::Accepted(accepted));
    };
    if command.confirm.is_none() {
        return Err(ApprovalError::NotConfirmed);
    }
    if !tenant.state.may_become(cp_domain::TenantState::Suspended) {
        return Err(ServiceError::State(tenant.state).into());
    }
    wait(fleet, requester, staff, &command, keyed)
        .await
        .map(|approval| Suspension::Waits(Box::new(approval)))
}

/// Writes the request down; one that waits already is answered again.
async fn wait(
    fleet: &Fleet,
    requester: &Requester,
    staff: StaffId,
    command: &Suspend<'_>,
    keyed: Option<&Keyed>,
) -> Result<Approval, ApprovalError> {
    let now = fleet.clock.now();
    if let Some(id) = kept::<Uuid>(fleet, keyed).await? {
        let found = ApprovalStore::find(fleet.central.conn(), id).await?;
        return found.ok_or(ApprovalError::NotFound);
    }
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    cp_store::MembershipStore::lock_tenant(&tx, command.tenant).await?;
    if let Some(open) = ApprovalStore::find_open(&tx, command.tenant, SUSPEND, now).await? {
        return Ok(open);
    }
    let id = fleet.clock.new_uuid();
    let detail = json!({ "reason": command.reason });
    let what = (SUSPEND, command.tenant);
    let when = (now, now + LIFE);
    ApprovalStore::insert(&tx, id, what, &detail.to_string(), staff, when).await?;
    let act = Act {
        action: "approval.request",
        tenant: Some(command.tenant),
        object: Some(id),
        detail: json!({ "action": SUSPEND, "reason": command.reason }),
    };
    fleet.remember(&tx, requester, act).await?;
    keep(fleet, &tx, keyed, 202, &id).await?;
    let made = ApprovalStore::find(&tx, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    made.ok_or(ApprovalError::NotFound)
}

/// What waits and what was decided, the newest first; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_approvals(
    fleet: &Fleet,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Approval>, StoreError> {
    ApprovalStore::list(fleet.central.conn(), before, limit).await
}

/// One of them.
///
/// # Errors
/// When the database fails.
pub async fn find_approval(fleet: &Fleet, id: Uuid) -> Result<Option<Approval>, StoreError> {
    ApprovalStore::find(fleet.central.conn(), id).await
}

/// The second person agrees: the operation is written down in their name and the first one's.
///
/// # Errors
/// When nothing such waits, it is the same person, or the tenant cannot be so changed.
pub async fn approve(
    fleet: &Fleet,
    requester: &Requester,
    id: Uuid,
) -> Result<Accepted, ApprovalError> {
    let (waiting, staff) = waiting(fleet, requester, id).await?;
    if waiting.requested_by == staff {
        return Err(ApprovalError::SamePerson);
    }
    let now = fleet.clock.now();
    let input: serde_json::Value = serde_json::from_str(&waiting.input).unwrap_or_default();
    let reason = input.get("reason").and_then(|reason| reason.as_str());
    let reason = reason.unwrap_or_default();
    // Both or neither: an approval that is decided meanwhile takes the operation with it.
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    cp_store::MembershipStore::lock_tenant(&tx, waiting.tenant).await?;
    let accepted = suspend_in(fleet, &tx, requester, waiting.tenant, reason).await?;
    if !ApprovalStore::decide(&tx, id, staff, Some(accepted.operation_id), now).await? {
        return Err(ApprovalError::Over);
    }
    let detail =
        json!({ "operation": accepted.operation_id, "requested_by": waiting.requested_by });
    let act = Act {
        action: "approval.approve",
        tenant: Some(waiting.tenant),
        object: Some(id),
        detail,
    };
    fleet.remember(&tx, requester, act).await?;
    tx.commit().await.map_err(StoreError::from)?;
    fleet.operation_changed(accepted.operation_id).await;
    Ok(accepted)
}

/// Says no, or takes one's own request back.
///
/// # Errors
/// When nothing such waits.
pub async fn decline(
    fleet: &Fleet,
    requester: &Requester,
    id: Uuid,
) -> Result<Approval, ApprovalError> {
    let (waiting, staff) = waiting(fleet, requester, id).await?;
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    if !ApprovalStore::decide(&tx, id, staff, None, fleet.clock.now()).await? {
        return Err(ApprovalError::Over);
    }
    let act = Act {
        action: "approval.decline",
        tenant: Some(waiting.tenant),
        object: Some(id),
        detail: json!({ "requested_by": waiting.requested_by }),
    };
    fleet.remember(&tx, requester, act).await?;
    let declined = ApprovalStore::find(&tx, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    declined.ok_or(ApprovalError::NotFound)
}

async fn waiting(
    fleet: &Fleet,
    requester: &Requester,
    id: Uuid,
) -> Result<(Approval, StaffId), ApprovalError> {
    let found = ApprovalStore::find(fleet.central.conn(), id).await?;
    let found = found.ok_or(ApprovalError::NotFound)?;
    let staff = requester.staff.ok_or(ApprovalError::SamePerson)?;
    if waits(&found, fleet.clock.now()) {
        Ok((found, staff))
    } else {
        Err(ApprovalError::Over)
    }
}

/// Whether a second person may still answer.
#[must_use]
pub fn waits(approval: &Approval, now: DateTime<Utc>) -> bool {
    approval.state == "requested" && now < approval.expires_at
}
