//! Accounts of staff as they are administered: lists, roles, who may sign in.

use chrono::{DateTime, Utc};
use cp_domain::{Email, StaffRole, TOTP_HARD_STOP};
use kernel::{Limit, StaffId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// An account without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAccount {
    /// The account.
    pub id: StaffId,
    /// The address to sign in with.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Whether the second factor is closed until it is set anew.
    pub second_factor_closed: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// Since when they may not sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When they last signed in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    totp_failures: u16,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
    last_sign_in_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for StaffAccount {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("staff", column);
        Ok(Self {
            id: row.id.into(),
            email: Email::parse(&row.email).map_err(|_| corrupt("email"))?,
            name: row.name,
            role: row.role.parse().map_err(|_| corrupt("role"))?,
            second_factor_closed: row.totp_failures >= TOTP_HARD_STOP,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            last_sign_in_at: row.last_sign_in_at,
        })
    }
}

const SELECT: &str = "SELECT s.id, s.email, s.name, s.role, s.totp_failures, s.created_at, \
     s.disabled_at, (SELECT MAX(n.created_at) FROM staff_sessions n \
     WHERE n.staff_id = s.id AND n.state = 'active') AS last_sign_in_at FROM staff s";

/// The table `staff`, for administration.
#[derive(Debug, Clone, Copy)]
pub struct StaffAccountStore;

impl StaffAccountStore {
    /// One account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: StaffId,
    ) -> Result<Option<StaffAccount>, StoreError> {
        let text = format!("{SELECT} WHERE s.id = ?");
        let row = sql::select::<Row, 1>(&text, [id.as_uuid().into()]);
        row.one(conn).await?.map(StaffAccount::try_from).transpose()
    }

    /// Accounts by address, after one of them; only those whose address or name begins so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        beginning: &str,
        after: &str,
        limit: Limit,
    ) -> Result<Vec<StaffAccount>, StoreError> {
        let text = format!(
            "{SELECT} WHERE s.email > ? AND (LOCATE(?, s.email) = 1 OR LOCATE(?, s.name) = 1) \
             ORDER BY s.email LIMIT ?"
        );
        let address = beginning.to_lowercase();
        let values = [
            after.into(),
            address.into(),
            beginning.into(),
            limit.plus_one().into(),
        ];
        let rows = sql::select::<Row, 4>(&text, values).all(conn).await?;
        rows.into_iter().map(StaffAccount::try_from).collect()
    }

    /// The ids of owners who may sign in, locked until the transaction ends, so that of two who
    /// take the last two away one sees the other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_owners(conn: &impl ConnectionTrait) -> Result<Vec<StaffId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Id {
            id: Uuid,
        }
        let rows = sql::select::<Id, 0>(
            "SELECT id FROM staff WHERE role = 'owner' AND disabled_at IS NULL \
             ORDER BY id FOR UPDATE",
            [],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(|row| row.id.into()).collect())
    }

    /// Gives an account another role; answers false when it has it already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_role(
        conn: &impl ConnectionTrait,
        id: StaffId,
        role: StaffRole,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET role = ? WHERE id = ? AND role <> ?",
            [
                role.as_str().into(),
                id.as_uuid().into(),
                role.as_str().into(),
            ],
        );
        Ok(changed.await? == 1)
    }

    /// Closes an account; answers false when it was closed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable(
        conn: &impl ConnectionTrait,
        id: StaffId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL",
            [now.into(), id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Opens an account again; answers false when it was open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable(conn: &impl ConnectionTrait, id: StaffId) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff SET disabled_at = NULL WHERE id = ? AND disabled_at IS NOT NULL",
            [id.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }
}
