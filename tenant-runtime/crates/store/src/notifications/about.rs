//! What notifications are about and whom it concerns, whoever may see it.

use std::collections::BTreeSet;

use kernel::{GroupId, MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::WorkItemKind;
use tr_domain::access::Viewer;
use tr_domain::notifications::Present;
use uuid::Uuid;

use super::rows::present;
use crate::StoreError;
use crate::members::{self, MemberRow, SYSTEM_GROUPS_OF_M};
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

/// Those of these members who are still there and see what lies in a grid, or a folder.
///
/// # Errors
/// When the database fails.
pub async fn seeing(
    conn: &impl ConnectionTrait,
    members: &[MemberId],
    scope: Uuid,
) -> Result<BTreeSet<MemberId>, StoreError> {
    let seeing = Sql::new("SELECT m.id FROM members m WHERE m.id IN ")
        .ids(members.iter().copied())
        .text(
            " AND m.state <> 'archived' AND ((m.role = 'architect' AND NOT m.external) \
             OR EXISTS (SELECT 1 FROM grants sg \
             LEFT JOIN member_groups s ON s.id = sg.group_id \
             LEFT JOIN group_members sm ON sm.group_id = sg.group_id AND sm.member_id = m.id \
             WHERE sg.object_id = ? AND (sg.member_id = m.id OR sm.member_id IS NOT NULL OR ",
        )
        .bind(scope)
        .text(SYSTEM_GROUPS_OF_M)
        .text(")))")
        .all(conn, |c| c.id())
        .await?;
    Ok(seeing.into_iter().collect())
}
