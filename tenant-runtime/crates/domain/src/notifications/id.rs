//! The id of a notification.

use std::fmt;

use kernel::TypedId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One thing that one member was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationId(Uuid);

impl TypedId for NotificationId {
    fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
