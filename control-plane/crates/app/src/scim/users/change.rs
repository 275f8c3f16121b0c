//! A directory changes what it says of a member, archives them or brings them back.

use cp_domain::{MemberState, Membership};
use cp_scim::{USER, UserRecord, apply_patch, read_patch, read_resource};
use cp_store::{MembershipStore, ScimGroupMemberStore, ScimUser, ScimUserStore, StoreError};
use kernel::MemberId;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::{
    answer,
    create::{check_domain, check_name, put},
    view::{record, version},
};
use crate::{
    Auth,
    members::end_access,
    scim::{Directory, DirectoryError, Resource, access::make_known, check_version},
};

/// Puts another resource in the place of a user's. Whether they are active stays when it is not
/// said.
///
/// # Errors
/// When there is no such user or they changed, the resource is refused, or a database fails.
pub async fn replace_user(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let next = UserRecord::of_resource(read_resource(&USER, body)?)?;
    change(auth, by, id, if_match, |_| Ok(next)).await
}

/// Carries out the operations of a patch, all or none.
///
/// # Errors
/// When there is no such user or they changed, the patch is refused, or a database fails.
pub async fn patch_user(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let operations = read_patch(&USER, body)?;
    change(auth, by, id, if_match, |now| {
        let patched = apply_patch(&USER, &now.to_resource(), &operations)?;
        Ok(UserRecord::of_resource(patched)?)
    })
    .await
}

/// Archives a member and forgets what was said of them: for the directory they are not there.
///
/// # Errors
/// When there is no such user or they changed, they are the last architect, or a database fails.
pub async fn delete_user(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
    if_match: Option<&str>,
) -> Result<(), DirectoryError> {
    let (tx, user) = begin_on(auth, by, id, if_match).await?;
    let before = user.member.membership;
    let others = MembershipStore::count_other_architects(&tx, by.tenant, id).await?;
    let membership = before.archived(others)?;
    write(&tx, auth, &before, &membership).await?;
    let now = auth.clock.now();
    end_access(&tx, id, now).await?;
    ScimGroupMemberStore::delete_member(&tx, id, now).await?;
    ScimUserStore::delete(&tx, id).await?;
    let detail = json!({ "state": before.state });
    by.audit(&tx, auth, "scim.user.delete", Some(id.as_uuid()), detail)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    make_known(auth, by.tenant, &[id]).await;
    Ok(())
}

async fn begin_on(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
    if_match: Option<&str>,
) -> Result<(DatabaseTransaction, ScimUser), DirectoryError> {
    let tx = by.begin(auth).await?;
    let user = ScimUserStore::find(&tx, by.tenant, id).await?;
    let user = user.ok_or(DirectoryError::NotFound)?;
    check_version(if_match, &version(&user))?;
    Ok((tx, user))
}

async fn change(
    auth: &Auth,
    by: &Directory,
    id: MemberId,
    if_match: Option<&str>,
    next: impl FnOnce(&UserRecord) -> Result<UserRecord, DirectoryError>,
) -> Result<Resource, DirectoryError> {
    let (tx, user) = begin_on(auth, by, id, if_match).await?;
    let (before, old) = (user.member.membership, record(&user));
    let new = next(&old)?;
    let active = new.active.or(old.active).unwrap_or(true);
    let moved = moved(&tx, by, &user, active).await?;
    let renamed = new.name() != user.member.person.name;
    let membership = if renamed && moved.version == before.version {
        moved.touched()
    } else {
        moved
    };
    let said = UserRecord {
        active: old.active,
        ..new.clone()
    };
    let says_more = said != old || user.said.is_none();
    if membership.version == before.version && !says_more {
        return answer(&tx, by, id).await;
    }
    if says_more {
        check_name(&tx, by.tenant, id, &new.user_name).await?;
        put(&tx, auth, by, id, &new).await?;
    }
    write(&tx, auth, &before, &membership).await?;
    if renamed {
        ScimUserStore::set_name(&tx, id, &new.name()).await?;
    }
    if membership.state == MemberState::Archived && before.state != MemberState::Archived {
        end_access(&tx, id, auth.clock.now()).await?;
    }
    let detail = json!({
        "attributes": changed(&old, &said),
        "state": { "before": before.state, "after": membership.state },
    });
    let action = action(&before, &membership);
    by.audit(&tx, auth, action, Some(id.as_uuid()), detail)
        .await?;
    let answered = answer(&tx, by, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    if membership.version != before.version {
        make_known(auth, by.tenant, &[id]).await;
    }
    Ok(answered)
}

/// The membership as the directory wants it: active or archived. Somebody who is invited comes in
/// without the invitation when the directory may vouch for them.
async fn moved(
    tx: &DatabaseTransaction,
    by: &Directory,
    user: &ScimUser,
    active: bool,
) -> Result<Membership, DirectoryError> {
    let membership = user.member.membership;
    if !active {
        let id = membership.member;
        let others = MembershipStore::count_other_architects(tx, by.tenant, id).await?;
        return Ok(membership.archived(others)?);
    }
    match membership.state {
        MemberState::Active => Ok(membership),
        MemberState::Archived => {
            check_domain(tx, by.tenant, &user.member.person.email).await?;
            Ok(membership.taken_up())
        }
        MemberState::Invited => {
            match check_domain(tx, by.tenant, &user.member.person.email).await {
                Ok(()) => Ok(membership.taken_up()),
                Err(DirectoryError::Refused(_)) => Ok(membership),
                Err(error) => Err(error),
            }
        }
    }
}

async fn write(
    tx: &DatabaseTransaction,
    auth: &Auth,
    before: &Membership,
    membership: &Membership,
) -> Result<(), DirectoryError> {
    if membership.version == before.version {
        return Ok(());
    }
    if !MembershipStore::update(tx, membership, auth.clock.now()).await? {
        return Err(DirectoryError::PreconditionFailed);
    }
    Ok(())
}

fn action(before: &Membership, after: &Membership) -> &'static str {
    match (before.state, after.state) {
        (before, after) if before == after => "scim.user.change",
        (_, MemberState::Archived) => "scim.user.deactivate",
        _ => "scim.user.activate",
    }
}

/// The names of what is said otherwise. What is said is not for the audit log.
fn changed(old: &UserRecord, new: &UserRecord) -> Vec<String> {
    let (old, new) = (old.to_resource(), new.to_resource());
    let mut names: Vec<String> = old
        .keys()
        .chain(new.keys())
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_log_learns_what_changed_and_not_to_what() {
        let record = |title: Option<&str>, name: &str| {
            let mut attributes = serde_json::Map::new();
            if let Some(title) = title {
                attributes.insert("title".to_owned(), Value::from(title));
            }
            UserRecord {
                user_name: name.to_owned(),
                external_id: None,
                active: Some(true),
                attributes,
            }
        };
        let names = changed(&record(Some("Dr."), "a"), &record(None, "b"));
        assert_eq!(names, ["title", "userName"]);
    }
}
