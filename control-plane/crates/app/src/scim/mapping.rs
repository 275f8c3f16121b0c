//! What architects make of the groups of their directory.

use std::collections::BTreeSet;

use cp_domain::Standing;
use cp_store::{ScimGroup, ScimGroupMemberStore, ScimGroupStore, SearchError, StoreError};
use kernel::{MemberId, ScimGroupId};
use serde_json::json;

use super::{DirectoryError, access::make_known, roles::settle_roles};
use crate::{
    Auth,
    members::{Administrator, MemberError},
};

/// How many groups are shown.
const SHOWN: u32 = 500;

/// Why a group was not mapped.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The tenant has no such group.
    #[error("no such group")]
    NotFound,
    /// Its members may not become this.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The caller may not.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The groups of the tenant's directory, the oldest first, with what they make of their members.
///
/// # Errors
/// When the caller may not, or the database fails.
pub async fn list_mapped_groups(
    auth: &Auth,
    by: &Administrator<'_>,
) -> Result<Vec<ScimGroup>, MappingError> {
    by.check_architect(auth).await?;
    let (conn, tenant) = (auth.central.conn(), by.tenant.tenant_id);
    match ScimGroupStore::list(conn, tenant, None, 0, SHOWN).await {
        Ok(groups) => Ok(groups),
        Err(SearchError::Store(error)) => Err(error.into()),
        Err(SearchError::Filter(error)) => Err(DirectoryError::from(error).into()),
    }
}

/// Says what a group makes of its members, or that it makes nothing of them. They are it at once.
///
/// # Errors
/// When the caller may not, there is no such group, no architect would be left, or a database
/// fails.
pub async fn map_group(
    auth: &Auth,
    by: &Administrator<'_>,
    id: ScimGroupId,
    standing: Option<Standing>,
) -> Result<ScimGroup, MappingError> {
    let tenant = by.tenant.tenant_id;
    let tx = by.begin_as_architect(auth).await?;
    let group = ScimGroupStore::find(&tx, tenant, id).await?;
    let group = group.ok_or(MappingError::NotFound)?;
    if group.standing == standing {
        return Ok(group);
    }
    let mapped = ScimGroup { standing, ..group };
    ScimGroupStore::update(&tx, &mapped, auth.clock.now()).await?;
    let members = ScimGroupMemberStore::list(&tx, &[id]).await?;
    let members: BTreeSet<MemberId> = members.into_iter().map(|(_, member)| member).collect();
    let restood = settle_roles(&tx, auth, tenant, &members).await?;
    let changed = restood.members();
    let detail = json!({
        "group": mapped.display_name,
        "role": standing.map(|standing| standing.role),
        "external": standing.map(|standing| standing.external),
        "members": changed.len(),
    });
    by.audit_object(&tx, auth, "scim.group.map", id.as_uuid(), detail)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    make_known(auth, tenant, &changed).await;
    Ok(ScimGroup {
        revision: mapped.revision + 1,
        ..mapped
    })
}
