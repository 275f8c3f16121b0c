//! Groups of a tenant's directory.

mod change;

pub use change::{create_group, delete_group, patch_group, replace_group};

use std::collections::BTreeMap;

use cp_scim::{GroupRecord, ListQuery, list_response};
use cp_store::{ScimGroup, ScimGroupMemberStore, ScimGroupStore};
use kernel::ScimGroupId;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{Directory, DirectoryError, Resource, users::moment};
use crate::Auth;

/// How many members the groups of one page have together at most; a page is shorter then.
const MAX_PAGE_MEMBERS: u64 = 20_000;

/// A group; its members when they are asked for.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn find_group(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    with_members: bool,
) -> Result<Resource, DirectoryError> {
    let conn = auth.central.conn();
    let group = ScimGroupStore::find(conn, by.tenant, id).await?;
    let group = group.ok_or(DirectoryError::NotFound)?;
    let members = if with_members {
        members_of(conn, &[id]).await?.remove(&id)
    } else {
        None
    };
    Ok(view(by, &group, members.unwrap_or_default()))
}

/// A page of groups.
///
/// # Errors
/// When the filter asks for what cannot be searched, or the database fails.
pub async fn list_groups(
    auth: &Auth,
    by: &Directory,
    query: &ListQuery,
) -> Result<Value, DirectoryError> {
    let (conn, filter) = (auth.central.conn(), query.filter.as_ref());
    let total = ScimGroupStore::count(conn, by.tenant, filter).await?;
    let mut groups = Vec::new();
    if query.count > 0 && query.start <= total {
        let skip = query.start - 1;
        groups = ScimGroupStore::list(conn, by.tenant, filter, skip, query.count).await?;
    }
    let mut members = BTreeMap::new();
    if query.projection.shows("members") {
        groups.truncate(fitting(&groups));
        let ids: Vec<ScimGroupId> = groups.iter().map(|group| group.id).collect();
        members = members_of(conn, &ids).await?;
    }
    let resources = groups.iter().map(|group| {
        let members = members.remove(&group.id).unwrap_or_default();
        query.projection.of(view(by, group, members).body)
    });
    let resources: Vec<Value> = resources.collect();
    Ok(list_response(total, query.start, &resources))
}

/// How many groups fit on a page: one at least.
fn fitting(groups: &[ScimGroup]) -> usize {
    let mut together = 0;
    let fit = groups.iter().take_while(|group| {
        together += group.members;
        together <= MAX_PAGE_MEMBERS
    });
    fit.count().max(1)
}

async fn members_of(
    conn: &impl ConnectionTrait,
    groups: &[ScimGroupId],
) -> Result<BTreeMap<ScimGroupId, Vec<String>>, DirectoryError> {
    let mut members: BTreeMap<ScimGroupId, Vec<String>> = BTreeMap::new();
    for (group, member) in ScimGroupMemberStore::list(conn, groups).await? {
        members.entry(group).or_default().push(member.to_string());
    }
    Ok(members)
}

fn version(group: &ScimGroup) -> String {
    format!("W/\"{}\"", group.revision)
}

fn view(by: &Directory, group: &ScimGroup, members: Vec<String>) -> Resource {
    let id = group.id.to_string();
    let location = format!("{}/Groups/{id}", by.base);
    let version = version(group);
    let record = GroupRecord {
        display_name: group.display_name.clone(),
        external_id: group.external_id.clone(),
        members: Some(members),
    };
    let meta = json!({
        "resourceType": "Group",
        "created": moment(group.created_at),
        "lastModified": moment(group.updated_at),
        "location": location,
        "version": version,
    });
    Resource {
        body: record.answer(&id, &by.base, meta),
        version,
        location,
    }
}
