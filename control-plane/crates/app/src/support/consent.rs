//! The tenant's side: consenting, declining, taking a consent back.

use chrono::TimeDelta;
use cp_domain::SupportState;
use cp_store::{
    AuditActor, AuditEvent, AuditStore, StoreError, SupportAccess, SupportAccessStore,
    SupportConsentStore, SupportFilter, SupportSessionStore, SupportVisit,
};
use kernel::{Limit, Role, SupportAccessId, TenantId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{SupportError, tenant_db};
use crate::{Auth, members::Administrator, step_up};

/// Requests for the tenant, the newest first, before one of them; one more than the limit when
/// more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_for_tenant(
    auth: &Auth,
    tenant: TenantId,
    before: Option<SupportAccessId>,
    limit: Limit,
) -> Result<Vec<SupportAccess>, StoreError> {
    let filter = SupportFilter {
        tenant: Some(tenant),
        before,
        ..SupportFilter::default()
    };
    SupportAccessStore::list(auth.central.conn(), &filter, limit).await
}

/// Who came in with a consent of the tenant, from its own record.
///
/// # Errors
/// When there is no such request for the tenant, or a database fails.
pub async fn list_visits(
    auth: &Auth,
    tenant: TenantId,
    id: SupportAccessId,
) -> Result<Vec<SupportVisit>, SupportError> {
    let access = SupportAccessStore::find(auth.central.conn(), id).await?;
    access
        .filter(|access| access.tenant == tenant)
        .ok_or(SupportError::NotFound)?;
    let db = tenant_db(auth, tenant).await?;
    Ok(SupportConsentStore::list_visits(db.conn(), id).await?)
}

/// Consents, for the time that was asked for or a shorter one. The tenant's own row is written
/// first: without it nobody gets in.
///
/// # Errors
/// When the caller is no architect or proved too long ago who they are, the request is not open, or
/// a database fails.
pub async fn grant(
    auth: &Auth,
    architect: &Administrator<'_>,
    id: SupportAccessId,
    minutes: Option<u32>,
) -> Result<SupportAccess, SupportError> {
    let access = open_request(auth, architect, id).await?;
    let now = auth.clock.now();
    let minutes = minutes.map_or(access.minutes, |minutes| minutes.clamp(1, access.minutes));
    let expires_at = now + TimeDelta::minutes(i64::from(minutes));
    let (tenant, member) = (access.tenant, architect.session.member_id);
    let db = tenant_db(auth, tenant).await?;
    let words = (access.staff_name.as_str(), access.reason.as_str());
    SupportConsentStore::grant(db.conn(), id, words, member, expires_at, now).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !SupportAccessStore::decide(&tx, (id, tenant), member, Some(expires_at), now).await? {
        // Somebody answered meanwhile. What was written does not let anybody in by itself.
        return Err(SupportError::State(state_of(auth, id).await?));
    }
    let detail = json!({ "staff": access.staff, "minutes": minutes });
    remember(auth, &tx, architect, "support.grant", (id, detail)).await?;
    tx.commit().await.map_err(StoreError::from)?;
    find(auth, id).await
}

/// Says no.
///
/// # Errors
/// When the caller is no architect or proved too long ago who they are, the request is not open, or
/// the database fails.
pub async fn decline(
    auth: &Auth,
    architect: &Administrator<'_>,
    id: SupportAccessId,
) -> Result<SupportAccess, SupportError> {
    let access = open_request(auth, architect, id).await?;
    let (now, member) = (auth.clock.now(), architect.session.member_id);
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !SupportAccessStore::decide(&tx, (id, access.tenant), member, None, now).await? {
        return Err(SupportError::State(state_of(auth, id).await?));
    }
    let detail = json!({ "staff": access.staff });
    remember(auth, &tx, architect, "support.decline", (id, detail)).await?;
    tx.commit().await.map_err(StoreError::from)?;
    find(auth, id).await
}

/// Takes a consent back: staff are out at once. Needs no confirmation, so that nothing stands in
/// the way. A second call finishes what a failure left.
///
/// # Errors
/// When the caller is no architect, there is no consent that holds, or a database fails.
pub async fn withdraw(
    auth: &Auth,
    architect: &Administrator<'_>,
    id: SupportAccessId,
) -> Result<SupportAccess, SupportError> {
    let access = of_tenant(auth, architect, id).await?;
    let now = auth.clock.now();
    if access.state != SupportState::Granted {
        return Err(SupportError::State(access.state_at(now)));
    }
    let member = architect.session.member_id;
    let db = tenant_db(auth, access.tenant).await?;
    // From here on nobody gets in, whatever happens to the rest.
    SupportConsentStore::withdraw(db.conn(), id, member, now).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !SupportAccessStore::end(&tx, id, SupportState::Withdrawn, now).await? {
        return Err(SupportError::State(state_of(auth, id).await?));
    }
    let sessions = SupportSessionStore::revoke_of(&tx, id, now).await?;
    let detail = json!({ "staff": access.staff, "sessions": sessions.len() });
    remember(auth, &tx, architect, "support.withdraw", (id, detail)).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.support_ended(&sessions).await;
    SupportConsentStore::leave(db.conn(), id, now).await?;
    find(auth, id).await
}

async fn open_request(
    auth: &Auth,
    architect: &Administrator<'_>,
    id: SupportAccessId,
) -> Result<SupportAccess, SupportError> {
    let access = of_tenant(auth, architect, id).await?;
    step_up::require(auth, architect.session)?;
    match access.state_at(auth.clock.now()) {
        SupportState::Requested => Ok(access),
        state => Err(SupportError::State(state)),
    }
}

/// The request, for an architect of its tenant who is there in person.
async fn of_tenant(
    auth: &Auth,
    architect: &Administrator<'_>,
    id: SupportAccessId,
) -> Result<SupportAccess, SupportError> {
    let session = architect.session;
    if session.role != Role::Architect || session.session_id().is_none() {
        return Err(SupportError::Forbidden);
    }
    let access = SupportAccessStore::find(auth.central.conn(), id).await?;
    access
        .filter(|access| access.tenant == architect.tenant.tenant_id)
        .ok_or(SupportError::NotFound)
}

async fn find(auth: &Auth, id: SupportAccessId) -> Result<SupportAccess, SupportError> {
    let access = SupportAccessStore::find(auth.central.conn(), id).await?;
    access.ok_or(SupportError::NotFound)
}

async fn state_of(auth: &Auth, id: SupportAccessId) -> Result<SupportState, SupportError> {
    Ok(find(auth, id).await?.state_at(auth.clock.now()))
}

async fn remember(
    auth: &Auth,
    tx: &impl ConnectionTrait,
    architect: &Administrator<'_>,
    action: &'static str,
    (id, detail): (SupportAccessId, serde_json::Value),
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Member(architect.session.member_id),
        action,
        tenant: Some(architect.tenant.tenant_id),
        object: Some(id.as_uuid()),
        detail,
        request_id: Some(architect.request_id.as_str().to_owned()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
