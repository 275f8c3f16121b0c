//! The classes of work and the pauses before another attempt: one row each, of which the queues are
//! made.

use std::time::Duration;

use kernel::TenantId;

/// What kind of work a message is, which decides its queues, urgency and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Recomputing a grid.
    Schedule,
    /// Telling people in the app.
    Notification,
    /// Telling people by mail.
    Mail,
    /// Telling other programs.
    Webhook,
    /// The activity log.
    Activity,
    /// Deleting what is kept for a limited time only.
    Housekeeping,
}

/// What is particular to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSpec {
    /// The class.
    pub class: Class,
    /// Its name in queues, in the outbox and in metrics.
    pub name: &'static str,
    /// How many queues its tenants are spread over.
    pub shards: u8,
    /// Which generation of its queues this is: raise it with every change of their arguments.
    pub generation: u8,
    /// How often the broker may deliver a message whose consumer died with it.
    pub delivery_limit: u32,
    /// How many messages a queue holds before it takes no more.
    pub max_length: Option<u32>,
    /// How many unacknowledged messages a consumer holds.
    pub prefetch: u16,
    /// How many consumers a worker has for each queue: several where a batch waits for others.
    pub consumers: u8,
    /// How many of a tenant's messages may be out at a time, published and not done; the others wait
    /// in its outbox. What the tenants of a queue wait for each other is this, at most.
    pub outstanding: u16,
    /// How often a message is tried, delays in between, before it is dead.
    pub attempts: u32,
    /// One sentence for the reference.
    pub purpose: &'static str,
}

/// How long an attempt may take, the wait in a queue included, before the message counts as lost.
const HOLD_SECONDS: u32 = 600;

/// Every class, the most urgent first.
pub const CLASSES: [ClassSpec; 6] = [
    ClassSpec {
        class: Class::Schedule,
        name: "schedule",
        shards: 8,
        generation: 1,
        delivery_limit: 5,
        max_length: Some(100_000),
        prefetch: 2,
        consumers: 1,
        outstanding: 32,
        attempts: 6,
        purpose: "Recomputing grids. High urgency (under 1 s), a few at a time, worker slots of its own.",
    },
    ClassSpec {
        class: Class::Notification,
        name: "notification",
        shards: 4,
        generation: 2,
        delivery_limit: 5,
        max_length: Some(100_000),
        prefetch: 16,
        consumers: 1,
        outstanding: 200,
        attempts: 6,
        purpose: "Telling people in the app, at once. Waits for nobody outside.",
    },
    ClassSpec {
        class: Class::Mail,
        name: "mail",
        shards: 4,
        generation: 1,
        delivery_limit: 5,
        max_length: Some(100_000),
        prefetch: 16,
        consumers: 4,
        outstanding: 32,
        attempts: 6,
        purpose: "Mail to people, one job each, and digests. Waits for the mail server.",
    },
    ClassSpec {
        class: Class::Webhook,
        name: "webhook",
        shards: 4,
        generation: 1,
        delivery_limit: 5,
        max_length: None,
        prefetch: 16,
        consumers: 4,
        outstanding: 16,
        attempts: 6,
        purpose: "Deliveries to other programs, one job each.",
    },
    ClassSpec {
        class: Class::Activity,
        name: "activity",
        shards: 4,
        generation: 1,
        delivery_limit: 10,
        max_length: None,
        prefetch: 200,
        consumers: 1,
        outstanding: 1000,
        attempts: 6,
        purpose: "Events on their way into the activity log. Low urgency (under 5 s), in batches.",
    },
    ClassSpec {
        class: Class::Housekeeping,
        name: "housekeeping",
        shards: 1,
        generation: 1,
        delivery_limit: 10,
        max_length: None,
        prefetch: 8,
        consumers: 1,
        outstanding: 16,
        attempts: 3,
        purpose: "One job per tenant and hour that deletes what is past its time.",
    },
];

/// A pause before another attempt. A TTL dead-letters only at a queue's head, hence a queue per
/// level; what waits longer than the longest is a row with a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayLevel {
    /// The level's name in its queue and exchange.
    pub name: &'static str,
    /// How long a message waits.
    pub millis: u32,
    /// Which generation of its queue this is: raise it with every change of its arguments.
    pub generation: u8,
}

/// The delay levels, in the order in which attempts go through them.
pub const DELAYS: [DelayLevel; 5] = [
    DelayLevel {
        name: "5s",
        millis: 5_000,
        generation: 2,
    },
    DelayLevel {
        name: "30s",
        millis: 30_000,
        generation: 2,
    },
    DelayLevel {
        name: "2m",
        millis: 120_000,
        generation: 2,
    },
    DelayLevel {
        name: "10m",
        millis: 600_000,
        generation: 2,
    },
    DelayLevel {
        name: "1h",
        millis: 3_600_000,
        generation: 2,
    },
];

impl Class {
    /// The names of all classes, the most urgent first.
    pub const NAMES: [&'static str; CLASSES.len()] = [
        Self::Schedule.name(),
        Self::Notification.name(),
        Self::Mail.name(),
        Self::Webhook.name(),
        Self::Activity.name(),
        Self::Housekeeping.name(),
    ];

    /// What is particular to the class.
    #[must_use]
    pub const fn spec(self) -> &'static ClassSpec {
        match self {
            Self::Schedule => &CLASSES[0],
            Self::Notification => &CLASSES[1],
            Self::Mail => &CLASSES[2],
            Self::Webhook => &CLASSES[3],
            Self::Activity => &CLASSES[4],
            Self::Housekeeping => &CLASSES[5],
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let spec = CLASSES.iter().find(|spec| spec.name == name);
        spec.map(|spec| spec.class)
    }

    /// How long after a message was published it is settled at the latest, unless it was lost:
    /// all its delays and attempts together.
    #[must_use]
    pub fn settled_within(self) -> Duration {
        let spec = self.spec();
        let delays = (1..spec.attempts).map(|attempt| level(&DELAYS, attempt).millis);
        let attempts = (0..spec.attempts).map(|_| HOLD_SECONDS * 1000);
        Duration::from_millis(delays.chain(attempts).map(u64::from).sum())
    }

    /// The class's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The shard that holds a tenant's messages of this class (FNV-1a of its id).
    #[must_use]
    pub fn shard(self, tenant: TenantId) -> u8 {
        let hash = tenant
            .as_uuid()
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        u8::try_from((hash ^ (hash >> 32)) % u64::from(self.spec().shards)).unwrap_or_default()
    }
}

/// The delay before the attempt after `attempt`, the first being 1.
pub(super) fn level(delays: &[DelayLevel; DELAYS.len()], attempt: u32) -> &DelayLevel {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let [.., last] = delays;
    delays.get(index).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_class_has_its_row() {
        for spec in &CLASSES {
            assert_eq!(spec.class.spec().name, spec.name);
            assert_eq!(Class::named(spec.name), Some(spec.class));
        }
        assert_eq!(Class::NAMES, CLASSES.map(|spec| spec.name));
        assert_eq!(Class::named("laundry"), None);
    }

    #[test]
    fn a_message_is_lost_when_all_its_delays_and_attempts_are_over() {
        let minutes = |class: Class| class.settled_within().as_secs() / 60;
        assert_eq!(minutes(Class::Activity), 72 + 60);
        assert_eq!(minutes(Class::Housekeeping), 30);
    }

    #[test]
    fn tenants_spread_over_the_shards_and_stay_there() {
        let mut tenants = [0_u32; 4];
        for number in 0..4_000_u128 {
            let tenant = TenantId::from_uuid(Uuid::from_u128(0x0192_f0c1 << 96 | number));
            let shard = Class::Activity.shard(tenant);
            assert_eq!(shard, Class::Activity.shard(tenant));
            tenants[usize::from(shard)] += 1;
        }
        assert!(
            tenants.iter().all(|count| (800..1_200).contains(count)),
            "{tenants:?}"
        );
    }
}
