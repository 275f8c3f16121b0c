//! Sessions on the host of people: they open no tenant by themselves.

use chrono::{DateTime, Utc};
use cp_domain::{Email, PENDING_FAILURES, SessionStage, SignInMethod, TokenHash};
use kernel::{PersonId, PersonSessionId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, people::read_email, sessions::read_hash, sql};

/// A person's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSession {
    /// The session.
    pub id: PersonSessionId,
    /// The hash of the cookie's value.
    pub token_hash: TokenHash,
    /// Whose it is.
    pub person: PersonId,
    /// How far it has come.
    pub state: SessionStage,
    /// How the person proved who they are.
    pub method: SignInMethod,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub confirmed_at: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// The country of the address, when known.
    pub country: Option<String>,
    /// A short name of the device.
    pub device: String,
}

/// A session that may be used, with its owner as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonAccess {
    /// The session.
    pub id: PersonSessionId,
    /// Whose it is.
    pub person: PersonId,
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// How far it has come.
    pub state: SessionStage,
    /// How the person proved who they are.
    pub method: SignInMethod,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub confirmed_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person_sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "Binary(32)")]
        pub token_hash: Vec<u8>,
        pub person_id: Uuid,
        pub state: String,
        pub method: String,
        pub second_factor: bool,
        pub failures: u16,
        pub confirmed_at: DateTimeUtc,
        pub created_at: DateTimeUtc,
        pub last_seen_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
        pub revoked_at: Option<DateTimeUtc>,
        pub address: String,
        pub country: Option<String>,
        pub device: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
struct AccessRow {
    id: Uuid,
    token_hash: Vec<u8>,
    person_id: Uuid,
    email: String,
    name: String,
    state: String,
    method: String,
    second_factor: bool,
    confirmed_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
}

impl TryFrom<AccessRow> for PersonAccess {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("person_sessions", column);
        read_hash(&row.token_hash)?;
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            email: read_email(&row.email)?,
            name: row.name,
            state: SessionStage::parse(&row.state).ok_or_else(|| corrupt("state"))?,
            method: SignInMethod::parse(&row.method).ok_or_else(|| corrupt("method"))?,
            second_factor: row.second_factor,
            confirmed_at: row.confirmed_at,
            last_seen_at: row.last_seen_at,
        })
    }
}

/// The table `person_sessions`.
#[derive(Debug, Clone, Copy)]
pub struct PersonSessionStore;

impl PersonSessionStore {
    /// The session of this secret, when it may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_usable(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<PersonAccess>, StoreError> {
        let row = sql::select::<AccessRow, 2>(
            "SELECT s.id, s.token_hash, s.person_id, p.email, p.name, s.state, s.method, \
             s.second_factor, s.confirmed_at, s.last_seen_at \
             FROM person_sessions s JOIN people p ON p.id = s.person_id \
             WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ?",
            [hash.as_bytes().to_vec().into(), now.into()],
        );
        row.one(conn).await?.map(PersonAccess::try_from).transpose()
    }

    /// Adds a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        session: &PersonSession,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(session.id.as_uuid()),
            token_hash: Set(session.token_hash.as_bytes().to_vec()),
            person_id: Set(session.person.as_uuid()),
            state: Set(session.state.as_str().to_owned()),
            method: Set(session.method.as_str().to_owned()),
            second_factor: Set(session.second_factor),
            failures: Set(0),
            confirmed_at: Set(session.confirmed_at),
            created_at: Set(session.created_at),
            last_seen_at: Set(session.created_at),
            expires_at: Set(session.expires_at),
            revoked_at: Set(None),
            address: Set(session.address.clone()),
            country: Set(session.country.clone()),
            device: Set(session.device.clone()),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Counts a second factor before it is looked at; answers false when none is due any more, or
    /// too many were given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_factor(
        conn: &impl ConnectionTrait,
        id: PersonSessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE person_sessions SET failures = failures + 1 WHERE id = ? \
             AND state = 'second_factor' AND failures < ? AND revoked_at IS NULL \
             AND expires_at > ?",
            [id.as_uuid().into(), PENDING_FAILURES.into(), now.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Ends a session; answers false when it had ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        id: PersonSessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE person_sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
            [now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Ends all sessions of a person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all(
        conn: &impl ConnectionTrait,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE person_sessions SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL",
            [now.into(), person.as_uuid().into()],
        )
        .await
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        id: PersonSessionId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE person_sessions SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?",
            [now.into(), id.as_uuid().into(), now.into()],
        )
        .await?;
        Ok(())
    }
}
