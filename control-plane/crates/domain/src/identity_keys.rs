//! When keys that sign identities come and go. The next key is published to every node before it
//! signs, and the last one is accepted until what it signed has expired.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a key signs.
pub const KEY_LIFE: TimeDelta = TimeDelta::days(30);

/// How early the next key is published: nodes learn of it with a beat, gateways within a minute.
pub const KEY_NOTICE: TimeDelta = TimeDelta::hours(1);

/// How long a key is accepted after the next one took over: the life of an identity, and the time
/// in which a gateway may not have noticed.
pub const KEY_TAIL: TimeDelta = TimeDelta::minutes(10);

/// What is public about a key's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTerm {
    /// When it begins to sign.
    pub signs_from: DateTime<Utc>,
    /// When it is accepted no more; none while nothing follows it.
    pub retires_at: Option<DateTime<Utc>>,
}

impl KeyTerm {
    /// Whether nodes accept the key: from the moment it exists until it retires.
    #[must_use]
    pub fn is_accepted(&self, now: DateTime<Utc>) -> bool {
        self.retires_at.is_none_or(|end| now < end)
    }

    /// Whether the key may sign.
    #[must_use]
    pub fn may_sign(&self, now: DateTime<Utc>) -> bool {
        self.signs_from <= now && self.is_accepted(now)
    }
}

/// The place of the key that signs now: the newest that may.
#[must_use]
pub fn signing_key(keys: &[KeyTerm], now: DateTime<Utc>) -> Option<usize> {
    let able = keys.iter().enumerate().filter(|(_, key)| key.may_sign(now));
    able.max_by_key(|(_, key)| key.signs_from)
        .map(|(place, _)| place)
}

/// A key that is due to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueKey {
    /// When it begins to sign.
    pub signs_from: DateTime<Utc>,
    /// When those before it retire; none when there are none.
    pub others_retire_at: Option<DateTime<Utc>>,
}

/// Whether a key has to be made now: the very first one, or the next before the last one's life ends.
#[must_use]
pub fn due_key(keys: &[KeyTerm], now: DateTime<Utc>) -> Option<DueKey> {
    let newest = keys
        .iter()
        .filter(|key| key.is_accepted(now))
        .map(|key| key.signs_from)
        .max();
    let Some(newest) = newest else {
        return Some(DueKey {
            signs_from: now,
            others_retire_at: None,
        });
    };
    if now < newest + KEY_LIFE - KEY_NOTICE {
        return None;
    }
    // Late, after a long stand-still, the notice is given all the same.
    let signs_from = (newest + KEY_LIFE).max(now + KEY_NOTICE);
    Some(DueKey {
        signs_from,
        others_retire_at: Some(signs_from + KEY_TAIL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn key(signs_from: DateTime<Utc>) -> KeyTerm {
        KeyTerm {
            signs_from,
            retires_at: None,
        }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        let due = due_key(&[], start()).unwrap();
        assert_eq!(
            due,
            DueKey {
                signs_from: start(),
                others_retire_at: None
            }
        );
        assert_eq!(due_key(&[key(start())], start()), None);
    }

    #[test]
    fn the_next_key_is_known_before_it_signs_and_the_last_one_after() {
        let first = key(start());
        let notice = start() + KEY_LIFE - KEY_NOTICE;
        assert_eq!(due_key(&[first], notice - TimeDelta::seconds(1)), None);
        let due = due_key(&[first], notice).unwrap();
        assert_eq!(due.signs_from, start() + KEY_LIFE);

        let both = [
            KeyTerm {
                retires_at: due.others_retire_at,
                ..first
            },
            key(due.signs_from),
        ];
        assert_eq!(due_key(&both, notice), None);
        assert_eq!(signing_key(&both, notice), Some(0));
        assert!(both.iter().all(|key| key.is_accepted(notice)));
        assert_eq!(signing_key(&both, due.signs_from), Some(1));
        assert!(both[0].is_accepted(due.signs_from));
        assert!(!both[0].is_accepted(due.signs_from + KEY_TAIL));
    }

    #[test]
    fn after_a_long_stand_still_the_notice_is_given_all_the_same() {
        let late = start() + KEY_LIFE * 3;
        let due = due_key(&[key(start())], late).unwrap();
        assert_eq!(due.signs_from, late + KEY_NOTICE);
        assert_eq!(signing_key(&[key(start())], late), Some(0));
    }
}
