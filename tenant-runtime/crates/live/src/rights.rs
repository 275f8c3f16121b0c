//! Who sees what, asked once for all sockets of a member after each event that may have changed it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use db::TenantDb;
use moka::future::Cache;
use tr_domain::access::Viewer;
use tr_store::{StoreError, access, live};
use uuid::Uuid;

use crate::{
    listener::{Listener, LiveError},
    topic::Topic,
};

/// How many answers are kept, and for how long: one that is asked for again is found out anew.
const ANSWERS: u64 = 10_000;
const KEPT: Duration = Duration::from_secs(60);

/// After which event somebody asks.
type AsOf = u64;

/// Answers of one tenant.
#[derive(Debug)]
pub(crate) struct Rights {
    open: Cache<(AsOf, Viewer, Vec<Topic>), Arc<BTreeSet<Topic>>>,
    seen: Cache<(AsOf, Viewer, Uuid), bool>,
}

impl Rights {
    pub(crate) fn new() -> Self {
        Self {
            open: Cache::builder()
                .max_capacity(ANSWERS)
                .time_to_live(KEPT)
                .build(),
            seen: Cache::builder()
                .max_capacity(ANSWERS)
                .time_to_live(KEPT)
                .build(),
        }
    }
}

/// Which of these topics somebody may listen to, as it is now.
async fn open(
    db: &TenantDb,
    viewer: &Viewer,
    topics: &[Topic],
) -> Result<BTreeSet<Topic>, StoreError> {
    let (mut grids, mut folders) = (Vec::new(), Vec::new());
    for topic in topics {
        match topic {
            Topic::Grid(grid) => grids.push(*grid),
            Topic::Folder(folder) => folders.push(*folder),
            Topic::Me => {}
        }
    }
    let seen: BTreeSet<Uuid> = if grids.is_empty() && folders.is_empty() {
        BTreeSet::new()
    } else {
        let seen = live::seen_among(db.conn(), viewer, &grids, &folders).await?;
        seen.into_iter().collect()
    };
    let open = topics.iter().copied().filter(|topic| match topic {
        Topic::Grid(grid) => seen.contains(&grid.as_uuid()),
        Topic::Folder(folder) => seen.contains(&folder.as_uuid()),
        Topic::Me => true,
    });
    Ok(open.collect())
}

impl Listener {
    /// Which of these topics somebody may listen to, as it is now.
    ///
    /// # Errors
    /// When the tenant's database fails.
    pub async fn may(
        &self,
        viewer: &Viewer,
        topics: &[Topic],
    ) -> Result<BTreeSet<Topic>, LiveError> {
        let db = self.feed.db().await?;
        Ok(open(&db, viewer, topics).await?)
    }

    /// Which of these topics somebody may still listen to after an event.
    ///
    /// # Errors
    /// When the tenant's database fails.
    pub async fn may_still(
        &self,
        viewer: Viewer,
        as_of: u64,
        topics: Vec<Topic>,
    ) -> Result<Arc<BTreeSet<Topic>>, Arc<LiveError>> {
        let key = (as_of, viewer, topics.clone());
        let asked = async { Ok(Arc::new(self.may(&viewer, &topics).await?)) };
        self.feed.rights.open.try_get_with(key, asked).await
    }

    /// Whether somebody holds a right on a grid or folder, deleted or not, after an event.
    ///
    /// # Errors
    /// When the tenant's database fails.
    pub async fn sees(
        &self,
        viewer: Viewer,
        as_of: u64,
        object: Uuid,
    ) -> Result<bool, Arc<LiveError>> {
        let asked = async {
            let db = self.feed.db().await?;
            let level = access::level_on_object(db.conn(), &viewer, object).await?;
            Ok(level.is_some())
        };
        let key = (as_of, viewer, object);
        self.feed.rights.seen.try_get_with(key, asked).await
    }
}
