//! Staff's side: asking, looking at what came of it, giving it back.

use cp_domain::SupportState;
use cp_store::{
    Member, MembershipStore, StoreError, SupportAccess, SupportAccessStore, SupportConsentStore,
    SupportFilter, SupportSessionStore, TenantStore,
};
use kernel::{Limit, StaffId, SupportAccessId, TenantId};
use sea_orm::DatabaseTransaction;
use serde_json::json;

use super::{SupportError, tenant_db};
use crate::{
    Auth,
    mail::{self, QueueError},
    staff::{By, record::Deed},
};

/// A member of staff wants to look into a tenant.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The tenant.
    pub tenant: TenantId,
    /// Why.
    pub reason: String,
    /// For how many minutes.
    pub minutes: u32,
}

/// Asks the tenant's architects, who get a mail each.
///
/// # Errors
/// When there is no such tenant in service, a request of the same member of staff is open, or
/// something failed.
pub async fn request(auth: &Auth, by: &By, new: NewRequest) -> Result<SupportAccess, SupportError> {
    if let Some(id) = by.answered::<SupportAccessId>(auth).await? {
        return find(auth, id).await?.ok_or(SupportError::NotFound);
    }
    let staff = by.requester.staff.ok_or(SupportError::Nobody)?;
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    // Requests for a tenant take turns.
    match MembershipStore::lock_tenant(&tx, new.tenant).await {
        Err(StoreError::Missing(_)) => return Err(SupportError::NotFound),
        other => other?,
    }
    let tenant = TenantStore::get(&tx, new.tenant).await?;
    if tenant.state != cp_domain::TenantState::Active {
        return Err(SupportError::NotFound);
    }
    refuse_second(auth, &tx, new.tenant, staff).await?;
    let id: SupportAccessId = auth.clock.new_id();
    let what = (new.reason.as_str(), new.minutes);
    SupportAccessStore::insert(&tx, id, (new.tenant, staff), what, now).await?;
    let access = SupportAccessStore::find(&tx, id).await?;
    let access = access.ok_or(SupportError::NotFound)?;
    for architect in MembershipStore::list_architects(&tx, new.tenant).await? {
        tell(auth, &tx, &architect, &access).await?;
    }
    let deed = Deed {
        action: "support.request",
        tenant: Some(new.tenant),
        object: Some(id.as_uuid()),
        detail: json!({ "reason": new.reason, "minutes": new.minutes }),
    };
    by.record(&tx, auth, deed, &id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(access)
}

async fn refuse_second(
    auth: &Auth,
    tx: &DatabaseTransaction,
    tenant: TenantId,
    staff: StaffId,
) -> Result<(), SupportError> {
    let filter = SupportFilter {
        tenant: Some(tenant),
        staff: Some(staff),
        ..SupportFilter::default()
    };
    let last = SupportAccessStore::list(tx, &filter, Limit::new(1).unwrap_or_default()).await?;
    let state = last.first().map(|last| last.state_at(auth.clock.now()));
    match state {
        Some(SupportState::Requested | SupportState::Granted) => Err(SupportError::Open),
        _ => Ok(()),
    }
}

async fn tell(
    auth: &Auth,
    tx: &DatabaseTransaction,
    architect: &Member,
    access: &SupportAccess,
) -> Result<(), SupportError> {
    let id = auth.clock.new_uuid();
    let host = auth.links.tenant(&access.tenant_slug);
    let message = mailer::SupportRequest {
        name: architect.person.name.clone(),
        tenant: access.tenant_name.clone(),
        staff: access.staff_name.clone(),
        reason: access.reason.clone(),
        minutes: access.minutes,
        link: format!("{host}/admin/security/support-access"),
    };
    let message_id = format!("{id}@{}", auth.links.base_domain());
    let message = message
        .mail(architect.person.email.as_str(), message_id)
        .map_err(QueueError::from)?;
    mail::queue(tx, auth, id, "support_request", message).await?;
    Ok(())
}

/// One request.
///
/// # Errors
/// When the database fails.
pub async fn find(auth: &Auth, id: SupportAccessId) -> Result<Option<SupportAccess>, StoreError> {
    SupportAccessStore::find(auth.central.conn(), id).await
}

/// Requests that the filter takes, the newest first; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list(
    auth: &Auth,
    filter: &SupportFilter,
    limit: Limit,
) -> Result<Vec<SupportAccess>, StoreError> {
    SupportAccessStore::list(auth.central.conn(), filter, limit).await
}

/// Gives access back before its time is over, or takes a request back.
///
/// # Errors
/// When there is none such of this member of staff, or it has ended.
pub async fn end(auth: &Auth, by: &By, id: SupportAccessId) -> Result<SupportAccess, SupportError> {
    let access = find(auth, id).await?;
    let access = access
        .filter(|access| by.requester.staff.is_none_or(|staff| staff == access.staff))
        .ok_or(SupportError::NotFound)?;
    if by.answered::<SupportAccessId>(auth).await?.is_some() {
        return Ok(access);
    }
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !SupportAccessStore::end(&tx, id, SupportState::Ended, now).await? {
        return Err(SupportError::State(access.state_at(now)));
    }
    let sessions = SupportSessionStore::revoke_of(&tx, id, now).await?;
    let deed = Deed {
        action: "support.end",
        tenant: Some(access.tenant),
        object: Some(id.as_uuid()),
        detail: json!({}),
    };
    by.record(&tx, auth, deed, &id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.support_ended(&sessions).await;
    if access.state == SupportState::Granted {
        let db = tenant_db(auth, access.tenant).await?;
        SupportConsentStore::leave(db.conn(), id, now).await?;
    }
    find(auth, id).await?.ok_or(SupportError::NotFound)
}
