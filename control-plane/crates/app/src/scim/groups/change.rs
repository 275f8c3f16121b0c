//! A directory makes groups, changes them and takes them away.

use std::collections::BTreeSet;

use cp_scim::{GROUP, GroupRecord, ScimError, ScimType, apply_patch, read_patch, read_resource};
use cp_store::{ScimGroup, ScimGroupMemberStore, ScimGroupStore, StoreError};
use kernel::{MemberId, ScimGroupId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::{Value, json};

use super::{members_of, version, view};
use crate::{
    Auth,
    scim::{
        Directory, DirectoryError, Resource,
        access::make_known,
        check_version,
        roles::{Restood, settle_roles},
        taken,
    },
};

/// The most members of a group.
const MAX_MEMBERS: usize = 10_000;
/// How many members one entry of the audit log names.
const NAMED: usize = 500;

/// Makes a group. It gives nobody a role before an architect maps it.
///
/// # Errors
/// When the resource is refused, a group has its name, or the database fails.
pub async fn create_group(
    auth: &Auth,
    by: &Directory,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let record = GroupRecord::of_resource(read_resource(&GROUP, body)?)?;
    let now = auth.clock.now();
    let tx = by.begin(auth).await?;
    let wanted = wanted(&tx, by, &record, &BTreeSet::new()).await?;
    let members: Vec<MemberId> = wanted.into_iter().collect();
    let group = ScimGroup {
        id: auth.clock.new_id(),
        display_name: record.display_name,
        external_id: record.external_id,
        standing: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        members: 0,
    };
    unique(ScimGroupStore::insert(&tx, by.tenant, &group).await)?;
    ScimGroupMemberStore::insert(&tx, group.id, &members).await?;
    let detail = json!({ "name": group.display_name, "members": members.len() });
    let object = Some(group.id.as_uuid());
    by.audit(&tx, auth, "scim.group.create", object, detail)
        .await?;
    let created = answer(&tx, by, group.id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(created)
}

/// Puts another resource in the place of a group's. Its members stay when nothing is said of them.
///
/// # Errors
/// When there is no such group or it changed, the resource is refused, or a database fails.
pub async fn replace_group(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let says_members = body.as_object().is_some_and(|body| {
        let mut names = body.keys();
        names.any(|name| name.eq_ignore_ascii_case("members"))
    });
    let mut next = GroupRecord::of_resource(read_resource(&GROUP, body)?)?;
    if says_members && next.members.is_none() {
        next.members = Some(Vec::new());
    }
    change(auth, by, id, if_match, |_| Ok(next)).await
}

/// Carries out the operations of a patch, all or none.
///
/// # Errors
/// When there is no such group or it changed, the patch is refused, or a database fails.
pub async fn patch_group(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let operations = read_patch(&GROUP, body)?;
    change(auth, by, id, if_match, |now| {
        let patched = apply_patch(&GROUP, &now.to_resource(), &operations)?;
        let mut record = GroupRecord::of_resource(patched)?;
        record.members.get_or_insert_default();
        Ok(record)
    })
    .await
}

/// Takes a group away; what it made of its members goes with it.
///
/// # Errors
/// When there is no such group or it changed, no architect would be left, or a database fails.
pub async fn delete_group(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    if_match: Option<&str>,
) -> Result<(), DirectoryError> {
    let (tx, group) = begin_on(auth, by, id, if_match).await?;
    let members = member_ids(&tx, id).await?;
    ScimGroupStore::delete(&tx, id).await?;
    let restood = settle(&tx, auth, by, &group, &members).await?;
    let detail = json!({ "name": group.display_name, "members": members.len() });
    by.audit(&tx, auth, "scim.group.delete", Some(id.as_uuid()), detail)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    make_known(auth, by.tenant, &restood.members()).await;
    Ok(())
}

async fn begin_on(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    if_match: Option<&str>,
) -> Result<(DatabaseTransaction, ScimGroup), DirectoryError> {
    let tx = by.begin(auth).await?;
    let group = ScimGroupStore::find(&tx, by.tenant, id).await?;
    let group = group.ok_or(DirectoryError::NotFound)?;
    check_version(if_match, &version(&group))?;
    Ok((tx, group))
}

async fn change(
    auth: &Auth,
    by: &Directory,
    id: ScimGroupId,
    if_match: Option<&str>,
    next: impl FnOnce(&GroupRecord) -> Result<GroupRecord, DirectoryError>,
) -> Result<Resource, DirectoryError> {
    let (tx, group) = begin_on(auth, by, id, if_match).await?;
    let before = member_ids(&tx, id).await?;
    let old = GroupRecord {
        display_name: group.display_name.clone(),
        external_id: group.external_id.clone(),
        members: Some(before.iter().map(MemberId::to_string).collect()),
    };
    let new = next(&old)?;
    let after = match &new.members {
        Some(_) => wanted(&tx, by, &new, &before).await?,
        None => before.clone(),
    };
    let renamed = new.display_name != old.display_name || new.external_id != old.external_id;
    if !renamed && after == before {
        return answer(&tx, by, id).await;
    }
    let added: Vec<MemberId> = after.difference(&before).copied().collect();
    let removed: Vec<MemberId> = before.difference(&after).copied().collect();
    let changed = ScimGroup {
        display_name: new.display_name,
        external_id: new.external_id,
        ..group.clone()
    };
    unique(ScimGroupStore::update(&tx, &changed, auth.clock.now()).await)?;
    ScimGroupMemberStore::insert(&tx, id, &added).await?;
    ScimGroupMemberStore::delete(&tx, id, &removed).await?;
    let touched: BTreeSet<MemberId> = added.iter().chain(&removed).copied().collect();
    let restood = settle(&tx, auth, by, &group, &touched).await?;
    let detail = json!({
        "name": changed.display_name,
        "added": added.len(),
        "removed": removed.len(),
    });
    by.audit(&tx, auth, "scim.group.change", Some(id.as_uuid()), detail)
        .await?;
    let answered = answer(&tx, by, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    make_known(auth, by.tenant, &restood.members()).await;
    Ok(answered)
}

/// Gives members what a mapped group and their others make of them now.
async fn settle(
    tx: &DatabaseTransaction,
    auth: &Auth,
    by: &Directory,
    group: &ScimGroup,
    members: &BTreeSet<MemberId>,
) -> Result<Restood, DirectoryError> {
    if group.standing.is_none() || members.is_empty() {
        return Ok(Restood::default());
    }
    let restood = settle_roles(tx, auth, by.tenant, members).await?;
    for (standing, members) in &restood.by_standing {
        for some in members.chunks(NAMED) {
            let detail = json!({
                "group": group.display_name,
                "role": standing.role,
                "external": standing.external,
                "members": some,
            });
            let object = Some(group.id.as_uuid());
            by.audit(tx, auth, "scim.group.roles", object, detail)
                .await?;
        }
    }
    Ok(restood)
}

/// Who is meant to be in the group: members of this tenant.
async fn wanted(
    tx: &impl ConnectionTrait,
    by: &Directory,
    record: &GroupRecord,
    there: &BTreeSet<MemberId>,
) -> Result<BTreeSet<MemberId>, DirectoryError> {
    let refused = |detail: String| ScimError::new(ScimType::InvalidValue, detail);
    let ids = record.members.iter().flatten();
    let wanted = ids
        .map(|id| {
            id.parse()
                .map_err(|_| refused(format!("There is no user {id}.")))
        })
        .collect::<Result<BTreeSet<MemberId>, ScimError>>()?;
    if wanted.len() > MAX_MEMBERS {
        let most = format!("A group has at most {MAX_MEMBERS} members.");
        return Err(refused(most).into());
    }
    let new: Vec<MemberId> = wanted.difference(there).copied().collect();
    let known = ScimGroupMemberStore::list_known(tx, by.tenant, &new).await?;
    if let Some(unknown) = new.iter().find(|id| !known.contains(id)) {
        return Err(refused(format!("There is no user {unknown}.")).into());
    }
    Ok(wanted)
}

async fn member_ids(
    tx: &impl ConnectionTrait,
    group: ScimGroupId,
) -> Result<BTreeSet<MemberId>, StoreError> {
    let members = ScimGroupMemberStore::list(tx, &[group]).await?;
    Ok(members.into_iter().map(|(_, member)| member).collect())
}

async fn answer(
    conn: &impl ConnectionTrait,
    by: &Directory,
    id: ScimGroupId,
) -> Result<Resource, DirectoryError> {
    let group = ScimGroupStore::find(conn, by.tenant, id).await?;
    let group = group.ok_or(DirectoryError::NotFound)?;
    let members = members_of(conn, &[id]).await?.remove(&id);
    Ok(view(by, &group, members.unwrap_or_default()))
}

fn unique(written: Result<(), StoreError>) -> Result<(), DirectoryError> {
    match written {
        Err(StoreError::Duplicate(_)) => Err(taken("displayName")),
        other => Ok(other?),
    }
}
