//! Who a cookie or token stands for. The central row is the truth, Redis its cache:
//!
//! * A hit costs one round trip. A miss reads one row and sets the key only if it is still absent.
//! * Ending a session writes the row first, then a tombstone over the key, so that a reader who
//!   had seen the row before cannot put it back.
//! * A Redis that was emptied, came back with what it had saved some time ago, or is another that
//!   took over, has lost tombstones. So an entry counts only in the life of Redis that it was
//!   written in, and has that life's mark. Whoever read a row before that does not write what they
//!   read: they noted the mark before they read, and now it is another.
//! * An entry is read again at the end of the session's idle limit at the latest, counted from a
//!   use that is known. So no entry is good for a session that was left alone for too long, and a
//!   use costs no write.
//! * A changed role overwrites the key with the membership's newer version; an older one never
//!   replaces a newer.
//! * While Redis is away every request reads its row. What could not be written to Redis
//!   meanwhile is written when it is back, also by a successor of the process that died over it.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_domain::TokenHash;
use cp_store::{AccessRecord, AccessTokenStore, MembershipStore, SessionStore, StoreError};
use db::{CentralDb, TenantPools};
use futures_util::StreamExt as _;
use kernel::{MemberId, PersonId, TenantId};
use redis::Script;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{
    CachedSession, Credential, PresentedCredential,
    cached::{ENTRY_LIFE, Limits},
    last_seen::LastSeen,
    recent::Recent,
};
use crate::{
    SessionSettings,
    cache::{Away, Cache},
    support::SupportDoor,
};

/// The channel on which the hash (hex) of every session or token that ended or changed is told.
pub const SESSIONS_CHANNEL: &str = "trellis.sessions";

const TOMBSTONE: &str = "revoked";
/// The key whose value is another one in each life of Redis.
const MARK: &str = "cp:sessions:mark";
/// Longer than any reader of a row takes to write what it read.
const TOMBSTONE_LIFE: Duration = Duration::from_secs(3600);
const SETTLE_PERIOD: Duration = Duration::from_secs(1);

/// Neither Redis nor the central database could say.
#[derive(Debug, thiserror::Error)]
#[error("who is signed in could not be read")]
pub struct DirectoryError(#[from] pub StoreError);

/// Begins every script: the mark of this life of Redis, made when there is none, or when the one
/// there is was saved by a server that is no more. The first key is the entry's, the second one
/// [`MARK`].
const LIFE: &str = r"local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local mark = redis.call('GET', KEYS[2])
if not mark or string.sub(mark, 1, #server) ~= server then
  local now = redis.call('TIME')
  mark = server .. '.' .. now[1] .. '.' .. now[2]
  redis.call('SET', KEYS[2], mark)
end
";

/// The mark, and what the key holds.
static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{LIFE}return {{ mark, redis.call('GET', KEYS[1]) }}"
    ))
});

/// Sets an absent key, when Redis still has the life whose mark was read. Answers what the key
/// holds otherwise, or nothing.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        r"{LIFE}if mark ~= ARGV[3] then return '' end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return '' end
return redis.call('GET', KEYS[1])"
    ))
});

/// Overwrites an entry unless it is a tombstone or, in this life of Redis, of a newer version, and
/// tells everybody. An entry that is no tombstone is written only when Redis still has the life
/// whose mark was read.
static REFRESH: LazyLock<String> = LazyLock::new(|| {
    format!(
        r"{LIFE}local kept = redis.call('GET', KEYS[1])
if ARGV[1] == 'revoked' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif mark == ARGV[6] and kept ~= 'revoked' then
  local known, entry = pcall(cjson.decode, kept or '')
  if not kept or not known or entry.life ~= mark
    or tonumber(entry.version) <= tonumber(ARGV[3])
  then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  end
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1"
    )
});

/// What a key holds, unless it is a tombstone.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// The mark of the life of Redis that it was written in.
    life: String,
    #[serde(flatten)]
    session: CachedSession,
}

impl Entry {
    fn text(mark: &str, session: &CachedSession) -> serde_json::Result<String> {
        serde_json::to_string(&Self {
            life: mark.to_owned(),
            session: session.clone(),
        })
    }
}

/// Answers who a cookie or token stands for.
#[derive(Debug, Clone)]
pub struct SessionDirectory {
    pub(super) central: CentralDb,
    cache: Cache,
    pub(super) clock: Clock,
    limits: Limits,
    last_seen: LastSeen,
    recent: Recent,
    support: SupportDoor,
    /// Members whose entries could not be brought up to date.
    unsettled: Arc<Mutex<BTreeSet<MemberId>>>,
}

impl SessionDirectory {
    /// A directory over this database and this cache.
    #[must_use]
    pub fn new(central: CentralDb, pools: TenantPools, cache: Cache, clock: Clock) -> Self {
        let last_seen = LastSeen::default();
        Self {
            support: SupportDoor::new(central.clone(), pools, clock.clone()),
            central,
            cache,
            clock,
            limits: Limits::of(&SessionSettings::default()),
            last_seen,
            recent: Recent::new(),
            unsettled: Arc::default(),
        }
    }

    /// With the platform's limits from these settings.
    #[must_use]
    pub fn with_limits(mut self, settings: &SessionSettings) -> Self {
        self.limits = Limits::of(settings);
        self
    }

    /// Who the credential stands for in this tenant, when it may be used. It counts as a use.
    ///
    /// # Errors
    /// When neither Redis nor the database can say.
    pub async fn resolve(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let found = self.find(tenant, presented, true).await?;
        if let Some(session) = &found {
            self.last_seen.note(session.credential, self.clock.now());
        }
        Ok(found)
    }

    /// Like [`Self::resolve`], but not as a use: for a socket that is only open.
    ///
    /// # Errors
    /// When neither Redis nor the database can say.
    pub async fn look(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        self.find(tenant, presented, false).await
    }

    /// `used` says that it is being used now.
    async fn find(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
        used: bool,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        if let PresentedCredential::Support(hash) = presented {
            // Asked each time: what is kept nowhere ends everywhere at once.
            let guest = self.support.find(tenant, hash).await?;
            return Ok(guest.map(|guest| CachedSession::of_guest(tenant, guest)));
        }
        let key = presented.key(tenant);
        match self.read_key(&key, false).await {
            Ok((mark, Some(entry))) => match self.read_entry(&mark, &entry) {
                Some(found) => Ok(found),
                // Of another release or another life, or to be read again.
                None => {
                    let key = (key.as_str(), mark.as_str());
                    self.renew(tenant, presented, used, key, &entry).await
                }
            },
            Ok((mark, None)) => self.refill(tenant, presented, used, (&key, &mark)).await,
            Err(Away) => self.read_row(tenant, presented, used).await,
        }
    }

    /// What an entry says; none when this release cannot read it, or it was not written in the life
    /// of Redis that has this mark.
    fn read_entry(&self, mark: &str, entry: &str) -> Option<Option<CachedSession>> {
        if entry == TOMBSTONE {
            return Some(None);
        }
        let entry: Entry = serde_json::from_str(entry).ok()?;
        let session = (entry.life == mark).then_some(entry.session)?;
        let now = self.clock.now();
        if session.expires_at <= now {
            return Some(None);
        }
        (session.fresh_until > now).then_some(Some(session))
    }

    /// Reads the row of an entry that is not good any more, and puts it into its place.
    async fn renew(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
        used: bool,
        (key, mark): (&str, &str),
        entry: &str,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        // What was written meanwhile is newer and stays.
        if self.cache.delete_if(key, entry).await.is_err() {
            return self.read_row(tenant, presented, used).await;
        }
        self.refill(tenant, presented, used, (key, mark)).await
    }

    /// The mark has to be read before the row.
    async fn refill(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
        used: bool,
        (key, mark): (&str, &str),
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let Some(session) = self.read_row(tenant, presented, used).await? else {
            return Ok(None);
        };
        let Ok(entry) = Entry::text(mark, &session) else {
            return Ok(Some(session));
        };
        let life = u64::try_from(self.entry_life(&session).as_millis()).unwrap_or(u64::MAX);
        let mut fill = FILL.prepare_invoke();
        fill.key(key).key(MARK).arg(&entry).arg(life).arg(mark);
        // When somebody wrote meanwhile, they knew more.
        if let Ok(newer) = self.cache.script::<String>(&fill).await
            && !newer.is_empty()
            && let Some(newer) = self.read_entry(mark, &newer)
        {
            return Ok(newer);
        }
        Ok(Some(session))
    }

    /// The mark of this life of Redis, and what a key holds.
    async fn read_key(&self, key: &str, insist: bool) -> Result<(String, Option<String>), Away> {
        let mut look = LOOK.prepare_invoke();
        look.key(key).key(MARK);
        if insist {
            self.cache.script_now(&look).await
        } else {
            self.cache.script(&look).await
        }
    }

    async fn read_row(
        &self,
        tenant: TenantId,
        presented: &PresentedCredential,
        used: bool,
    ) -> Result<Option<CachedSession>, DirectoryError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        metrics::counter!("session_rows_read_total").increment(1);
        Ok(match presented {
            PresentedCredential::Cookie(hash) => {
                let row = SessionStore::find_access(conn, tenant, hash).await?;
                row.and_then(|row| self.judge(&row, session_of(&row), used, now))
            }
            PresentedCredential::Bearer(hash) => {
                let row = AccessTokenStore::find_access(conn, tenant, hash).await?;
                row.and_then(|row| self.judge(&row, token_of(&row), used, now))
            }
            PresentedCredential::Support(_) => None,
        })
    }

    fn judge(
        &self,
        row: &AccessRecord,
        credential: Credential,
        used: bool,
        now: DateTime<Utc>,
    ) -> Option<CachedSession> {
        CachedSession::of_record(row, credential, used, self.limits, now)
    }

    /// Who of the staff may be in which tenant.
    #[must_use]
    pub const fn support(&self) -> &SupportDoor {
        &self.support
    }

    /// What this process found out a moment ago.
    #[must_use]
    pub const fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Tells everybody that sessions of staff in a tenant have ended, after the commit. Without
    /// Redis other processes find out within half a second.
    pub async fn support_ended(&self, ended: &[(uuid::Uuid, TokenHash)]) {
        let mut commands = redis::pipe();
        for (_, hash) in ended {
            commands
                .cmd("PUBLISH")
                .arg(SESSIONS_CHANNEL)
                .arg(hash.to_string())
                .ignore();
        }
        if !ended.is_empty() && self.cache.pipeline(&commands).await.is_err() {
            tracing::debug!("the end of support sessions was not told");
        }
        for (_, hash) in ended {
            self.recent.forget(hash).await;
        }
    }

    /// Brings the entries of all sessions and tokens of a person, in whatever tenant, up to date.
    ///
    /// # Errors
    /// When the person's members could not be read; nothing was done then.
    pub async fn person_changed(&self, person: PersonId) -> Result<(), StoreError> {
        for member in MembershipStore::list_of_person(self.central.conn(), person).await? {
            self.member_changed(member).await;
        }
        Ok(())
    }

    /// Brings the entries of all sessions and tokens of a tenant up to date, after its limits
    /// were changed or many of its sessions ended at once.
    ///
    /// # Errors
    /// When the tenant's members could not be read; nothing was done then.
    pub async fn tenant_changed(&self, tenant: TenantId) -> Result<(), StoreError> {
        let (conn, now) = (self.central.conn(), self.clock.now());
        let members = MembershipStore::list_with_access(conn, tenant, now).await?;
        // Several at a time: a large tenant has to know within the second, too.
        futures_util::stream::iter(members)
            .for_each_concurrent(8, |member| self.member_changed(member))
            .await;
        Ok(())
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
        // Before the rows.
        let mark = self.read_key(MARK, true).await.map(|(mark, _)| mark);
        let sessions = SessionStore::list_access(conn, member, now).await?;
        let tokens = AccessTokenStore::list_access(conn, member, now).await?;
        let sessions = sessions.iter().map(|row| {
            let presented = PresentedCredential::Cookie(row.token_hash);
            (row, presented, session_of(row))
        });
        let tokens = tokens.iter().map(|row| {
            let presented = PresentedCredential::Bearer(row.token_hash);
            (row, presented, token_of(row))
        });
        let (mut commands, mut changed) = (redis::pipe(), Vec::new());
        let life_mark = mark.as_deref().unwrap_or_default();
        for (row, presented, credential) in sessions.chain(tokens) {
            let session = self.judge(row, credential, false, now);
            let entry = session
                .as_ref()
                .and_then(|session| Entry::text(life_mark, session).ok());
            let life = session
                .as_ref()
                .map_or(TOMBSTONE_LIFE, |session| self.entry_life(session));
            commands
                .cmd("EVAL")
                .arg(REFRESH.as_str())
                .arg(2)
                .arg(presented.key(row.tenant))
                .arg(MARK)
                .arg(entry.as_deref().unwrap_or(TOMBSTONE))
                .arg(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
                .arg(row.version)
                .arg(SESSIONS_CHANNEL)
                .arg(presented.hash().to_string())
                .arg(life_mark)
                .ignore();
            changed.push(*presented.hash());
        }
        if changed.is_empty() {
            return Ok(());
        }
        let told = match mark {
            Ok(_) => self.cache.pipeline(&commands).await,
            Err(away) => Err(away),
        };
        // After it, so that nobody puts back what Redis said before.
        for hash in &changed {
            self.recent.forget(hash).await;
        }
        Ok(told?)
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
        let rest = session.fresh_until - self.clock.now();
        rest.to_std()
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
