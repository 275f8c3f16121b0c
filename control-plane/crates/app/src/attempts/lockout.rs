//! Who has to wait, for staff who help them: looking at the counters of a person, and forgetting
//! them. Counters by address have names that nobody can guess, so those that belong to a person
//! are noted beside them.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use cp_domain::Email;
use kernel::PersonId;
use redis::Script;

use super::Attempts;
use crate::{cache::Away, secrets::blind};

/// How long a person's counters are noted: as long as any of them lasts.
const MEMORY_MS: u32 = 24 * 60 * 60 * 1000;
/// Who has more addresses against them is under attack; older counters run out by themselves.
const NOTED: u32 = 500;

static NOTE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('SADD', KEYS[1], ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 0",
    )
});

static LOOK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local n, open = 0, 0
local function look(key)
  n = math.max(n, tonumber(redis.call('HGET', key, 'n') or '0'))
  open = math.max(open, tonumber(redis.call('HGET', key, 'open') or '0'))
end
look(KEYS[2])
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do look(key) end
return {n, string.format('%.0f', open)}",
    )
});

static FORGET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('DEL', key) end
redis.call('DEL', KEYS[1], KEYS[2])
return 0",
    )
});

/// Failures of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Failures that count, at the address where they are most.
    pub failures: u32,
    /// When the next try is allowed, where the wait is longest; none when at once.
    pub until: Option<DateTime<Utc>>,
}

/// Why a person may have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lockout {
    /// For their password.
    pub password: Waiting,
    /// For their second factor.
    pub second_factor: Waiting,
}

/// The key that a person's counters are noted under, and the one that counts for all addresses.
struct Keys {
    noted: String,
    overall: String,
}

impl Keys {
    fn password(email: &Email) -> Self {
        let account = blind(email.as_str());
        Self {
            noted: format!("cp:attempts:person:noted:{account}"),
            overall: format!("cp:attempts:person:account:{account}"),
        }
    }

    fn factor(person: PersonId) -> Self {
        Self {
            noted: format!("cp:attempts:factor:noted:{person}"),
            overall: format!("cp:attempts:factor:person:{person}"),
        }
    }
}

impl Attempts {
    /// Notes that a counter is one of a person's.
    pub(super) async fn note_counter(&self, noted: &str, counter: &str) {
        let mut note = NOTE.prepare_invoke();
        note.key(noted).arg(MEMORY_MS).arg(NOTED).arg(counter);
        // Without Redis each process counts for itself, and nobody can look.
        let _: Result<i64, _> = self.cache.script(&note).await;
    }

    /// The key that the counters of an account are noted under.
    pub(super) fn noted_of_account(email: &Email) -> String {
        Keys::password(email).noted
    }

    /// The key that the counters of a person's second factor are noted under.
    pub(super) fn noted_of_factor(person: PersonId) -> String {
        Keys::factor(person).noted
    }

    /// Why a person may have to wait now.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn lockout(
        &self,
        email: &Email,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Lockout, Away> {
        Ok(Lockout {
            password: self.waiting(&Keys::password(email), now).await?,
            second_factor: self.waiting(&Keys::factor(person), now).await?,
        })
    }

    async fn waiting(&self, keys: &Keys, now: DateTime<Utc>) -> Result<Waiting, Away> {
        let mut look = LOOK.prepare_invoke();
        look.key(&keys.noted).key(&keys.overall);
        let (failures, open): (u32, String) = self.cache.script_now(&look).await?;
        let until = open.parse().ok().and_then(DateTime::from_timestamp_millis);
        Ok(Waiting {
            failures,
            until: until.filter(|until| *until > now),
        })
    }

    /// Forgets a person's failures. The address that failed for many stays slow.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn forget_failures(&self, email: &Email, person: PersonId) -> Result<(), Away> {
        for keys in [Keys::password(email), Keys::factor(person)] {
            let mut forget = FORGET.prepare_invoke();
            forget.key(&keys.noted).key(&keys.overall);
            self.cache.script_now::<i64>(&forget).await?;
        }
        // What this process counted while Redis was away.
        self.local.invalidate_all();
        Ok(())
    }
}
