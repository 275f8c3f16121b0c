//! Every exchange and queue, as data: what is declared at each connect and what
//! `docs/reference/queues.md` is generated from.
//!
//! Queue type, delivery limit, overflow and dead-letter exchange are always given: RabbitMQ 3.10
//! has other defaults than 4.x and takes unknown arguments without a word. A name may have a
//! prefix, which keeps tests on one broker apart.

mod declare;
mod reference;

use kernel::TenantId;

pub use reference::reference_markdown;

/// What kind of work a message is, which decides its queues, urgency and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The activity log.
    Activity,
    /// Deleting what is kept for a limited time only.
    Housekeeping,
}

/// What is particular to a class.
#[derive(Debug, Clone, Copy)]
pub struct ClassSpec {
    /// The class.
    pub class: Class,
    /// Its name in queues, in the outbox and in metrics.
    pub name: &'static str,
    /// How many queues its tenants are spread over.
    pub shards: u8,
    /// How often the broker may deliver a message whose consumer died with it.
    pub delivery_limit: u32,
    /// How many unacknowledged messages a consumer holds.
    pub prefetch: u16,
    /// How often a message is tried, delays in between, before it is dead.
    pub attempts: u32,
    /// One sentence for the reference.
    pub purpose: &'static str,
}

/// Every class.
pub const CLASSES: [ClassSpec; 2] = [
    ClassSpec {
        class: Class::Activity,
        name: "activity",
        shards: 4,
        delivery_limit: 10,
        prefetch: 200,
        attempts: 6,
        purpose: "Events on their way into the activity log. Low urgency (under 5 s), in batches.",
    },
    ClassSpec {
        class: Class::Housekeeping,
        name: "housekeeping",
        shards: 1,
        delivery_limit: 10,
        prefetch: 4,
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
}

/// The delay levels, in the order in which attempts go through them.
pub const DELAYS: [DelayLevel; 5] = [
    DelayLevel {
        name: "5s",
        millis: 5_000,
    },
    DelayLevel {
        name: "30s",
        millis: 30_000,
    },
    DelayLevel {
        name: "2m",
        millis: 120_000,
    },
    DelayLevel {
        name: "10m",
        millis: 600_000,
    },
    DelayLevel {
        name: "1h",
        millis: 3_600_000,
    },
];

/// Where relays and expired delays send; direct, by the queue's name.
const WORK: &str = "work";
/// Where announcements to all processes go; fanout.
const PUSH: &str = "push";
/// Where dead messages go; direct, by the class's name.
const DEAD: &str = "dead";
/// For queues whose messages may come back any number of times. Quorum queues of 4.x would drop
/// them after 20, and 3.10 knows no "unlimited".
const NO_DELIVERY_LIMIT: u32 = 1_000_000;

impl Class {
    /// What is particular to the class.
    #[must_use]
    pub const fn spec(self) -> &'static ClassSpec {
        match self {
            Self::Activity => &CLASSES[0],
            Self::Housekeeping => &CLASSES[1],
        }
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

/// How an exchange routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// To the queues bound by the routing key.
    Direct,
    /// To every bound queue; the routing key is kept for what comes after.
    Fanout,
}

/// An exchange to declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: String,
    /// How it routes.
    pub routing: Routing,
}

/// A durable quorum queue to declare, and its one binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The exchange it is bound to.
    pub exchange: String,
    /// The key it is bound by; empty at a fanout.
    pub binding: String,
    /// How often a message may be delivered.
    pub delivery_limit: u32,
    /// How long a message stays.
    pub ttl_millis: Option<u32>,
    /// Where messages go that expired or were rejected: an exchange, and a key unless they keep
    /// theirs. Such a queue refuses new messages rather than drop old ones.
    pub dead_letter: Option<(String, Option<String>)>,
}

/// The names under a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    prefix: String,
    delays: [DelayLevel; DELAYS.len()],
}

impl Topology {
    /// The topology with a prefix before every name; empty outside tests.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            delays: DELAYS,
        }
    }

    /// The same with shorter delays, for tests. Not for names that exist with other ones.
    #[must_use]
    pub fn with_delay_millis(mut self, millis: u32) -> Self {
        for level in &mut self.delays {
            level.millis = millis;
        }
        self
    }

    /// The exchange that takes work.
    #[must_use]
    pub fn work_exchange(&self) -> String {
        self.named(WORK)
    }

    /// The exchange from which every process that listens gets a copy.
    #[must_use]
    pub fn push_exchange(&self) -> String {
        self.named(PUSH)
    }

    /// The exchange that takes dead messages.
    #[must_use]
    pub fn dead_exchange(&self) -> String {
        self.named(DEAD)
    }

    /// The exchange of the delay before the attempt after `attempt`, the first being 1.
    #[must_use]
    pub fn delay_exchange(&self, attempt: u32) -> String {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., last] = &self.delays;
        self.named(&format!(
            "delay.{}",
            self.delays.get(index).unwrap_or(last).name
        ))
    }

    /// A queue of a class; its name is its routing key.
    #[must_use]
    pub fn queue(&self, class: Class, shard: u8) -> String {
        self.named(&format!("{}.s{shard}", class.name()))
    }

    /// The queue of a class's dead messages.
    #[must_use]
    pub fn dead_queue(&self, class: Class) -> String {
        self.named(&format!("{DEAD}.{}", class.name()))
    }

    /// The queue that only a role's leader holds, exclusively, while its connection lasts.
    #[must_use]
    pub fn leader_queue(&self, role: &str) -> String {
        self.named(&format!("leader.{role}"))
    }

    /// Every exchange.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let fixed = [self.work_exchange(), self.dead_exchange()].map(|name| Exchange {
            name,
            routing: Routing::Direct,
        });
        let delays = self.delays.iter().map(|level| Exchange {
            name: self.named(&format!("delay.{}", level.name)),
            routing: Routing::Fanout,
        });
        let push = Exchange {
            name: self.push_exchange(),
            routing: Routing::Fanout,
        };
        fixed.into_iter().chain([push]).chain(delays).collect()
    }

    /// Every queue.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let work = CLASSES.iter().flat_map(|spec| self.class_queues(spec));
        work.chain(self.delays.iter().map(|level| self.delay_queue(level)))
            .collect()
    }

    fn class_queues(&self, spec: &ClassSpec) -> Vec<Queue> {
        let shards = (0..spec.shards).map(|shard| Queue {
            name: self.queue(spec.class, shard),
            exchange: self.work_exchange(),
            binding: self.queue(spec.class, shard),
            delivery_limit: spec.delivery_limit,
            ttl_millis: None,
            dead_letter: Some((self.dead_exchange(), Some(spec.name.to_owned()))),
        });
        let dead = Queue {
            name: self.dead_queue(spec.class),
            exchange: self.dead_exchange(),
            binding: spec.name.to_owned(),
            delivery_limit: NO_DELIVERY_LIMIT,
            ttl_millis: None,
            dead_letter: None,
        };
        shards.chain([dead]).collect()
    }

    fn delay_queue(&self, level: &DelayLevel) -> Queue {
        let name = self.named(&format!("delay.{}", level.name));
        Queue {
            exchange: name.clone(),
            name,
            binding: String::new(),
            delivery_limit: NO_DELIVERY_LIMIT,
            ttl_millis: Some(level.millis),
            dead_letter: Some((self.work_exchange(), None)),
        }
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn attempts_go_through_the_levels_and_stay_at_the_last() {
        let topology = Topology::new("x.");
        assert_eq!(topology.delay_exchange(1), "x.delay.5s");
        assert_eq!(topology.delay_exchange(5), "x.delay.1h");
        assert_eq!(topology.delay_exchange(50), "x.delay.1h");
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

    #[test]
    fn what_may_die_has_somewhere_to_go() {
        let topology = Topology::new("");
        let exchanges: Vec<_> = topology
            .exchanges()
            .into_iter()
            .map(|exchange| exchange.name)
            .collect();
        for queue in topology.queues() {
            assert!(exchanges.contains(&queue.exchange), "{queue:?}");
            match queue.dead_letter {
                Some((exchange, _)) => assert!(exchanges.contains(&exchange)),
                None => assert!(queue.name.starts_with("dead.")),
            }
        }
    }
}
