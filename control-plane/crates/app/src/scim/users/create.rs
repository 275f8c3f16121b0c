//! A directory makes somebody a member.

use cp_domain::{Email, MemberState, Membership, MembershipError, Standing};
use cp_scim::{ScimError, ScimType, USER, UserRecord, read_resource};
use cp_store::{
    DomainStore, Member, MembershipStore, Person, PersonStore, ScimUserStore, StoreError,
};
use kernel::{MemberId, Role, TenantId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::{Value, json};

use super::{answer, view};
use crate::{
    Auth,
    scim::{Directory, DirectoryError, Resource, access::make_known, taken},
};

/// Makes a person a member, whom the directory vouches for. A person who is known elsewhere stays
/// as they are; one who was a member before and was deleted is the same member again, as a user.
///
/// # Errors
/// When the resource is refused, or somebody has its name or address, or a database fails.
pub async fn create_user(
    auth: &Auth,
    by: &Directory,
    body: &Value,
) -> Result<Resource, DirectoryError> {
    let record = UserRecord::of_resource(read_resource(&USER, body)?)?;
    let email = Email::parse(record.address()).map_err(|_| no_address())?;
    let now = auth.clock.now();
    let tx = by.begin(auth).await?;
    check_domain(&tx, by.tenant, &email).await?;
    let person = Person {
        id: auth.clock.new_id(),
        email,
        name: record.name(),
        password_hash: None,
    };
    let person = PersonStore::find_or_insert(&tx, &person, now).await?;
    let member = enrol(&tx, auth, by, &person, record.active != Some(false)).await?;
    check_name(&tx, by.tenant, member, &record.user_name).await?;
    put(&tx, auth, by, member, &record).await?;
    ScimUserStore::set_name(&tx, member, &record.name()).await?;
    let detail = json!({ "active": record.active != Some(false) });
    let object = Some(member.as_uuid());
    by.audit(&tx, auth, "scim.user.create", object, detail)
        .await?;
    let created = answer(&tx, by, member).await?;
    tx.commit().await.map_err(StoreError::from)?;
    make_known(auth, by.tenant, &[member]).await;
    Ok(created)
}

/// The membership of somebody whom the directory did not know.
async fn enrol(
    tx: &DatabaseTransaction,
    auth: &Auth,
    by: &Directory,
    person: &Person,
    active: bool,
) -> Result<MemberId, DirectoryError> {
    let now = auth.clock.now();
    if let Some(known) = MembershipStore::find_by_person(tx, by.tenant, person.id).await? {
        return take_up(tx, auth, &known, active).await;
    }
    let standing = Standing::new(Role::User, false)?;
    let id = auth.clock.new_id();
    let membership = Membership::vouched_for(id, by.tenant, person.id, standing);
    let membership = Membership {
        state: if active {
            MemberState::Active
        } else {
            MemberState::Archived
        },
        ..membership
    };
    match MembershipStore::insert(tx, &membership, &person.name, now).await {
        Ok(()) => Ok(id),
        Err(StoreError::Duplicate(_)) => Err(taken("emails")),
        Err(error) => Err(error.into()),
    }
}

/// Somebody who was a member before and is none for the directory.
async fn take_up(
    tx: &DatabaseTransaction,
    auth: &Auth,
    known: &Member,
    active: bool,
) -> Result<MemberId, DirectoryError> {
    let id = known.membership.member;
    let seen = ScimUserStore::find(tx, known.membership.tenant, id).await?;
    if seen.is_some() {
        return Err(taken("emails"));
    }
    // What they were once is not what they are now.
    let standing = Standing::new(Role::User, known.membership.standing.external)?;
    let again = known.membership.invited_again(standing)?;
    let membership = Membership {
        state: if active {
            MemberState::Active
        } else {
            MemberState::Archived
        },
        ..again
    };
    if !MembershipStore::update(tx, &membership, auth.clock.now()).await? {
        return Err(MembershipError::AlreadyMember.into());
    }
    Ok(id)
}

/// Writes what the directory says; another member may have the name already.
pub(super) async fn put(
    tx: &DatabaseTransaction,
    auth: &Auth,
    by: &Directory,
    member: MemberId,
    record: &UserRecord,
) -> Result<(), DirectoryError> {
    match ScimUserStore::put(tx, by.tenant, member, record, auth.clock.now()).await {
        Err(StoreError::Duplicate(_)) => Err(taken("userName")),
        other => Ok(other?),
    }
}

/// A member of whom the directory said nothing is known by their address.
pub(super) async fn check_name(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    member: MemberId,
    user_name: &str,
) -> Result<(), DirectoryError> {
    let Ok(email) = Email::parse(user_name) else {
        return Ok(());
    };
    let Some(other) = MembershipStore::find_by_email(tx, tenant, &email).await? else {
        return Ok(());
    };
    let id = other.membership.member;
    if id == member {
        return Ok(());
    }
    let other = ScimUserStore::find(tx, tenant, id).await?;
    if other.is_some_and(|other| {
        view::record(&other)
            .user_name
            .eq_ignore_ascii_case(user_name)
    }) {
        return Err(taken("userName"));
    }
    Ok(())
}

/// A directory vouches for addresses of domains that its tenant has proven to be its own, and for
/// no others.
pub(super) async fn check_domain(
    tx: &impl ConnectionTrait,
    tenant: TenantId,
    email: &Email,
) -> Result<(), DirectoryError> {
    let domain = email.domain();
    if DomainStore::is_verified(tx, tenant, domain).await? {
        return Ok(());
    }
    let detail = format!(
        "{domain} is not among the verified domains of this tenant. An architect verifies it \
         under Security, Domains."
    );
    Err(ScimError::new(ScimType::InvalidValue, detail).into())
}

fn no_address() -> DirectoryError {
    let detail = "A user has an e-mail address: the primary one of `emails`, or `userName`.";
    ScimError::new(ScimType::InvalidValue, detail).into()
}
