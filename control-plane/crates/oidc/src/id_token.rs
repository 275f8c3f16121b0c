//! ID tokens. `openidconnect` checks signature, algorithm, issuer, audience, nonce and expiry;
//! what it leaves to its user is checked here: the subject, `azp`, the age, `auth_time` and the
//! hash of the access token.

use std::str::FromStr as _;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, ClientSecret, IssuerUrl,
    Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKeySet},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::{Claims, Expected, KeyUse, Metadata, Oidc, OidcError, Provider, jws::Unverified};

/// How far a provider's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// How old an ID token may be that we are handed in answer to a code.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);
/// The longest subject: what the standard allows.
const MAX_SUBJECT: usize = 255;

fn bad(reason: impl Into<String>) -> OidcError {
    OidcError::IdToken(reason.into())
}

/// What verification needs beside the token and the keys.
struct Context<'a> {
    provider: &'a Provider,
    access_token: &'a str,
    expected: &'a Expected,
    now: DateTime<Utc>,
}

impl Oidc {
    pub(crate) async fn verify_id_token(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        token: &str,
        access_token: &str,
        expected: &Expected,
        now: DateTime<Utc>,
    ) -> Result<Claims, OidcError> {
        let context = Context {
            provider,
            access_token,
            expected,
            now,
        };
        let unverified = Unverified::parse(token).map_err(|error| bad(error.to_string()))?;
        // Before anything is fetched for it, and so that the reason is said plainly.
        unverified
            .check_header(provider.algorithms.allowed())
            .map_err(|error| bad(error.to_string()))?;
        let parsed = CoreIdToken::from_str(token)
            .map_err(|error| bad(format!("a claim is missing or wrong: {error}")))?;
        let keys = self.keys.get(&metadata.jwks_uri).await?;
        match context.verify(&parsed, &keys) {
            Err(Unproven::Signature) => {
                let anew = self
                    .keys
                    .refetch(&metadata.jwks_uri, KeyUse::SignIn)
                    .await?
                    .ok_or_else(|| bad("its signature is wrong"))?;
                context.verify(&parsed, &anew)?;
            }
            other => other?,
        }
        let subject = context.check_claims(&unverified)?;
        Ok(Claims::new(subject, unverified.claims))
    }
}

/// Why a token is not proven.
enum Unproven {
    /// Its key is not known, or the signature is not by it: the keys may have changed.
    Signature,
    /// Something else, that other keys do not mend.
    Otherwise(String),
}

impl From<Unproven> for OidcError {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Signature => bad("its signature is wrong"),
            Unproven::Otherwise(reason) => bad(reason),
        }
    }
}

impl From<ClaimsVerificationError> for Unproven {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::CryptoError(_)
                | SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::InvalidKey(_),
            ) => Self::Signature,
            // Said without the values: they come from strangers.
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::AmbiguousKeyId(_),
            ) => Self::Otherwise("it does not say which of several keys it is signed with".into()),
            ClaimsVerificationError::InvalidIssuer(_) => {
                Self::Otherwise("its issuer is another".into())
            }
            ClaimsVerificationError::InvalidAudience(_) => {
                Self::Otherwise("it is for another audience".into())
            }
            ClaimsVerificationError::InvalidNonce(_) => {
                Self::Otherwise("its nonce is missing or another".into())
            }
            ClaimsVerificationError::Expired(_) => {
                Self::Otherwise("it is expired or of another time".into())
            }
            _ => Self::Otherwise("it is not of a kind that is taken".into()),
        }
    }
}

impl Context<'_> {
    fn verify(&self, token: &CoreIdToken, keys: &CoreJsonWebKeySet) -> Result<(), Unproven> {
        let verifier = self
            .verifier(keys)
            .map_err(|_| Unproven::Otherwise("the issuer is no address".to_owned()))?;
        let nonce = Nonce::new(self.expected.nonce.expose_secret().to_owned());
        let claims = token.claims(&verifier, &nonce)?;
        self.check_access_token(token, &verifier, claims)
    }

    fn verifier(
        &self,
        keys: &CoreJsonWebKeySet,
    ) -> Result<CoreIdTokenVerifier<'static>, OidcError> {
        let issuer = IssuerUrl::new(self.provider.issuer.as_str().to_owned())
            .map_err(|_| OidcError::Setup)?;
        let client = ClientId::new(self.provider.client_id.clone());
        let keys = CoreJsonWebKeySet::new(keys.keys().clone());
        let verifier = match &self.provider.client_secret {
            Some(secret) => CoreIdTokenVerifier::new_confidential_client(
                client,
                ClientSecret::new(secret.expose_secret().to_owned()),
                issuer,
                keys,
            ),
            None => CoreIdTokenVerifier::new_public_client(client, issuer, keys),
        };
        let now = self.now;
        Ok(verifier
            .set_allowed_algs(self.provider.algorithms.allowed().iter().cloned())
            .set_time_fn(move || now - SKEW)
            .set_issue_time_verifier_fn(move |issued| {
                if (now - MAX_AGE..=now + SKEW).contains(&issued) {
                    Ok(())
                } else {
                    Err("issued at another time".to_owned())
                }
            }))
    }

    /// OpenID Connect Core §3.1.3.8: when the hash is there, it has to be right.
    fn check_access_token(
        &self,
        token: &CoreIdToken,
        verifier: &CoreIdTokenVerifier<'_>,
        claims: &CoreIdTokenClaims,
    ) -> Result<(), Unproven> {
        let Some(kept) = claims.access_token_hash() else {
            return Ok(());
        };
        let wrong = || Unproven::Otherwise("it is of another access token".to_owned());
        let algorithm = token.signing_alg().map_err(|_| wrong())?;
        let key = token.signing_key(verifier).map_err(|_| wrong())?;
        let access_token = AccessToken::new(self.access_token.to_owned());
        let hash =
            AccessTokenHash::from_token(&access_token, algorithm, key).map_err(|_| wrong())?;
        if hash == *kept { Ok(()) } else { Err(wrong()) }
    }

    /// Our own rules; answers the subject.
    fn check_claims(&self, token: &Unverified<'_>) -> Result<String, OidcError> {
        let claims = &token.claims;
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if subject.trim().is_empty() || subject.len() > MAX_SUBJECT {
            return Err(bad("its subject is empty or too long"));
        }
        let party = claims.get("azp");
        if party.is_some_and(|party| party.as_str() != Some(&self.provider.client_id)) {
            return Err(bad("it was issued to another party"));
        }
        if let Some(since) = self.expected.fresh_since {
            let at = claims.get("auth_time").and_then(Value::as_i64);
            let at = at.and_then(|at| DateTime::from_timestamp(at, 0));
            if at.is_none_or(|at| at < since - SKEW) {
                return Err(bad("the user did not prove anew who they are"));
            }
        }
        Ok(subject.to_owned())
    }
}
