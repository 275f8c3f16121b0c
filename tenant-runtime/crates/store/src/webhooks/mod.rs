//! Webhooks and the log of what was sent to them.

pub mod deliveries;
mod subscriptions;

use chrono::{DateTime, Utc};
use kernel::{FolderId, Limit, MemberId, Revision, WebhookId, WorkItemId};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::DisabledReason;

use crate::StoreError;
use crate::entities::webhook;
use crate::sql::{Columns, Sql, id_value};

pub use subscriptions::{Subscription, disable, failed, folders_above, subscriptions, succeeded};

/// A webhook. Its secrets are sealed.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct WebhookRow {
    pub id: WebhookId,
    pub url: String,
    pub description: String,
    pub kinds: Vec<String>,
    pub grid_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_until: Option<DateTime<Utc>>,
    pub failures: u32,
    pub failing_since: Option<DateTime<Utc>>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub disabled_reason: Option<DisabledReason>,
    pub created_by: MemberId,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookRow")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

const SELECT: &str = "SELECT id, url, description, kinds, grid_id, folder_id, secret, \
    previous_secret, previous_until, failures, failing_since, disabled_at, disabled_reason, \
    created_by, revision, created_at, updated_at FROM webhooks WHERE ";

fn read(c: &mut Columns<'_>) -> Result<WebhookRow, StoreError> {
    Ok(WebhookRow {
        id: c.id()?,
        url: c.get()?,
        description: c.get()?,
        kinds: words(c)?,
        grid_id: c.id_opt()?,
        folder_id: c.id_opt()?,
        secret: c.get()?,
        previous_secret: c.get()?,
        previous_until: c.get()?,
        failures: c.get()?,
        failing_since: c.get()?,
        disabled_at: c.get()?,
        disabled_reason: c.word_opt()?,
        created_by: c.id()?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

fn words(c: &mut Columns<'_>) -> Result<Vec<String>, StoreError> {
    let text: &str = c.get()?;
    Ok(serde_json::from_str(text)?)
}

/// A webhook.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    id: WebhookId,
) -> Result<Option<WebhookRow>, StoreError> {
    let sql = Sql::new(SELECT).text("id = ?").bind(id.as_uuid());
    sql.one(conn, read).await
}

/// A webhook, locked for a change.
///
/// # Errors
/// When the database fails.
pub async fn find_locked(
    conn: &impl ConnectionTrait,
    id: WebhookId,
) -> Result<Option<WebhookRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .text("id = ? FOR UPDATE")
        .bind(id.as_uuid());
    sql.one(conn, read).await
}

/// The webhooks after one, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    after: Option<WebhookId>,
    limit: Limit,
) -> Result<Vec<WebhookRow>, StoreError> {
    let sql = Sql::new(SELECT);
    let sql = match after {
        None => sql.text("TRUE"),
        Some(id) => sql.text("id > ?").bind(id.as_uuid()),
    };
    sql.text(" ORDER BY id").page(limit).all(conn, read).await
}

/// How many webhooks there are.
///
/// # Errors
/// When the database fails.
pub async fn count(conn: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let counted = Sql::new("SELECT COUNT(*) FROM webhooks");
    Ok(counted.one(conn, |c| c.get()).await?.unwrap_or_default())
}

/// Writes a new webhook.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &impl ConnectionTrait, row: &WebhookRow) -> Result<(), StoreError> {
    let row = row.clone();
    let model = webhook::Model {
        id: row.id.as_uuid(),
        url: row.url,
        description: row.description,
        kinds: row.kinds.into(),
        grid_id: row.grid_id.map(Into::into),
        folder_id: row.folder_id.map(Into::into),
        secret: row.secret,
        previous_secret: row.previous_secret,
        previous_until: row.previous_until,
        failures: row.failures,
        failing_since: row.failing_since,
        disabled_at: row.disabled_at,
        disabled_reason: row.disabled_reason.map(|reason| reason.to_string()),
        created_by: row.created_by.as_uuid(),
        revision: row.revision.0,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    webhook::Entity::insert(model.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Writes what a person changed of a webhook.
///
/// # Errors
/// When the database fails.
pub async fn update(conn: &impl ConnectionTrait, row: &WebhookRow) -> Result<(), StoreError> {
    let kinds = serde_json::to_string(&row.kinds)?;
    Sql::new(
        "UPDATE webhooks SET url = ?, description = ?, kinds = ?, grid_id = ?, folder_id = ?, \
         secret = ?, previous_secret = ?, previous_until = ?, failures = ?, failing_since = ?, \
         disabled_at = ?, disabled_reason = ?, revision = ?, updated_at = ? WHERE id = ?",
    )
    .bind(row.url.clone())
    .bind(row.description.clone())
    .bind(kinds)
    .bind(id_value(row.grid_id))
    .bind(id_value(row.folder_id))
    .bind(row.secret.clone())
    .bind(row.previous_secret.clone())
    .bind(row.previous_until)
    .bind(row.failures)
    .bind(row.failing_since)
    .bind(row.disabled_at)
    .bind(row.disabled_reason.map(DisabledReason::as_str))
    .bind(row.revision.0)
    .bind(row.updated_at)
    .bind(row.id.as_uuid())
    .run(conn)
    .await
    .map(drop)
}

/// Deletes a webhook; its log goes with age.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &impl ConnectionTrait, id: WebhookId) -> Result<(), StoreError> {
    Sql::new("DELETE FROM webhooks WHERE id = ?")
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}
