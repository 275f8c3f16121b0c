//! Sessions that end at the provider, and sessions of the provider that end with ours.

use cp_store::{
    AuditActor, AuditEvent, AuditStore, Connection, IdentityStore, LogoutTokenStore, SessionStore,
    SsoSessionStore, StoreError, seal::Purpose,
};
use kernel::{ConnectionId, MemberId, RequestId, SessionId};
use secrecy::ExposeSecret as _;
use serde_json::json;
use url::Url;

use super::{SsoError, flows::find, provider::provider_of};
use crate::{Auth, secrets::hash_text, sessions::TenantHost};

/// Takes a logout token (OpenID Connect Back-Channel Logout): the sessions that it means end at
/// once. Each token is good once.
///
/// # Errors
/// When there is no such connection, or the token is not good.
pub async fn back_channel_logout(
    auth: &Auth,
    tenant: &TenantHost,
    connection: ConnectionId,
    token: &str,
    request_id: &RequestId,
) -> Result<usize, SsoError> {
    let now = auth.clock.now();
    let connection = find(auth, tenant.tenant_id, connection).await?;
    let provider = provider_of(auth, &connection)?;
    let notice = auth.oidc.verify_logout_token(&provider, token, now).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let id = hash_text(&notice.id);
    if !LogoutTokenStore::consume(&tx, connection.id, &id, notice.expires_at, now).await? {
        return Err(SsoError::UnknownFlow);
    }
    let person = match &notice.subject {
        Some(subject) => match IdentityStore::find_person(&tx, connection.id, subject).await? {
            Some(person) => Some(person),
            // Nobody here: there is nothing to end, and nobody else's sessions are.
            None => {
                tx.commit().await.map_err(StoreError::from)?;
                return Ok(0);
            }
        },
        None => None,
    };
    let session = notice.session.as_deref();
    let members = SsoSessionStore::revoke(&tx, connection.id, session, person, now).await?;
    audit(&tx, auth, &connection, &members, request_id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    for member in &members {
        auth.directory.member_changed(*member).await;
    }
    Ok(members.len())
}

async fn audit(
    tx: &sea_orm::DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    members: &[MemberId],
    request_id: &RequestId,
) -> Result<(), StoreError> {
    for member in members {
        let event = AuditEvent {
            actor: AuditActor::System,
            action: "session.end_by_provider",
            tenant: Some(connection.tenant),
            object: Some(member.as_uuid()),
            detail: json!({ "connection": connection.id }),
            request_id: Some(request_id.to_string()),
        };
        AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await?;
    }
    Ok(())
}

/// Where a browser goes so that the provider's session ends with ours; none when the session did
/// not come through a provider, or that has no such address. To be asked for before ours ends.
pub async fn sign_out_address(auth: &Auth, tenant: &TenantHost, session: SessionId) -> Option<Url> {
    let session = SessionStore::find(auth.central.conn(), session)
        .await
        .ok()??;
    let connection = find(auth, tenant.tenant_id, session.connection?)
        .await
        .ok()?;
    let provider = provider_of(auth, &connection).ok()?;
    let token = session.provider_token.as_deref().and_then(|sealed| {
        let opened = auth
            .sealer
            .open_text(Purpose::ProviderToken, session.person, sealed);
        opened.ok()
    });
    let token = token.as_ref().map(|token| token.expose_secret());
    let back = format!("{}/sign-in", auth.links.tenant(&tenant.slug));
    match auth.oidc.sign_out_url(&provider, token, &back).await {
        Ok(address) => address,
        Err(error) => {
            tracing::info!(%error, "the provider's own session is left alone");
            None
        }
    }
}
