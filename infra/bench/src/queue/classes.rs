//! The classes that are measured, and what gives each its effect.

use std::sync::Arc;

use broker::{Class, Handler, Incoming, Verdict};
use kernel::TenantId;
use tr_jobs::{
    ActivityLog, ClassHandler, Effect, Facts, FactsError, Notifier, TenantFacts, Work, Workplace,
    Writing,
};
use tr_store::StoreError;

/// Every class that is measured, activity first.
pub const MEASURED: [Measured; 3] = [
    Measured::Activity,
    Measured::Notification,
    Measured::Schedule,
];

const ACTIVITY: &[&str] = &[Class::Activity.name()];
const NOTIFICATION: &[&str] = &[Class::Notification.name()];
const SCHEDULE: &[&str] = &[Class::Schedule.name()];

/// A class.
#[derive(Debug, Clone, Copy)]
pub enum Measured {
    Activity,
    /// Of events that concern nobody, as most do.
    Notification,
    Schedule,
}

impl Measured {
    /// Its queues.
    pub const fn class(self) -> Class {
        match self {
            Self::Activity => Class::Activity,
            Self::Notification => Class::Notification,
            Self::Schedule => Class::Schedule,
        }
    }

    /// As the outbox has it.
    pub const fn outbox(self) -> &'static [&'static str] {
        match self {
            Self::Activity => ACTIVITY,
            Self::Notification => NOTIFICATION,
            Self::Schedule => SCHEDULE,
        }
    }

    /// Events of a round, over all tenants: enough for seconds.
    pub const fn backlog(self) -> usize {
        match self {
            Self::Activity => 48_000,
            Self::Notification | Self::Schedule => 16_000,
        }
    }

    /// What handles it, as in the program that works.
    pub fn handler(self, place: &Workplace) -> Works {
        match self {
            Self::Activity => Works::Activity(place.handler(ActivityLog)),
            Self::Notification => {
                let notifier = Notifier::new(Arc::new(NobodyAsks));
                Works::Notification(place.handler(notifier))
            }
            Self::Schedule => Works::Schedule(place.handler(Nothing)),
        }
    }
}

/// A handler.
pub enum Works {
    Activity(ClassHandler<ActivityLog>),
    Notification(ClassHandler<Notifier<NobodyAsks>>),
    Schedule(ClassHandler<Nothing>),
}

impl Handler for Works {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        match self {
            Self::Activity(handler) => handler.handle(batch).await,
            Self::Notification(handler) => handler.handle(batch).await,
            Self::Schedule(handler) => handler.handle(batch).await,
        }
    }
}

/// Tenants of which nothing has to be known, as nobody is told anything.
pub struct NobodyAsks;

impl Facts for NobodyAsks {
    async fn of(&self, _: TenantId) -> Result<Arc<TenantFacts>, FactsError> {
        Ok(Arc::new(TenantFacts {
            name: String::new(),
            origin: String::new(),
            host: String::new(),
            zone: "UTC"
                .parse()
                .map_err(|_| FactsError("no zone".to_owned()))?,
        }))
    }
}

/// No effect but being done: stands in for the worker that comes with scheduling.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Effect for Nothing {
    const CLASS: Class = Class::Schedule;
    type Acted = ();

    fn knows(&self, _kind: &str, _version: u16) -> bool {
        true
    }

    async fn write(
        &self,
        _on: &Writing<'_>,
        work: &[(Work, ())],
    ) -> Result<Vec<Verdict>, StoreError> {
        Ok(vec![Verdict::Done; work.len()])
    }
}
