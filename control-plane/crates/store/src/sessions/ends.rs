//! Sessions that are ended.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{MemberId, PersonId, SessionId};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::{SessionStore, entity, read_hash};
use crate::{StoreError, sql};

impl SessionStore {
    /// Ends a member's session; answers its hash, or none when it is not theirs or has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenHash>, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE id = ? AND member_id = ? AND revoked_at IS NULL AND expires_at > ?",
            [
                now.into(),
                id.as_uuid().into(),
                member.as_uuid().into(),
                now.into(),
            ],
        );
        if changed.await? == 0 {
            return Ok(None);
        }
        let row = entity::Entity::find_by_id(id.as_uuid()).one(conn).await?;
        row.map(|row| read_hash(&row.token_hash)).transpose()
    }

    /// Ends all sessions of a member but one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_others(
        conn: &impl ConnectionTrait,
        member: MemberId,
        keep: SessionId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE member_id = ? AND revoked_at IS NULL AND id <> ?",
            [now.into(), member.as_uuid().into(), keep.as_uuid().into()],
        )
        .await
    }

    /// Ends all sessions of a member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? WHERE member_id = ? AND revoked_at IS NULL",
            [now.into(), member.as_uuid().into()],
        )
        .await
    }

    /// Ends all sessions of a person in every tenant, but one to be kept; those on the host of
    /// people too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all_of_person(
        conn: &impl ConnectionTrait,
        person: PersonId,
        keep: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let keep = keep.map_or(Uuid::nil(), SessionId::as_uuid);
        let ended = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? \
             WHERE person_id = ? AND revoked_at IS NULL AND id <> ?",
            [now.into(), person.as_uuid().into(), keep.into()],
        )
        .await?;
        sql::execute(
            conn,
            "UPDATE person_sessions SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL",
            [now.into(), person.as_uuid().into()],
        )
        .await?;
        Ok(ended)
    }
}
