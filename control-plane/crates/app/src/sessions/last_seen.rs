//! When sessions and tokens were last used: noted in memory on the hot path, written now and then.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{SessionId, TokenId};

use super::Credential;

/// A use within this time of the one before is not noted again.
const GRAIN: TimeDelta = TimeDelta::seconds(60);
/// How long it is remembered that a use was noted.
const MEMORY: Duration = Duration::from_secs(120);

/// What was used lately.
#[derive(Debug, Clone)]
pub(super) struct LastSeen {
    noted: moka::sync::Cache<Credential, DateTime<Utc>>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    sessions: BTreeSet<SessionId>,
    tokens: BTreeSet<TokenId>,
}

impl Default for LastSeen {
    fn default() -> Self {
        let noted = moka::sync::Cache::builder()
            .max_capacity(200_000)
            .time_to_live(MEMORY)
            .build();
        Self {
            noted,
            waiting: Arc::default(),
        }
    }
}

impl LastSeen {
    /// Notes a use.
    pub(super) fn note(&self, credential: Credential, now: DateTime<Utc>) {
        let before = self.noted.get(&credential);
        if before.is_some_and(|before| now - before < GRAIN) {
            return;
        }
        self.noted.insert(credential, now);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match credential {
            Credential::Session(id) => waiting.sessions.insert(id),
            Credential::Token(id) => waiting.tokens.insert(id),
            Credential::Support(_) => false,
        };
    }

    /// Takes what is to be written.
    pub(super) fn take(&self) -> (Vec<SessionId>, Vec<TokenId>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting { sessions, tokens } = std::mem::take(&mut *waiting);
        (sessions.into_iter().collect(), tokens.into_iter().collect())
    }
}
