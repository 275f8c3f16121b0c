//! People: who may sign in, whatever the tenant.

use chrono::{DateTime, Utc};
use cp_domain::Email;
use kernel::PersonId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
};

use crate::{StoreError, sql};

/// A human being with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// The address, unique across the platform.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// The hash of the password (PHC string); none before the first invitation was accepted.
    pub password_hash: Option<String>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub name: String,
        pub password_hash: Option<String>,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<entity::Model> for Person {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            email: read_email(&row.email)?,
            name: row.name,
            password_hash: row.password_hash,
        })
    }
}

pub(crate) fn read_email(text: &str) -> Result<Email, StoreError> {
    Email::parse(text).map_err(|_| StoreError::corrupt("people", "email"))
}

/// The table `people`.
#[derive(Debug, Clone, Copy)]
pub struct PersonStore;

impl PersonStore {
    /// The person of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: PersonId,
    ) -> Result<Option<Person>, StoreError> {
        entity::Entity::find_by_id(id.as_uuid())
            .one(conn)
            .await?
            .map(Person::try_from)
            .transpose()
    }

    /// The person of this address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_email(
        conn: &impl ConnectionTrait,
        email: &Email,
    ) -> Result<Option<Person>, StoreError> {
        entity::Entity::find()
            .filter(entity::Column::Email.eq(email.as_str()))
            .one(conn)
            .await?
            .map(Person::try_from)
            .transpose()
    }

    /// The person of this address, made when there is none. Safe against a second request that
    /// does the same.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_or_insert(
        conn: &impl ConnectionTrait,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Person, StoreError> {
        sql::execute(
            conn,
            "INSERT INTO people (id, email, name, password_hash, created_at, updated_at) \
             VALUES (?, ?, ?, NULL, ?, ?) ON DUPLICATE KEY UPDATE id = id",
            [
                person.id.as_uuid().into(),
                person.email.as_str().into(),
                person.name.as_str().into(),
                now.into(),
                now.into(),
            ],
        )
        .await?;
        let row = sql::select::<entity::Model, 1>(
            "SELECT * FROM people WHERE email = ? LOCK IN SHARE MODE",
            [person.email.as_str().into()],
        );
        row.one(conn)
            .await?
            .ok_or(StoreError::Missing("person"))?
            .try_into()
    }

    /// Adds a person.
    ///
    /// # Errors
    /// When the address is taken or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(person.id.as_uuid()),
            email: Set(person.email.as_str().to_owned()),
            name: Set(person.name.clone()),
            password_hash: Set(person.password_hash.clone()),
            created_at: Set(now),
            updated_at: Set(now),
        };
        row.insert(conn).await?;
        Ok(())
    }

    /// Gives a person the first password, and the name they prefer; answers false when they had a
    /// password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_first_password(
        conn: &impl ConnectionTrait,
        id: PersonId,
        hash: &str,
        name: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE people SET password_hash = ?, name = COALESCE(?, name), updated_at = ? \
             WHERE id = ? AND password_hash IS NULL",
            [
                hash.into(),
                name.map(str::to_owned).into(),
                now.into(),
                id.as_uuid().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// The person, kept as they are until the transaction ends: nobody changes their credentials
    /// meanwhile.
    ///
    /// # Errors
    /// When there is no such person or the database fails.
    pub async fn lock(conn: &impl ConnectionTrait, id: PersonId) -> Result<Person, StoreError> {
        let row = sql::select::<entity::Model, 1>(
            "SELECT * FROM people WHERE id = ? FOR UPDATE",
            [id.as_uuid().into()],
        );
        row.one(conn)
            .await?
            .ok_or(StoreError::Missing("person"))?
            .try_into()
    }

    /// Gives a person another password, unless it was changed meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(
        conn: &impl ConnectionTrait,
        id: PersonId,
        old: Option<&str>,
        new: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE people SET password_hash = ?, password_changed_at = ?, updated_at = ? \
             WHERE id = ? AND password_hash <=> ?",
            [
                new.into(),
                now.into(),
                now.into(),
                id.as_uuid().into(),
                old.map(str::to_owned).into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Gives a person another address.
    ///
    /// # Errors
    /// When the address is taken or the database fails.
    pub async fn set_email(
        conn: &impl ConnectionTrait,
        id: PersonId,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE people SET email = ?, updated_at = ? WHERE id = ?",
            [email.as_str().into(), now.into(), id.as_uuid().into()],
        )
        .await?;
        // The tenants' databases show the address too: their projections are of an older version.
        sql::execute(
            conn,
            "UPDATE memberships SET version = version + 1, updated_at = ? WHERE person_id = ?",
            [now.into(), id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// Replaces a hash by one of the same password with stronger parameters, unless the password
    /// was changed meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rehash(
        conn: &impl ConnectionTrait,
        id: PersonId,
        old: &str,
        new: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE people SET password_hash = ?, updated_at = ? WHERE id = ? AND password_hash = ?",
            [new.into(), now.into(), id.as_uuid().into(), old.into()],
        );
        Ok(changed.await? == 1)
    }
}
