//! Discovery: what a provider says of itself, kept for some minutes.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use moka::future::Cache;
use serde::Deserialize;
use url::Url;

use crate::{Fetcher, Guard, Issuer, Oidc, OidcError};

/// The document at `/.well-known/openid-configuration`, as far as we read it.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// Who it says it is.
    pub issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Where it says more of the user.
    #[serde(default)]
    pub userinfo_endpoint: Option<Url>,
    /// Where browsers go to sign out.
    #[serde(default)]
    pub end_session_endpoint: Option<Url>,
    /// Whether its answers to browsers name it (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// How clients may prove who they are.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Checks that it is of this issuer and that its addresses may be called.
    fn check(&self, issuer: &Issuer, guard: &Guard) -> Result<(), OidcError> {
        if self.issuer != issuer.as_str() {
            return Err(OidcError::Metadata("they are of another issuer".to_owned()));
        }
        let called = [
            Some(&self.authorization_endpoint),
            Some(&self.token_endpoint),
            Some(&self.jwks_uri),
            self.userinfo_endpoint.as_ref(),
            self.end_session_endpoint.as_ref(),
        ];
        for url in called.into_iter().flatten() {
            guard.check(url)?;
        }
        Ok(())
    }

    /// Whether a secret goes into the body, since the header is not taken. The header is the
    /// default of the standard.
    pub(crate) fn wants_secret_in_body(&self) -> bool {
        let has = |methods: &Vec<String>, word: &str| methods.iter().any(|method| method == word);
        self.token_endpoint_auth_methods_supported
            .as_ref()
            .is_some_and(|methods| {
                !has(methods, "client_secret_basic") && has(methods, "client_secret_post")
            })
    }
}

/// What is known of providers.
#[derive(Clone)]
pub(crate) struct MetadataCache {
    fetcher: Fetcher,
    known: Cache<Issuer, Arc<Metadata>>,
}

impl std::fmt::Debug for MetadataCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetadataCache")
    }
}

impl MetadataCache {
    pub(crate) fn new(fetcher: Fetcher, life: Duration) -> Self {
        let known = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(life)
            .build();
        Self { fetcher, known }
    }

    pub(crate) async fn get(&self, issuer: &Issuer) -> Result<Arc<Metadata>, OidcError> {
        if let Some(known) = self.known.get(issuer).await {
            return Ok(known);
        }
        let found = Arc::new(self.discover(issuer).await?);
        self.known.insert(issuer.clone(), Arc::clone(&found)).await;
        Ok(found)
    }

    async fn discover(&self, issuer: &Issuer) -> Result<Metadata, OidcError> {
        let base = issuer.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"))
            .map_err(|_| OidcError::Metadata("the issuer is no address".to_owned()))?;
        let metadata: Metadata = self
            .fetcher
            .json(&url, HeaderMap::new())
            .await
            .map_err(OidcError::fetching("metadata"))?;
        metadata.check(issuer, self.fetcher.guard())?;
        Ok(metadata)
    }
}

impl Oidc {
    /// What a provider says of itself.
    ///
    /// # Errors
    /// When it cannot be asked, is another one, or names addresses that may not be called.
    pub async fn metadata(&self, issuer: &Issuer) -> Result<Arc<Metadata>, OidcError> {
        self.metadata.get(issuer).await
    }
}
