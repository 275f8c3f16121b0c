//! What happens after the commit: the relay carries events from the tenants' outboxes to the
//! broker, consumers give them their effects, and a timer has what is past its time deleted.

mod activity;
mod handling;
mod housekeeping;
mod notifications;
mod queues;
mod relay;
mod ring;
mod sweep;
mod tenants;
mod timers;
mod usage;
mod webhooks;

#[cfg(test)]
mod table_tests;

pub use activity::ActivityLog;
pub use handling::{ClassHandler, Effect, Work, Workplace, Writing};
pub use housekeeping::{HousekeepingHandler, Retention};
pub use notifications::{Facts, FactsError, FleetFacts, MailSender, Notifier, TenantFacts, Told};
pub use queues::{Backlog, DeadLetterKeeper, Redriver, Reporter, Taps, count_backlogs};
pub use relay::{Nudge, Relay, RelaySettings};
pub use ring::{Ring, RingError, RingPage};
pub use sweep::{
    Finding, SweepPage, SweepRing, SweepSettings, SweepTenant, Swept, sweep, sweep_once,
};
pub use tenants::ActiveTenants;
pub use timers::{Schedule, TIMERS, TickSettings, TimerSpec, Timers, Todo, tick};
pub use webhooks::{Attempt, WebhookSender};
