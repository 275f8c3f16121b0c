//! Passkeys: WebAuthn credentials whose user is verified, good on every host of the platform.

mod ceremony;
mod prove;

pub use ceremony::{BegunCeremony, PasskeyAnswer};
pub(super) use prove::{ProvenPasskey, check_passkey};
pub use prove::{
    begin_second_factor, begin_sign_in, begin_step_up, check_first_factor, sign_in_with_passkey,
};

use cp_domain::Factor;
use cp_store::{CeremonyPurpose, CeremonyStore, PasskeyRecord, PasskeyStore, StoreError};
use kernel::PasskeyId;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, WebauthnError,
};

use super::{
    FactorChangeError, FactorHolder,
    enrol::check_alone,
    holder::{Enrolled, settle},
};
use crate::{Auth, Client};
use ceremony::{begin, relying_party, state_of};

/// How many passkeys a person may have.
const MAX_PASSKEYS: u32 = 20;

/// Why a passkey is refused.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The ceremony has ended, was used, or was begun elsewhere.
    #[error("no such ceremony goes on in this browser")]
    NoCeremony,
    /// The answer is none of a passkey that is known, or does not hold.
    #[error("the passkey is refused")]
    Refused,
    /// The passkey is somebody's already.
    #[error("the passkey is known already")]
    Known,
    /// The relying party cannot be set up.
    #[error("passkeys cannot be used here: {0}")]
    Unusable(String),
    /// What is kept cannot be read or written.
    #[error("what is kept of a passkey cannot be read or written")]
    State(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A passkey in its owner's list.
#[derive(Debug, Clone)]
pub struct OwnPasskey {
    /// The passkey.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was last used.
    pub last_used_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// A person's passkeys.
///
/// # Errors
/// When the database fails.
pub async fn list_passkeys(
    auth: &Auth,
    person: kernel::PersonId,
) -> Result<Vec<OwnPasskey>, StoreError> {
    let passkeys = PasskeyStore::list(auth.central.conn(), person).await?;
    let own = |passkey: PasskeyRecord| OwnPasskey {
        id: passkey.id,
        name: passkey.name,
        created_at: passkey.created_at,
        last_used_at: passkey.last_used_at,
    };
    Ok(passkeys.into_iter().map(own).collect())
}

/// Begins to add a passkey.
///
/// # Errors
/// When they may not, or something failed.
pub async fn begin_registration(
    auth: &Auth,
    holder: FactorHolder<'_>,
    browser: &cp_domain::TokenHash,
) -> Result<BegunCeremony, FactorChangeError> {
    holder.check_passkey(auth)?;
    let conn = auth.central.conn();
    let person = cp_store::PersonStore::find(conn, holder.person()).await?;
    let person = person.ok_or(StoreError::Missing("person"))?;
    let known = PasskeyStore::list(conn, person.id).await?;
    let exclude: Vec<CredentialID> = known
        .iter()
        .filter_map(|passkey| serde_json::from_str::<Passkey>(&passkey.credential).ok())
        .map(|passkey| passkey.cred_id().clone())
        .collect();
    let (options, state) = relying_party(auth)?
        .start_passkey_registration(
            person.id.as_uuid(),
            person.email.as_str(),
            &person.name,
            Some(exclude),
        )
        .map_err(unusable)?;
    let mut options = serde_json::to_value(options).map_err(PasskeyError::from)?;
    // Kept by the authenticator where it can, so that it signs in without an address typed.
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection")
        && let Some(selection) = selection.as_object_mut()
    {
        selection.insert("residentKey".to_owned(), "preferred".into());
    }
    let state = serde_json::to_string(&state).map_err(PasskeyError::from)?;
    let purpose = CeremonyPurpose::Register;
    Ok(begin(auth, purpose, Some(person.id), browser, state, options).await?)
}

/// Adds a passkey. The session goes on with another cookie.
///
/// # Errors
/// When the ceremony does not hold, or something failed.
pub async fn finish_registration(
    auth: &Auth,
    holder: FactorHolder<'_>,
    answer: &PasskeyAnswer,
    name: &str,
    client: &Client,
) -> Result<Enrolled, FactorChangeError> {
    holder.check_passkey(auth)?;
    let person = holder.person();
    let state = state_of(auth, answer, CeremonyPurpose::Register, Some(person)).await?;
    let state: PasskeyRegistration = serde_json::from_str(&state).map_err(PasskeyError::from)?;
    let credential: RegisterPublicKeyCredential =
        serde_json::from_value(answer.credential.clone()).map_err(|_| PasskeyError::Refused)?;
    let passkey = relying_party(auth)?
        .finish_passkey_registration(&credential, &state)
        .map_err(refused)?;
    let now = auth.clock.now();
    let record = PasskeyRecord {
        id: auth.clock.new_id(),
        person,
        credential_hash: credential_hash(passkey.cred_id().as_ref()),
        credential: serde_json::to_string(&passkey).map_err(PasskeyError::from)?,
        name: name.to_owned(),
        created_at: now,
        last_used_at: None,
    };
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, before) = holder.lock(&tx).await?;
    if before.passkeys >= MAX_PASSKEYS {
        return Err(FactorChangeError::TooManyPasskeys);
    }
    if !CeremonyStore::use_up(&tx, answer.ceremony, now).await? {
        return Err(PasskeyError::NoCeremony.into());
    }
    match PasskeyStore::insert(&tx, &record).await {
        Err(StoreError::Duplicate(_)) => return Err(PasskeyError::Known.into()),
        other => other?,
    }
    let enrolled = holder
        .added(&tx, auth, (&person, before), Factor::Passkey, client)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    settle(auth, holder).await;
    Ok(enrolled)
}

/// Gives a passkey another name.
///
/// # Errors
/// When it is not the person's or the database fails.
pub async fn rename_passkey(
    auth: &Auth,
    holder: FactorHolder<'_>,
    id: PasskeyId,
    name: &str,
) -> Result<(), FactorChangeError> {
    let conn = auth.central.conn();
    if PasskeyStore::rename(conn, holder.person(), id, name).await? {
        Ok(())
    } else {
        Err(FactorChangeError::NotFound)
    }
}

/// Takes a passkey away. When it is the last second factor, the password has to be long enough to
/// stand alone, and is wanted to see that.
///
/// # Errors
/// When they may not, or something failed; nothing has changed then.
pub async fn remove_passkey(
    auth: &Auth,
    holder: FactorHolder<'_>,
    id: PasskeyId,
    password: Option<&SecretString>,
    client: &Client,
) -> Result<(), FactorChangeError> {
    holder.check(auth)?;
    check_alone(auth, holder, Factor::Passkey, password).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (person, before) = holder.lock(&tx).await?;
    if before.only(Factor::Passkey) {
        holder.check_not_required(&tx).await?;
    }
    if !PasskeyStore::delete(&tx, person.id, id).await? {
        return Err(FactorChangeError::NotFound);
    }
    holder
        .removed(&tx, auth, (&person, before), Factor::Passkey, client)
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    settle(auth, holder).await;
    Ok(())
}

fn credential_hash(id: &[u8]) -> cp_domain::TokenHash {
    cp_domain::TokenHash::new(Sha256::digest(id).into())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn unusable(error: WebauthnError) -> PasskeyError {
    PasskeyError::Unusable(error.to_string())
}

/// Why exactly is for the log, not for who tries.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn refused(error: WebauthnError) -> PasskeyError {
    tracing::info!(%error, "a passkey was refused");
    PasskeyError::Refused
}
