//! Back-channel logout: a provider says that somebody's session ended (OpenID Connect
//! Back-Channel Logout 1.0, §2.4 and §2.6).
//!
//! Anybody can send us something here, so a token is refused before anything is fetched for it
//! whenever its header or claims already say that it cannot be good.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{JsonWebKey as _, core::CoreJsonWebKey};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::{
    KeyUse, Oidc, OidcError, Provider,
    jws::{BadToken, Unverified},
};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// How old a logout token may be.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);
const MAX_TEXT: usize = 255;

/// A verified logout token. Whether it was used before is for its reader to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Whose sessions end; all of them when no session is named.
    pub subject: Option<String>,
    /// The provider's session that ended.
    pub session: Option<String>,
    /// What makes this token one of a kind.
    pub id: String,
    /// Until when it could be sent again.
    pub expires_at: DateTime<Utc>,
}

fn bad(reason: impl Into<String>) -> OidcError {
    OidcError::LogoutToken(reason.into())
}

fn refused(error: BadToken) -> OidcError {
    bad(error.to_string())
}

impl Oidc {
    /// Verifies a logout token.
    ///
    /// # Errors
    /// When it is not good, or the provider's keys cannot be had.
    pub async fn verify_logout_token(
        &self,
        provider: &Provider,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<LogoutNotice, OidcError> {
        let token = Unverified::parse(token).map_err(refused)?;
        check_type(token.header.typ.as_deref())?;
        let notice = read(&token.claims, provider, now)?;
        self.verify_signature(provider, &token).await?;
        Ok(notice)
    }

    async fn verify_signature(
        &self,
        provider: &Provider,
        token: &Unverified<'_>,
    ) -> Result<(), OidcError> {
        let algorithm = token
            .check_header(provider.algorithms.allowed())
            .map_err(refused)?;
        if provider.algorithms.is_symmetric() {
            let secret = provider.client_secret.as_ref();
            let secret = secret.ok_or_else(|| refused(BadToken::NoKey))?;
            let key = CoreJsonWebKey::new_symmetric(secret.expose_secret().as_bytes().to_vec());
            return token.verify(&key, &algorithm).map_err(refused);
        }
        let metadata = self.metadata(&provider.issuer).await?;
        let check = |keys: &_| {
            let key = token.choose_key(keys, &algorithm)?;
            token.verify(key, &algorithm)
        };
        let keys = self.keys.get(&metadata.jwks_uri).await?;
        let wrong = match check(&keys) {
            Ok(()) => return Ok(()),
            Err(wrong @ (BadToken::NoKey | BadToken::Signature)) => wrong,
            Err(wrong) => return Err(refused(wrong)),
        };
        let anew = self
            .keys
            .refetch(&metadata.jwks_uri, KeyUse::Logout)
            .await?;
        match anew {
            Some(anew) => check(&anew).map_err(refused),
            None => Err(refused(wrong)),
        }
    }
}

/// A token of another kind is not one, though it be signed by the provider: an ID token above all.
fn check_type(typ: Option<&str>) -> Result<(), OidcError> {
    let Some(typ) = typ else { return Ok(()) };
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    if matches!(typ, "logout+jwt" | "jwt") {
        Ok(())
    } else {
        Err(bad("it is of another type"))
    }
}

fn read(
    claims: &Map<String, Value>,
    provider: &Provider,
    now: DateTime<Utc>,
) -> Result<LogoutNotice, OidcError> {
    if claims.get("iss").and_then(Value::as_str) != Some(provider.issuer.as_str()) {
        return Err(bad("its issuer is another"));
    }
    if !is_for(claims.get("aud"), &provider.client_id) {
        return Err(bad("it is for another audience"));
    }
    let happened = claims.get("events").and_then(|events| events.get(EVENT));
    if !happened.is_some_and(Value::is_object) {
        return Err(bad("it tells of no sign-out"));
    }
    if claims.contains_key("nonce") {
        return Err(bad("it has a nonce, as ID tokens have"));
    }
    let expires_at = check_time(claims, now)?;
    let text = |name: &str| {
        let text = claims.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
            .map(str::to_owned)
    };
    let (subject, session) = (text("sub"), text("sid"));
    let garbled = |name: &str, read: &Option<String>| claims.contains_key(name) && read.is_none();
    if garbled("sub", &subject) || garbled("sid", &session) {
        return Err(bad("its subject or session cannot be read"));
    }
    if subject.is_none() && session.is_none() {
        return Err(bad("it names neither subject nor session"));
    }
    Ok(LogoutNotice {
        subject,
        session,
        id: text("jti").ok_or_else(|| bad("it has no jti"))?,
        expires_at,
    })
}

fn is_for(audience: Option<&Value>, client_id: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(client_id)),
        _ => false,
    }
}

/// Answers until when the token is good.
fn check_time(claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<DateTime<Utc>, OidcError> {
    let time = |name: &str| DateTime::from_timestamp(claims.get(name)?.as_i64()?, 0);
    let issued = time("iat").ok_or_else(|| bad("it has no iat"))?;
    if !(now - MAX_AGE..=now + SKEW).contains(&issued) {
        return Err(bad("it was issued at another time"));
    }
    let expires = time("exp").ok_or_else(|| bad("it has no exp"))?;
    if expires + SKEW <= now {
        return Err(bad("it is expired"));
    }
    Ok(expires.min(issued + MAX_AGE) + SKEW)
}
