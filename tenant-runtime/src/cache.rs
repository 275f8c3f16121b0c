//! The cache of a process, from its settings.

use std::time::Duration;

use anyhow::Context as _;
use tr_cache::{Cache, CacheSettings, Documents};

use crate::settings::Settings;

/// The cache of a process that answers requests.
///
/// # Errors
/// When the document server's address cannot be used.
pub async fn open(settings: &Settings) -> anyhow::Result<Cache> {
    let kept = CacheSettings {
        memory: settings.cache.memory_mib * 1024 * 1024,
        computing: settings.cache.computing,
        check_every: settings.cache.check_every,
        share_after: Duration::from_millis(settings.cache.share_after_ms),
        ..CacheSettings::default()
    };
    Ok(Cache::new(kept, documents(settings).await?))
}

/// The document server, when there is one.
///
/// # Errors
/// When its address cannot be used.
pub async fn documents(settings: &Settings) -> anyhow::Result<Option<Documents>> {
    let url = settings.cache.url.expose();
    if url.is_empty() {
        return Ok(None);
    }
    Documents::open(url).await.context("cache.url").map(Some)
}
