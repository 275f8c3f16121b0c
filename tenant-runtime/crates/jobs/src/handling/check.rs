//! Which messages of a batch are what the tenant's rows say.

use std::collections::BTreeMap;

use broker::{Incoming, Verdict};
use tr_store::{RowId, handling::Claimed};

use super::Work;

/// The row that a message is about.
pub(super) fn row(message: &Incoming) -> RowId {
    match message.envelope.number {
        0 => RowId::Job(message.envelope.id.as_uuid()),
        number => RowId::Event(number),
    }
}

/// The rows that messages are about.
pub(super) fn rows(messages: &[&Incoming]) -> Vec<RowId> {
    messages.iter().map(|message| row(message)).collect()
}

/// Verdicts on what needs no work, and the work of the others by their place: of the messages of
/// one row the first has it.
pub(super) fn sort(
    messages: &[&Incoming],
    found: Vec<Claimed>,
) -> (Vec<Verdict>, BTreeMap<usize, Work>) {
    let mut found: BTreeMap<RowId, Claimed> = found
        .into_iter()
        .map(|claimed| (claimed.row, claimed))
        .collect();
    let verdicts: Vec<Verdict> = messages
        .iter()
        .map(|message| verdict(message, &found))
        .collect();
    let mut fresh = BTreeMap::new();
    for (place, (message, verdict)) in messages.iter().zip(&verdicts).enumerate() {
        if *verdict == Verdict::Done
            && let Some(claimed) = found.remove(&row(message))
            && !claimed.done
        {
            fresh.insert(place, Work::new(claimed, message));
        }
    }
    (verdicts, fresh)
}

/// Whether a message is right, whatever others say of the same row.
fn verdict(message: &Incoming, found: &BTreeMap<RowId, Claimed>) -> Verdict {
    let row = row(message);
    let wrong = match found.get(&row) {
        Some(claimed) => differs(message, claimed),
        None => Some(format!("the tenant has no {row}")),
    };
    wrong.map_or(Verdict::Done, Verdict::Dead)
}

/// What is wrong with a message that is not what its row says.
fn differs(message: &Incoming, row: &Claimed) -> Option<String> {
    let envelope = &message.envelope;
    if row.id != envelope.id.as_uuid() {
        return Some(format!("{} is another one", row.row));
    }
    let same = row.kind == envelope.kind && row.version == envelope.version;
    (!same).then(|| format!("{} is of kind {:?} {}", row.row, row.kind, row.version))
}

#[cfg(test)]
mod tests {
    use broker::Envelope;
    use chrono::Utc;
    use kernel::{EventId, Generation, TenantId};
    use uuid::Uuid;

    use super::*;

    const KIND: &str = "work_item.changed";

    fn claimed(number: u64, done: bool) -> Claimed {
        Claimed {
            row: RowId::Event(number),
            id: Uuid::now_v7(),
            kind: KIND.to_owned(),
            version: 1,
            payload: format!("payload of {number}"),
            occurred_at: Utc::now(),
            done,
        }
    }

    /// The message of an event's row, for the so-manieth time.
    fn of(row: &Claimed, number: u64, attempt: u32) -> Incoming {
        Incoming {
            envelope: Envelope {
                id: EventId::from_uuid(row.id),
                number,
                tenant: TenantId::from_uuid(Uuid::from_u128(7)),
                generation: Generation(1),
                kind: row.kind.clone(),
                version: row.version,
                occurred_at: row.occurred_at,
                traceparent: None,
            },
            attempt,
            redelivered: false,
        }
    }

    /// The verdicts, and the place and attempt of what is to be worked on.
    fn sorted(messages: &[&Incoming], rows: &[&Claimed]) -> (Vec<Verdict>, Vec<(usize, u32)>) {
        let found = rows.iter().map(|row| (*row).clone()).collect();
        let (verdicts, fresh) = sort(messages, found);
        let fresh = fresh.into_iter().map(|(place, work)| (place, work.attempt));
        (verdicts, fresh.collect())
    }

    #[test]
    fn what_a_message_is_depends_on_no_other_of_its_batch() {
        let row = claimed(1, false);
        let right = of(&row, 1, 1);
        let other_id = of(&claimed(1, false), 1, 1);
        let mut other_kind = of(&row, 1, 1);
        "moon.landed".clone_into(&mut other_kind.envelope.kind);
        let nothing = of(&claimed(9, false), 9, 1);
        let dead = |reason: &str| Verdict::Dead(reason.to_owned());
        let mut one_by_one = [
            (&right, Verdict::Done),
            (&other_id, dead("event 1 is another one")),
            (
                &other_kind,
                dead("event 1 is of kind \"work_item.changed\" 1"),
            ),
            (&nothing, dead("the tenant has no event 9")),
        ];
        for _ in 0..one_by_one.len() {
            one_by_one.rotate_left(1);
            let (messages, verdicts): (Vec<_>, Vec<_>) = one_by_one.iter().cloned().unzip();
            let place = verdicts
                .iter()
                .position(|verdict| *verdict == Verdict::Done);
            let fresh = vec![(place.unwrap(), 1)];
            assert_eq!(sorted(&messages, &[&row]), (verdicts, fresh));
        }
    }

    #[test]
    fn of_the_messages_of_one_row_the_first_has_its_work() {
        let (row, other) = (claimed(1, false), claimed(2, true));
        let [first, second] = [of(&row, 1, 3), of(&row, 1, 4)];
        let done = of(&other, 2, 1);
        let messages = [&done, &first, &second];
        let verdicts = vec![Verdict::Done; 3];
        assert_eq!(sorted(&messages, &[&row, &other]), (verdicts, vec![(1, 3)]));
    }
}
