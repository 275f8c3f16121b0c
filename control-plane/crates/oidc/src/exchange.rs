//! The browser is back: the answer is checked, the code exchanged, the ID token verified.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{Metadata, Oidc, OidcError, ProvenIdentity, Provider};

/// What the browser brought back, as it stood in the address.
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// The code.
    pub code: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// What the provider says went wrong.
    pub error: Option<String>,
}

/// What was kept when the sign-in began.
#[derive(Debug)]
pub struct Expected {
    /// The nonce.
    pub nonce: SecretString,
    /// The PKCE verifier.
    pub verifier: SecretString,
    /// The user had to prove who they are once more, after this moment.
    pub fresh_since: Option<DateTime<Utc>>,
}

/// The answer of the token endpoint. The ID token stays text until it is verified.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: String,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

impl Oidc {
    /// Ends a sign-in that [`Oidc::begin`] began, with what the browser brought back.
    ///
    /// # Errors
    /// When anything is not as it should be.
    pub async fn finish(
        &self,
        provider: &Provider,
        redirect_uri: &str,
        callback: &Callback,
        expected: &Expected,
        now: DateTime<Utc>,
    ) -> Result<ProvenIdentity, OidcError> {
        let metadata = self.metadata(&provider.issuer).await?;
        check_issuer(&metadata, callback)?;
        if let Some(error) = &callback.error {
            return Err(OidcError::Refused(word(error)));
        }
        let code = callback.code.as_deref().filter(|code| !code.is_empty());
        let code = code.ok_or(OidcError::Callback("there is no code"))?;
        let tokens = self
            .exchange(provider, &metadata, redirect_uri, code, &expected.verifier)
            .await?;
        let Some(id_token) = &tokens.id_token else {
            return Err(OidcError::IdToken("there is none".to_owned()));
        };
        let mut claims = self
            .verify_id_token(
                provider,
                &metadata,
                id_token,
                &tokens.access_token,
                expected,
                now,
            )
            .await?;
        if let Some(url) = &metadata.userinfo_endpoint {
            self.add_user_info(url, &tokens.access_token, &mut claims)
                .await?;
        }
        Ok(ProvenIdentity {
            claims,
            id_token: SecretString::from(id_token.as_str()),
        })
    }

    async fn exchange(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        redirect_uri: &str,
        code: &str,
        verifier: &SecretString,
    ) -> Result<Tokens, OidcError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", verifier.expose_secret());
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        match &provider.client_secret {
            Some(secret) if !metadata.wants_secret_in_body() => {
                headers.insert(header::AUTHORIZATION, basic(&provider.client_id, secret)?);
            }
            secret => {
                form.append_pair("client_id", &provider.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.expose_secret());
                }
            }
        }
        let body = form.finish().into_bytes();
        let answer = self
            .fetcher
            .send(Method::POST, &metadata.token_endpoint, headers, body)
            .await
            .map_err(OidcError::fetching("tokens"))?;
        if answer.status != StatusCode::OK {
            let failure = serde_json::from_slice::<Failure>(&answer.body);
            let reason = failure.map_or_else(
                |_| format!("status {}", answer.status.as_u16()),
                |failure| word(&failure.error),
            );
            return Err(OidcError::Exchange(reason));
        }
        let tokens: Tokens = serde_json::from_slice(&answer.body)
            .map_err(|_| OidcError::Exchange("the answer cannot be read".to_owned()))?;
        if !tokens.token_type.eq_ignore_ascii_case("bearer") {
            return Err(OidcError::Exchange(
                "the token is no bearer token".to_owned(),
            ));
        }
        Ok(tokens)
    }
}

/// RFC 9207: who advertises the issuer in its answers has to name it, and whoever names one has to
/// be it. Without this, one provider's answer could be taken for another's (mix-up).
fn check_issuer(metadata: &Metadata, callback: &Callback) -> Result<(), OidcError> {
    match &callback.iss {
        Some(iss) if *iss == metadata.issuer => Ok(()),
        Some(_) => Err(OidcError::Callback("it is of another issuer")),
        None if metadata.authorization_response_iss_parameter_supported => {
            Err(OidcError::Callback("it does not name its issuer"))
        }
        None => Ok(()),
    }
}

/// RFC 6749 §2.3.1: both parts encoded as in a form before they are joined.
fn basic(client_id: &str, secret: &SecretString) -> Result<HeaderValue, OidcError> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&value).map_err(|_| OidcError::Setup)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An error word of a provider, as far as it is one: what strangers write is shown to nobody.
fn word(text: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !text.is_empty() && text.len() <= 60 && text.chars().all(legal) {
        text.to_owned()
    } else {
        "unreadable_error".to_owned()
    }
}
