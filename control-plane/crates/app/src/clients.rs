//! Clients: what a member's programs use to get access tokens (RFC 6749 §4.4). Made by their owner,
//! the secret shown once, bound to member and tenant.

use chrono::{DateTime, Utc};
use cp_domain::{SecretKind, TokenRuleError, check_token_terms};
use cp_store::{AuditActor, AuditEvent, AuditStore, ClientSecret, ClientSecretStore, StoreError};
use kernel::{ClientId, MemberId, RequestId, Scopes, TenantId};
use sea_orm::ConnectionTrait;
use secrecy::SecretString;
use serde_json::json;

use crate::{
    Auth,
    secrets::{Minted, mint_secret},
    sessions::Holder,
};

/// The most clients that a member has at a time.
const MAX_CLIENTS: usize = 50;

/// What a client is asked to be.
#[derive(Debug, Clone)]
pub struct ClientCreate {
    /// The owner, with the session in which they ask.
    pub owner: Holder,
    /// What they call it.
    pub name: String,
    /// What its tokens may be used for at most.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The request, for the audit log.
    pub request_id: RequestId,
}

/// Why a client was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A rule is broken.
    #[error(transparent)]
    Rule(#[from] TokenRuleError),
    /// The member has many.
    #[error("You have {MAX_CLIENTS} client secrets. End one first.")]
    TooMany,
    /// It is not one of the member's, or was ended.
    #[error("no such client")]
    NotFound,
    /// The session has ended since the request came.
    #[error("the session has ended")]
    SessionEnded,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a client; its secret is in the answer and nowhere else.
///
/// # Errors
/// When a rule is broken or the database fails.
pub async fn create_client(
    auth: &Auth,
    command: ClientCreate,
) -> Result<(ClientSecret, SecretString), ClientError> {
    let now = auth.clock.now();
    check_token_terms(command.scopes, command.expires_at, now)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !command.owner.hold(&tx, now).await? {
        return Err(ClientError::SessionEnded);
    }
    let there = ClientSecretStore::list(&tx, command.owner.member).await?;
    if there.len() >= MAX_CLIENTS {
        return Err(ClientError::TooMany);
    }
    let Minted { secret, hash } = mint_secret(SecretKind::ClientSecret);
    let client = ClientSecret {
        id: auth.clock.new_id(),
        secret_hash: hash,
        tenant: command.owner.tenant,
        member: command.owner.member,
        name: command.name,
        scopes: command.scopes,
        created_at: now,
        expires_at: command.expires_at,
        last_used_at: None,
    };
    ClientSecretStore::insert(&tx, &client).await?;
    let of = (client.tenant, client.member, client.id);
    let detail = json!({ "name": client.name, "scopes": client.scopes });
    audit(&tx, auth, "client.create", of, detail, &command.request_id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok((client, secret))
}

/// A member's clients, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_clients(auth: &Auth, member: MemberId) -> Result<Vec<ClientSecret>, StoreError> {
    ClientSecretStore::list(auth.central.conn(), member).await
}

/// Ends one of a member's clients, and the tokens that it got, at once.
///
/// # Errors
/// When it is not theirs or the database fails.
pub async fn revoke_client(
    auth: &Auth,
    tenant: TenantId,
    member: MemberId,
    id: ClientId,
    request_id: &RequestId,
) -> Result<(), ClientError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !ClientSecretStore::revoke(&tx, member, id, auth.clock.now()).await? {
        return Err(ClientError::NotFound);
    }
    let of = (tenant, member, id);
    audit(&tx, auth, "client.revoke", of, json!({}), request_id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.member_changed(member).await;
    Ok(())
}

async fn audit(
    tx: &impl ConnectionTrait,
    auth: &Auth,
    action: &'static str,
    (tenant, member, client): (TenantId, MemberId, ClientId),
    detail: serde_json::Value,
    request_id: &RequestId,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Member(member),
        action,
        tenant: Some(tenant),
        object: Some(client.as_uuid()),
        detail,
        request_id: Some(request_id.to_string()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
