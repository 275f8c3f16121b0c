//! Following the link of a mail. Whoever has it needs nothing else; it shows nothing of the tenant,
//! and turns off mail of what it names, for whom it names.

use chrono::{DateTime, Utc};
use db::TenantDb;
use tr_store::notifications as store;

use super::error::NotificationError;
use super::link::{Link, LinkKey};
use crate::error::Denied;

/// What a link is for.
///
/// # Errors
/// When it is none of the tenant's, or the database fails.
pub async fn link_subject(db: &TenantDb, segment: &str) -> Result<Link, NotificationError> {
    let key = store::key(db.conn()).await?.ok_or(Denied::NotFound)?;
    let link = LinkKey::new(key).read(segment).ok_or(Denied::NotFound)?;
    Ok(link)
}

/// Turns off what a link is for. Following it again changes nothing.
///
/// # Errors
/// When it is none of the tenant's, or the database fails.
pub async fn unsubscribe(
    db: &TenantDb,
    segment: &str,
    now: DateTime<Utc>,
) -> Result<Link, NotificationError> {
    let link = link_subject(db, segment).await?;
    let tx = db.begin().await.map_err(tr_store::StoreError::from)?;
    let mut own = store::lock_own_settings(&tx, link.member, now).await?;
    own.unsubscribed.extend(link.triggers.iter().copied());
    store::put_settings(&tx, link.member.as_uuid(), &own, now).await?;
    tx.commit().await.map_err(tr_store::StoreError::from)?;
    Ok(link)
}
