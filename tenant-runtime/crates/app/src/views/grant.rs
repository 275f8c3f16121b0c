//! A right of a member or group on a folder or grid.

use chrono::{DateTime, Utc};
use kernel::{GrantId, Revision};
use serde::{Deserialize, Serialize};
use tr_domain::ObjectKind;
use tr_domain::access::{Level, Subject};
use tr_store::grants::GrantRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// What sort of holder a grant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// One member.
    Member,
    /// Everyone in a group.
    Group,
}

/// A right on a folder or grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantView {
    /// The grant.
    #[schema(value_type = Uuid)]
    pub id: GrantId,
    /// The folder or grid.
    pub object_id: Uuid,
    /// `folder` or `grid`.
    #[schema(value_type = String, pattern = "^(folder|grid)$")]
    pub object: ObjectKind,
    /// What sort of holder.
    pub subject: SubjectType,
    /// The member or group.
    pub subject_id: Uuid,
    /// The holder's name.
    pub subject_name: String,
    /// `view`, `edit` or `manage`.
    #[schema(value_type = String, pattern = "^(view|edit|manage)$")]
    pub level: Level,
    /// How often it was changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was given.
    pub created_at: DateTime<Utc>,
}

impl From<GrantRow> for GrantView {
    fn from(row: GrantRow) -> Self {
        let (subject, subject_id) = match row.subject {
            Subject::Member(member) => (SubjectType::Member, member.as_uuid()),
            Subject::Group(group) => (SubjectType::Group, group.as_uuid()),
        };
        Self {
            id: row.id,
            object_id: row.object_id,
            object: row.object,
            subject,
            subject_id,
            subject_name: row.subject_name,
            level: row.level,
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
