//! Settings: one row of JSON for the tenant and for each member who chose anything.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};
use tr_domain::notifications::{OwnSettings, TenantSettings};
use uuid::Uuid;

use crate::StoreError;
use crate::sql::Sql;

/// Whose row the tenant's is.
pub const TENANT: Uuid = Uuid::nil();

/// What the tenant decided.
///
/// # Errors
/// When the database fails.
pub async fn tenant_settings(conn: &impl ConnectionTrait) -> Result<TenantSettings, StoreError> {
    one(conn, TENANT).await
}

/// What a member chose.
///
/// # Errors
/// When the database fails.
pub async fn own_settings(
    conn: &impl ConnectionTrait,
    member: MemberId,
) -> Result<OwnSettings, StoreError> {
    one(conn, member.as_uuid()).await
}

/// What a member chose, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_own_settings(
    conn: &impl ConnectionTrait,
    member: MemberId,
    at: DateTime<Utc>,
) -> Result<OwnSettings, StoreError> {
    Sql::new(
        "INSERT IGNORE INTO notification_settings (owner_id, settings, updated_at) \
         VALUES (?, '{}', ?)",
    )
    .bind(member.as_uuid())
    .bind(at)
    .run(conn)
    .await?;
    let locked =
        Sql::new("SELECT settings FROM notification_settings WHERE owner_id = ? FOR UPDATE")
            .bind(member.as_uuid())
            .one(conn, |c| parsed(c.get()?))
            .await?;
    Ok(locked.unwrap_or_default())
}

/// What these members chose, of whom there is at least one; those who chose nothing are left out.
///
/// # Errors
/// When the database fails.
pub async fn settings_of(
    conn: &impl ConnectionTrait,
    members: &[MemberId],
) -> Result<BTreeMap<MemberId, OwnSettings>, StoreError> {
    let rows = Sql::new("SELECT owner_id, settings FROM notification_settings WHERE owner_id IN ")
        .ids(members.iter().copied())
        .all(conn, |c| {
            let member: MemberId = c.id()?;
            Ok((member, parsed(c.get()?)?))
        })
        .await?;
    Ok(rows.into_iter().collect())
}

/// Puts settings in the place of those that are there.
///
/// # Errors
/// When the database fails.
pub async fn put_settings(
    conn: &impl ConnectionTrait,
    owner: Uuid,
    settings: &impl Serialize,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(settings)?;
    Sql::new(
        "INSERT INTO notification_settings (owner_id, settings, updated_at) VALUES (?, ?, ?) \
         ON DUPLICATE KEY UPDATE settings = VALUE(settings), updated_at = VALUE(updated_at)",
    )
    .bind(owner)
    .bind(text)
    .bind(at)
    .run(conn)
    .await
    .map(drop)
}

async fn one<T: DeserializeOwned + Default>(
    conn: &impl ConnectionTrait,
    owner: Uuid,
) -> Result<T, StoreError> {
    let found = Sql::new("SELECT settings FROM notification_settings WHERE owner_id = ?")
        .bind(owner)
        .one(conn, |c| parsed(c.get()?))
        .await?;
    Ok(found.unwrap_or_default())
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
}
