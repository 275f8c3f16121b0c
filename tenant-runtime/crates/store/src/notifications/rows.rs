//! Notifications as their member finds them: with the names of what they are about, as far as they
//! see it now.

use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::{Limit, MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tr_domain::access::Viewer;
use tr_domain::notifications::{MailChoice, NotificationId, Present, Trigger};
use tr_domain::{LocalMinute, UnknownWord, WorkItemKind};
use uuid::Uuid;

use crate::StoreError;
use crate::access::visible;
use crate::members::known_to;
use crate::sql::{Columns, Sql};

/// What sort of thing a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A work item.
    WorkItem,
    /// A folder.
    Folder,
}

impl Object {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkItem => "work_item",
            Self::Folder => "folder",
        }
    }
}

impl std::str::FromStr for Object {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "work_item" => Ok(Self::WorkItem),
            "folder" => Ok(Self::Folder),
            _ => Err(UnknownWord {
                expected: &["work_item", "folder"],
            }),
        }
    }
}

/// A notification whose member sees what it is about.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct NotificationRow {
    pub id: NotificationId,
    pub trigger: Trigger,
    pub object: Object,
    pub object_id: Uuid,
    pub event_number: Option<u64>,
    pub detail: Value,
    pub occurred_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    /// Who did it, when the member may know them.
    pub actor: Option<(MemberId, String)>,
    /// What the thing is called.
    pub name: String,
    /// Of work items.
    pub item_kind: Option<WorkItemKind>,
    /// Of work items: the grid, by which they are seen.
    pub grid: Option<(WorkItemId, String)>,
    /// How the thing is now.
    pub present: Present,
}

/// The beginning of every statement that reads what the viewer was told, up to a condition.
fn select(viewer: &Viewer, columns: &str) -> Sql {
    Sql::new(format!(
        "SELECT {columns} FROM notifications n \
         LEFT JOIN work_items i ON n.object = 'work_item' AND i.id = n.object_id \
             AND i.deleted_at IS NULL \
         LEFT JOIN work_items g ON g.id = i.grid_id \
         LEFT JOIN folders f ON n.object = 'folder' AND f.id = n.object_id \
             AND f.deleted_at IS NULL \
         LEFT JOIN members m ON m.id = n.actor_id AND "
    ))
    .append(known_to(viewer))
    .text(" WHERE n.member_id = ? AND n.withdrawn_at IS NULL AND COALESCE(i.id, f.id) IS NOT NULL AND ")
    .bind(viewer.member.as_uuid())
    .append(visible(viewer, "COALESCE(i.grid_id, f.id)"))
}

const ROW: &str = "n.id, n.kind, n.object, n.object_id, n.event_number, n.detail, n.occurred_at, \
    n.created_at, n.read_at, m.id, m.name, COALESCE(i.name, f.name), i.kind, i.grid_id, g.name, \
    i.assignee_id, i.completed_at IS NOT NULL, i.start, i.finish, i.deadline";

fn read(c: &mut Columns<'_>) -> Result<NotificationRow, StoreError> {
    Ok(NotificationRow {
        id: c.id()?,
        trigger: c.word()?,
        object: c.word()?,
        object_id: c.get()?,
        event_number: c.get()?,
        detail: {
            let text: &str = c.get()?;
            serde_json::from_str(text)?
        },
        occurred_at: c.time()?,
        created_at: c.time()?,
        read_at: c.get()?,
        actor: named(c)?,
        name: c.get()?,
        item_kind: c.word_opt()?,
        grid: named(c)?,
        present: present(c)?,
    })
}

fn named<I: kernel::TypedId>(c: &mut Columns<'_>) -> Result<Option<(I, String)>, StoreError> {
    let (id, name): (Option<I>, Option<String>) = (c.id_opt()?, c.get()?);
    Ok(id.zip(name))
}

/// Reads assignee, completion, start, finish and deadline.
pub(super) fn present(c: &mut Columns<'_>) -> Result<Present, StoreError> {
    let assignee = c.id_opt()?;
    let completed = c.get::<i64>()? != 0;
    let mut minute = || -> Result<_, StoreError> {
        Ok(c.get::<Option<NaiveDateTime>>()?.map(LocalMinute::stored))
    };
    Ok(Present {
        assignee,
        completed,
        start: minute()?,
        finish: minute()?,
        deadline: minute()?,
    })
}

/// What the viewer was told in the app, the latest first, before a place.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    unread: bool,
    before: Option<NotificationId>,
    limit: Limit,
) -> Result<Vec<NotificationRow>, StoreError> {
    let mut sql = select(viewer, ROW).text(" AND n.in_app");
    if unread {
        sql = sql.text(" AND n.read_at IS NULL");
    }
    if let Some(id) = before {
        sql = sql.text(" AND n.id < ?").bind(kernel::TypedId::as_uuid(id));
    }
    sql.text(" ORDER BY n.id DESC")
        .page(limit)
        .all(conn, read)
        .await
}

/// One of those.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: NotificationId,
) -> Result<Option<NotificationRow>, StoreError> {
    select(viewer, ROW)
        .text(" AND n.in_app AND n.id = ?")
        .bind(kernel::TypedId::as_uuid(id))
        .one(conn, read)
        .await
}

/// How many of those are unread.
///
/// # Errors
/// When the database fails.
pub async fn unread_count(conn: &impl ConnectionTrait, viewer: &Viewer) -> Result<u64, StoreError> {
    let count: Option<i64> = select(viewer, "COUNT(*)")
        .text(" AND n.in_app AND n.read_at IS NULL")
        .one(conn, |c| c.get())
        .await?;
    Ok(count
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0))
}

/// What the viewer is to be told in this way and has not read, the oldest first: of one thing or of
/// all. Of what another mail tells nothing; of what this one began to tell everything.
///
/// # Errors
/// When the database fails.
pub async fn to_mail(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    way: MailChoice,
    object: Option<Uuid>,
    mail: Uuid,
    most: usize,
) -> Result<Vec<NotificationRow>, StoreError> {
    let mut sql = select(viewer, ROW)
        .text(" AND n.read_at IS NULL AND n.mail = ? AND (n.mail_id IS NULL OR n.mail_id = ?)")
        .bind(way.as_str())
        .bind(mail);
    if let Some(object) = object {
        sql = sql.text(" AND n.object_id = ?").bind(object);
    }
    sql.text(&format!(" ORDER BY n.id LIMIT {most}"))
        .all(conn, read)
        .await
}
