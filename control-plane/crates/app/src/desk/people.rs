//! People: who they are, why they cannot get in, and how to help.

use cp_domain::Email;
use cp_store::{
    Belonging, FactorStore, ListedPerson, PeopleDeskStore, PersonStore, PersonVisit, SessionStore,
    StoreError,
};
use kernel::{Limit, PersonId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Auth, Client,
    attempts::Lockout,
    cache::Away,
    factors::{FactorOverview, overview},
    fleet::KeyError,
    mail::{self, QueueError},
    staff::{By, record::Deed},
};

/// Everything that a person's page shows.
#[derive(Debug, Clone)]
pub struct PersonPage {
    /// The person.
    pub person: ListedPerson,
    /// Where they belong.
    pub belongings: Vec<Belonging>,
    /// Their second factors.
    pub factors: FactorOverview,
    /// Why they may have to wait; none when it cannot be said now.
    pub lockout: Option<Lockout>,
}

/// Why nothing is done for a person.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no such person or session.
    #[error("there is no such person or session")]
    NotFound,
    /// The counters cannot be reached.
    #[error(transparent)]
    Away(#[from] Away),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The mail cannot be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(_) => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

/// People by address, after one of them; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_people(
    auth: &Auth,
    beginning: &str,
    tenant: Option<TenantId>,
    after: Option<&str>,
    limit: Limit,
) -> Result<Vec<ListedPerson>, StoreError> {
    let beginning = beginning.trim().to_lowercase();
    let conn = auth.central.conn();
    PeopleDeskStore::list(conn, &beginning, tenant, after.unwrap_or_default(), limit).await
}

/// A person's page.
///
/// # Errors
/// When there is no such person or the database fails.
pub async fn find_person(auth: &Auth, id: PersonId) -> Result<PersonPage, DeskError> {
    let conn = auth.central.conn();
    let person = PeopleDeskStore::find(conn, id).await?;
    let person = person.ok_or(DeskError::NotFound)?;
    let lockout = match Email::parse(&person.email) {
        Ok(email) => auth
            .attempts
            .lockout(&email, id, auth.clock.now())
            .await
            .ok(),
        Err(_) => None,
    };
    Ok(PersonPage {
        belongings: PeopleDeskStore::list_belongings(conn, id).await?,
        factors: overview(auth, id).await?,
        lockout,
        person,
    })
}

/// A person's sessions, the newest first, before one of them; one more than the limit when more
/// follow.
///
/// # Errors
/// When the database fails.
pub async fn list_sessions(
    auth: &Auth,
    id: PersonId,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<PersonVisit>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    PeopleDeskStore::list_visits(conn, id, before, now, limit).await
}

/// Lets a person try again at once: forgets their failures and opens their second factor.
///
/// # Errors
/// When there is no such person, or the counters or the database fail.
pub async fn clear_lockout(auth: &Auth, by: &By, id: PersonId) -> Result<(), DeskError> {
    if by.answered::<PersonId>(auth).await?.is_some() {
        return Ok(());
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, id).await?;
    PeopleDeskStore::reopen_totp(&tx, id).await?;
    by.record(&tx, auth, deed("person.clear_lockout", id, json!({})), &id)
        .await?;
    auth.attempts.forget_failures(&person.email, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Ends one session of a person.
///
/// # Errors
/// When they have none such, or the database fails.
pub async fn end_session(
    auth: &Auth,
    by: &By,
    id: PersonId,
    session: Uuid,
) -> Result<(), DeskError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !PeopleDeskStore::revoke_visit(&tx, id, session, auth.clock.now()).await? {
        return Err(DeskError::NotFound);
    }
    let detail = json!({ "session": session });
    by.record(&tx, auth, deed("person.end_session", id, detail), &id)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.person_changed(id).await?;
    Ok(())
}

/// Ends every session of a person, wherever. Tokens go on.
///
/// # Errors
/// When there is no such person or the database fails.
pub async fn end_all_sessions(auth: &Auth, by: &By, id: PersonId) -> Result<(), DeskError> {
    if by.answered::<PersonId>(auth).await?.is_some() {
        return Ok(());
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    PersonStore::lock(&tx, id).await?;
    let ended = SessionStore::revoke_all_of_person(&tx, id, None, auth.clock.now()).await?;
    let detail = json!({ "sessions": ended });
    by.record(&tx, auth, deed("person.end_sessions", id, detail), &id)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.person_changed(id).await?;
    Ok(())
}

/// Takes a person's authenticator, recovery codes and passkeys away and ends their sessions, after
/// they were lost and staff made sure of who asks. They hear of it by mail.
///
/// # Errors
/// When there is no such person or the database fails.
pub async fn reset_factors(
    auth: &Auth,
    by: &By,
    id: PersonId,
    reason: &str,
    client: &Client,
) -> Result<(), DeskError> {
    if by.answered::<PersonId>(auth).await?.is_some() {
        return Ok(());
    }
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, id).await?;
    let totp = FactorStore::remove_totp(&tx, id, now).await?;
    FactorStore::replace_recovery_codes(&tx, id, &[], now).await?;
    let passkeys = PeopleDeskStore::remove_passkeys(&tx, id).await?;
    let ended = SessionStore::revoke_all_of_person(&tx, id, None, now).await?;
    let detail = json!({
        "reason": reason, "totp": totp, "passkeys": passkeys, "sessions": ended,
        "address": client.address,
    });
    by.record(&tx, auth, deed("person.reset_factors", id, detail), &id)
        .await?;
    let notice = mailer::SecurityNotice {
        name: person.name.clone(),
        subject: "Your second factor was reset".to_owned(),
        happened: "The staff of the platform took away your authenticator, your recovery codes \
                   and your passkeys, and ended your sessions."
            .to_owned(),
        at: now,
        // Where staff are is nobody's business.
        address: "the platform's back office".to_owned(),
        device: "a member of staff".to_owned(),
        advice: "If you did not ask for it, change your password and tell your administrator."
            .to_owned(),
    };
    mail::queue_notice(&tx, auth, &person, notice).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    auth.directory.person_changed(id).await?;
    Ok(())
}

fn deed(action: &'static str, id: PersonId, detail: serde_json::Value) -> Deed {
    Deed {
        action,
        tenant: None,
        object: Some(id.as_uuid()),
        detail,
    }
}
