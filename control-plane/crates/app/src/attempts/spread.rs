//! Stuffing: one address that tries stolen pairs, each account once or twice, stays below every
//! counter of attempts at one account. So the different accounts are counted that an address has
//! tried without success. Somebody who mistypes ten times is one of them, and an office whose
//! people get in is none.

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use chrono::{DateTime, Utc};
use cp_domain::DelayPolicy;
use redis::Script;

use super::TooManyAttempts;
use crate::cache::Cache;

/// An account that an address tries.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub(super) realm: &'static str,
    /// Blinded.
    pub(super) address: String,
    /// Blinded.
    pub(super) account: String,
}

/// How long an account is remembered that was tried in vain.
const MEMORY: Duration = Duration::from_secs(3600);

static NOTE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local now, wait = tonumber(ARGV[1]), 0
wait = tonumber(redis.call('GET', KEYS[2]) or '0') - now
if wait > 0 then return wait end
if redis.call('SADD', KEYS[1], ARGV[2]) == 1 then
  local n, free = redis.call('SCARD', KEYS[1]), tonumber(ARGV[3])
  if n > free then
    local delay = math.min(tonumber(ARGV[4]) * 2 ^ math.min(n - free - 1, 31), tonumber(ARGV[5]))
    redis.call('SET', KEYS[2], string.format('%.0f', now + delay), 'PX', ARGV[6])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 0",
    )
});

/// The accounts that addresses try.
#[derive(Debug, Clone)]
pub(super) struct Spreads {
    cache: Cache,
    local: moka::sync::Cache<String, (BTreeSet<String>, DateTime<Utc>)>,
}

impl Spread {
    fn accounts_key(&self) -> String {
        format!("cp:attempts:{}:spread:{}", self.realm, self.address)
    }

    fn open_key(&self) -> String {
        format!("cp:attempts:{}:spread-open:{}", self.realm, self.address)
    }
}

impl Spreads {
    pub(super) fn new(cache: Cache) -> Self {
        let local = moka::sync::Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(MEMORY)
            .build();
        Self { cache, local }
    }

    /// Notes that the address tries the account, unless it has to wait.
    pub(super) async fn note(
        &self,
        spread: &Spread,
        now: DateTime<Utc>,
    ) -> Result<(), TooManyAttempts> {
        let policy = DelayPolicy::ACCOUNTS_OF_ADDRESS;
        let mut script = NOTE.prepare_invoke();
        script
            .key(spread.accounts_key())
            .key(spread.open_key())
            .arg(now.timestamp_millis())
            .arg(&spread.account)
            .arg(policy.free)
            .arg(policy.base_ms)
            .arg(policy.cap_ms)
            .arg(policy.memory_ms);
        let wait_ms = match self.cache.script::<i64>(&script).await {
            Ok(wait_ms) => wait_ms,
            Err(_) => self.note_here(spread, &policy, now),
        };
        if wait_ms <= 0 {
            return Ok(());
        }
        metrics::counter!("sign_in_stuffing_delayed_total").increment(1);
        tracing::warn!(
            realm = spread.realm,
            address = spread.address,
            "an address tries many accounts"
        );
        let retry_after = u32::try_from(wait_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
        Err(TooManyAttempts { retry_after })
    }

    /// The attempt was right: the account is not counted.
    pub(super) async fn forgive(&self, spread: &Spread) {
        static FORGIVE: LazyLock<Script> =
            LazyLock::new(|| Script::new("return redis.call('SREM', KEYS[1], ARGV[1])"));
        let mut script = FORGIVE.prepare_invoke();
        script.key(spread.accounts_key()).arg(&spread.account);
        // Without Redis the set runs out by itself.
        let _: Result<i64, _> = self.cache.script(&script).await;
        if let Some((mut accounts, open_at)) = self.local.get(&spread.accounts_key()) {
            accounts.remove(&spread.account);
            self.local
                .insert(spread.accounts_key(), (accounts, open_at));
        }
    }

    fn note_here(&self, spread: &Spread, policy: &DelayPolicy, now: DateTime<Utc>) -> i64 {
        let key = spread.accounts_key();
        let (mut accounts, mut open_at) = self.local.get(&key).unwrap_or_default();
        let wait_ms = (open_at - now).num_milliseconds();
        if wait_ms > 0 {
            return wait_ms;
        }
        if accounts.insert(spread.account.clone()) {
            let number = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
            open_at = now + chrono::TimeDelta::milliseconds(policy.delay_ms(number).into());
        }
        self.local.insert(key, (accounts, open_at));
        0
    }
}
