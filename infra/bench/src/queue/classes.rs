//! The classes that are measured, and what gives each its effect.

use broker::{Class, Handler, Incoming, Verdict};
use tr_jobs::{ActivityLog, ClassHandler, Effect, Work, Workplace, Writing};
use tr_store::StoreError;

/// Every class that is measured, activity first.
pub const MEASURED: [Measured; 2] = [Measured::Activity, Measured::Schedule];

const ACTIVITY: &[&str] = &[Class::Activity.name()];
const SCHEDULE: &[&str] = &[Class::Schedule.name()];

/// A class.
#[derive(Debug, Clone, Copy)]
pub enum Measured {
    Activity,
    Schedule,
}

impl Measured {
    /// Its queues.
    pub const fn class(self) -> Class {
        match self {
            Self::Activity => Class::Activity,
            Self::Schedule => Class::Schedule,
        }
    }

    /// As the outbox has it.
    pub const fn outbox(self) -> &'static [&'static str] {
        match self {
            Self::Activity => ACTIVITY,
            Self::Schedule => SCHEDULE,
        }
    }

    /// What handles it, as in the program that works.
    pub fn handler(self, place: &Workplace) -> Works {
        match self {
            Self::Activity => Works::Activity(place.handler(ActivityLog)),
            Self::Schedule => Works::Schedule(place.handler(Nothing)),
        }
    }
}

/// A handler.
pub enum Works {
    Activity(ClassHandler<ActivityLog>),
    Schedule(ClassHandler<Nothing>),
}

impl Handler for Works {
    async fn handle(&self, batch: &[Incoming]) -> Vec<Verdict> {
        match self {
            Self::Activity(handler) => handler.handle(batch).await,
            Self::Schedule(handler) => handler.handle(batch).await,
        }
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
