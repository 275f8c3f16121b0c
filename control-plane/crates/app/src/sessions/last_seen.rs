//! When sessions and tokens were last used: noted in memory on the hot path, written now and then.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::{SessionId, TokenId};

use super::Credential;

/// A use within this time of the one before is not noted again.
const GRAIN: Duration = Duration::from_secs(60);

/// What was used lately.
#[derive(Debug, Clone)]
pub(super) struct LastSeen {
    noted: moka::sync::Cache<Credential, ()>,
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
            .time_to_live(GRAIN)
            .build();
        Self {
            noted,
            waiting: Arc::default(),
        }
    }
}

impl LastSeen {
    /// Notes a use.
    pub(super) fn note(&self, credential: Credential) {
        if self.noted.contains_key(&credential) {
            return;
        }
        self.noted.insert(credential, ());
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
