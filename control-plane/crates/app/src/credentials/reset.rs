//! Replacing a password that was forgotten. Whoever asks gets one answer at once, whether or not
//! the address is known: what is done about it is done afterwards. The link is built from the
//! tenant's row. A new password signs nobody in: the second factor is still asked.

use chrono::TimeDelta;
use cp_domain::{Email, MemberState, PasswordUse, WeakPassword};
use cp_store::{
    EmailChangeStore, MembershipStore, PasswordReset, PasswordResetStore, Person, PersonStore,
    SessionStore, StoreError, TenantSecurityStore, TenantStore,
};
use kernel::{PersonId, TenantId};
use sea_orm::ConnectionTrait;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{about, audit, password_use, tell};
use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    mail::{self, QueueError},
    passwords::PasswordError,
    secrets::{Minted, hash_opaque, mint_opaque},
};

/// How long a link is good.
const RESET_LIFE: TimeDelta = TimeDelta::minutes(30);
/// Links of one person that may be good at once.
const MAX_OPEN: u64 = 3;

/// Somebody forgot their password.
#[derive(Debug)]
pub struct ResetRequest {
    /// The tenant whose host it is; none on the host of people.
    pub tenant: Option<TenantId>,
    /// The address.
    pub email: Email,
    /// The client.
    pub client: Client,
}

/// Why a password is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The link is none of this host, was used, has expired or was withdrawn.
    #[error("the link is not valid any more")]
    Spent,
    /// The new password is refused.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Passwords cannot be worked on now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks for a link. The answer comes before anything is looked up.
///
/// # Errors
/// When there were too many attempts.
pub async fn request_reset(auth: &Auth, request: ResetRequest) -> Result<(), TooManyAttempts> {
    let now = auth.clock.now();
    // Never taken back: whether the address is known may not show here either.
    let _attempt = auth
        .attempts
        .password("reset", &request.email, &request.client.address, now)
        .await?;
    let auth = auth.clone();
    tokio::spawn(async move {
        if let Err(error) = send_link(&auth, &request).await {
            tracing::warn!(%error, "a link for a new password was not sent");
        }
    });
    Ok(())
}

async fn send_link(auth: &Auth, request: &ResetRequest) -> Result<(), ResetError> {
    let now = auth.clock.now();
    let conn = auth.central.conn();
    let Some(person) = PersonStore::find_by_email(conn, &request.email).await? else {
        return Ok(());
    };
    if person.password_hash.is_none() || !may_reset(conn, request.tenant, person.id).await? {
        return Ok(());
    }
    let slug = match request.tenant {
        Some(tenant) => {
            let tenant = TenantStore::find(conn, tenant).await?;
            Some(tenant.ok_or(StoreError::Missing("tenant"))?.slug)
        }
        None => None,
    };
    let Minted { secret, hash } = mint_opaque();
    let reset = PasswordReset {
        id: auth.clock.new_uuid(),
        token_hash: hash,
        person: person.id,
        tenant: request.tenant,
        created_at: now,
        expires_at: now + RESET_LIFE,
    };
    let slug = slug.as_deref();
    let link = auth.links.password_reset(slug, secret.expose_secret());
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, person.id).await?;
    if PasswordResetStore::count_open(&tx, person.id, now).await? >= MAX_OPEN {
        return Ok(());
    }
    PasswordResetStore::insert(&tx, &reset).await?;
    queue_link(&tx, auth, &person, link, &reset).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(())
}

async fn queue_link(
    tx: &sea_orm::DatabaseTransaction,
    auth: &Auth,
    person: &Person,
    link: String,
    reset: &PasswordReset,
) -> Result<(), QueueError> {
    let mail = mailer::SecurityLink {
        name: person.name.clone(),
        subject: "Set a new password".to_owned(),
        reason: "somebody asked for a new password for your account on Trellis.".to_owned(),
        button: "Set a new password".to_owned(),
        link,
        expires_at: reset.expires_at,
    };
    let id = auth.clock.new_uuid();
    let mail = mail.mail(
        person.email.as_str(),
        format!("{id}@{}", auth.links.base_domain()),
    )?;
    mail::queue(tx, auth, id, "password_reset", mail).await
}

/// Whether the person may replace the password on this host: an active member, where single
/// sign-on is not enforced on them.
async fn may_reset(
    conn: &impl ConnectionTrait,
    tenant: Option<TenantId>,
    person: PersonId,
) -> Result<bool, StoreError> {
    let Some(tenant) = tenant else {
        return Ok(true);
    };
    let member = MembershipStore::find_by_person(conn, tenant, person).await?;
    let Some(member) = member.filter(|member| member.membership.state == MemberState::Active)
    else {
        return Ok(false);
    };
    let member = member.membership.member;
    Ok(!TenantSecurityStore::get(conn, tenant).await?.sso_enforced
        || TenantSecurityStore::is_break_glass_owner(conn, tenant, member).await?)
}

/// A link that is good.
#[derive(Debug, Clone)]
pub struct OpenReset {
    id: Uuid,
    /// Whose password it is.
    pub person: Person,
    /// What the new password has to be.
    pub purpose: PasswordUse,
}

/// The reset of a link's token on this host.
///
/// # Errors
/// When it is not good, or the database fails.
pub async fn find_reset(
    auth: &Auth,
    tenant: Option<TenantId>,
    token: &str,
) -> Result<OpenReset, ResetError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let hash = hash_opaque(token).ok_or(ResetError::Spent)?;
    let found = PasswordResetStore::find_open(conn, tenant, &hash, now).await?;
    let (id, person) = found.ok_or(ResetError::Spent)?;
    if !may_reset(conn, tenant, person).await? {
        return Err(ResetError::Spent);
    }
    let person = PersonStore::find(conn, person).await?;
    let person = person.ok_or(ResetError::Spent)?;
    let purpose = password_use(conn, person.id).await?;
    Ok(OpenReset {
        id,
        person,
        purpose,
    })
}

/// A new password by a link.
#[derive(Debug)]
pub struct ResetPassword<'a> {
    /// The tenant whose host it is; none on the host of people.
    pub tenant: Option<TenantId>,
    /// The link's token.
    pub token: &'a str,
    /// The new password.
    pub password: SecretString,
    /// The client.
    pub client: Client,
}

/// Sets a new password. Of several that use one link at once, one succeeds. All sessions of the
/// person end, in every tenant; nobody is signed in by it.
///
/// # Errors
/// When the link is not good, the password is refused, or something failed.
pub async fn reset_password(auth: &Auth, command: ResetPassword<'_>) -> Result<(), ResetError> {
    let now = auth.clock.now();
    let ResetPassword {
        tenant,
        token,
        password,
        client,
    } = command;
    let attempt = auth.attempts.link(&client.address, now).await?;
    let reset = find_reset(auth, tenant, token).await?;
    auth.attempts.succeeded(attempt, now).await;
    auth.passwords
        .assess(&password, reset.purpose, about(&reset.person))
        .await??;
    let hash = auth.passwords.hash(&password).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let person = PersonStore::lock(&tx, reset.person.id).await?;
    if !PasswordResetStore::use_up(&tx, reset.id, now).await? {
        return Err(ResetError::Spent);
    }
    let old = person.password_hash.as_deref();
    PersonStore::set_password(&tx, person.id, old, &hash, now).await?;
    SessionStore::revoke_all_of_person(&tx, person.id, None, now).await?;
    PasswordResetStore::revoke_open(&tx, person.id, now).await?;
    EmailChangeStore::revoke_open(&tx, person.id, now).await?;
    let what = ("person.reset_password", tenant);
    audit(&tx, auth, person.id, what, &client).await?;
    let happened = "A new password was set for your account by a link that was sent to this \
                    address. You were signed out everywhere."
        .to_owned();
    let what = ("Your password was changed", happened);
    tell(&tx, auth, &person, what, &client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    auth.directory.person_changed(person.id).await?;
    Ok(())
}
