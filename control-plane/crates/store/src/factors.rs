//! Second factors of people: the authenticator's secret and steps, and recovery codes.

use chrono::{DateTime, Utc};
use cp_domain::{Factors, TOTP_HARD_STOP, TokenHash};
use kernel::PersonId;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

/// What is kept of a person's second factors.
#[derive(Debug, Clone)]
pub struct FactorRecord {
    /// The sealed secret of the authenticator.
    pub totp_secret: Option<Vec<u8>>,
    /// A sealed secret that was shown and not confirmed.
    pub totp_pending: Option<Vec<u8>>,
    /// Wrong codes in a row.
    pub totp_failures: u16,
    /// Since when there is an authenticator.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
    /// What there is.
    pub factors: Factors,
}

#[derive(FromQueryResult)]
struct Row {
    totp_secret: Option<Vec<u8>>,
    totp_pending: Option<Vec<u8>>,
    totp_failures: u16,
    totp_confirmed_at: Option<DateTime<Utc>>,
    passkeys: i64,
    recovery_codes: i64,
}

impl From<Row> for FactorRecord {
    fn from(row: Row) -> Self {
        let number = |count: i64| u32::try_from(count).unwrap_or_default();
        Self {
            factors: Factors {
                totp: row.totp_secret.is_some(),
                passkeys: number(row.passkeys),
                recovery_codes: number(row.recovery_codes),
            },
            totp_secret: row.totp_secret,
            totp_pending: row.totp_pending,
            totp_failures: row.totp_failures,
            totp_confirmed_at: row.totp_confirmed_at,
        }
    }
}

/// The second factor's columns of `people`, and the table `recovery_codes`.
#[derive(Debug, Clone, Copy)]
pub struct FactorStore;

impl FactorStore {
    /// A person's second factors.
    ///
    /// # Errors
    /// When there is no such person or the database fails.
    pub async fn get(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<FactorRecord, StoreError> {
        let row = sql::select::<Row, 1>(
            "SELECT p.totp_secret, p.totp_pending, p.totp_failures, p.totp_confirmed_at, \
             (SELECT COUNT(*) FROM passkeys k WHERE k.person_id = p.id) AS passkeys, \
             (SELECT COUNT(*) FROM recovery_codes c WHERE c.person_id = p.id \
              AND c.used_at IS NULL) AS recovery_codes \
             FROM people p WHERE p.id = ?",
            [person.as_uuid().into()],
        );
        let row = row.one(conn).await?;
        row.map(FactorRecord::from)
            .ok_or(StoreError::Missing("person"))
    }

    /// Counts a code before it is looked at; answers false when there were too many wrong ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_code(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE people SET totp_failures = totp_failures + 1 \
             WHERE id = ? AND totp_secret IS NOT NULL AND totp_failures < ?",
            [person.as_uuid().into(), TOTP_HARD_STOP.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Uses up a step of the authenticator: of several requests with one code, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_step(
        conn: &impl ConnectionTrait,
        person: PersonId,
        step: u64,
    ) -> Result<bool, StoreError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let changed = sql::execute(
            conn,
            "UPDATE people SET totp_last_step = ?, totp_failures = 0 \
             WHERE id = ? AND totp_secret IS NOT NULL AND totp_last_step < ?",
            [step.into(), person.as_uuid().into(), step.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Keeps a secret that was shown and waits for its first code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_pending(
        conn: &impl ConnectionTrait,
        person: PersonId,
        sealed: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE people SET totp_pending = ?, updated_at = ? WHERE id = ?",
            [sealed.into(), now.into(), person.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// Makes the waiting secret the authenticator's, its first code used up: answers false when
    /// another one waits meanwhile, or none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_pending(
        conn: &impl ConnectionTrait,
        person: PersonId,
        sealed: &[u8],
        step: u64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            // MariaDB assigns from left to right: the secret is taken before it is emptied.
            "UPDATE people SET totp_secret = totp_pending, totp_pending = NULL, \
             totp_last_step = ?, totp_failures = 0, totp_confirmed_at = ?, updated_at = ? \
             WHERE id = ? AND totp_pending = ?",
            [
                i64::try_from(step).unwrap_or(i64::MAX).into(),
                now.into(),
                now.into(),
                person.as_uuid().into(),
                sealed.to_vec().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Takes the authenticator away; answers false when there was none. The last step stays, so
    /// that no code of a secret that is set up again is good twice.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_totp(
        conn: &impl ConnectionTrait,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE people SET totp_secret = NULL, totp_pending = NULL, totp_failures = 0, \
             totp_confirmed_at = NULL, updated_at = ? WHERE id = ? AND totp_secret IS NOT NULL",
            [now.into(), person.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Puts new recovery codes in the place of all old ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace_recovery_codes(
        conn: &impl ConnectionTrait,
        person: PersonId,
        codes: &[TokenHash],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "DELETE FROM recovery_codes WHERE person_id = ?",
            [person.as_uuid().into()],
        )
        .await?;
        for code in codes {
            sql::execute(
                conn,
                "INSERT INTO recovery_codes (person_id, code_hash, created_at) VALUES (?, ?, ?)",
                [
                    person.as_uuid().into(),
                    code.as_bytes().to_vec().into(),
                    now.into(),
                ],
            )
            .await?;
        }
        Ok(())
    }

    /// Uses up a recovery code: of several requests with one code, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_recovery_code(
        conn: &impl ConnectionTrait,
        person: PersonId,
        code: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE recovery_codes SET used_at = ? \
             WHERE person_id = ? AND code_hash = ? AND used_at IS NULL",
            [
                now.into(),
                person.as_uuid().into(),
                code.as_bytes().to_vec().into(),
            ],
        );
        Ok(changed.await? == 1)
    }
}
