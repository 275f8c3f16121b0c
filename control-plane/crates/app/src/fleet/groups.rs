//! Placement groups.

use cp_domain::Ring;
use cp_store::{CountedGroup, PlacementGroup, PlacementGroupStore, StoreError};
use kernel::PlacementGroupId;
use serde_json::json;

use super::{
    Act, Fleet, KeyError, Keyed, Requester,
    keyed::{keep, kept},
};

/// Why a group is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddGroupError {
    /// The name is taken.
    #[error("a placement group of this name exists")]
    NameTaken,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
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

/// Adds a group. With a key, the same request again gets the same answer.
///
/// # Errors
/// When the name is taken or the database fails.
pub async fn add_group(
    fleet: &Fleet,
    requester: &Requester,
    name: &str,
    ring: Ring,
    keyed: Option<&Keyed>,
) -> Result<CountedGroup, AddGroupError> {
    if let Some(known) = known(fleet, keyed).await? {
        return Ok(known);
    }
    match insert(fleet, requester, name, ring, keyed).await {
        Ok(group) => Ok(CountedGroup {
            group,
            servers: 0,
            tenants: 0,
        }),
        // Two requests with one key at once: the other one has written.
        Err(error) => known(fleet, keyed).await?.ok_or(error),
    }
}

async fn known(
    fleet: &Fleet,
    keyed: Option<&Keyed>,
) -> Result<Option<CountedGroup>, AddGroupError> {
    let Some(id) = kept::<PlacementGroupId>(fleet, keyed).await? else {
        return Ok(None);
    };
    Ok(list_groups(fleet)
        .await?
        .into_iter()
        .find(|counted| counted.group.id == id))
}

async fn insert(
    fleet: &Fleet,
    requester: &Requester,
    name: &str,
    ring: Ring,
    keyed: Option<&Keyed>,
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
    keep(fleet, &tx, keyed, 201, &group.id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(group)
}
