//! Accounts of staff, made on the command line by who has the server.

use cp_domain::{Email, PasswordUse, StaffRole, WeakPassword};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Staff, StaffSessionStore, StaffStore, StoreError,
    seal::{Purpose, SealError},
};
use kernel::StaffId;
use secrecy::SecretString;

use super::totp;
use crate::{Auth, passwords::PasswordError};

/// An account to be made.
#[derive(Debug)]
pub struct NewStaff {
    /// The address to sign in with.
    pub email: Email,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// The password.
    pub password: SecretString,
    /// The secret of the second factor in base 32, when it comes from outside.
    pub totp_secret: Option<SecretString>,
}

/// The secret of a second factor, shown once.
#[derive(Debug)]
pub struct NewSecondFactor {
    /// In base 32, as authenticator apps take it.
    pub secret_base32: SecretString,
    /// The address behind a QR code.
    pub otpauth_url: SecretString,
}

/// An account was made.
#[derive(Debug)]
pub struct CreatedStaff {
    /// The account.
    pub id: StaffId,
    /// Its second factor.
    pub second_factor: NewSecondFactor,
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffAccountError {
    /// The address is taken.
    #[error("an account with this address exists")]
    Exists,
    /// There is no such account.
    #[error("no account has this address")]
    NotFound,
    /// The password is refused.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// Passwords cannot be worked on now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The secret from outside is none.
    #[error("the secret of the second factor is not 16 bytes or more in base 32")]
    UnreadableSecret,
    /// The secret could not be sealed, or not shown.
    #[error("the secret of the second factor cannot be kept")]
    Secret(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an account. Its second factor is in the answer and, sealed, in the database.
///
/// # Errors
/// When the address is taken, the password is weak, or something failed.
pub async fn create_staff(auth: &Auth, new: NewStaff) -> Result<CreatedStaff, StaffAccountError> {
    let now = auth.clock.now();
    let about = vec![new.email.to_string(), new.name.clone()];
    auth.passwords
        .assess(&new.password, PasswordUse::WithSecondFactor, about)
        .await??;
    let id: StaffId = auth.clock.new_id();
    let secret = match &new.totp_secret {
        None => totp::new_secret(),
        Some(text) => totp::read_secret(text).ok_or(StaffAccountError::UnreadableSecret)?,
    };
    let (second_factor, sealed) = second_factor(auth, id, &new.email, &secret)?;
    let staff = Staff {
        id,
        email: new.email,
        name: new.name,
        role: new.role,
        password_hash: auth.passwords.hash(&new.password).await?,
        totp_secret: sealed,
        disabled_at: None,
    };
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    match StaffStore::insert(&tx, &staff, now).await {
        Err(StoreError::Duplicate(_)) => return Err(StaffAccountError::Exists),
        other => other?,
    }
    audit(&tx, auth, "staff.create", id, staff.role).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(CreatedStaff { id, second_factor })
}

/// Gives an account another second factor; its sessions end.
///
/// # Errors
/// When there is no such account or something failed.
pub async fn reset_second_factor(
    auth: &Auth,
    email: &Email,
) -> Result<NewSecondFactor, StaffAccountError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let staff = StaffStore::find_by_email(&tx, email)
        .await?
        .ok_or(StaffAccountError::NotFound)?;
    let secret = totp::new_secret();
    let (second_factor, sealed) = second_factor(auth, staff.id, email, &secret)?;
    StaffStore::reset_totp(&tx, staff.id, sealed).await?;
    StaffSessionStore::revoke_all(&tx, staff.id, auth.clock.now()).await?;
    audit(&tx, auth, "staff.reset_second_factor", staff.id, staff.role).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(second_factor)
}

/// Every account, by address.
///
/// # Errors
/// When the database fails.
pub async fn list_staff(auth: &Auth) -> Result<Vec<Staff>, StoreError> {
    StaffStore::list(auth.central.conn()).await
}

fn second_factor(
    auth: &Auth,
    id: StaffId,
    email: &Email,
    secret: &totp_rs::Secret,
) -> Result<(NewSecondFactor, Vec<u8>), StaffAccountError> {
    let url = totp::otpauth_url(secret, email.as_str()).ok_or(SealError::Refused)?;
    let sealed = auth
        .sealer
        .seal(Purpose::StaffTotp, id, secret.as_bytes())?;
    let shown = NewSecondFactor {
        secret_base32: SecretString::from(secret.to_base32()),
        otpauth_url: SecretString::from(url),
    };
    Ok((shown, sealed))
}

async fn audit(
    tx: &sea_orm::DatabaseTransaction,
    auth: &Auth,
    action: &'static str,
    staff: StaffId,
    role: StaffRole,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::System,
        action,
        tenant: None,
        object: Some(staff.as_uuid()),
        detail: serde_json::json!({ "role": role }),
        request_id: None,
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
