//! Tokens of directories: made by architects, shown once, good in one tenant.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::SecretKind;
use cp_store::{ScimToken, ScimTokenStore, StoreError};
use kernel::ScimTokenId;
use secrecy::SecretString;
use serde_json::json;

use crate::{
    Auth,
    members::{Administrator, MemberError},
    secrets::{Minted, mint_secret},
};

/// The most tokens that a tenant has at a time.
const MAX_TOKENS: usize = 20;
/// The longest life of one that ends by itself.
const MAX_LIFE: TimeDelta = TimeDelta::days(5 * 366);

/// What a token is asked to be.
#[derive(Debug, Clone)]
pub struct ScimTokenCreate {
    /// What the architect calls it.
    pub name: String,
    /// When it ends by itself; never when none.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why a token was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum ScimTokenError {
    /// It would be over before it begins, or last too long.
    #[error("A token ends in the future, within five years.")]
    Expiry,
    /// The tenant has many.
    #[error("A tenant has at most {MAX_TOKENS} tokens for directories. End one first.")]
    TooMany,
    /// The tenant has no such token.
    #[error("no such token")]
    NotFound,
    /// The caller may not.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token; its text is in the answer and nowhere else.
///
/// # Errors
/// When the caller may not, a rule is broken or the database fails.
pub async fn create_token(
    auth: &Auth,
    by: &Administrator<'_>,
    command: ScimTokenCreate,
) -> Result<(ScimToken, SecretString), ScimTokenError> {
    let now = auth.clock.now();
    let outside = |end: DateTime<Utc>| end <= now || end - now > MAX_LIFE;
    if command.expires_at.is_some_and(outside) {
        return Err(ScimTokenError::Expiry);
    }
    let tx = by.begin_as_architect(auth).await?;
    let there = ScimTokenStore::list(&tx, by.tenant.tenant_id).await?;
    if there.len() >= MAX_TOKENS {
        return Err(ScimTokenError::TooMany);
    }
    let Minted { secret, hash } = mint_secret(SecretKind::DirectoryToken);
    let token = ScimToken {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: by.tenant.tenant_id,
        name: command.name,
        created_by: by.session.member_id,
        created_at: now,
        expires_at: command.expires_at,
        last_used_at: None,
    };
    ScimTokenStore::insert(&tx, &token).await?;
    let detail = json!({ "name": token.name, "expires_at": token.expires_at });
    let object = token.id.as_uuid();
    by.audit_object(&tx, auth, "scim.token.create", object, detail)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok((token, secret))
}

/// The tenant's tokens that were not ended, the newest first.
///
/// # Errors
/// When the caller may not, or the database fails.
pub async fn list_tokens(
    auth: &Auth,
    by: &Administrator<'_>,
) -> Result<Vec<ScimToken>, ScimTokenError> {
    by.check_architect(auth).await?;
    Ok(ScimTokenStore::list(auth.central.conn(), by.tenant.tenant_id).await?)
}

/// Ends a token of the tenant: the next request with it is refused.
///
/// # Errors
/// When the caller may not, the tenant has no such token, or the database fails.
pub async fn revoke_token(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ScimTokenId,
) -> Result<(), ScimTokenError> {
    let tx = by.begin_as_architect(auth).await?;
    if !ScimTokenStore::revoke(&tx, by.tenant.tenant_id, id, auth.clock.now()).await? {
        return Err(ScimTokenError::NotFound);
    }
    by.audit_object(&tx, auth, "scim.token.revoke", id.as_uuid(), json!({}))
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
