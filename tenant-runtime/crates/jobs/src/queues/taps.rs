//! A tap for every class.

use std::{collections::BTreeMap, time::Instant};

use broker::{Class, Flow, Tap, topology::CLASSES};

/// The taps of a process, open by default. Clones are the same taps.
#[derive(Debug, Clone, Default)]
pub struct Taps(BTreeMap<Class, Tap>);

impl Taps {
    /// Taps that are closed until it is known which classes are paused: a class stays paused over
    /// restarts.
    #[must_use]
    pub fn closed() -> Self {
        Self(
            CLASSES
                .iter()
                .map(|spec| (spec.class, Tap::new(false)))
                .collect(),
        )
    }

    /// The tap of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> Tap {
        self.0.get(&class).cloned().unwrap_or_default()
    }

    /// Closes the taps of the classes with these names and opens the others.
    pub(crate) fn pause_only(&self, paused: &[String]) {
        for (class, tap) in &self.0 {
            let pause = paused.iter().any(|name| name == class.name());
            if pause == tap.is_open() {
                tracing::info!(
                    class = class.name(),
                    paused = pause,
                    "the class was switched"
                );
            }
            if pause {
                tap.close();
            } else {
                tap.open();
            }
        }
    }
}

/// What went through in a second, lately.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rates {
    pub(crate) done: f64,
    pub(crate) retried: f64,
    pub(crate) dead: f64,
}

/// Makes rates of what has gone through.
#[derive(Debug)]
pub(crate) struct Meter {
    since: Instant,
    last: BTreeMap<Class, Flow>,
}

impl Meter {
    pub(crate) fn start(now: Instant) -> Self {
        Self {
            since: now,
            last: BTreeMap::new(),
        }
    }

    /// What went through since it was read the last time.
    pub(crate) fn read(&mut self, taps: &Taps, now: Instant) -> BTreeMap<Class, Rates> {
        let seconds = (now - self.since).as_secs_f64().max(0.001);
        self.since = now;
        let mut rates = BTreeMap::new();
        for (class, tap) in &taps.0 {
            let flow = tap.flow();
            let last = self.last.insert(*class, flow).unwrap_or_default();
            let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
            let of = Rates {
                done: rate(flow.done, last.done),
                retried: rate(flow.retried, last.retried),
                dead: rate(flow.dead, last.dead),
            };
            rates.insert(*class, of);
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn taps_open_when_it_is_known_what_is_paused() {
        let taps = Taps::closed();
        assert!(!taps.of(Class::Activity).is_open());
        taps.pause_only(&["activity".to_owned(), "of another version".to_owned()]);
        assert!(!taps.of(Class::Activity).is_open());
        assert!(taps.of(Class::Housekeeping).is_open());
        taps.pause_only(&[]);
        assert!(taps.of(Class::Activity).is_open());
    }

    #[test]
    fn nothing_through_is_no_rate() {
        let (taps, start) = (Taps::closed(), Instant::now());
        let mut meter = Meter::start(start);
        let rates = meter.read(&taps, start + Duration::from_secs(2));
        assert_eq!(rates.len(), broker::topology::CLASSES.len());
        assert!(rates.values().all(|rate| *rate == Rates::default()));
    }
}
