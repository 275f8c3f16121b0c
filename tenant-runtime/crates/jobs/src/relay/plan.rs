//! What is to be done for a tenant now, and what later, by what waits in its database.

use std::collections::BTreeMap;

use broker::Class;
use chrono::{DateTime, TimeDelta, Utc};
use tr_store::relaying::{Waiting, What};

/// What there is to do for a tenant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The classes of which something waits, the most urgent first.
    pub waiting: BTreeMap<Class, bool>,
    /// When the first job is due of those that are not yet.
    pub next_due: Option<DateTime<Utc>>,
    /// Whether anything is neither done nor dead, jobs of later left out.
    pub busy: bool,
}

impl Plan {
    pub(crate) fn of(waiting: &[Waiting], now: DateTime<Utc>) -> Self {
        let mut plan = Self::default();
        for Waiting { class, what } in waiting {
            // Another version of the program may know more classes.
            let Some(class) = Class::named(class) else {
                continue;
            };
            plan.busy |= !matches!(what, What::Jobs(due) if *due > now);
            match *what {
                What::Events => _ = plan.waiting.entry(class).or_default(),
                What::Jobs(due) if due <= now => _ = plan.waiting.entry(class).or_default(),
                What::Jobs(due) => {
                    let earlier = plan.next_due.map_or(due, |next| next.min(due));
                    plan.next_due = Some(earlier);
                }
                What::Out(since) if since < lost_before(class, now) => {
                    plan.waiting.insert(class, true);
                }
                What::Out(_) => {}
            }
        }
        plan
    }
}

/// What was published before then and is not settled was lost, unless its class is paused.
pub(super) fn lost_before(class: Class, now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::from_std(class.settled_within()).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_what_waits_what_was_lost_and_when_the_next_job_is_due() {
        let at = |minute: i64| DateTime::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap();
        let of = |class: &str, what| Waiting {
            class: class.to_owned(),
            what,
        };
        let waiting = [
            of("activity", What::Events),
            of("activity", What::Out(at(0))),
            of("webhook", What::Jobs(at(200))),
            of("webhook", What::Out(at(199))),
            of("notification", What::Jobs(at(260))),
            of("schedule", What::Jobs(at(240))),
            of("laundry", What::Events),
        ];
        let plan = Plan::of(&waiting, at(200));
        let classes: Vec<_> = plan.waiting.into_iter().collect();
        assert_eq!(classes, [(Class::Webhook, false), (Class::Activity, true)]);
        assert_eq!(plan.next_due, Some(at(240)));
    }
}
