//! Finding the place of a new or moving item.

use kernel::{FolderId, WorkItemId};
use tr_domain::placement::check_parent;
use tr_domain::{Faults, WorkItemKind};
use tr_store::StoreError;
use tr_store::work_items::{ItemRow, Siblings};

use super::load::seen;
use crate::unit::Unit;

/// Where an item lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub grid_id: WorkItemId,
    pub parent_id: Option<WorkItemId>,
    pub folder_id: Option<FolderId>,
    pub stage_id: Option<WorkItemId>,
    pub theme_id: Option<WorkItemId>,
}

impl Place {
    /// A grid in a folder.
    pub(super) const fn of_grid(id: WorkItemId, folder: FolderId) -> Self {
        Self {
            grid_id: id,
            parent_id: None,
            folder_id: Some(folder),
            stage_id: None,
            theme_id: None,
        }
    }

    /// Where an item is.
    pub(super) const fn of(item: &ItemRow) -> Self {
        Self {
            grid_id: item.grid_id,
            parent_id: item.parent_id,
            folder_id: item.folder_id,
            stage_id: item.stage_id,
            theme_id: item.theme_id,
        }
    }

    /// Those among which an item of the kind has its order there.
    pub(super) const fn siblings(&self, kind: WorkItemKind) -> Option<Siblings> {
        match (self.parent_id, self.folder_id) {
            (Some(parent), _) => Some(Siblings::Children(parent, kind)),
            (None, Some(folder)) => Some(Siblings::Grids(folder)),
            (None, None) => None,
        }
    }
}

/// The place of an item of this kind in `parent`, whose grid is locked.
pub(super) async fn in_parent(
    unit: &Unit<'_>,
    kind: WorkItemKind,
    parent: &ItemRow,
    theme: Option<WorkItemId>,
    faults: &mut Faults,
) -> Result<Place, StoreError> {
    faults.absorb(check_parent(kind, parent.kind, parent.content.element_type));
    let mut place = Place {
        grid_id: parent.grid_id,
        parent_id: Some(parent.id),
        folder_id: None,
        stage_id: None,
        theme_id: None,
    };
    match kind {
        WorkItemKind::Element => {
            place.stage_id = Some(parent.id);
            place.theme_id = theme;
            if let Some(theme) = theme {
                check_theme(unit, parent, theme, faults).await?;
            }
        }
        WorkItemKind::Gate => place.stage_id = Some(parent.id),
        WorkItemKind::Task => {
            place.stage_id = parent.stage_id;
            place.theme_id = parent.theme_id;
        }
        WorkItemKind::Grid | WorkItemKind::Stage | WorkItemKind::Theme => {}
    }
    Ok(place)
}

async fn check_theme(
    unit: &Unit<'_>,
    parent: &ItemRow,
    theme: WorkItemId,
    faults: &mut Faults,
) -> Result<(), StoreError> {
    match seen(unit, theme).await? {
        None => faults.add("theme_id", "unknown", "there is no such theme"),
        Some(found) if found.kind != WorkItemKind::Theme => {
            faults.add("theme_id", "wrong_kind", format!("it is a {}", found.kind));
        }
        Some(found) if found.grid_id != parent.grid_id => {
            faults.add("theme_id", "other_grid", "the theme is of another grid");
        }
        Some(_) => {}
    }
    Ok(())
}
