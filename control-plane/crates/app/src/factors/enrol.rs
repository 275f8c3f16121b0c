//! Setting up an authenticator app, taking factors away, and new recovery codes.

use cp_domain::{Factor, PasswordUse, check_length};
use cp_store::{FactorStore, PersonStore, StoreError, seal::Purpose};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    FactorChangeError, FactorError, FactorHolder,
    holder::{Enrolled, settle},
    matching_step, recovery,
};
use crate::{Auth, Client, staff::totp};

/// A secret for an authenticator app. Shown once, and good after its first code was given.
#[derive(Debug)]
pub struct NewAuthenticator {
    /// The secret, in base 32, for typing.
    pub secret_base32: SecretString,
    /// The address that the app reads from a picture.
    pub otpauth_url: SecretString,
}

/// Begins to set up an authenticator. One that is there stays until the new one is confirmed.
///
/// # Errors
/// When they may not, or something failed.
pub async fn begin_totp(
    auth: &Auth,
    holder: FactorHolder<'_>,
) -> Result<NewAuthenticator, FactorChangeError> {
    holder.check(auth)?;
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, _) = holder.lock(&tx).await?;
    let secret = totp::new_secret();
    let url = totp::otpauth_url(&secret, person.email.as_str())
        .ok_or(cp_store::seal::SealError::Refused)?;
    let sealed = auth
        .sealer
        .seal(Purpose::PersonTotp, person.id, secret.as_bytes())?;
    FactorStore::set_pending(&tx, person.id, sealed, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(NewAuthenticator {
        secret_base32: SecretString::from(secret.to_base32()),
        otpauth_url: SecretString::from(url),
    })
}

/// The authenticator that waits to be confirmed, shown once more.
///
/// # Errors
/// When they may not, there is none, or something failed.
pub async fn waiting_totp(
    auth: &Auth,
    holder: FactorHolder<'_>,
) -> Result<NewAuthenticator, FactorChangeError> {
    holder.check(auth)?;
    let conn = auth.central.conn();
    let record = FactorStore::get(conn, holder.person()).await?;
    let sealed = record.totp_pending.ok_or(FactorChangeError::NotFound)?;
    let person = PersonStore::find(conn, holder.person()).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    let secret = auth.sealer.open(Purpose::PersonTotp, person.id, &sealed)?;
    let secret = totp_rs::Secret::from(secret.expose_secret().to_vec());
    let url = totp::otpauth_url(&secret, person.email.as_str())
        .ok_or(cp_store::seal::SealError::Refused)?;
    Ok(NewAuthenticator {
        secret_base32: SecretString::from(secret.to_base32()),
        otpauth_url: SecretString::from(url),
    })
}

/// Confirms the authenticator with its first code. The session goes on with another cookie.
///
/// # Errors
/// When the code is wrong, nothing waits for one, or something failed.
pub async fn confirm_totp(
    auth: &Auth,
    holder: FactorHolder<'_>,
    code: &str,
    client: &Client,
) -> Result<Enrolled, FactorChangeError> {
    holder.check(auth)?;
    let now = auth.clock.now();
    let attempt = auth
        .attempts
        .factor(holder.person(), &client.address, now)
        .await
        .map_err(FactorError::from)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, before) = holder.lock(&tx).await?;
    let record = FactorStore::get(&tx, person.id).await?;
    let sealed = record.totp_pending.ok_or(FactorChangeError::NotFound)?;
    let step = matching_step(auth, person.id, &sealed, code)?;
    if !FactorStore::confirm_pending(&tx, person.id, &sealed, step, now).await? {
        return Err(FactorChangeError::NotFound);
    }
    let enrolled = holder
        .added(&tx, auth, (&person, before), Factor::Totp, client)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.attempts.succeeded(attempt, now).await;
    settle(auth, holder).await;
    Ok(enrolled)
}

/// Takes the authenticator away. When it is the last second factor, the password has to be long
/// enough to stand alone, and is wanted to see that.
///
/// # Errors
/// When they may not, or something failed; nothing has changed then.
pub async fn remove_totp(
    auth: &Auth,
    holder: FactorHolder<'_>,
    password: Option<&SecretString>,
    client: &Client,
) -> Result<(), FactorChangeError> {
    holder.check(auth)?;
    check_alone(auth, holder, Factor::Totp, password).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, before) = holder.lock(&tx).await?;
    if before.only(Factor::Totp) {
        holder.check_not_required(&tx).await?;
    }
    if !FactorStore::remove_totp(&tx, person.id, auth.clock.now()).await? {
        return Err(FactorChangeError::NotFound);
    }
    holder
        .removed(&tx, auth, (&person, before), Factor::Totp, client)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    settle(auth, holder).await;
    Ok(())
}

/// Puts new recovery codes in the place of all old ones.
///
/// # Errors
/// When they may not, there is no second factor, or something failed.
pub async fn renew_recovery_codes(
    auth: &Auth,
    holder: FactorHolder<'_>,
    client: &Client,
) -> Result<Vec<SecretString>, FactorChangeError> {
    holder.check(auth)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, before) = holder.lock(&tx).await?;
    if !before.any() {
        return Err(FactorChangeError::NotFound);
    }
    let (codes, hashes) = recovery::new_codes(person.id);
    FactorStore::replace_recovery_codes(&tx, person.id, &hashes, auth.clock.now()).await?;
    holder
        .audit(
            &tx,
            auth,
            "factor.renew_recovery_codes",
            Factor::RecoveryCode,
        )
        .await?;
    let happened = "Your recovery codes were replaced. The old ones are good no more.".to_owned();
    holder
        .tell(&tx, auth, &person, "New recovery codes", happened, client)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(codes)
}

/// A password of eight characters is good beside a second factor only.
pub(super) async fn check_alone(
    auth: &Auth,
    holder: FactorHolder<'_>,
    factor: Factor,
    password: Option<&SecretString>,
) -> Result<(), FactorChangeError> {
    let conn = auth.central.conn();
    if !FactorStore::get(conn, holder.person())
        .await?
        .factors
        .only(factor)
    {
        return Ok(());
    }
    let person = PersonStore::find(conn, holder.person()).await?;
    let Some(kept) = person.and_then(|person| person.password_hash) else {
        return Ok(());
    };
    let password = password.ok_or(FactorChangeError::PasswordNeeded)?;
    if !auth.passwords.verify(password, Some(&kept)).await?.matches {
        return Err(FactorError::Wrong.into());
    }
    check_length(password.expose_secret(), PasswordUse::Alone)
        .map_err(|_| FactorChangeError::PasswordTooShort)
}
