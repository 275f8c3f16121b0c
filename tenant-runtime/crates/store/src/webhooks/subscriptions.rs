//! Webhooks as those see them who write deliveries and send them.

use chrono::{DateTime, Utc};
use kernel::{FolderId, WebhookId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::DisabledReason;
use tr_domain::webhook::Kinds;

use super::words;
use crate::StoreError;
use crate::folders;
use crate::sql::Sql;

/// What a webhook wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The webhook.
    pub id: WebhookId,
    /// Events of these kinds.
    pub kinds: Kinds,
    /// Only in this grid.
    pub grid: Option<WorkItemId>,
    /// Only in this folder or below.
    pub folder: Option<FolderId>,
}

/// The subscriptions of webhooks that are not disabled.
///
/// # Errors
/// When the database fails.
pub async fn subscriptions(conn: &impl ConnectionTrait) -> Result<Vec<Subscription>, StoreError> {
    Sql::new("SELECT id, kinds, grid_id, folder_id FROM webhooks WHERE disabled_at IS NULL")
        .all(conn, |c| {
            Ok(Subscription {
                id: c.id()?,
                kinds: Kinds::stored(words(c)?),
                grid: c.id_opt()?,
                folder: c.id_opt()?,
            })
        })
        .await
}

/// Notes that a webhook's receiver took something.
///
/// # Errors
/// When the database fails.
pub async fn succeeded(conn: &impl ConnectionTrait, id: WebhookId) -> Result<(), StoreError> {
    Sql::new("UPDATE webhooks SET failures = 0, failing_since = NULL WHERE id = ? AND failures > 0")
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Notes that a webhook's receiver did not take something, and tells since when that is so.
///
/// # Errors
/// When the database fails.
pub async fn failed(
    conn: &impl ConnectionTrait,
    id: WebhookId,
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    Sql::new(
        "UPDATE webhooks SET failures = failures + 1, failing_since = COALESCE(failing_since, ?) \
         WHERE id = ?",
    )
    .bind(at)
    .bind(id.as_uuid())
    .run(conn)
    .await?;
    Sql::new("SELECT failing_since FROM webhooks WHERE id = ?")
        .bind(id.as_uuid())
        .one(conn, |c| c.time())
        .await
}

/// Disables a webhook, and tells whether it was not before.
///
/// # Errors
/// When the database fails.
pub async fn disable(
    conn: &impl ConnectionTrait,
    id: WebhookId,
    reason: DisabledReason,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let changed = Sql::new(
        "UPDATE webhooks SET disabled_at = ?, disabled_reason = ?, revision = revision + 1, \
         updated_at = ? WHERE id = ? AND disabled_at IS NULL",
    )
    .bind(at)
    .bind(reason.as_str())
    .bind(at)
    .bind(id.as_uuid())
    .run(conn)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// The folders that something lies in, from its own up: a folder itself, or those of a grid.
///
/// # Errors
/// When the database fails.
pub async fn folders_above(
    conn: &impl ConnectionTrait,
    grid: Option<WorkItemId>,
    folder: Option<FolderId>,
) -> Result<Vec<FolderId>, StoreError> {
    let folder = match (folder, grid) {
        (Some(folder), _) => Some(folder),
        (None, Some(grid)) => {
            let sql = Sql::new("SELECT folder_id FROM work_items WHERE id = ?");
            let found = sql.bind(grid.as_uuid()).one(conn, |c| c.id_opt()).await?;
            found.flatten()
        }
        (None, None) => None,
    };
    match folder {
        Some(folder) => folders::path(conn, folder).await,
        None => Ok(Vec::new()),
    }
}
