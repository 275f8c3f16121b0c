//! A person becomes a member, invited: for provisioning, and under every invitation.

use cp_domain::{Email, Membership, MembershipError, Standing};
use cp_store::{Member, MembershipStore, Person, PersonStore, StoreError};
use kernel::{Role, TenantId};
use sea_orm::ConnectionTrait;

use crate::Auth;

/// Who becomes a member of what.
#[derive(Debug, Clone)]
pub struct Enrol<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The address.
    pub email: &'a Email,
    /// The name, when the person is not known yet.
    pub name: &'a str,
    /// The role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
}

/// Why somebody did not become a member.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A rule forbids it.
    #[error(transparent)]
    Rule(#[from] MembershipError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a person a member in the caller's transaction, without telling them. Who was archived is
/// taken up again as the same member.
///
/// # Errors
/// When they are a member already, a rule forbids it, or the database fails.
pub async fn enrol_member(
    tx: &impl ConnectionTrait,
    auth: &Auth,
    enrol: &Enrol<'_>,
) -> Result<Member, EnrolError> {
    let now = auth.clock.now();
    let standing = Standing::new(enrol.role, enrol.external)?;
    let person = Person {
        id: auth.clock.new_id(),
        email: enrol.email.clone(),
        name: enrol.name.to_owned(),
        password_hash: None,
    };
    let person = PersonStore::find_or_insert(tx, &person, now).await?;
    if let Some(known) = MembershipStore::find_by_person(tx, enrol.tenant, person.id).await? {
        let membership = known.membership.invited_again(standing)?;
        if !MembershipStore::update(tx, &membership, now).await? {
            return Err(MembershipError::AlreadyMember.into());
        }
        return Ok(Member {
            membership,
            ..known
        });
    }
    let membership = Membership::invited(auth.clock.new_id(), enrol.tenant, person.id, standing);
    match MembershipStore::insert(tx, &membership, enrol.name, now).await {
        Ok(()) => {
            // Whether and as whom the person is known elsewhere is not for the inviter to learn.
            let person = Person {
                name: enrol.name.to_owned(),
                ..person
            };
            Ok(Member {
                membership,
                person,
                created_at: now,
            })
        }
        Err(StoreError::Duplicate(_)) => Err(MembershipError::AlreadyMember.into()),
        Err(error) => Err(error.into()),
    }
}
