//! What a grant is on: a live folder or grid that the caller sees.

use kernel::{FolderId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::access::{Level, Viewer};
use tr_domain::event::{Event, EventKind, FieldChange};
use tr_domain::{ObjectKind, WorkItemKind};
use tr_store::folders::FolderRow;
use tr_store::work_items::ItemRow;
use tr_store::{StoreError, folders, work_items};
use uuid::Uuid;

use super::error::GrantError;
use crate::error::{Denied, allow};
use crate::events::{folder_event, item_event};

/// A folder or grid.
pub(super) enum Object {
    /// A folder, and what the caller may do.
    Folder(Box<FolderRow>, Level),
    /// A grid.
    Grid(Box<ItemRow>),
}

impl Object {
    /// Finds it.
    pub(super) async fn find(
        conn: &impl ConnectionTrait,
        viewer: &Viewer,
        id: Uuid,
    ) -> Result<Option<Self>, StoreError> {
        let grid = work_items::find(conn, viewer, WorkItemId::from_uuid(id)).await?;
        if let Some(grid) = grid {
            let seen = grid.level.is_some() && grid.kind == WorkItemKind::Grid;
            return Ok(seen.then(|| Self::Grid(Box::new(grid))));
        }
        let folder = folders::find(conn, viewer, FolderId::from_uuid(id)).await?;
        // A folder on the way to something seen is seen, and nothing may be done with it.
        Ok(folder.map(|row| {
            let level = row.level.unwrap_or(Level::View);
            Self::Folder(Box::new(row), level)
        }))
    }

    /// Finds one that the caller manages.
    pub(super) async fn managed(
        conn: &impl ConnectionTrait,
        viewer: &Viewer,
        id: Uuid,
    ) -> Result<Self, GrantError> {
        let object = Self::find(conn, viewer, id)
            .await?
            .ok_or(Denied::NotFound)?;
        let level = match &object {
            Self::Folder(_, level) => Some(*level),
            Self::Grid(grid) => grid.level,
        };
        allow(level, Level::Manage)?;
        Ok(object)
    }

    /// What it is.
    pub(super) const fn kind(&self) -> ObjectKind {
        match self {
            Self::Folder(..) => ObjectKind::Folder,
            Self::Grid(_) => ObjectKind::Grid,
        }
    }

    /// The event of a change of its grants.
    pub(super) fn event(&self, changes: Vec<FieldChange>) -> Event {
        match self {
            Self::Folder(row, _) => folder_event(EventKind::GrantChanged, row, changes),
            Self::Grid(grid) => item_event(EventKind::GrantChanged, grid, changes),
        }
    }
}
