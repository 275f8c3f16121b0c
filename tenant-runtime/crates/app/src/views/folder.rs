//! A folder, as far as the caller may see it.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, Revision};
use serde::Serialize;
use tr_domain::access::Level;
use tr_store::folders::FolderRow;
use utoipa::ToSchema;

/// How much of a folder the caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderAccess {
    /// Its name only: it is on the way to something that they may see.
    Path,
    /// All inside.
    View,
    /// May change it and create in it.
    Edit,
    /// Also grants and deletion.
    Manage,
}

impl From<Option<Level>> for FolderAccess {
    fn from(level: Option<Level>) -> Self {
        match level {
            None => Self::Path,
            Some(Level::View) => Self::View,
            Some(Level::Edit) => Self::Edit,
            Some(Level::Manage) => Self::Manage,
        }
    }
}

/// A folder. Where `access` is `path`, only ids and the name are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FolderView {
    /// The folder.
    #[schema(value_type = Uuid)]
    pub id: FolderId,
    /// The folder it lies in; null for the root and for "My grids".
    #[schema(value_type = Option<Uuid>, required = true)]
    pub parent_id: Option<FolderId>,
    /// The member whose "My grids" it is.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub owner_id: Option<MemberId>,
    /// Its name.
    pub name: String,
    /// What the caller may do.
    pub access: FolderAccess,
    /// Order among siblings.
    #[schema(required = true)]
    pub position: Option<i64>,
    /// How often it was changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was created.
    #[schema(required = true)]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[schema(required = true)]
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<FolderRow> for FolderView {
    fn from(row: FolderRow) -> Self {
        let inside = row.level.is_some();
        Self {
            id: row.id,
            parent_id: row.parent_id,
            owner_id: row.owner_id,
            name: row.name,
            access: row.level.into(),
            position: inside.then_some(row.position),
            revision: row.revision,
            created_at: inside.then_some(row.created_at),
            updated_at: inside.then_some(row.updated_at),
        }
    }
}
