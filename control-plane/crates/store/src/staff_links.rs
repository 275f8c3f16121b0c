//! Links by which staff choose a password and take a second factor. Single use.

use chrono::{DateTime, Utc};
use cp_domain::{Email, StaffRole, TokenHash};
use kernel::{Limit, StaffId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// Wrong codes after which a link is good no more.
const CODES: u16 = 10;

/// A link.
#[derive(Debug, Clone)]
pub struct StaffLink {
    /// Its id.
    pub id: Uuid,
    /// Whose factors it sets anew; none for a new account.
    pub staff: Option<StaffId>,
    /// The address it was sent to.
    pub email: Email,
    /// The name that the account gets or has.
    pub name: String,
    /// The role that the account gets or has.
    pub role: StaffRole,
    /// The sealed secret of the second factor, for this link.
    pub totp_secret: Vec<u8>,
    /// Who made it; none for a command on the server.
    pub created_by: Option<StaffId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    staff_id: Option<Uuid>,
    email: String,
    name: String,
    role: String,
    totp_secret: Vec<u8>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for StaffLink {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("staff_links", column);
        Ok(Self {
            id: row.id,
            staff: row.staff_id.map(Into::into),
            email: Email::parse(&row.email).map_err(|_| corrupt("email"))?,
            name: row.name,
            role: row.role.parse().map_err(|_| corrupt("role"))?,
            totp_secret: row.totp_secret,
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

const COLUMNS: &str =
    "id, staff_id, email, name, role, totp_secret, created_by, created_at, expires_at";
/// What makes a link usable; takes the present time.
const OPEN: &str = "used_at IS NULL AND revoked_at IS NULL AND expires_at > ?";

/// The table `staff_links`.
#[derive(Debug, Clone, Copy)]
pub struct StaffLinkStore;

impl StaffLinkStore {
    /// The link of this id, whether or not it may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: Uuid,
    ) -> Result<Option<StaffLink>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM staff_links WHERE id = ?");
        let row = sql::select::<Row, 1>(&text, [id.into()]);
        row.one(conn).await?.map(StaffLink::try_from).transpose()
    }

    /// The link of this secret, when it may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_open(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<StaffLink>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM staff_links WHERE token_hash = ? AND {OPEN} AND failures < ?"
        );
        let hash = hash.as_bytes().to_vec();
        let row = sql::select::<Row, 3>(&text, [hash.into(), now.into(), CODES.into()]);
        row.one(conn).await?.map(StaffLink::try_from).transpose()
    }

    /// Links that may be used, from the newest on, before one of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_open(
        conn: &impl ConnectionTrait,
        before: Option<Uuid>,
        now: DateTime<Utc>,
        limit: Limit,
    ) -> Result<Vec<StaffLink>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM staff_links WHERE id < ? AND {OPEN} ORDER BY id DESC LIMIT ?"
        );
        let before = before.unwrap_or(Uuid::max());
        let values = [before.into(), now.into(), limit.plus_one().into()];
        let rows = sql::select::<Row, 3>(&text, values).all(conn).await?;
        rows.into_iter().map(StaffLink::try_from).collect()
    }

    /// Adds a link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        link: &StaffLink,
        hash: &TokenHash,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO staff_links (id, token_hash, staff_id, email, name, role, totp_secret, \
             created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                link.id.into(),
                hash.as_bytes().to_vec().into(),
                link.staff.map(StaffId::as_uuid).into(),
                link.email.as_str().into(),
                link.name.as_str().into(),
                link.role.as_str().into(),
                link.totp_secret.clone().into(),
                link.created_by.map(StaffId::as_uuid).into(),
                link.created_at.into(),
                link.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Counts a code before it is looked at; answers false when there were too many wrong ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_code(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE staff_links SET failures = failures + 1 WHERE id = ? AND failures < ?",
            [id.into(), CODES.into()],
        );
        Ok(changed.await? == 1)
    }

    /// Uses the link up: of several requests, one gets true.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_up(
        conn: &impl ConnectionTrait,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = format!("UPDATE staff_links SET used_at = ? WHERE id = ? AND {OPEN}");
        let values = [now.into(), id.into(), now.into()];
        Ok(sql::execute(conn, &text, values).await? == 1)
    }

    /// Withdraws a link; answers false when it was good no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = format!("UPDATE staff_links SET revoked_at = ? WHERE id = ? AND {OPEN}");
        let values = [now.into(), id.into(), now.into()];
        Ok(sql::execute(conn, &text, values).await? == 1)
    }

    /// Withdraws every link that was sent to an address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_of(
        conn: &impl ConnectionTrait,
        email: &Email,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let text = format!("UPDATE staff_links SET revoked_at = ? WHERE email = ? AND {OPEN}");
        sql::execute(conn, &text, [now.into(), email.as_str().into(), now.into()]).await
    }
}
