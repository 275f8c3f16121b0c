//! Reading the audit log.

use cp_store::{AuditEntry, AuditStore, StoreError};
use kernel::{Limit, TenantId};
use uuid::Uuid;

use super::Fleet;

/// Entries before one, the newest first; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_audit(
    fleet: &Fleet,
    tenant: Option<TenantId>,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<AuditEntry>, StoreError> {
    AuditStore::list(fleet.central.conn(), tenant, before, limit).await
}
