//! Accounts of the platform's own staff.

use chrono::{DateTime, Utc};
use cp_domain::{Email, StaffRole, TOTP_HARD_STOP};
use kernel::StaffId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use crate::{StoreError, sql};

/// A member of staff.
#[derive(Debug, Clone)]
pub struct Staff {
    /// The account.
    pub id: StaffId,
    /// The address to sign in with.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// The hash of the password (PHC string).
    pub password_hash: String,
    /// The sealed secret of the second factor.
    pub totp_secret: Vec<u8>,
    /// Since when they may not sign in.
    pub disabled_at: Option<DateTime<Utc>>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub name: String,
        pub role: String,
        pub password_hash: String,
        #[sea_orm(column_type = "VarBinary(StringLen::N(256))")]
        pub totp_secret: Vec<u8>,
        pub totp_last_step: i64,
        pub totp_failures: u16,
        pub created_at: DateTimeUtc,
        pub disabled_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<entity::Model> for Staff {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("staff", column);
        Ok(Self {
            id: row.id.into(),
            email: Email::parse(&row.email).map_err(|_| corrupt("email"))?,
            name: row.name,
            role: row.role.parse().map_err(|_| corrupt("role"))?,
            password_hash: row.password_hash,
            totp_secret: row.totp_secret,
            disabled_at: row.disabled_at,
        })
    }
}

/// The table `staff`.
#[derive(Debug, Clone, Copy)]
pub struct StaffStore;

impl StaffStore {
    /// The account of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: StaffId,
    ) -> Result<Option<Staff>, StoreError> {
        entity::Entity::find_by_id(id.as_uuid())
            .one(conn)
            .await?
            .map(Staff::try_from)
            .transpose()
    }

    /// The account of this address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_email(
        conn: &impl ConnectionTrait,
        email: &Email,
    ) -> Result<Option<Staff>, StoreError> {
        entity::Entity::find()
            .filter(entity::Column::Email.eq(email.as_str()))
            .one(conn)
            .await?
            .map(Staff::try_from)
            .transpose()
    }

    /// Every account, by address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Staff>, StoreError> {
        let rows = entity::Entity::find()
            .order_by_asc(entity::Column::Email)
            .all(conn)
            .await?;
        rows.into_iter().map(Staff::try_from).collect()
    }

    /// Gives the account another password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(
        conn: &impl ConnectionTrait,
        id: StaffId,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET password_hash = ? WHERE id = ?",
            [hash.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Closes the second factor until another is given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_totp(conn: &impl ConnectionTrait, id: StaffId) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET totp_failures = ? WHERE id = ?",
            [TOTP_HARD_STOP.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Adds an account.
    ///
    /// # Errors
    /// When the address is taken or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        staff: &Staff,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(staff.id.as_uuid()),
            email: Set(staff.email.as_str().to_owned()),
            name: Set(staff.name.clone()),
            role: Set(staff.role.as_str().to_owned()),
            password_hash: Set(staff.password_hash.clone()),
            totp_secret: Set(staff.totp_secret.clone()),
            totp_last_step: Set(0),
            totp_failures: Set(0),
            created_at: Set(now),
            disabled_at: Set(None),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Replaces a hash by one of the same password with stronger parameters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rehash(
        conn: &impl ConnectionTrait,
        id: StaffId,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET password_hash = ? WHERE id = ? AND password_hash = ?",
            [new.into(), id.as_uuid().into(), old.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Counts a code before it is looked at; answers false when there were too many wrong ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_code(conn: &impl ConnectionTrait, id: StaffId) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET totp_failures = totp_failures + 1 \
             WHERE id = ? AND totp_failures < ? AND disabled_at IS NULL",
            [id.as_uuid().into(), TOTP_HARD_STOP.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Uses up a step of the second factor: of several requests with one code, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_step(
        conn: &impl ConnectionTrait,
        id: StaffId,
        step: u64,
    ) -> Result<bool, StoreError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let changed = sql::execute(
            conn,
            "UPDATE staff SET totp_last_step = ?, totp_failures = 0 \
             WHERE id = ? AND totp_last_step < ? AND disabled_at IS NULL",
            [step.into(), id.as_uuid().into(), step.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Gives the account another secret for the second factor and opens it again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reset_totp(
        conn: &impl ConnectionTrait,
        id: StaffId,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET totp_secret = ?, totp_last_step = 0, totp_failures = 0 WHERE id = ?",
            [sealed.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }
}
