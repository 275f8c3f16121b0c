//! Access tokens for clients (RFC 6749 §4.4): opaque, short-lived, for no more than the client may.
//! The client's owner is looked at each time: who may not come in gets no token either.

use chrono::TimeDelta;
use cp_domain::{MemberState, SecretKind, scopes_from_words};
use cp_store::{
    AccessToken, AccessTokenStore, ClientSecret, ClientSecretStore, MembershipStore, StoreError,
};
use kernel::{ClientId, Scope, Scopes, TenantId};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::{
    Auth,
    secrets::{Minted, hash_secret, mint_token},
};

/// How long a token may be used.
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// How many tokens of a client may be used at a time: a client keeps its token until it ends.
const MAX_LIVE: u64 = 100;

/// A client that asks.
#[derive(Debug)]
pub struct TokenRequest {
    /// The tenant whose host it is.
    pub tenant: TenantId,
    /// What the client says it is.
    pub client_id: String,
    /// How it proves it.
    pub client_secret: SecretString,
    /// What it asks for, words separated by spaces; everything it may when none.
    pub scope: Option<String>,
}

/// A token that was given.
#[derive(Debug)]
pub struct IssuedToken {
    /// Its text.
    pub token: SecretString,
    /// How long it may be used, in seconds.
    pub expires_in: i64,
    /// What for.
    pub scopes: Scopes,
}

/// Why no token was given.
#[derive(Debug, thiserror::Error)]
pub enum TokenRequestError {
    /// The client is unknown, ended or run out, its secret is wrong, or its owner may not come in.
    #[error("the client is not known, or its secret is wrong")]
    InvalidClient,
    /// It asks for more than it may.
    #[error("the client may not have this scope")]
    InvalidScope,
    /// It has many tokens.
    #[error("the client has many tokens that may be used")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives a client a token.
///
/// # Errors
/// When it may not have one, or the database fails.
pub async fn issue_token(
    auth: &Auth,
    request: &TokenRequest,
) -> Result<IssuedToken, TokenRequestError> {
    let now = auth.clock.now();
    let secret = request.client_secret.expose_secret();
    let hash = hash_secret(SecretKind::ClientSecret, secret);
    let id: Option<ClientId> = request.client_id.parse().ok();
    let (Some(hash), Some(id)) = (hash, id) else {
        return Err(TokenRequestError::InvalidClient);
    };
    let conn = auth.central.conn();
    let client = ClientSecretStore::find(conn, request.tenant, id).await?;
    let client = client
        .filter(|client| bool::from(client.secret_hash.as_bytes().ct_eq(hash.as_bytes())))
        .filter(|client| client.expires_at > now)
        .ok_or(TokenRequestError::InvalidClient)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    // Whatever ends the client now either comes before and is seen, or comes after and sees the
    // token. The membership first, as who archives does it.
    let member = MembershipStore::find_shared(&tx, client.tenant, client.member).await?;
    let active = member.is_some_and(|member| member.membership.state == MemberState::Active);
    let still = ClientSecretStore::find_shared(&tx, client.tenant, client.id).await?;
    if !active || still.is_none() {
        return Err(TokenRequestError::InvalidClient);
    }
    let scopes = granted(&client, request.scope.as_deref())?;
    if ClientSecretStore::count_tokens(&tx, &client, now).await? >= MAX_LIVE {
        return Err(TokenRequestError::TooMany);
    }
    let Minted { secret, hash } = mint_token();
    let token = AccessToken {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: client.tenant,
        member: client.member,
        client: Some(client.id),
        name: client.name.clone(),
        scopes,
        created_at: now,
        expires_at: (now + TOKEN_LIFE).min(client.expires_at),
        last_used_at: None,
    };
    AccessTokenStore::insert(&tx, &token).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let noted = ClientSecretStore::touch(auth.central.conn(), &client, now).await;
    if let Err(error) = noted {
        tracing::debug!(%error, "when a client was last used was not written");
    }
    Ok(IssuedToken {
        token: secret,
        expires_in: (token.expires_at - now).num_seconds(),
        scopes,
    })
}

/// What the client asks for, when it may have all of it.
fn granted(client: &ClientSecret, scope: Option<&str>) -> Result<Scopes, TokenRequestError> {
    let Some(words) = scope.map(str::trim).filter(|words| !words.is_empty()) else {
        return Ok(client.scopes);
    };
    let known = words.split(' ').all(|word| {
        let scope: Option<Scope> = word.parse().ok();
        scope.is_some_and(|scope| client.scopes.contains(scope))
    });
    if known {
        Ok(scopes_from_words(words))
    } else {
        Err(TokenRequestError::InvalidScope)
    }
}
