//! Who a cookie or token stands for. The central row is the truth, Redis its cache:
//!
//! * A hit costs one round trip. A miss reads one row and sets the key only if it is still absent.
//! * Ending a session writes the row first, then a tombstone over the key, so that a reader who
//!   had seen the row before cannot put it back.
//! * A changed role overwrites the key with the membership's newer version; an older one never
//!   replaces a newer.
//! * While Redis is away every request reads its row. What could not be written to Redis
//!   meanwhile is written when it is back, also by a successor of the process that died over it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use cp_domain::{MemberState, SessionState, scopes_from_words};
use cp_store::{AccessRecord, AccessTokenStore, MembershipStore, SessionStore, StoreError};
use db::CentralDb;
use kernel::{Actor, MemberId, PersonId, Role, Scopes, SessionId, TenantId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Credential, PresentedCredential, last_seen::LastSeen};
use crate::cache::{Away, Cache};

/// The channel on which the hash (hex) of every session or token that ended or changed is told.
pub const SESSIONS_CHANNEL: &str = "trellis.sessions";

const TOMBSTONE: &str = "revoked";
/// How long an entry is kept at most.
const ENTRY_LIFE: TimeDelta = TimeDelta::hours(12);
/// Longer than any reader of a row takes to write what it read.
const TOMBSTONE_LIFE: Duration = Duration::from_secs(3600);
const SETTLE_PERIOD: Duration = Duration::from_secs(1);

/// Who a cookie or token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedSession {
    /// The session or the token.
    pub credential: Credential,
    /// The tenant it is bound to.
    pub tenant_id: TenantId,
    /// The person.
    pub person_id: PersonId,
    /// The member.
    pub member_id: MemberId,
    /// The member's role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// The membership's version.
    pub version: u32,
    /// What a token may be used for; none for a session, which is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

impl CachedSession {
    /// The session, unless it is a token.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Token(_) => None,
        }
    }

    /// The actor of a request that came with it.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor {
            member: self.member_id,
            role: self.role,
            external: self.external,
            session: self.session_id(),
            scopes: self.scopes,
        }
    }

    /// What the row says, when it may be used.
    fn of_record(
        record: &AccessRecord,
        credential: Credential,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let usable = SessionState::at(now, record.expires_at, record.revoked_at)
            == SessionState::Active
            && record.state == MemberState::Active;
        usable.then(|| Self {
            credential,
            tenant_id: record.tenant,
            person_id: record.person,
            member_id: record.member,
            role: record.role,
            external: record.external,
            version: record.version,
            scopes: record.scopes.as_deref().map(scopes_from_words),
            expires_at: record.expires_at,
        })
    }
}

/// Neither Redis nor the central database could say.
#[derive(Debug, thiserror::Error)]
#[error("who is signed in could not be read")]
pub struct DirectoryError(#[from] pub StoreError);

/// Overwrites an entry unless it is a tombstone or of a newer version, and tells everybody.
const REFRESH: &str = r"local kept = redis.call('GET', KEYS[1])
if ARGV[1] == 'revoked' or not kept then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif kept ~= 'revoked' then
  local known, entry = pcall(cjson.decode, kept)
  if not known or tonumber(entry.version) <= tonumber(ARGV[3]) then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  end
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1";

/// Answers who a cookie or token stands for.
#[derive(Debug, Clone)]
pub struct SessionDirectory {
    central: CentralDb,
    cache: Cache,
    clock: Clock,
    last_seen: LastSeen,
    /// Members whose entries could not be brought up to date.
    unsettled: Arc<Mutex<BTreeSet<MemberId>>>,
}

impl SessionDirectory {
    /// A directory over this database and this cache.
    #[must_use]
    pub fn new(central: CentralDb, cache: Cache, clock: Clock) -> Self {
        let last_seen = LastSeen::default();
        Self {
            central,
            cache,
            clock,
            last_seen,
            unsettled: Arc::default(),
        }
    }

    /// Who the credential stands for in this tenant, when it may be used.
    ///
    /// # Errors
    /// When neither Redis nor the database can say.
    pub async fn resolve(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let key = presented.key(tenant);
        let found = match self.cache.get(&key).await {
            Ok(Some(entry)) => match self.read_entry(&entry) {
                Some(found) => found,
                None => self.read_row(tenant, presented).await?,
            },
            Ok(None) => self.refill(tenant, presented, &key).await?,
            Err(Away) => self.read_row(tenant, presented).await?,
        };
        if let Some(session) = &found {
            self.last_seen.note(session.credential);
        }
        Ok(found)
    }

    /// What an entry says; none when this release cannot read it.
    fn read_entry(&self, entry: &str) -> Option<Option<CachedSession>> {
        if entry == TOMBSTONE {
            return Some(None);
        }
        let session: CachedSession = serde_json::from_str(entry).ok()?;
        Some((session.expires_at > self.clock.now()).then_some(session))
    }

    async fn refill(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
        key: &str,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let Some(session) = self.read_row(tenant, presented).await? else {
            return Ok(None);
        };
        let Ok(entry) = serde_json::to_string(&session) else {
            return Ok(Some(session));
        };
        let life = self.entry_life(&session);
        // When somebody wrote meanwhile, they knew more.
        if self.cache.set_if_absent(key, &entry, life).await == Ok(false)
            && let Ok(Some(entry)) = self.cache.get(key).await
            && let Some(newer) = self.read_entry(&entry)
        {
            return Ok(newer);
        }
        Ok(Some(session))
    }

    async fn read_row(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        metrics::counter!("session_rows_read_total").increment(1);
        Ok(match presented {
            PresentedCredential::Cookie(hash) => {
                let row = SessionStore::find_access(conn, tenant, hash).await?;
                row.and_then(|row| CachedSession::of_record(&row, session_of(&row), now))
            }
            PresentedCredential::Bearer(hash) => {
                let row = AccessTokenStore::find_access(conn, tenant, hash).await?;
                row.and_then(|row| CachedSession::of_record(&row, token_of(&row), now))
            }
        })
    }

    /// Brings the entries of all sessions and tokens of a member up to date, after the rows were
    /// changed and the change committed. Never fails: what cannot be written now is written later.
    pub async fn member_changed(&self, member: MemberId) {
        if let Err(error) = self.try_settle(member).await {
            tracing::warn!(%member, %error, "a member's cached sessions wait to be brought up to date");
            let mut unsettled = self
                .unsettled
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            unsettled.insert(member);
        }
    }

    async fn try_settle(&self, member: MemberId) -> Result<(), SettleError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        let sessions = SessionStore::list_access(conn, member, now).await?;
        let tokens = AccessTokenStore::list_access(conn, member, now).await?;
        let sessions = sessions.iter().map(|row| {
            (
                row,
                PresentedCredential::Cookie(row.token_hash),
                session_of(row),
            )
        });
        let tokens = tokens.iter().map(|row| {
            (
                row,
                PresentedCredential::Bearer(row.token_hash),
                token_of(row),
            )
        });
        let mut commands = redis::pipe();
        let mut any = false;
        for (row, presented, credential) in sessions.chain(tokens) {
            let session = CachedSession::of_record(row, credential, now);
            let entry = session
                .as_ref()
                .and_then(|session| serde_json::to_string(session).ok());
            let life = session
                .as_ref()
                .map_or(TOMBSTONE_LIFE, |session| self.entry_life(session));
            commands
                .cmd("EVAL")
                .arg(REFRESH)
                .arg(1)
                .arg(presented.key(row.tenant))
                .arg(entry.as_deref().unwrap_or(TOMBSTONE))
                .arg(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
                .arg(row.version)
                .arg(SESSIONS_CHANNEL)
                .arg(presented.hash().to_string())
                .ignore();
            any = true;
        }
        if any {
            self.cache.pipeline(&commands).await?;
        }
        Ok(())
    }

    /// Writes what could not be written, and when sessions were last used, until told to stop.
    /// Every program that ends or changes sessions runs one.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut recovered = false;
        let mut ticks: u32 = 0;
        while shutdown
            .run_until_cancelled(tokio::time::sleep(SETTLE_PERIOD))
            .await
            .is_some()
        {
            recovered = recovered || self.recover().await;
            self.settle().await;
            ticks = ticks.wrapping_add(1);
            if ticks.is_multiple_of(5) {
                self.write_last_seen().await;
            }
        }
        self.write_last_seen().await;
    }

    /// After a start: a predecessor may have ended sessions and died before Redis knew.
    async fn recover(&self) -> bool {
        let since = self.clock.now() - ENTRY_LIFE;
        let Ok(members) = MembershipStore::list_touched(self.central.conn(), since).await else {
            return false;
        };
        let mut unsettled = self
            .unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unsettled.extend(members);
        true
    }

    async fn settle(&self) {
        let waiting: Vec<MemberId> = {
            let unsettled = self
                .unsettled
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            unsettled.iter().copied().collect()
        };
        for member in waiting {
            if self.try_settle(member).await.is_err() {
                return;
            }
            let mut unsettled = self
                .unsettled
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            unsettled.remove(&member);
        }
    }

    /// Writes when sessions and tokens were last used.
    pub async fn write_last_seen(&self) {
        let (sessions, tokens) = self.last_seen.take();
        let (conn, now) = (self.central.conn(), self.clock.now());
        let written = async {
            SessionStore::touch(conn, &sessions, now).await?;
            AccessTokenStore::touch(conn, &tokens, now).await
        };
        if let Err(error) = written.await {
            tracing::debug!(%error, "when sessions were last used was not written");
        }
    }

    fn entry_life(&self, session: &CachedSession) -> Duration {
        let rest = session.expires_at - self.clock.now();
        rest.min(ENTRY_LIFE)
            .to_std()
            .unwrap_or_default()
            .max(Duration::from_millis(1))
    }
}

#[derive(Debug, thiserror::Error)]
enum SettleError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Away(#[from] Away),
}

fn session_of(row: &AccessRecord) -> Credential {
    Credential::Session(row.id.into())
}

fn token_of(row: &AccessRecord) -> Credential {
    Credential::Token(row.id.into())
}
