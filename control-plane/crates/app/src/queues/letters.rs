//! Dead letters: looking at them, sending them again, letting them be. Whatever is decided is in
//! the audit log, and can be taken back as long as the message is kept.

use cp_store::{
    DeadLetter, DeadLetterFilter, DeadLetterStore, LetterFate, LetterGroup, StoreError,
};
use kernel::Limit;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Auth,
    fleet::KeyError,
    staff::{By, record::Deed},
};

/// How many groups of dead letters are told of.
const GROUPS: u32 = 50;

/// Nothing is done with dead letters.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// There is no such letter.
    #[error("there is no such dead letter")]
    NotFound,
    /// It is in another state.
    #[error("the dead letter is {0}")]
    State(String),
    /// It is no message of ours, so that it cannot be sent again.
    #[error("the message is no envelope")]
    NoEnvelope,
    /// There are not as many as whoever asks believes.
    #[error("{0} dead letters match")]
    Count(u64),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All dead letters that a filter takes, of which whoever asks says how many there are.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Which.
    pub filter: DeadLetterFilter,
    /// How many are dead, as a confirmation; nothing is done when there are not as many.
    pub expected: Option<u64>,
    /// Why; kept in the audit log.
    pub reason: String,
}

/// Dead letters, the newest first, before one of them; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_letters(
    auth: &Auth,
    filter: &DeadLetterFilter,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<DeadLetter>, StoreError> {
    DeadLetterStore::list(auth.central.conn(), filter, before, limit).await
}

/// How many dead letters a filter takes.
///
/// # Errors
/// When the database fails.
pub async fn count_letters(auth: &Auth, filter: &DeadLetterFilter) -> Result<u64, StoreError> {
    DeadLetterStore::count(auth.central.conn(), filter).await
}

/// What the dead letters that a filter takes have in common: class, kind and error; those of which
/// there are most.
///
/// # Errors
/// When the database fails.
pub async fn group_letters(
    auth: &Auth,
    filter: &DeadLetterFilter,
) -> Result<Vec<LetterGroup>, StoreError> {
    DeadLetterStore::group(auth.central.conn(), filter, GROUPS).await
}

/// One of them, and what is kept of its body.
///
/// # Errors
/// When there is none such, or the database fails.
pub async fn find_letter(auth: &Auth, id: Uuid) -> Result<(DeadLetter, Vec<u8>), DeadLetterError> {
    let found = DeadLetterStore::find(auth.central.conn(), id).await?;
    found.ok_or(DeadLetterError::NotFound)
}

/// Decides what becomes of a letter. What is to be sent again, also when it was discarded, a worker
/// sends within seconds; what is let be is kept for thirty days, and can be sent again until then.
///
/// # Errors
/// When it is to be sent again and is no envelope, it is in another state, or the database fails.
pub async fn decide_letter(
    auth: &Auth,
    by: &By,
    fate: LetterFate,
    id: Uuid,
    reason: &str,
) -> Result<(DeadLetter, Vec<u8>), DeadLetterError> {
    let (letter, _) = find_letter(auth, id).await?;
    if by.answered::<Uuid>(auth).await?.is_none() {
        if fate == LetterFate::Redrive && letter.event_id.is_none() {
            return Err(DeadLetterError::NoEnvelope);
        }
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        let (staff, now) = (by.requester.staff, auth.clock.now());
        if !DeadLetterStore::decide(&tx, fate, id, staff, now).await? {
            return Err(DeadLetterError::State(letter.state));
        }
        let deed = of_one(fate, &letter, reason);
        by.record(&tx, auth, deed, &id).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    find_letter(auth, id).await
}

/// Decides what becomes of all dead letters that are selected; answers of how many. What is no
/// envelope is not sent again.
///
/// # Errors
/// When there are not as many as expected, or the database fails.
pub async fn decide_letters(
    auth: &Auth,
    by: &By,
    fate: LetterFate,
    selection: &Selection,
) -> Result<u64, DeadLetterError> {
    if let Some(count) = by.answered(auth).await? {
        return Ok(count);
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (staff, now) = (by.requester.staff, auth.clock.now());
    let count = DeadLetterStore::decide_all(&tx, fate, &selection.filter, staff, now).await?;
    // Whoever counted the dead ones counted those, too, that are no envelopes and stay.
    let left = DeadLetterFilter {
        state: Some("dead".to_owned()),
        ..selection.filter.clone()
    };
    selection.check(count + DeadLetterStore::count(&tx, &left).await?)?;
    let deed = of_all(fate, selection, count);
    by.record(&tx, auth, deed, &count).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(count)
}

impl Selection {
    const fn check(&self, count: u64) -> Result<(), DeadLetterError> {
        match self.expected {
            Some(expected) if expected != count => Err(DeadLetterError::Count(count)),
            _ => Ok(()),
        }
    }
}

fn of_one(fate: LetterFate, letter: &DeadLetter, reason: &str) -> Deed {
    Deed {
        action: match fate {
            LetterFate::Redrive => "dead_letter.redrive",
            LetterFate::Discard => "dead_letter.discard",
        },
        tenant: letter.tenant_id.map(Into::into),
        object: Some(letter.id),
        detail: json!({
            "class": letter.class, "kind": letter.kind, "error": letter.error, "reason": reason,
        }),
    }
}

fn of_all(fate: LetterFate, selection: &Selection, count: u64) -> Deed {
    let filter = &selection.filter;
    let mut detail = json!({
        "count": count, "reason": selection.reason, "class": filter.class, "kind": filter.kind,
        "error": filter.error, "since": filter.since, "until": filter.until,
    });
    if let Value::Object(detail) = &mut detail {
        detail.retain(|_, value| !value.is_null());
    }
    Deed {
        action: match fate {
            LetterFate::Redrive => "dead_letter.redrive_all",
            LetterFate::Discard => "dead_letter.discard_all",
        },
        tenant: filter.tenant,
        object: None,
        detail,
    }
}
