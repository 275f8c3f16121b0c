//! Personal access tokens: made by their owner, shown once, bound to member and tenant.

use chrono::{DateTime, Utc};
use cp_domain::{TokenRuleError, check_token_terms};
use cp_store::{AccessToken, AccessTokenStore, StoreError};
use kernel::{MemberId, Scopes, TokenId};
use secrecy::SecretString;

use crate::{
    Auth,
    secrets::{Minted, mint_token},
    sessions::Holder,
};

/// What a token is asked to be.
#[derive(Debug, Clone)]
pub struct TokenCreate {
    /// The owner, with the session in which they ask.
    pub owner: Holder,
    /// What they call it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a token was not made or ended.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A rule is broken.
    #[error(transparent)]
    Rule(#[from] TokenRuleError),
    /// It is not one of the member's, or was ended.
    #[error("no such token")]
    NotFound,
    /// The session has ended since the request came.
    #[error("the session has ended")]
    SessionEnded,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token; its text is in the answer and nowhere else.
///
/// # Errors
/// When a rule is broken or the database fails.
pub async fn create_token(
    auth: &Auth,
    command: TokenCreate,
) -> Result<(AccessToken, SecretString), TokenError> {
    let now = auth.clock.now();
    check_token_terms(command.scopes, command.expires_at, now)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !command.owner.hold(&tx, now).await? {
        return Err(TokenError::SessionEnded);
    }
    let Minted { secret, hash } = mint_token();
    let token = AccessToken {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: command.owner.tenant,
        member: command.owner.member,
        client: None,
        name: command.name,
        scopes: command.scopes,
        created_at: now,
        expires_at: command.expires_at,
        last_used_at: None,
    };
    AccessTokenStore::insert(&tx, &token).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok((token, secret))
}

/// A member's tokens.
///
/// # Errors
/// When the database fails.
pub async fn list_tokens(auth: &Auth, member: MemberId) -> Result<Vec<AccessToken>, StoreError> {
    AccessTokenStore::list(auth.central.conn(), member).await
}

/// Ends one of a member's tokens.
///
/// # Errors
/// When it is not theirs or the database fails.
pub async fn revoke_token(auth: &Auth, member: MemberId, id: TokenId) -> Result<(), TokenError> {
    let now = auth.clock.now();
    let ended = AccessTokenStore::revoke(auth.central.conn(), member, id, now).await?;
    ended.ok_or(TokenError::NotFound)?;
    auth.directory.member_changed(member).await;
    Ok(())
}
