//! Moving to another e-mail address: asked for by who confirmed a moment ago who they are, made
//! by the link that the new address got, told to the old one both times.

use chrono::TimeDelta;
use cp_domain::Email;
use cp_store::{
    EmailChange, EmailChangeStore, MembershipStore, PasswordResetStore, Person, PersonStore,
    StoreError, TenantStore,
};
use secrecy::ExposeSecret as _;

use super::{audit, tell};
use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    mail::{self, QueueError},
    projections::project_soon,
    secrets::{Minted, hash_opaque, mint_opaque},
    sessions::CachedSession,
    step_up::{self, CameByProvider, StepUpRequired},
};

/// How long a link is good.
const CHANGE_LIFE: TimeDelta = TimeDelta::minutes(30);

/// Why an address is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EmailChangeError {
    /// The person has to confirm who they are first.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// The session came through a provider, which has no say in this.
    #[error(transparent)]
    ByProvider(#[from] CameByProvider),
    /// It is the present address.
    #[error("it is the present address")]
    Same,
    /// The link was used, has expired or was withdrawn, or the address is taken meanwhile.
    #[error("the link is not valid any more")]
    Spent,
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks for another address. The answer is the same whether or not somebody has it.
///
/// # Errors
/// When they may not, or something failed.
pub async fn request_email_change(
    auth: &Auth,
    session: &CachedSession,
    email: Email,
    client: &Client,
) -> Result<(), EmailChangeError> {
    step_up::refuse_provider(session)?;
    step_up::require(auth, session)?;
    let now = auth.clock.now();
    // Never taken back: it sends mail to whom it names.
    let _attempt = auth
        .attempts
        .password("email", &email, &client.address, now)
        .await?;
    let Minted { secret, hash } = mint_opaque();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, session.person_id).await?;
    if person.email == email {
        return Err(EmailChangeError::Same);
    }
    EmailChangeStore::revoke_open(&tx, person.id, now).await?;
    if PersonStore::find_by_email(&tx, &email).await?.is_none() {
        let change = EmailChange {
            id: auth.clock.new_uuid(),
            token_hash: hash,
            person: person.id,
            email: email.clone(),
            created_at: now,
            expires_at: now + CHANGE_LIFE,
        };
        EmailChangeStore::insert(&tx, &change).await?;
        let tenant = TenantStore::find(&tx, session.tenant_id).await?;
        let tenant = tenant.ok_or(StoreError::Missing("tenant"))?;
        let link = auth
            .links
            .email_change(tenant.slug.as_str(), secret.expose_secret());
        queue_link(&tx, auth, &person, &change, link).await?;
    }
    let what = ("person.request_email_change", Some(session.tenant_id));
    audit(&tx, auth, person.id, what, client).await?;
    let happened = format!(
        "Somebody asked to change the e-mail address of your account to {email}. It changes when \
         the link in the mail to that address is followed."
    );
    let what = ("A new e-mail address was asked for", happened);
    tell(&tx, auth, &person, what, client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(())
}

async fn queue_link(
    tx: &sea_orm::DatabaseTransaction,
    auth: &Auth,
    person: &Person,
    change: &EmailChange,
    link: String,
) -> Result<(), QueueError> {
    let mail = mailer::SecurityLink {
        name: person.name.clone(),
        subject: "Confirm your new e-mail address".to_owned(),
        reason: "this is to become the address with which you sign in to Trellis.".to_owned(),
        button: "Confirm the address".to_owned(),
        link,
        expires_at: change.expires_at,
    };
    let id = auth.clock.new_uuid();
    let mail = mail.mail(
        change.email.as_str(),
        format!("{id}@{}", auth.links.base_domain()),
    )?;
    mail::queue(tx, auth, id, "email_change", mail).await
}

/// An address that waits to be confirmed.
#[derive(Debug, Clone)]
pub struct WaitingEmail {
    /// The present address.
    pub from: Email,
    /// The new one.
    pub to: Email,
}

/// What a link's token confirms.
///
/// # Errors
/// When it is not good, or the database fails.
pub async fn find_email_change(auth: &Auth, token: &str) -> Result<WaitingEmail, EmailChangeError> {
    let (change, person) = find(auth, token).await?;
    Ok(WaitingEmail {
        from: person.email,
        to: change.email,
    })
}

async fn find(auth: &Auth, token: &str) -> Result<(EmailChange, Person), EmailChangeError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let hash = hash_opaque(token).ok_or(EmailChangeError::Spent)?;
    let change = EmailChangeStore::find_open(conn, &hash, now).await?;
    let change = change.ok_or(EmailChangeError::Spent)?;
    let person = PersonStore::find(conn, change.person).await?;
    Ok((change, person.ok_or(EmailChangeError::Spent)?))
}

/// Makes the change. Of several that use one link at once, one succeeds.
///
/// # Errors
/// When the link is not good, or something failed.
pub async fn confirm_email_change(
    auth: &Auth,
    token: &str,
    client: &Client,
) -> Result<Email, EmailChangeError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.link(&client.address, now).await?;
    let (change, _) = find(auth, token).await?;
    auth.attempts.succeeded(attempt, now).await;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, change.person).await?;
    if !EmailChangeStore::use_up(&tx, change.id, now).await? {
        return Err(EmailChangeError::Spent);
    }
    match PersonStore::set_email(&tx, person.id, &change.email, now).await {
        Err(StoreError::Duplicate(_)) => return Err(EmailChangeError::Spent),
        other => other?,
    }
    // What was sent to the old address is good no more.
    PasswordResetStore::revoke_open(&tx, person.id, now).await?;
    audit(&tx, auth, person.id, ("person.change_email", None), client).await?;
    let happened = format!(
        "The e-mail address of your account is now {}.",
        change.email
    );
    let what = ("Your e-mail address was changed", happened);
    tell(&tx, auth, &person, what, client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    auth.directory.person_changed(person.id).await?;
    let conn = auth.central.conn();
    for member in MembershipStore::list_of_person(conn, person.id).await? {
        if let Some(tenant) = MembershipStore::find_tenant(conn, member).await? {
            project_soon(auth, tenant, member).await;
        }
    }
    Ok(change.email)
}
