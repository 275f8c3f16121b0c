//! An operation as it changes, for progress that people see.

use std::time::Duration;

use cp_store::{ListedOperation, OperationStore, StoreError};
use kernel::OperationId;
use tokio::sync::broadcast::{self, error::RecvError};

use super::Fleet;
use crate::push::Push;

/// How often the operation is read again when nobody says that it changed.
const POLL: Duration = Duration::from_secs(1);

/// Gives the operation now, then each time it has changed, until it has come to rest.
#[derive(Debug)]
pub struct OperationWatch {
    fleet: Fleet,
    id: OperationId,
    pushes: broadcast::Receiver<Push>,
    last: Option<ListedOperation>,
}

/// Watches an operation.
#[must_use]
pub fn watch_operation(fleet: &Fleet, id: OperationId) -> OperationWatch {
    // Subscribed before the first read, so that no change falls between.
    OperationWatch {
        fleet: fleet.clone(),
        id,
        pushes: fleet.pushes.subscribe(),
        last: None,
    }
}

impl OperationWatch {
    /// The operation once it differs from what was given last; none once it is at rest and that
    /// has been given, or when there is no such operation.
    ///
    /// # Errors
    /// When the database fails. Ask again: the next call reads again.
    pub async fn next(&mut self) -> Result<Option<ListedOperation>, StoreError> {
        loop {
            if self
                .last
                .as_ref()
                .is_some_and(|last| last.operation.state.is_at_rest())
            {
                return Ok(None);
            }
            if self.last.is_some() {
                self.changed().await;
            }
            let found = OperationStore::find(self.fleet.central.conn(), self.id).await?;
            let Some(found) = found else { return Ok(None) };
            let same = self
                .last
                .as_ref()
                .is_some_and(|last| last.operation == found.operation);
            if !same {
                self.last = Some(found.clone());
                return Ok(Some(found));
            }
        }
    }

    /// Waits until somebody says that the operation changed, or long enough.
    async fn changed(&mut self) {
        let heard = async {
            loop {
                match self.pushes.recv().await {
                    Ok(Push::Operation(id)) if id != self.id => {}
                    Ok(Push::Operation(_) | Push::Lost) | Err(RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Too long without a word is a reason to look, too.
        let _ = tokio::time::timeout(POLL, heard).await;
    }
}
