//! What notifications are about and whom it concerns, whoever may see it.

use kernel::{GroupId, MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::WorkItemKind;
use tr_domain::access::Viewer;
use tr_domain::notifications::Present;

use super::rows::present;
use crate::StoreError;
use crate::members::{self, MemberRow};
use crate::sql::Sql;

/// A live work item, as far as it matters to whom something is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its kind.
    pub kind: WorkItemKind,
    /// The grid it lies in, whose grants decide who sees it.
    pub grid_id: WorkItemId,
    /// The stage that it lies in.
    pub stage_id: Option<WorkItemId>,
    /// Who created it.
    pub created_by: MemberId,
    /// How it is now.
    pub present: Present,
}

/// A live work item.
///
/// # Errors
/// When the database fails.
pub async fn about(
    conn: &impl ConnectionTrait,
    item: WorkItemId,
) -> Result<Option<About>, StoreError> {
    Sql::new(
        "SELECT kind, grid_id, stage_id, created_by, assignee_id, completed_at IS NOT NULL, \
         start, finish, deadline FROM work_items WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(item.as_uuid())
    .one(conn, |c| {
        Ok(About {
            kind: c.word()?,
            grid_id: c.id()?,
            stage_id: c.id_opt()?,
            created_by: c.id()?,
            present: present(c)?,
        })
    })
    .await
}

/// Who has open work in a stage.
///
/// # Errors
/// When the database fails.
pub async fn workers(
    conn: &impl ConnectionTrait,
    stage: WorkItemId,
) -> Result<Vec<MemberId>, StoreError> {
    Sql::new(
        "SELECT DISTINCT assignee_id FROM work_items WHERE stage_id = ? \
         AND assignee_id IS NOT NULL AND completed_at IS NULL AND deleted_at IS NULL",
    )
    .bind(stage.as_uuid())
    .all(conn, |c| c.id())
    .await
}

/// Who is in a custom group; nobody in a system group, which has everybody.
///
/// # Errors
/// When the database fails.
pub async fn custom_group_members(
    conn: &impl ConnectionTrait,
    group: GroupId,
) -> Result<Vec<MemberId>, StoreError> {
    Sql::new("SELECT member_id FROM group_members WHERE group_id = ?")
        .bind(group.as_uuid())
        .all(conn, |c| c.id())
        .await
}

/// A member, whoever asks.
///
/// # Errors
/// When the database fails.
pub async fn person(
    conn: &impl ConnectionTrait,
    member: MemberId,
) -> Result<Option<MemberRow>, StoreError> {
    members::find(conn, &Viewer::of_everything(), member).await
}
