//! How many tunnels and streams of events are open at a time. They last for hours and hardly ask
//! for anything, so they are not counted among the requests but here: in all, and of one tenant and
//! of one session or token, so that nobody uses up what is there for everybody. Counted in this
//! process.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cp_app::sessions::Credential;
use kernel::TenantId;
use serde::Deserialize;

/// The most tunnels and streams of events that are open at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StreamSettings {
    /// In all.
    pub in_all: u32,
    /// Of one node.
    pub per_node: u32,
    /// Of a tenant's sessions and tokens together.
    pub per_tenant: u32,
    /// Of one session or token.
    pub per_credential: u32,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            in_all: 20_000,
            per_node: 5_000,
            per_tenant: 2_000,
            per_credential: 50,
        }
    }
}

/// Whose a tunnel or stream is. Those of a tenant who show nothing are one together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Listener {
    pub(crate) tenant: TenantId,
    pub(crate) credential: Option<Credential>,
}

/// No more may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    /// Of the session or token.
    #[error("too many sockets and streams of events are open with this session or token")]
    Credential,
    /// Of the tenant.
    #[error("too many sockets and streams of events of this tenant are open")]
    Tenant,
    /// Of the node.
    #[error("too many sockets and streams of events are open at the node")]
    Node,
    /// In all.
    #[error("too many sockets and streams of events are open")]
    Gateway,
}

/// Counts what is open.
#[derive(Debug)]
pub(crate) struct Streams {
    open: Arc<Mutex<Open>>,
    most: StreamSettings,
}

#[derive(Debug, Default)]
struct Open {
    in_all: u32,
    tenants: HashMap<TenantId, u32>,
    listeners: HashMap<Listener, u32>,
}

/// One of those that are open, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Place {
    open: Arc<Mutex<Open>>,
    whose: Listener,
}

impl Streams {
    pub(crate) fn new(most: StreamSettings) -> Self {
        Self {
            open: Arc::default(),
            most,
        }
    }

    /// A place for one more, unless all are taken.
    pub(crate) fn take(&self, whose: Listener) -> Result<Place, Full> {
        let mut open = lock(&self.open);
        // Their own first, so that everybody is told what they can do something about.
        if taken(&open.listeners, &whose) >= self.most.per_credential {
            return Err(Full::Credential);
        }
        if taken(&open.tenants, &whose.tenant) >= self.most.per_tenant {
            return Err(Full::Tenant);
        }
        if open.in_all >= self.most.in_all {
            return Err(Full::Gateway);
        }
        open.in_all += 1;
        *open.tenants.entry(whose.tenant).or_default() += 1;
        *open.listeners.entry(whose).or_default() += 1;
        drop(open);
        let open = Arc::clone(&self.open);
        Ok(Place { open, whose })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.in_all = open.in_all.saturating_sub(1);
        give_back(&mut open.tenants, &self.whose.tenant);
        give_back(&mut open.listeners, &self.whose);
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

fn taken<K: Hash + Eq>(counts: &HashMap<K, u32>, key: &K) -> u32 {
    counts.get(key).copied().unwrap_or_default()
}

/// Nothing is kept of those who have nothing open.
fn give_back<K: Hash + Eq>(counts: &mut HashMap<K, u32>, key: &K) {
    let Some(count) = counts.get_mut(key) else {
        return;
    };
    *count = count.saturating_sub(1);
    if *count == 0 {
        counts.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use kernel::SessionId;
    use uuid::Uuid;

    use super::*;

    fn listener(tenant: u128, session: u128) -> Listener {
        let session = SessionId::from_uuid(Uuid::from_u128(session));
        Listener {
            tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
            credential: Some(Credential::Session(session)),
        }
    }

    #[test]
    fn each_limit_is_counted_by_itself() {
        let streams = Streams::new(StreamSettings {
            in_all: 4,
            per_node: 0,
            per_tenant: 3,
            per_credential: 2,
        });
        let take = |tenant, session| streams.take(listener(tenant, session));
        let first = take(1, 1).unwrap();
        let _second = take(1, 1).unwrap();
        assert_eq!(take(1, 1).unwrap_err(), Full::Credential);
        let _third = take(1, 2).unwrap();
        assert_eq!(take(1, 2).unwrap_err(), Full::Tenant);
        let fourth = take(2, 3).unwrap();
        assert_eq!(take(2, 3).unwrap_err(), Full::Gateway);
        drop(fourth);
        assert_eq!(take(1, 2).unwrap_err(), Full::Tenant);
        drop(first);
        assert!(take(1, 1).is_ok());
    }

    #[test]
    fn nothing_is_kept_of_what_has_ended() {
        let streams = Streams::new(StreamSettings::default());
        let nobody = Listener {
            credential: None,
            ..listener(1, 1)
        };
        let places = [listener(1, 1), listener(1, 1), listener(2, 1), nobody]
            .map(|whose| streams.take(whose).unwrap());
        drop(places);
        let open = lock(&streams.open);
        assert_eq!(open.in_all, 0);
        assert!(open.tenants.is_empty() && open.listeners.is_empty());
    }
}
