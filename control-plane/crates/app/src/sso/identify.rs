//! Who a subject of a provider is here.

use cp_domain::Email;
use cp_oidc::Claims;
use cp_store::{Connection, DomainStore, IdentityStore, Person, PersonStore};
use kernel::PersonId;
use sea_orm::ConnectionTrait;

use super::SsoError;

/// Who somebody is.
#[derive(Debug)]
pub(super) enum Known {
    /// The person that this subject was found to be before. No e-mail is looked at any more.
    Subject(PersonId),
    /// The person of an address that the provider vouches for, in a domain that is the tenant's.
    Email(Person),
    /// Nobody has this address yet.
    Nobody(Email),
}

/// Finds out. The provider is believed about addresses of its tenant's own domains only, and
/// only when it vouches for them: otherwise one tenant's provider could name another's people.
///
/// # Errors
/// When nobody can be told for certain.
pub(super) async fn identify(
    conn: &impl ConnectionTrait,
    connection: &Connection,
    claims: &Claims,
) -> Result<Known, SsoError> {
    if let Some(person) = IdentityStore::find_person(conn, connection.id, claims.subject()).await? {
        return Ok(Known::Subject(person));
    }
    let email = claims.email().ok_or(SsoError::NoEmail)?;
    let email = Email::parse(email).map_err(|_| SsoError::NoEmail)?;
    if !DomainStore::is_verified(conn, connection.tenant, email.domain()).await? {
        return Err(SsoError::ForeignDomain);
    }
    if !claims.email_verified() {
        return Err(SsoError::UnverifiedEmail);
    }
    let Some(person) = PersonStore::find_by_email(conn, &email).await? else {
        return Ok(Known::Nobody(email));
    };
    // Addresses are given to other people when somebody leaves; subjects are not.
    if IdentityStore::has_any(conn, connection.id, person.id).await? {
        return Err(SsoError::AnotherSubject);
    }
    Ok(Known::Email(person))
}
