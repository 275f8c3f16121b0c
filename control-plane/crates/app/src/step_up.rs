//! What is dangerous wants a person who proved a moment ago who they are.

use chrono::TimeDelta;

use crate::{Auth, sessions::CachedSession};

/// How long a proof counts.
pub const STEP_UP_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The person has to confirm who they are first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs a recent confirmation of who you are")]
pub struct StepUpRequired;

/// Asks for a recent proof.
///
/// # Errors
/// When the last one is too old, or it is a token, which proves nobody.
pub fn require(auth: &Auth, session: &CachedSession) -> Result<(), StepUpRequired> {
    let now = auth.clock.now();
    match session.confirmed_at {
        Some(confirmed_at) if now - confirmed_at <= STEP_UP_LIFE => Ok(()),
        _ => Err(StepUpRequired),
    }
}
