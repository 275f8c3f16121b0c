//! Reading the audit log and the end of its chain.

use cp_store::{AuditChainStore, AuditEntry, AuditFilter, AuditLink, AuditStore, StoreError};
use kernel::Limit;
use sea_orm::ConnectionTrait;

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// The last link; none while nothing is chained.
    pub link: Option<AuditLink>,
    /// How many entries wait for their place, at most a thousand and one.
    pub waiting: usize,
}

/// How many waiting entries are counted.
const COUNTED: u32 = 1001;

/// Entries that the filter takes, the newest first; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_audit(
    conn: &impl ConnectionTrait,
    filter: &AuditFilter,
    limit: Limit,
) -> Result<Vec<AuditEntry>, StoreError> {
    AuditStore::list(conn, filter, limit).await
}

/// The end of the chain, to be compared with what was written down outside.
///
/// # Errors
/// When the database fails.
pub async fn chain_head(conn: &impl ConnectionTrait) -> Result<ChainHead, StoreError> {
    let link = AuditChainStore::head(conn).await?;
    let horizon = AuditChainStore::horizon(link.as_ref());
    let waiting = AuditChainStore::unlinked(conn, horizon, COUNTED).await?;
    Ok(ChainHead {
        waiting: waiting.len(),
        link,
    })
}
