//! Links by which staff choose a password and take a second factor: for a new account, or anew
//! after theirs were lost. An account begins only when its owner has shown both.

use chrono::TimeDelta;
use cp_domain::{Email, PasswordUse, StaffRole, WeakPassword, totp_digits};
use cp_store::{
    Staff, StaffAccountStore, StaffLink, StaffLinkStore, StaffSessionStore, StaffStore, StoreError,
    seal::{Purpose, SealError},
};
use kernel::{Limit, StaffId};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::{
    account::NewSecondFactor,
    record::{By, Deed, record},
    totp,
};
use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    fleet::{KeyError, Requester},
    mail::{self, QueueError},
    passwords::PasswordError,
    secrets::{Minted, hash_opaque, mint_opaque},
};

/// How long a link to a new account is good.
const INVITATION: TimeDelta = TimeDelta::days(3);
/// How long a link that sets factors anew is good.
const RESET: TimeDelta = TimeDelta::hours(2);

/// Somebody is to become a member of staff.
#[derive(Debug, Clone)]
pub struct InviteStaff {
    /// The address to sign in with.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
}

/// Why a link is not made, or not used.
#[derive(Debug, thiserror::Error)]
pub enum StaffLinkError {
    /// An account with this address exists.
    #[error("an account with this address exists")]
    Exists,
    /// There is no such account, or no such link that may be used.
    #[error("there is no such account or link")]
    Unknown,
    /// Somebody may not reset their own factor, which they would need to get back in.
    #[error("nobody resets their own factors")]
    Oneself,
    /// The code is wrong.
    #[error("the code is wrong")]
    WrongCode,
    /// The password is refused.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Passwords cannot be worked on now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Secret(#[from] SealError),
    /// The mail cannot be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends a link to a new account; one that was sent before ends.
///
/// # Errors
/// When the address has an account, or something failed.
pub async fn invite_staff(
    auth: &Auth,
    by: &By,
    invite: InviteStaff,
) -> Result<StaffLink, StaffLinkError> {
    if let Some(id) = by.answered::<Uuid>(auth).await? {
        return issued(auth, id).await;
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if StaffStore::find_by_email(&tx, &invite.email)
        .await?
        .is_some()
    {
        return Err(StaffLinkError::Exists);
    }
    let link = issue(auth, &tx, &by.requester, None, invite).await?;
    let deed = Deed {
        action: "staff.invite",
        tenant: None,
        object: Some(link.id),
        detail: json!({ "email": link.email, "role": link.role }),
    };
    by.record(&tx, auth, deed, &link.id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(link)
}

/// Closes an account's second factor, ends its sessions and sends a link by which its owner sets
/// both factors anew.
///
/// # Errors
/// When it is the requester's own account or there is none.
pub async fn reset_staff(auth: &Auth, by: &By, id: StaffId) -> Result<StaffLink, StaffLinkError> {
    if let Some(id) = by.answered::<Uuid>(auth).await? {
        return issued(auth, id).await;
    }
    if by.requester.staff == Some(id) {
        return Err(StaffLinkError::Oneself);
    }
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let account = StaffAccountStore::find(&tx, id).await?;
    let account = account
        .filter(|account| account.disabled_at.is_none())
        .ok_or(StaffLinkError::Unknown)?;
    StaffStore::close_totp(&tx, id).await?;
    StaffSessionStore::revoke_all(&tx, id, now).await?;
    let again = InviteStaff {
        email: account.email,
        name: account.name,
        role: account.role,
    };
    let link = issue(auth, &tx, &by.requester, Some(id), again).await?;
    let deed = Deed {
        action: "staff.reset_second_factor",
        tenant: None,
        object: Some(id.as_uuid()),
        detail: json!({ "link": link.id }),
    };
    by.record(&tx, auth, deed, &link.id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(link)
}

/// The link of an earlier request with the same key.
async fn issued(auth: &Auth, id: Uuid) -> Result<StaffLink, StaffLinkError> {
    let link = StaffLinkStore::find(auth.central.conn(), id).await?;
    link.ok_or(StaffLinkError::Unknown)
}

async fn issue(
    auth: &Auth,
    tx: &DatabaseTransaction,
    requester: &Requester,
    staff: Option<StaffId>,
    whom: InviteStaff,
) -> Result<StaffLink, StaffLinkError> {
    let now = auth.clock.now();
    StaffLinkStore::revoke_of(tx, &whom.email, now).await?;
    let id = auth.clock.new_uuid();
    let secret = totp::new_secret();
    let link = StaffLink {
        id,
        staff,
        totp_secret: auth
            .sealer
            .seal(Purpose::StaffTotp, id, secret.as_bytes())?,
        email: whom.email,
        name: whom.name,
        role: whom.role,
        created_by: requester.staff,
        created_at: now,
        expires_at: now + if staff.is_some() { RESET } else { INVITATION },
    };
    let Minted { secret, hash } = mint_opaque();
    StaffLinkStore::insert(tx, &link, &hash).await?;
    let mail_id = auth.clock.new_uuid();
    let message = mailer::StaffLink {
        name: link.name.clone(),
        role: link.role.to_string(),
        anew: staff.is_some(),
        link: auth.staff.link(secret.expose_secret()),
        expires_at: link.expires_at,
    };
    let message_id = format!("{mail_id}@{}", auth.links.base_domain());
    let message = message
        .mail(link.email.as_str(), message_id)
        .map_err(QueueError::from)?;
    mail::queue(tx, auth, mail_id, "staff_link", message).await?;
    Ok(link)
}

/// Links that may be used, the newest first, before one of them; one more than the limit when more
/// follow.
///
/// # Errors
/// When the database fails.
pub async fn list_links(
    auth: &Auth,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<StaffLink>, StoreError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    StaffLinkStore::list_open(conn, before, now, limit).await
}

/// Withdraws a link; answers false when there is none that may be used.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_link(
    auth: &Auth,
    requester: &Requester,
    id: Uuid,
) -> Result<bool, StoreError> {
    let tx = auth.central.begin().await?;
    if !StaffLinkStore::revoke(&tx, id, auth.clock.now()).await? {
        return Ok(false);
    }
    let deed = Deed {
        action: "staff.withdraw_link",
        tenant: None,
        object: Some(id),
        detail: json!({}),
    };
    record(&tx, auth, requester, deed).await?;
    tx.commit().await?;
    Ok(true)
}

/// What a link is for, and the secret of the second factor that it brings.
#[derive(Debug)]
pub struct OpenedLink {
    /// The link.
    pub link: StaffLink,
    /// For the authenticator.
    pub second_factor: NewSecondFactor,
}

/// Looks at a link without using it.
///
/// # Errors
/// When it may not be used.
pub async fn open_link(
    auth: &Auth,
    token: &str,
    client: &Client,
) -> Result<OpenedLink, StaffLinkError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.link(&client.address, now).await?;
    let link = find(auth, token).await?;
    auth.attempts.succeeded(attempt, now).await;
    let secret = open_secret(auth, &link)?;
    let url = totp::otpauth_url(&secret, link.email.as_str()).ok_or(SealError::Refused)?;
    let second_factor = NewSecondFactor {
        secret_base32: SecretString::from(secret.to_base32()),
        otpauth_url: SecretString::from(url),
    };
    Ok(OpenedLink {
        link,
        second_factor,
    })
}

/// What somebody gives to a link.
#[derive(Debug)]
pub struct UseLink<'a> {
    /// The link's secret.
    pub token: &'a str,
    /// The password they chose.
    pub password: SecretString,
    /// A code of the authenticator that has the link's secret.
    pub code: &'a str,
    /// The client.
    pub client: Client,
    /// The request, for the audit log.
    pub request_id: kernel::RequestId,
}

/// Uses a link: makes the account, or sets its factors anew. Of several at once, one succeeds.
///
/// # Errors
/// When it may not be used, the password is weak or the code wrong; nothing has changed then.
pub async fn use_link(auth: &Auth, command: UseLink<'_>) -> Result<StaffId, StaffLinkError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.link(&command.client.address, now).await?;
    let link = find(auth, command.token).await?;
    let about = vec![link.email.to_string(), link.name.clone()];
    auth.passwords
        .assess(&command.password, PasswordUse::WithSecondFactor, about)
        .await??;
    if !StaffLinkStore::count_code(auth.central.conn(), link.id).await? {
        return Err(StaffLinkError::Unknown);
    }
    let secret = open_secret(auth, &link)?;
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let step = totp_digits(command.code)
        .and_then(|code| totp::matching_step(secret.as_bytes(), &code, seconds))
        .ok_or(StaffLinkError::WrongCode)?;
    let hash = auth.passwords.hash(&command.password).await?;
    let id = link.staff.unwrap_or_else(|| auth.clock.new_id());
    let staff = Staff {
        id,
        email: link.email.clone(),
        name: link.name.clone(),
        role: link.role,
        password_hash: hash,
        totp_secret: auth
            .sealer
            .seal(Purpose::StaffTotp, id, secret.as_bytes())?,
        disabled_at: None,
    };
    settle(auth, &link, staff, step, command.request_id).await?;
    auth.attempts.succeeded(attempt, now).await;
    Ok(id)
}

async fn settle(
    auth: &Auth,
    link: &StaffLink,
    staff: Staff,
    step: u64,
    request_id: kernel::RequestId,
) -> Result<(), StaffLinkError> {
    let (id, now) = (staff.id, auth.clock.now());
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !StaffLinkStore::use_up(&tx, link.id, now).await? {
        return Err(StaffLinkError::Unknown);
    }
    let action = if link.staff.is_some() {
        StaffStore::set_password(&tx, id, &staff.password_hash).await?;
        StaffStore::reset_totp(&tx, id, staff.totp_secret).await?;
        StaffSessionStore::revoke_all(&tx, id, now).await?;
        "staff.set_factors"
    } else {
        match StaffStore::insert(&tx, &staff, now).await {
            Err(StoreError::Duplicate(_)) => return Err(StaffLinkError::Exists),
            other => other?,
        }
        "staff.accept_invitation"
    };
    // The code that was shown here signs nobody in.
    if !StaffStore::use_step(&tx, id, step).await? {
        return Err(StaffLinkError::Unknown);
    }
    let requester = Requester {
        staff: Some(id),
        request_id: Some(request_id),
    };
    let deed = Deed {
        action,
        tenant: None,
        object: Some(id.as_uuid()),
        detail: json!({ "link": link.id, "role": link.role }),
    };
    record(&tx, auth, &requester, deed).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

async fn find(auth: &Auth, token: &str) -> Result<StaffLink, StaffLinkError> {
    let hash = hash_opaque(token).ok_or(StaffLinkError::Unknown)?;
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let link = StaffLinkStore::find_open(conn, &hash, now).await?;
    link.ok_or(StaffLinkError::Unknown)
}

fn open_secret(auth: &Auth, link: &StaffLink) -> Result<totp_rs::Secret, SealError> {
    let opened = auth
        .sealer
        .open(Purpose::StaffTotp, link.id, &link.totp_secret)?;
    Ok(totp_rs::Secret::from(opened.expose_secret().to_vec()))
}
