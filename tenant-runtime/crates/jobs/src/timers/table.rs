//! Every timer, in one table.

use broker::Class;
use chrono_tz::Tz;

use super::Schedule;
use crate::{
    housekeeping::{PURGE, PURGE_VERSION},
    usage::{COUNT_USAGE, COUNT_USAGE_VERSION},
};

/// A timer.
#[derive(Debug, Clone, Copy)]
pub struct TimerSpec {
    /// Its name, which is not changed: slots are counted under it.
    pub name: &'static str,
    /// When it comes.
    pub schedule: Schedule,
    /// What is done.
    pub todo: Todo,
    /// What for, in a sentence.
    pub purpose: &'static str,
}

/// What a timer does.
#[derive(Debug, Clone, Copy)]
pub enum Todo {
    /// Enqueues a job for each tenant of the ring.
    EachTenant {
        /// Who handles it.
        class: Class,
        /// Its kind.
        kind: &'static str,
        /// The version of the kind.
        version: u16,
    },
    /// Deletes kept answers that are past their time; the leader does so itself.
    SweepCache,
}

/// The timers of the runtime. Reminders and digests are none: they are jobs with a due time in the
/// tenant's own database.
pub const TIMERS: [TimerSpec; 3] = [
    TimerSpec {
        name: "purge",
        schedule: Schedule::Every { minutes: 60 },
        todo: Todo::EachTenant {
            class: Class::Housekeeping,
            kind: PURGE,
            version: PURGE_VERSION,
        },
        purpose: "Deletes what a tenant keeps for a limited time only.",
    },
    TimerSpec {
        name: "usage",
        schedule: Schedule::Daily {
            hour: 0,
            minute: 20,
            zone: Tz::UTC,
        },
        todo: Todo::EachTenant {
            class: Class::Housekeeping,
            kind: COUNT_USAGE,
            version: COUNT_USAGE_VERSION,
        },
        purpose: "Counts what a tenant used the day before.",
    },
    TimerSpec {
        name: "cache-sweep",
        schedule: Schedule::Every { minutes: 10 },
        todo: Todo::SweepCache,
        purpose: "Deletes kept answers that are past their time, where the server does not itself.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_fit() {
        for (index, timer) in TIMERS.iter().enumerate() {
            assert!(
                TIMERS[..index].iter().all(|other| other.name != timer.name),
                "{}",
                timer.name
            );
            assert!(timer.name.len() <= 64 && timer.purpose.len() <= 255);
            let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
            assert!(timer.name.bytes().all(plain), "{}", timer.name);
        }
    }
}
