//! Whose token a directory shows.

use std::time::Duration;

use chrono::TimeDelta;
use cp_domain::SecretKind;
use cp_store::{AuditActor, AuditEvent, AuditStore, MembershipStore, ScimTokenStore, StoreError};
use futures_util::StreamExt as _;
use kernel::{MemberId, ScimTokenId, TenantId};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::{Auth, projections::project_soon, secrets::hash_secret, sessions::TenantHost};

/// A use within this time of the one before is not noted.
const GRAIN: TimeDelta = TimeDelta::seconds(60);
/// How many changed members are made known at once.
const AT_ONCE: usize = 8;
/// How many are projected while the directory waits; the worker sees to more.
const PROJECTED: usize = 8;

/// A directory at work.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Its tenant.
    pub tenant: TenantId,
    /// The token that it showed.
    pub token: ScimTokenId,
    /// Where its resources are, without a slash at the end.
    pub base: String,
    /// The request, for the audit log.
    pub request_id: String,
}

/// The directory that shows this token at this tenant; none when the token is not a whole one, is
/// another tenant's, was ended or has run out.
///
/// # Errors
/// When the database fails.
pub async fn authenticate(
    auth: &Auth,
    tenant: &TenantHost,
    token: &str,
    request_id: &str,
) -> Result<Option<Directory>, StoreError> {
    let Some(hash) = hash_secret(SecretKind::DirectoryToken, token) else {
        return Ok(None);
    };
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let found = ScimTokenStore::find(conn, tenant.tenant_id, &hash, now).await?;
    let Some(found) = found else {
        return Ok(None);
    };
    if found.last_used_at.is_none_or(|last| now - last >= GRAIN) {
        ScimTokenStore::touch(conn, found.id, now).await?;
    }
    Ok(Some(Directory {
        tenant: tenant.tenant_id,
        token: found.id,
        base: format!("{}/scim/v2", auth.links.tenant(&tenant.slug)),
        request_id: request_id.to_owned(),
    }))
}

impl Directory {
    /// Begins a transaction in which nobody else changes the tenant's members.
    pub(super) async fn begin(&self, auth: &Auth) -> Result<DatabaseTransaction, StoreError> {
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        MembershipStore::lock_tenant(&tx, self.tenant).await?;
        Ok(tx)
    }

    pub(super) async fn audit(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        action: &'static str,
        object: Option<Uuid>,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            actor: AuditActor::Directory(self.token),
            action,
            tenant: Some(self.tenant),
            object,
            detail,
            request_id: Some(self.request_id.clone()),
        };
        AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
    }
}

/// Makes known, after the commit, that memberships changed: to every gateway at once, to the
/// tenant's own database soon.
pub(super) async fn make_known(auth: &Auth, tenant: TenantId, members: &[MemberId]) {
    futures_util::stream::iter(members)
        .for_each_concurrent(AT_ONCE, |member| auth.directory.member_changed(*member))
        .await;
    if members.len() > PROJECTED {
        auth.projection_nudge.notify_one();
        return;
    }
    let patience = Duration::from_secs(2);
    let all = futures_util::future::join_all(
        members
            .iter()
            .map(|member| project_soon(auth, tenant, *member)),
    );
    if tokio::time::timeout(patience, all).await.is_err() {
        auth.projection_nudge.notify_one();
    }
}
