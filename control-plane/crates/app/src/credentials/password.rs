//! Changing the password that one knows.

use cp_domain::WeakPassword;
use cp_store::{EmailChangeStore, PasswordResetStore, PersonStore, SessionStore, StoreError};
use kernel::PersonId;
use secrecy::SecretString;

use super::{about, audit, password_use, tell};
use crate::{
    Auth, Client,
    attempts::TooManyAttempts,
    factors::{FactorChangeError, rotate},
    mail::QueueError,
    passwords::PasswordError,
    sessions::CachedSession,
    sign_in::SignedIn,
};

/// A new password for who knows the old one.
#[derive(Debug)]
pub struct ChangePassword<'a> {
    /// Who is signed in.
    pub session: &'a CachedSession,
    /// The present password.
    pub current: SecretString,
    /// The new one.
    pub new: SecretString,
    /// The client.
    pub client: Client,
}

/// Why a password is not changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordChangeError {
    /// The present password is another one, or there is none.
    #[error("the present password is wrong")]
    WrongPassword,
    /// The new one is refused.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The session has ended, or it is a token.
    #[error("no session that can do this")]
    NoSession,
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

/// Whether a person has a password: who comes through a provider may have none.
///
/// # Errors
/// When the database fails.
pub async fn has_password(auth: &Auth, person: PersonId) -> Result<bool, StoreError> {
    let person = PersonStore::find(auth.central.conn(), person).await?;
    Ok(person.is_some_and(|person| person.password_hash.is_some()))
}

/// Changes the password. Every other session of the person ends, in every tenant; this one goes
/// on with another cookie.
///
/// # Errors
/// When the present one is wrong, the new one is refused, or something failed.
pub async fn change_password(
    auth: &Auth,
    command: ChangePassword<'_>,
) -> Result<SignedIn, PasswordChangeError> {
    let now = auth.clock.now();
    let ChangePassword {
        session,
        current,
        new,
        client,
    } = command;
    let conn = auth.central.conn();
    let person = PersonStore::find(conn, session.person_id).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    let attempt = auth
        .attempts
        .password("person", &person.email, &client.address, now)
        .await?;
    let kept = person.password_hash.as_deref();
    if !auth.check_password(&attempt, &current, kept).await?.matches {
        return Err(PasswordChangeError::WrongPassword);
    }
    auth.attempts.succeeded(attempt, now).await;
    let purpose = password_use(conn, person.id).await?;
    auth.passwords
        .assess(&new, purpose, about(&person))
        .await??;
    let hash = auth.passwords.hash(&new).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !PersonStore::set_password(&tx, person.id, kept, &hash, now).await? {
        return Err(PasswordChangeError::WrongPassword);
    }
    let signed_in =
        rotate(&tx, auth, session, false, &client)
            .await
            .map_err(|error| match error {
                FactorChangeError::Store(error) => PasswordChangeError::Store(error),
                _ => PasswordChangeError::NoSession,
            })?;
    let keep = Some(signed_in.session.id);
    SessionStore::revoke_all_of_person(&tx, person.id, keep, now).await?;
    PasswordResetStore::revoke_open(&tx, person.id, now).await?;
    EmailChangeStore::revoke_open(&tx, person.id, now).await?;
    let what = ("person.change_password", Some(session.tenant_id));
    audit(&tx, auth, person.id, what, &client).await?;
    let happened =
        "The password of your account was changed. You were signed out everywhere else.".to_owned();
    let what = ("Your password was changed", happened);
    tell(&tx, auth, &person, what, &client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    auth.directory.person_changed(person.id).await?;
    Ok(signed_in)
}
