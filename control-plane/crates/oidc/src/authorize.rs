//! Sending a browser to the provider.

use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge};
use secrecy::SecretString;
use url::Url;

use crate::{Oidc, OidcError, Provider};

/// A sign-in that was begun. What is secret of it stays with us until the browser is back.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// What comes back unchanged: 32 random bytes, base64url.
    pub state: SecretString,
    /// What the ID token has to hold.
    pub nonce: SecretString,
    /// What proves that the code is exchanged by who asked for it (PKCE).
    pub verifier: SecretString,
}

/// What is asked of the provider beside who it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The address that somebody typed.
    pub login_hint: Option<&'a str>,
    /// The user has to prove who they are once more, whatever session the provider has.
    pub fresh: bool,
}

impl Oidc {
    /// Begins a sign-in: authorization code with PKCE S256, state and nonce.
    ///
    /// # Errors
    /// When the provider's metadata cannot be had.
    pub async fn begin(
        &self,
        provider: &Provider,
        redirect_uri: &str,
        hints: Hints<'_>,
    ) -> Result<Begun, OidcError> {
        let metadata = self.metadata(&provider.issuer).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new_random_len(32).into_secret();
        let nonce = Nonce::new_random_len(32);
        let mut url = metadata.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes(&provider.scopes))
            .append_pair("state", &state)
            .append_pair("nonce", nonce.secret())
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = hints.login_hint {
            query.append_pair("login_hint", hint);
        }
        if hints.fresh {
            query
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        }
        drop(query);
        Ok(Begun {
            url,
            state: state.into(),
            nonce: nonce.secret().as_str().into(),
            verifier: verifier.into_secret().into(),
        })
    }

    /// Where a browser goes so that the provider's own session ends too; none when the provider
    /// has no such address.
    ///
    /// # Errors
    /// When the provider's metadata cannot be had.
    pub async fn sign_out_url(
        &self,
        provider: &Provider,
        id_token: Option<&str>,
        return_to: &str,
    ) -> Result<Option<Url>, OidcError> {
        let metadata = self.metadata(&provider.issuer).await?;
        let Some(mut url) = metadata.end_session_endpoint.clone() else {
            return Ok(None);
        };
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &provider.client_id)
            .append_pair("post_logout_redirect_uri", return_to);
        if let Some(id_token) = id_token {
            query.append_pair("id_token_hint", id_token);
        }
        drop(query);
        Ok(Some(url))
    }
}

/// The words asked for, `openid` among them.
fn scopes(words: &str) -> String {
    let others = words.split_whitespace().filter(|word| *word != "openid");
    std::iter::once("openid")
        .chain(others)
        .collect::<Vec<_>>()
        .join(" ")
}
