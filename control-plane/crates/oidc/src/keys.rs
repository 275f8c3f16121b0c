//! The keys that providers sign with.
//!
//! Providers rotate them, also between two sign-ins, so an unknown signature makes us fetch them
//! again; not more often than the cooldown allows, or whoever sends us tokens could make us flood
//! the provider. Logout tokens come from anybody, so they have a cooldown of their own and cannot
//! use up that of sign-ins.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;
use moka::future::Cache;
use openidconnect::core::CoreJsonWebKeySet;
use url::Url;

use crate::{Fetcher, OidcError, OidcSettings};

/// What keys are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// An ID token that the provider handed to us.
    SignIn,
    /// A logout token that somebody sent.
    Logout,
}

/// Keys of providers by their address.
pub(crate) struct Keys {
    fetcher: Fetcher,
    known: Cache<Url, Arc<CoreJsonWebKeySet>>,
    refetched: Mutex<HashMap<(Url, KeyUse), Instant>>,
    cooldown: Duration,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    pub(crate) fn new(fetcher: Fetcher, settings: &OidcSettings) -> Self {
        let known = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(settings.metadata_life())
            .build();
        Self {
            fetcher,
            known,
            refetched: Mutex::default(),
            cooldown: settings.key_cooldown(),
        }
    }

    pub(crate) async fn get(&self, url: &Url) -> Result<Arc<CoreJsonWebKeySet>, OidcError> {
        if let Some(known) = self.known.get(url).await {
            return Ok(known);
        }
        self.fetch(url).await
    }

    /// The keys anew; none while it is too soon.
    pub(crate) async fn refetch(
        &self,
        url: &Url,
        purpose: KeyUse,
    ) -> Result<Option<Arc<CoreJsonWebKeySet>>, OidcError> {
        if !self.may_refetch(url, purpose) {
            return Ok(None);
        }
        self.fetch(url).await.map(Some)
    }

    fn may_refetch(&self, url: &Url, purpose: KeyUse) -> bool {
        let mut refetched = self
            .refetched
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        refetched.retain(|_, at| now.duration_since(*at) < self.cooldown);
        let key = (url.clone(), purpose);
        if refetched.contains_key(&key) {
            return false;
        }
        refetched.insert(key, now);
        true
    }

    async fn fetch(&self, url: &Url) -> Result<Arc<CoreJsonWebKeySet>, OidcError> {
        let fetched: CoreJsonWebKeySet = self
            .fetcher
            .json(url, HeaderMap::new())
            .await
            .map_err(OidcError::fetching("keys"))?;
        let fetched = Arc::new(fetched);
        self.known.insert(url.clone(), Arc::clone(&fetched)).await;
        Ok(fetched)
    }
}
