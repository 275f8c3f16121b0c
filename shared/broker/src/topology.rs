//! Every exchange and queue, as data: what is declared at each connect and what
//! `docs/reference/queues.md` is generated from.
//!
//! Queue type, delivery limit, overflow and dead-letter exchange are always given: RabbitMQ 3.10
//! has other defaults than 4.x and takes unknown arguments without a word. A name may have a
//! prefix, which keeps tests on one broker apart.
//!
//! A queue's arguments never change under its name: the broker would refuse the declaration. A
//! change is another generation, a queue of another name, into which [`crate::retire`] empties the
//! ones before.

mod classes;
mod declare;
mod reference;

use classes::level;

pub use classes::{CLASSES, Class, ClassSpec, DELAYS, DelayLevel};
pub use reference::reference_markdown;

/// Where relays send; direct, by the queue's name. What has no queue is returned to them.
const WORK: &str = "work";
/// Where delays send what expired, by the key it came with. Nobody is there to take a message back
/// that has no queue: it is dead.
const BACK: &str = "back";
/// What the dead messages are called that no queue was for.
pub const UNROUTABLE: &str = "unroutable";
/// Where announcements to all processes go; fanout.
const PUSH: &str = "push";
/// Where dead messages go; direct, by the class's name.
const DEAD: &str = "dead";
/// Which generation of the queues of dead messages this is.
const DEAD_GENERATION: u8 = 1;
/// For queues whose messages may come back any number of times. Quorum queues of 4.x would drop
/// them after 20, and 3.10 knows no "unlimited".
const NO_DELIVERY_LIMIT: u32 = 1_000_000;

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
    /// The exchange that gets what it has no queue for.
    pub alternate: Option<String>,
}

/// How a queue is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The exchange it is bound to.
    pub exchange: String,
    /// The key it is bound by; empty at a fanout.
    pub key: String,
}

/// A durable queue to declare, and its bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// What its generations before were called. They are not declared, and [retired](crate::retire)
    /// when they are there.
    pub former: Vec<String>,
    /// Where its messages come from: by its own name, and by those that it had before.
    pub bindings: Vec<Binding>,
    /// How often a message is delivered at most.
    pub delivery_limit: u32,
    /// How long a message stays.
    pub ttl_millis: Option<u32>,
    /// How many messages it holds; it refuses more.
    pub max_length: Option<u32>,
    /// Where messages go that expired or were rejected: an exchange, and a key unless they keep
    /// theirs. Such a queue refuses new messages rather than drop old ones.
    pub dead_letter: Option<(String, Option<String>)>,
}

/// The names under a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    prefix: String,
    classes: [ClassSpec; CLASSES.len()],
    delays: [DelayLevel; DELAYS.len()],
}

impl Topology {
    /// The topology with a prefix before every name; empty outside tests.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            classes: CLASSES,
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

    /// The same with another row for a class, for tests of changing one.
    #[must_use]
    pub fn with_class(mut self, spec: ClassSpec) -> Self {
        for row in &mut self.classes {
            if row.class == spec.class {
                *row = spec;
            }
        }
        self
    }

    /// The exchange that takes work.
    #[must_use]
    pub fn work_exchange(&self) -> String {
        self.named(WORK)
    }

    /// The exchange that takes what has waited.
    #[must_use]
    pub fn back_exchange(&self) -> String {
        self.named(BACK)
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
        self.named(&format!("delay.{}", level(&self.delays, attempt).name))
    }

    /// A queue of a class; its name is its routing key.
    #[must_use]
    pub fn queue(&self, class: Class, shard: u8) -> String {
        let generation = self.spec(class).generation;
        self.generation(&format!("{}.s{shard}", class.name()), generation)
    }

    /// Whose queue has, or had, this routing key.
    #[must_use]
    pub fn class_of(&self, key: &str) -> Option<Class> {
        let base = key.strip_prefix(&self.prefix)?;
        Class::named(base.split('.').next()?)
    }

    /// The queue of a class's dead messages.
    #[must_use]
    pub fn dead_queue(&self, class: Class) -> String {
        self.dead_queue_of(class.name())
    }

    /// The queues of dead messages, each with the name of whose they are: every class, and those
    /// that no queue was for.
    #[must_use]
    pub fn dead_queues(&self) -> Vec<(&'static str, String)> {
        let classes = self.classes.iter().map(|spec| spec.name);
        classes
            .chain([UNROUTABLE])
            .map(|name| (name, self.dead_queue_of(name)))
            .collect()
    }

    fn dead_queue_of(&self, name: &str) -> String {
        self.generation(&format!("{DEAD}.{name}"), DEAD_GENERATION)
    }

    /// The queue that only a role's leader holds, exclusively, while its connection lasts.
    #[must_use]
    pub fn leader_queue(&self, role: &str) -> String {
        self.named(&format!("leader.{role}"))
    }

    /// Every exchange.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let exchange = |name: String, routing| Exchange {
            name,
            routing,
            alternate: None,
        };
        let mut all = vec![
            exchange(self.work_exchange(), Routing::Direct),
            exchange(self.dead_exchange(), Routing::Direct),
            exchange(self.push_exchange(), Routing::Fanout),
            exchange(self.named(UNROUTABLE), Routing::Fanout),
            Exchange {
                alternate: Some(self.named(UNROUTABLE)),
                ..exchange(self.back_exchange(), Routing::Direct)
            },
        ];
        for level in &self.delays {
            let name = self.named(&format!("delay.{}", level.name));
            all.push(exchange(name, Routing::Fanout));
        }
        all
    }

    /// Every queue.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let work = self.classes.iter().flat_map(|spec| self.class_queues(spec));
        let unroutable = Binding {
            exchange: self.named(UNROUTABLE),
            key: String::new(),
        };
        work.chain([self.dead(UNROUTABLE, unroutable)])
            .chain(self.delays.iter().map(|level| self.delay_queue(level)))
            .collect()
    }

    fn class_queues(&self, spec: &ClassSpec) -> Vec<Queue> {
        let dead_letter = (self.dead_exchange(), Some(spec.name.to_owned()));
        let shards = (0..spec.shards).map(|shard| {
            let base = format!("{}.s{shard}", spec.name);
            let former = self.former(&base, spec.generation);
            let name = self.generation(&base, spec.generation);
            let bindings = former
                .iter()
                .chain([&name])
                .flat_map(|key| {
                    [self.work_exchange(), self.back_exchange()].map(|exchange| Binding {
                        exchange,
                        key: key.clone(),
                    })
                })
                .collect();
            Queue {
                name,
                former,
                bindings,
                delivery_limit: spec.delivery_limit,
                ttl_millis: None,
                max_length: spec.max_length,
                dead_letter: Some(dead_letter.clone()),
            }
        });
        let dead = Binding {
            exchange: self.dead_exchange(),
            key: spec.name.to_owned(),
        };
        shards.chain([self.dead(spec.name, dead)]).collect()
    }

    fn dead(&self, name: &str, binding: Binding) -> Queue {
        let former = self.former(&format!("{DEAD}.{name}"), DEAD_GENERATION);
        let name = self.dead_queue_of(name);
        // By its own name, too: that is how what is in a former generation gets into this one.
        let own = Binding {
            exchange: self.dead_exchange(),
            key: name.clone(),
        };
        Queue {
            name,
            former,
            bindings: vec![binding, own],
            delivery_limit: NO_DELIVERY_LIMIT,
            ttl_millis: None,
            max_length: None,
            dead_letter: None,
        }
    }

    fn delay_queue(&self, level: &DelayLevel) -> Queue {
        let base = format!("delay.{}", level.name);
        let binding = Binding {
            exchange: self.named(&base),
            key: String::new(),
        };
        Queue {
            name: self.generation(&base, level.generation),
            former: self.former(&base, level.generation),
            bindings: vec![binding],
            delivery_limit: NO_DELIVERY_LIMIT,
            ttl_millis: Some(level.millis),
            max_length: None,
            dead_letter: Some((self.back_exchange(), None)),
        }
    }

    fn spec(&self, class: Class) -> &ClassSpec {
        let row = self.classes.iter().find(|row| row.class == class);
        row.unwrap_or_else(|| class.spec())
    }

    /// The name of a generation of a queue.
    fn generation(&self, base: &str, generation: u8) -> String {
        match generation {
            0 | 1 => self.named(base),
            later => self.named(&format!("{base}.g{later}")),
        }
    }

    /// The names of the generations before.
    fn former(&self, base: &str, generation: u8) -> Vec<String> {
        (1..generation)
            .map(|before| self.generation(base, before))
            .collect()
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_go_through_the_levels_and_stay_at_the_last() {
        let topology = Topology::new("x.");
        assert_eq!(topology.delay_exchange(1), "x.delay.5s");
        assert_eq!(topology.delay_exchange(5), "x.delay.1h");
        assert_eq!(topology.delay_exchange(50), "x.delay.1h");
    }

    #[test]
    fn a_later_generation_is_bound_by_the_names_before() {
        let spec = ClassSpec {
            generation: 3,
            ..*Class::Activity.spec()
        };
        let topology = Topology::new("x.").with_class(spec);
        let name = topology.queue(Class::Activity, 1);
        assert_eq!(name, "x.activity.s1.g3");
        let queues = topology.queues();
        let queue = queues.iter().find(|queue| queue.name == name).unwrap();
        assert_eq!(queue.former, ["x.activity.s1", "x.activity.s1.g2"]);
        for key in queue.former.iter().chain([&name]) {
            let by = |exchange| Binding {
                exchange,
                key: key.clone(),
            };
            assert!(queue.bindings.contains(&by(topology.work_exchange())));
            assert!(queue.bindings.contains(&by(topology.back_exchange())));
        }
    }

    #[test]
    fn a_routing_key_says_whose_it_is_even_when_no_such_queue_is_left() {
        let topology = Topology::new("a-prefix.");
        let of = |key: &str| topology.class_of(key);
        assert_eq!(of("a-prefix.activity.s99"), Some(Class::Activity));
        assert_eq!(of("a-prefix.mail.s0.g7"), Some(Class::Mail));
        assert_eq!(of(&topology.queue(Class::Webhook, 3)), Some(Class::Webhook));
        assert_eq!(of("a-prefix.moon.s1"), None);
        assert_eq!(of("activity.s1"), None);
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
            for binding in &queue.bindings {
                assert!(exchanges.contains(&binding.exchange), "{queue:?}");
            }
            match queue.dead_letter {
                Some((exchange, _)) => assert!(exchanges.contains(&exchange)),
                None => assert!(queue.name.starts_with("dead."), "{queue:?}"),
            }
        }
    }
}
