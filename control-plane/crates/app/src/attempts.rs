//! Growing delays after failed attempts, counted in Redis for all gateways together; while Redis
//! is away, each process counts for itself.

mod lockout;
mod spread;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::LazyLock,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::{AttemptCounter, DelayPolicy, Email, TokenHash};
use kernel::{PersonId, StaffId};
use redis::Script;

use crate::{cache::Cache, secrets::blind};
pub use lockout::{Lockout, Waiting};
use spread::{Spread, Spreads};

/// One more attempt has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; come again in {retry_after} s")]
pub struct TooManyAttempts {
    /// Seconds, at least 1.
    pub retry_after: u32,
}

/// An attempt that was counted. When it turns out right, say so.
#[derive(Debug)]
#[must_use = "an attempt that succeeds is to be taken back"]
pub struct Attempt {
    counters: Vec<Counter>,
    /// The account, when it was counted among those that its address tries.
    spread: Option<Spread>,
}

#[derive(Debug, Clone)]
struct Counter {
    key: String,
    policy: DelayPolicy,
    /// A success forgets all failures, not just this attempt.
    forgiving: bool,
}

/// Checks every counter; when none has to wait, counts the attempt in all of them.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local now, wait = tonumber(ARGV[1]), 0
for _, key in ipairs(KEYS) do
  local open = tonumber(redis.call('HGET', key, 'open') or '0')
  wait = math.max(wait, open - now)
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local free, base = tonumber(ARGV[i * 4 - 2]), tonumber(ARGV[i * 4 - 1])
  local cap, memory = tonumber(ARGV[i * 4]), ARGV[i * 4 + 1]
  local n, delay = redis.call('HINCRBY', key, 'n', 1), 0
  if n > free then delay = math.min(base * 2 ^ math.min(n - free - 1, 31), cap) end
  redis.call('HSET', key, 'open', string.format('%.0f', now + delay))
  redis.call('PEXPIRE', key, memory)
end
return 0",
    )
});

static SUCCEED: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"for i, key in ipairs(KEYS) do
  if ARGV[i] == '1' then redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 then
    if redis.call('HINCRBY', key, 'n', -1) < 0 then redis.call('HSET', key, 'n', 0) end
    redis.call('HSET', key, 'open', 0)
  end
end
return 0",
    )
});

/// Counts attempts.
#[derive(Debug, Clone)]
pub struct Attempts {
    cache: Cache,
    local: moka::sync::Cache<String, AttemptCounter>,
    spreads: Spreads,
}

impl Attempts {
    /// Counters in this Redis.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        let local = moka::sync::Cache::builder()
            .max_capacity(100_000)
            .time_to_idle(Duration::from_secs(3600))
            .build();
        let spreads = Spreads::new(cache.clone());
        Self {
            cache,
            local,
            spreads,
        }
    }

    /// An attempt to give an account's password from an address.
    ///
    /// # Errors
    /// When it has to wait.
    pub async fn password(
        &self,
        realm: &'static str,
        email: &Email,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let account = blind(email.as_str());
        let address = blind(&network_of(address));
        let counters = vec![
            Counter {
                key: format!("cp:attempts:{realm}:pair:{account}:{address}"),
                policy: DelayPolicy::ACCOUNT_AT_ADDRESS,
                forgiving: true,
            },
            Counter {
                key: format!("cp:attempts:{realm}:account:{account}"),
                policy: DelayPolicy::ACCOUNT,
                forgiving: false,
            },
            Counter {
                key: format!("cp:attempts:{realm}:address:{address}"),
                policy: DelayPolicy::ADDRESS,
                forgiving: false,
            },
        ];
        let spread = Spread {
            realm,
            address,
            account,
        };
        self.spreads.note(&spread, now).await?;
        if realm == "person" {
            for counter in counters.iter().filter(|counter| counter.forgiving) {
                self.note_counter(&Self::noted_of_account(email), &counter.key)
                    .await;
            }
        }
        let attempt = self.begin(counters, now).await?;
        Ok(Attempt {
            spread: Some(spread),
            ..attempt
        })
    }

    /// An attempt to give an account's password in a browser in which its owner signed in before.
    /// It is counted for itself: what others try elsewhere does not slow the owner down.
    ///
    /// # Errors
    /// When it has to wait.
    pub async fn password_on_device(
        &self,
        realm: &'static str,
        email: &Email,
        device: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let account = blind(email.as_str());
        let counter = Counter {
            key: format!("cp:attempts:{realm}:device:{account}:{device}"),
            policy: DelayPolicy::ACCOUNT_AT_ADDRESS,
            forgiving: true,
        };
        self.note_counter(&Self::noted_of_account(email), &counter.key)
            .await;
        self.begin(vec![counter], now).await
    }

    /// An attempt to use a link from an address.
    ///
    /// # Errors
    /// When it has to wait.
    pub async fn link(
        &self,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let key = format!("cp:attempts:link:address:{}", blind(&network_of(address)));
        let counter = Counter {
            key,
            policy: DelayPolicy::ADDRESS,
            forgiving: false,
        };
        self.begin(vec![counter], now).await
    }

    /// An attempt to give the second factor of a member of staff.
    ///
    /// # Errors
    /// When it has to wait.
    pub async fn second_factor(
        &self,
        staff: StaffId,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let key = format!("cp:attempts:staff:totp:{staff}");
        let counter = Counter {
            key,
            policy: DelayPolicy::SECOND_FACTOR,
            forgiving: true,
        };
        self.begin(vec![counter], now).await
    }

    /// An attempt to give a person's second factor from an address.
    ///
    /// # Errors
    /// When it has to wait.
    pub async fn factor(
        &self,
        person: PersonId,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let counters = vec![
            Counter {
                key: format!(
                    "cp:attempts:factor:pair:{person}:{}",
                    blind(&network_of(address))
                ),
                policy: DelayPolicy::SECOND_FACTOR,
                forgiving: true,
            },
            Counter {
                key: format!("cp:attempts:factor:person:{person}"),
                policy: DelayPolicy::ACCOUNT,
                forgiving: false,
            },
        ];
        for counter in counters.iter().filter(|counter| counter.forgiving) {
            self.note_counter(&Self::noted_of_factor(person), &counter.key)
                .await;
        }
        self.begin(counters, now).await
    }

    /// The attempt was right.
    pub async fn succeeded(&self, attempt: Attempt, now: DateTime<Utc>) {
        let mut script = SUCCEED.prepare_invoke();
        for counter in &attempt.counters {
            script.key(&counter.key).arg(i32::from(counter.forgiving));
            self.take_back_here(counter, now);
        }
        if let Some(spread) = &attempt.spread {
            self.spreads.forgive(spread).await;
        }
        // Without Redis the counter runs out by itself.
        let _: Result<i64, _> = self.cache.script(&script).await;
    }

    /// Whether the attempt was right could not be found out: it counts as if it had not been made.
    pub async fn undecided(&self, attempt: &Attempt, now: DateTime<Utc>) {
        let mut script = SUCCEED.prepare_invoke();
        for counter in &attempt.counters {
            script.key(&counter.key).arg(0);
            self.one_fewer_here(counter, now);
        }
        if let Some(spread) = &attempt.spread {
            self.spreads.forgive(spread).await;
        }
        let _: Result<i64, _> = self.cache.script(&script).await;
    }

    async fn begin(
        &self,
        counters: Vec<Counter>,
        now: DateTime<Utc>,
    ) -> Result<Attempt, TooManyAttempts> {
        let mut script = BEGIN.prepare_invoke();
        script.arg(now.timestamp_millis());
        for Counter { key, policy, .. } in &counters {
            script.key(key);
            script
                .arg(policy.free)
                .arg(policy.base_ms)
                .arg(policy.cap_ms)
                .arg(policy.memory_ms);
        }
        let wait_ms = match self.cache.script::<i64>(&script).await {
            Ok(wait_ms) => wait_ms,
            Err(_) => self.begin_here(&counters, now).num_milliseconds(),
        };
        if wait_ms > 0 {
            metrics::counter!("sign_in_delayed_total").increment(1);
            let retry_after = u32::try_from(wait_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
            return Err(TooManyAttempts { retry_after });
        }
        Ok(Attempt {
            counters,
            spread: None,
        })
    }

    fn begin_here(&self, counters: &[Counter], now: DateTime<Utc>) -> TimeDelta {
        let wait = counters
            .iter()
            .filter_map(|counter| self.local.get(&counter.key))
            .map(|counter| counter.wait(now))
            .max()
            .unwrap_or_default();
        if wait > TimeDelta::zero() {
            return wait;
        }
        for counter in counters {
            self.local
                .entry(counter.key.clone())
                .and_upsert_with(|known| {
                    known
                        .map(moka::Entry::into_value)
                        .unwrap_or_default()
                        .attempted(now, &counter.policy)
                });
        }
        TimeDelta::zero()
    }

    fn take_back_here(&self, counter: &Counter, now: DateTime<Utc>) {
        if counter.forgiving {
            self.local.invalidate(&counter.key);
        } else {
            self.one_fewer_here(counter, now);
        }
    }

    fn one_fewer_here(&self, counter: &Counter, now: DateTime<Utc>) {
        if let Some(known) = self.local.get(&counter.key) {
            self.local.insert(counter.key.clone(), known.succeeded(now));
        }
    }
}

/// Whose attempts are counted together: an IPv4 address, or the /64 that a client of IPv6 has for
/// itself.
fn network_of(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        Ok(ip) => ip.to_canonical().to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_ipv6_does_not_get_a_counter_for_each_of_its_addresses() {
        assert_eq!(
            network_of("2001:db8:1:2:3:4:5:6"),
            network_of("2001:db8:1:2::9")
        );
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
        assert_ne!(network_of("192.0.2.1"), network_of("192.0.2.2"));
        assert_eq!(network_of("unknown"), "unknown");
    }
}
