//! Mail on its way: written in the transaction of what it tells of, sent by a worker.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A mail that a worker has taken.
#[derive(Debug, Clone)]
pub struct LeasedMail {
    /// The mail.
    pub id: Uuid,
    /// The sealed content.
    pub sealed: Vec<u8>,
    /// How often sending it was begun, this time included.
    pub attempts: u8,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_outbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: String,
        #[sea_orm(column_type = "Blob", nullable)]
        pub sealed: Option<Vec<u8>>,
        pub state: String,
        pub attempts: u8,
        pub due_at: DateTimeUtc,
        pub lease_until: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
        pub sent_at: Option<DateTimeUtc>,
        pub last_error: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
struct DueRow {
    id: Uuid,
    sealed: Option<Vec<u8>>,
    attempts: u8,
}

/// The table `mail_outbox`.
#[derive(Debug, Clone, Copy)]
pub struct MailOutboxStore;

impl MailOutboxStore {
    /// Queues a mail.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        id: Uuid,
        kind: &str,
        sealed: Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(id),
            kind: Set(kind.to_owned()),
            sealed: Set(Some(sealed)),
            state: Set("queued".to_owned()),
            attempts: Set(0),
            due_at: Set(now),
            lease_until: Set(None),
            created_at: Set(now),
            sent_at: Set(None),
            last_error: Set(None),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Takes mails that are due, and those that a worker took and never came back with. Workers
    /// that do this at the same time take different ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(
        tx: &DatabaseTransaction,
        limit: u32,
        lease: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        let due = sql::select::<DueRow, 3>(
            "SELECT id, sealed, attempts FROM mail_outbox \
             WHERE (state = 'queued' AND due_at <= ?) OR (state = 'sending' AND lease_until <= ?) \
             ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED",
            [now.into(), now.into(), limit.into()],
        );
        let mut leased = Vec::new();
        for row in due.all(tx).await? {
            sql::execute(
                tx,
                "UPDATE mail_outbox SET state = 'sending', attempts = LEAST(attempts + 1, 255), \
                 lease_until = ? WHERE id = ?",
                [(now + lease).into(), row.id.into()],
            )
            .await?;
            leased.push(LeasedMail {
                id: row.id,
                sealed: row.sealed.unwrap_or_default(),
                attempts: row.attempts.saturating_add(1),
            });
        }
        Ok(leased)
    }

    /// Notes that a mail went out, and empties it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sent(
        conn: &impl ConnectionTrait,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE mail_outbox SET state = 'sent', sent_at = ?, sealed = NULL, lease_until = NULL, \
             last_error = NULL WHERE id = ?",
            [now.into(), id.into()],
        )
        .await?;
        Ok(())
    }

    /// Notes why a mail did not go out, and when to try again; without a time it is given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn failed(
        conn: &impl ConnectionTrait,
        id: Uuid,
        error: &str,
        again_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let state = if again_at.is_some() {
            "queued"
        } else {
            "failed"
        };
        let error: String = error.chars().take(500).collect();
        sql::execute(
            conn,
            "UPDATE mail_outbox SET state = ?, last_error = ?, due_at = COALESCE(?, due_at), \
             lease_until = NULL WHERE id = ? AND state = 'sending'",
            [state.into(), error.into(), again_at.into(), id.into()],
        )
        .await?;
        Ok(())
    }
}
