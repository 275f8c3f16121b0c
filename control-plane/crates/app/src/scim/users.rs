//! Users: members as their tenant's directory sees them.

mod change;
mod create;
mod view;

pub use change::{delete_user, patch_user, replace_user};
pub use create::create_user;

use std::collections::BTreeMap;

use cp_scim::{ListQuery, list_response};
use cp_store::{ScimGroupMemberStore, ScimUserStore, StoreError};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{Directory, DirectoryError, Resource};
use crate::Auth;
pub(super) use view::moment;
use view::view;

/// A user.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn find_user(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
) -> Result<Resource, DirectoryError> {
    answer(auth.central.conn(), by, id).await
}

/// A page of users.
///
/// # Errors
/// When the filter asks for what cannot be searched, or the database fails.
pub async fn list_users(
    auth: &Auth,
    by: &Directory,
    query: &ListQuery,
) -> Result<Value, DirectoryError> {
    let (conn, filter) = (auth.central.conn(), query.filter.as_ref());
    let total = ScimUserStore::count(conn, by.tenant, filter).await?;
    let mut users = Vec::new();
    if query.count > 0 && query.start <= total {
        let skip = query.start - 1;
        users = ScimUserStore::list(conn, by.tenant, filter, skip, query.count).await?;
    }
    let mut groups = BTreeMap::new();
    if query.projection.shows("groups") {
        let ids: Vec<MemberId> = users
            .iter()
            .map(|user| user.member.membership.member)
            .collect();
        groups = groups_of(conn, by, &ids).await?;
    }
    let resources = users.iter().map(|user| {
        let groups = groups.remove(&user.member.membership.member);
        let body = view(by, user, groups.unwrap_or_default()).body;
        query.projection.of(body)
    });
    let resources: Vec<Value> = resources.collect();
    Ok(list_response(total, query.start, &resources))
}

/// The user as they are now.
async fn answer(
    conn: &impl ConnectionTrait,
    by: &Directory,
    id: MemberId,
) -> Result<Resource, DirectoryError> {
    let user = ScimUserStore::find(conn, by.tenant, id).await?;
    let user = user.ok_or(DirectoryError::NotFound)?;
    let groups = groups_of(conn, by, &[id]).await?.remove(&id);
    Ok(view(by, &user, groups.unwrap_or_default()))
}

async fn groups_of(
    conn: &impl ConnectionTrait,
    by: &Directory,
    members: &[MemberId],
) -> Result<BTreeMap<MemberId, Vec<Value>>, StoreError> {
    let mut groups: BTreeMap<MemberId, Vec<Value>> = BTreeMap::new();
    for group in ScimGroupMemberStore::list_groups(conn, members).await? {
        groups.entry(group.member).or_default().push(json!({
            "value": group.group,
            "$ref": format!("{}/Groups/{}", by.base, group.group),
            "display": group.display_name,
            "type": "direct",
        }));
    }
    Ok(groups)
}
