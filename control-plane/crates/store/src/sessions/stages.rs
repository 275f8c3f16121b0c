//! Sessions on their way: waiting for a second factor, or for another cookie.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{MemberId, SessionId, TenantId};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Session, SessionStore, entity};
use crate::{StoreError, sql};

impl SessionStore {
    /// The session of this secret in this tenant that waits for its second factor or for one to
    /// be set up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_pending(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let row = sql::select::<entity::Model, 3>(
            "SELECT * FROM sessions WHERE token_hash = ? AND tenant_id = ? AND state <> 'active' \
             AND revoked_at IS NULL AND expires_at > ?",
            [
                hash.as_bytes().to_vec().into(),
                tenant.as_uuid().into(),
                now.into(),
            ],
        );
        row.one(conn).await?.map(Session::try_from).transpose()
    }

    /// Counts a second factor of a pending session before it is looked at; answers false when
    /// there were too many wrong ones, or the session has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_factor(
        conn: &impl ConnectionTrait,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET failures = failures + 1 WHERE id = ? AND state <> 'active' \
             AND revoked_at IS NULL AND expires_at > ? AND failures < ?",
            [
                id.as_uuid().into(),
                now.into(),
                cp_domain::PENDING_FAILURES.into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Ends a session whose place another takes; of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace(
        conn: &impl ConnectionTrait,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL \
             AND expires_at > ?",
            [now.into(), id.as_uuid().into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Marks the sessions of members whose standing changed: each is to get another cookie. In the
    /// transaction of the change.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn mark_rotation(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
        entity::Entity::update_many()
            .col_expr(entity::Column::RotateDue, Expr::value(true))
            .filter(entity::Column::MemberId.is_in(members.iter().map(|id| id.as_uuid())))
            .filter(entity::Column::RevokedAt.is_null())
            .filter(entity::Column::ExpiresAt.gt(now))
            .exec(conn)
            .await?;
        Ok(())
    }

    /// Ends a session that is to get another cookie; of several that try at once, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_rotation(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE sessions SET revoked_at = ?, rotate_due = FALSE WHERE token_hash = ? \
             AND rotate_due AND state = 'active' AND revoked_at IS NULL AND expires_at > ?",
            [now.into(), hash.as_bytes().to_vec().into(), now.into()],
        );
        Ok(changed.await? == 1)
    }
}
