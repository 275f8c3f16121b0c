//! Placement groups.

use cp_domain::Ring;
use cp_store::{CountedGroup, PlacementGroup, PlacementGroupStore, StoreError};
use serde_json::json;

use super::{Act, Fleet, Requester};

/// Why a group is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddGroupError {
    /// The name is taken.
    #[error("a placement group of this name exists")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddGroupError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(_) => Self::NameTaken,
            other => Self::Store(other),
        }
    }
}

/// Every group, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_groups(fleet: &Fleet) -> Result<Vec<CountedGroup>, StoreError> {
    PlacementGroupStore::list(fleet.central.conn()).await
}

/// Adds a group.
///
/// # Errors
/// When the name is taken or the database fails.
pub async fn add_group(
    fleet: &Fleet,
    requester: &Requester,
    name: &str,
    ring: Ring,
) -> Result<PlacementGroup, AddGroupError> {
    let group = PlacementGroup {
        id: fleet.clock.new_id(),
        name: name.to_owned(),
        ring,
        created_at: fleet.clock.now(),
    };
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    PlacementGroupStore::insert(&tx, &group).await?;
    let act = Act {
        action: "placement_group.create",
        tenant: None,
        object: Some(group.id.as_uuid()),
        detail: json!({ "name": group.name, "ring": ring }),
    };
    fleet.remember(&tx, requester, act).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(group)
}
