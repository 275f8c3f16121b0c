//! WebAuthn ceremonies that were begun: each good once, in the browser that began it.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::PersonId;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// What a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// Adding a passkey.
    Register,
    /// Signing in with nothing else.
    SignIn,
    /// The second factor of a sign-in.
    SecondFactor,
    /// Confirming who one is.
    StepUp,
}

impl CeremonyPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
            Self::StepUp => "step_up",
        }
    }
}

/// A ceremony.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// The ceremony.
    pub id: Uuid,
    /// The hash of the cookie that it was begun with.
    pub browser: TokenHash,
    /// What it is for.
    pub purpose: CeremonyPurpose,
    /// Whose it is; none before that is known.
    pub person: Option<PersonId>,
    /// What is kept between its two halves, as JSON.
    pub state: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct StateRow {
    state: String,
}

/// The table `webauthn_ceremonies`.
#[derive(Debug, Clone, Copy)]
pub struct CeremonyStore;

impl CeremonyStore {
    /// Begins a ceremony, and forgets some that ended long ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        ceremony: &Ceremony,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO webauthn_ceremonies (id, browser_hash, purpose, person_id, state, \
             created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                ceremony.id.into(),
                ceremony.browser.as_bytes().to_vec().into(),
                ceremony.purpose.as_str().into(),
                ceremony.person.map(PersonId::as_uuid).into(),
                ceremony.state.as_str().into(),
                ceremony.created_at.into(),
                ceremony.expires_at.into(),
            ],
        )
        .await?;
        sql::execute(
            conn,
            "DELETE FROM webauthn_ceremonies WHERE expires_at < ? LIMIT 20",
            [ceremony.created_at.into()],
        )
        .await?;
        Ok(())
    }

    /// The state of a ceremony that goes on: of this browser, for this purpose and person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_state(
        conn: &impl ConnectionTrait,
        id: Uuid,
        browser: &TokenHash,
        purpose: CeremonyPurpose,
        person: Option<PersonId>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let row = sql::select::<StateRow, 5>(
            "SELECT state FROM webauthn_ceremonies WHERE id = ? AND browser_hash = ? \
             AND purpose = ? AND person_id <=> ? AND used_at IS NULL AND expires_at > ?",
            [
                id.into(),
                browser.as_bytes().to_vec().into(),
                purpose.as_str().into(),
                person.map(PersonId::as_uuid).into(),
                now.into(),
            ],
        );
        Ok(row.one(conn).await?.map(|row| row.state))
    }

    /// Uses a ceremony up: of several requests, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_up(
        conn: &impl ConnectionTrait,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE webauthn_ceremonies SET used_at = ? WHERE id = ? AND used_at IS NULL",
            [now.into(), id.into()],
        );
        Ok(changed.await? == 1)
    }
}
