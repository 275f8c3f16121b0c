//! Subjects of providers as ways in of a person: made at the first sign-in, or by who is signed
//! in and has confirmed who they are; ended by their owner.

use cp_domain::SignInMethod;
use cp_oidc::{Claims, ProvenIdentity};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Connection, ConnectionStore, Identity, IdentityStore,
    MembershipStore, Person, PersonStore, SessionStore, SsoSessionStore, StoreError,
};
use kernel::{ConnectionId, RequestId};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::{
    SsoAdminError, SsoError,
    flows::{Returned, refuse_disabled},
    identify::{Known, identify},
    standing::{Settled, settle, wanted},
};
use crate::{
    Auth, Client,
    admission::{Admission, Proven, ProviderSession, admit, successor},
    projections::project_soon,
    sessions::CachedSession,
    sign_in::SignedIn,
    step_up,
};

/// Lets in whom the provider has proven, as far as they may come.
pub(super) async fn enter(
    auth: &Auth,
    connection: &Connection,
    proven: ProvenIdentity,
    returned: &Returned<'_>,
) -> Result<Admission, SsoError> {
    let (tenant, now) = (connection.tenant, auth.clock.now());
    let claims = &proven.claims;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    MembershipStore::lock_tenant(&tx, tenant).await?;
    let connection = ConnectionStore::find(&tx, tenant, connection.id).await?;
    let connection = connection.ok_or(SsoError::NotFound)?;
    refuse_disabled(&connection)?;
    let known = identify(&tx, &connection, claims).await?;
    let new = !matches!(known, Known::Subject(_));
    let person = person_of(&tx, auth, &connection, known, claims).await?;
    let wanted = wanted(&tx, &connection, claims).await?;
    let settled = settle(&tx, auth, &connection, &person, wanted).await?;
    let request = returned.request_id;
    if new {
        IdentityStore::insert(&tx, connection.id, claims.subject(), person.id, now).await?;
        let detail = json!({ "connection": connection.id, "by": "verified e-mail" });
        audit(
            &tx,
            auth,
            &connection,
            &person,
            "sso.identity.link",
            detail,
            request,
        )
        .await?;
    }
    IdentityStore::touch(&tx, connection.id, claims.subject(), now).await?;
    ConnectionStore::note_sign_in(&tx, connection.id, now).await?;
    tell_of(&tx, auth, &connection, &person, &settled, request).await?;
    tx.commit().await.map_err(StoreError::from)?;
    if settled.before.is_some() || settled.provisioned {
        let member = settled.membership.member;
        auth.directory.member_changed(member).await;
        project_soon(auth, tenant, member).await;
    }
    let proven = Proven {
        tenant,
        person: person.id,
        method: SignInMethod::Sso,
        second_factor: connection.proves_second_factor,
        provider: Some(ProviderSession {
            connection: connection.id,
            session: claims.session().map(str::to_owned),
            id_token: Some(proven.id_token.clone()),
        }),
    };
    let replaces = returned
        .visitor
        .and_then(|visitor| visitor.session_id().map(|id| (visitor.member_id, id)));
    Ok(admit(auth, proven, &returned.client, replaces).await?)
}

/// The person; a new one when nobody has the address and the connection makes members.
async fn person_of(
    tx: &DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    known: Known,
    claims: &Claims,
) -> Result<Person, SsoError> {
    match known {
        Known::Subject(person) => {
            let person = PersonStore::find(tx, person).await?;
            Ok(person.ok_or(StoreError::Missing("person"))?)
        }
        Known::Email(person) => Ok(person),
        Known::Nobody(_) if !connection.provisions => Err(SsoError::NotProvisioned),
        Known::Nobody(email) => {
            let person = Person {
                id: auth.clock.new_id(),
                name: name_of(claims).unwrap_or_else(|| email.to_string()),
                email,
                password_hash: None,
            };
            Ok(PersonStore::find_or_insert(tx, &person, auth.clock.now()).await?)
        }
    }
}

/// What the provider calls them, when it is a name: one line, not long.
fn name_of(claims: &Claims) -> Option<String> {
    let line = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let given = || {
        let (given, family) = (claims.text("given_name")?, claims.text("family_name")?);
        line(&format!("{given} {family}"))
    };
    claims.text("name").and_then(line).or_else(given)
}

/// Writes down what changed of the membership.
async fn tell_of(
    tx: &DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    person: &Person,
    settled: &Settled,
    request: &RequestId,
) -> Result<(), StoreError> {
    let standing = settled.membership.standing;
    let now = json!({ "role": standing.role, "external": standing.external });
    let member = settled.membership.member;
    if settled.provisioned {
        let detail = json!({ "connection": connection.id, "member": member, "after": now });
        audit(
            tx,
            auth,
            connection,
            person,
            "member.provision",
            detail,
            request,
        )
        .await?;
    } else if let Some(before) = settled.before {
        let before = json!({
            "role": before.standing.role, "external": before.standing.external,
            "state": before.state,
        });
        let detail = json!({
            "connection": connection.id, "member": member, "before": before, "after": now,
        });
        audit(
            tx,
            auth,
            connection,
            person,
            "member.change",
            detail,
            request,
        )
        .await?;
    }
    if let Some(kept) = settled.kept {
        let detail = json!({
            "connection": connection.id, "member": member,
            "refused": { "role": kept.role, "external": kept.external },
            "reason": "the tenant's last active architect",
        });
        audit(
            tx,
            auth,
            connection,
            person,
            "sso.standing.keep",
            detail,
            request,
        )
        .await?;
    }
    Ok(())
}

async fn audit(
    tx: &DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    person: &Person,
    action: &'static str,
    detail: Value,
    request: &RequestId,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Person(person.id),
        action,
        tenant: Some(connection.tenant),
        object: Some(person.id.as_uuid()),
        detail,
        request_id: Some(request.to_string()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}

/// Makes the provider's user a way in of the account that is signed in.
pub(super) async fn link(
    auth: &Auth,
    connection: &Connection,
    claims: &Claims,
    visitor: &CachedSession,
    returned: &Returned<'_>,
) -> Result<(), SsoError> {
    step_up::require(auth, visitor)?;
    let (person, now) = (visitor.person_id, auth.clock.now());
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    MembershipStore::lock_tenant(&tx, connection.tenant).await?;
    match IdentityStore::find_person(&tx, connection.id, claims.subject()).await? {
        Some(known) if known == person => return Ok(()),
        Some(_) => return Err(SsoError::AnotherPerson),
        None => {}
    }
    if IdentityStore::has_any(&tx, connection.id, person).await? {
        return Err(SsoError::AnotherSubject);
    }
    IdentityStore::insert(&tx, connection.id, claims.subject(), person, now).await?;
    let person = PersonStore::find(&tx, person).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    let detail = json!({ "connection": connection.id, "by": "its owner" });
    let request = returned.request_id;
    audit(
        &tx,
        auth,
        connection,
        &person,
        "sso.identity.link",
        detail,
        request,
    )
    .await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Takes a fresh proof of the provider for a confirmation of who is signed in. The session gets a
/// new secret.
pub(super) async fn confirm(
    auth: &Auth,
    connection: &Connection,
    claims: &Claims,
    visitor: &CachedSession,
    client: &Client,
) -> Result<SignedIn, SsoError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let known = IdentityStore::find_person(conn, connection.id, claims.subject()).await?;
    if known != Some(visitor.person_id) {
        return Err(SsoError::AnotherPerson);
    }
    let session = visitor.session_id().ok_or(SsoError::AnotherSession)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let before = SessionStore::find(&tx, session).await?;
    let before = before.ok_or(SsoError::AnotherSession)?;
    if !SessionStore::replace(&tx, session, now).await? {
        return Err(SsoError::AnotherSession);
    }
    let (mut session, cookie) = successor(auth, &before, client);
    session.second_factor = before.second_factor || connection.proves_second_factor;
    SessionStore::insert(&tx, &session).await?;
    let member = MembershipStore::find(&tx, connection.tenant, visitor.member_id).await?;
    let member = member.ok_or(StoreError::Missing("member"))?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.member_changed(visitor.member_id).await;
    Ok(SignedIn {
        member,
        cookie,
        session,
        device: None,
    })
}

/// The signed-in person's identities at the providers of their tenant.
///
/// # Errors
/// When the database fails.
pub async fn list_identities(
    auth: &Auth,
    session: &CachedSession,
) -> Result<Vec<Identity>, StoreError> {
    let conn = auth.central.conn();
    IdentityStore::list(conn, session.tenant_id, session.person_id).await
}

/// Takes away a provider's user as a way in of the signed-in person. Whoever came in as that user
/// is out at once, wherever: perhaps that is why the owner does it.
///
/// # Errors
/// When they have to confirm who they are, there is none such, or the database fails.
pub async fn unlink(
    auth: &Auth,
    session: &CachedSession,
    connection: ConnectionId,
    request: &RequestId,
) -> Result<(), SsoAdminError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let found = ConnectionStore::find(&tx, session.tenant_id, connection).await?;
    let connection = found.ok_or(SsoAdminError::NotFound)?;
    step_up::require(auth, session)?;
    let person = PersonStore::find(&tx, session.person_id).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    // A sign-in that is under way is over before, and its session seen, or is not admitted.
    if IdentityStore::delete(&tx, connection.id, person.id).await? == 0 {
        return Err(SsoAdminError::NotFound);
    }
    let now = auth.clock.now();
    let ended = SsoSessionStore::revoke(&tx, connection.id, None, Some(person.id), now).await?;
    let detail = json!({ "connection": connection.id });
    audit(
        &tx,
        auth,
        &connection,
        &person,
        "sso.identity.unlink",
        detail,
        request,
    )
    .await?;
    tx.commit().await.map_err(StoreError::from)?;
    for member in ended {
        auth.directory.member_changed(member).await;
    }
    Ok(())
}
