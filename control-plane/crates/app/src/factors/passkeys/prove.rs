//! Proving who one is with a passkey: alone, as second factor, or once more.

use cp_domain::{SignInMethod, TokenHash};
use cp_store::{CeremonyPurpose, CeremonyStore, PasskeyRecord, PasskeyStore, StoreError};
use kernel::{MemberId, PersonId, SessionId, TenantId};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
    PublicKeyCredential,
};

use super::{
    BegunCeremony, PasskeyAnswer, PasskeyError,
    ceremony::{begin, relying_party, state_of},
    credential_hash, refused, unusable,
};
use crate::{
    Auth, Client,
    admission::{Admission, Proven, admit},
    attempts::TooManyAttempts,
    factors::FactorError,
    sign_in::SignInError,
};

/// A passkey that answered right. Not used up yet.
#[derive(Debug)]
pub(in crate::factors) struct ProvenPasskey {
    ceremony: Uuid,
    passkey: PasskeyRecord,
    /// The credential with its counters after this use.
    after: String,
}

impl ProvenPasskey {
    /// Uses the ceremony up; answers false when somebody else was faster.
    pub(in crate::factors) async fn use_up(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
    ) -> Result<bool, StoreError> {
        let now = auth.clock.now();
        Ok(CeremonyStore::use_up(tx, self.ceremony, now).await?
            && PasskeyStore::used(tx, self.passkey.id, &self.after, now).await?)
    }
}

/// Begins a sign-in with a passkey and nothing else. Nobody says who they are: the passkey does.
///
/// # Errors
/// When something failed.
pub async fn begin_sign_in(
    auth: &Auth,
    browser: &TokenHash,
) -> Result<BegunCeremony, PasskeyError> {
    let (options, state) = relying_party(auth)?
        .start_discoverable_authentication()
        .map_err(unusable)?;
    let mut options = serde_json::to_value(options)?;
    // Whether it waits in the address field or asks at once is the page's business.
    if let Some(options) = options.as_object_mut() {
        options.remove("mediation");
    }
    let state = serde_json::to_string(&state)?;
    begin(auth, CeremonyPurpose::SignIn, None, browser, state, options).await
}

/// Begins the second factor of a sign-in.
///
/// # Errors
/// When the person has no passkey, or something failed.
pub async fn begin_second_factor(
    auth: &Auth,
    person: PersonId,
    browser: &TokenHash,
) -> Result<BegunCeremony, PasskeyError> {
    begin_of(auth, CeremonyPurpose::SecondFactor, person, browser).await
}

/// Begins the confirmation of who one is.
///
/// # Errors
/// When the person has no passkey, or something failed.
pub async fn begin_step_up(
    auth: &Auth,
    person: PersonId,
    browser: &TokenHash,
) -> Result<BegunCeremony, PasskeyError> {
    begin_of(auth, CeremonyPurpose::StepUp, person, browser).await
}

async fn begin_of(
    auth: &Auth,
    purpose: CeremonyPurpose,
    person: PersonId,
    browser: &TokenHash,
) -> Result<BegunCeremony, PasskeyError> {
    let known = PasskeyStore::list(auth.central.conn(), person).await?;
    let known = known
        .iter()
        .map(|passkey| serde_json::from_str::<Passkey>(&passkey.credential))
        .collect::<Result<Vec<_>, _>>()?;
    if known.is_empty() {
        return Err(PasskeyError::Refused);
    }
    let (options, state) = relying_party(auth)?
        .start_passkey_authentication(&known)
        .map_err(unusable)?;
    let options = serde_json::to_value(options)?;
    let state = serde_json::to_string(&state)?;
    begin(auth, purpose, Some(person), browser, state, options).await
}

/// Checks the answer of a person's passkey.
pub(in crate::factors) async fn check_passkey(
    auth: &Auth,
    purpose: CeremonyPurpose,
    person: PersonId,
    answer: &PasskeyAnswer,
) -> Result<ProvenPasskey, PasskeyError> {
    let state = state_of(auth, answer, purpose, Some(person)).await?;
    let state: PasskeyAuthentication = serde_json::from_str(&state)?;
    let credential = read_credential(answer)?;
    let kept = kept_passkey(auth, person, &credential).await?;
    let result = relying_party(auth)?
        .finish_passkey_authentication(&credential, &state)
        .map_err(refused)?;
    proven(answer.ceremony, kept, &result)
}

/// Checks the answer of a passkey that says itself whose it is.
///
/// # Errors
/// When it does not hold, or something failed.
pub async fn check_first_factor(
    auth: &Auth,
    answer: &PasskeyAnswer,
) -> Result<PersonId, PasskeyError> {
    let state = state_of(auth, answer, CeremonyPurpose::SignIn, None).await?;
    let state: DiscoverableAuthentication = serde_json::from_str(&state)?;
    let credential = read_credential(answer)?;
    let party = relying_party(auth)?;
    let (person, _) = party
        .identify_discoverable_authentication(&credential)
        .map_err(refused)?;
    let person = PersonId::from_uuid(person);
    let kept = kept_passkey(auth, person, &credential).await?;
    let passkey: Passkey = serde_json::from_str(&kept.credential)?;
    let result = party
        .finish_discoverable_authentication_v2(&credential, state, &passkey)
        .map_err(refused)?;
    let proven = proven(answer.ceremony, kept, &result)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !proven.use_up(&tx, auth).await? {
        return Err(PasskeyError::NoCeremony);
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(person)
}

fn read_credential(answer: &PasskeyAnswer) -> Result<PublicKeyCredential, PasskeyError> {
    serde_json::from_value(answer.credential.clone()).map_err(|_| PasskeyError::Refused)
}

async fn kept_passkey(
    auth: &Auth,
    person: PersonId,
    credential: &PublicKeyCredential,
) -> Result<PasskeyRecord, PasskeyError> {
    let hash = credential_hash(credential.get_credential_id());
    PasskeyStore::find_credential(auth.central.conn(), person, &hash)
        .await?
        .ok_or(PasskeyError::Refused)
}

/// What is proven; refuses an answer whose user was not verified, or whose counter went back.
fn proven(
    ceremony: Uuid,
    kept: PasskeyRecord,
    result: &AuthenticationResult,
) -> Result<ProvenPasskey, PasskeyError> {
    let mut passkey: Passkey = serde_json::from_str(&kept.credential)?;
    if !result.user_verified() || passkey.update_credential(result).is_none() {
        return Err(PasskeyError::Refused);
    }
    Ok(ProvenPasskey {
        ceremony,
        after: serde_json::to_string(&passkey)?,
        passkey: kept,
    })
}

/// Signs somebody in who shows a passkey and nothing else. Its user is verified, so it counts as
/// two factors.
///
/// # Errors
/// When the passkey is refused, they may not come in, or something failed.
pub async fn sign_in_with_passkey(
    auth: &Auth,
    tenant: TenantId,
    answer: &PasskeyAnswer,
    client: &Client,
    replaces: Option<(MemberId, SessionId)>,
) -> Result<Admission, SignInError> {
    let now = auth.clock.now();
    let attempt = auth
        .attempts
        .link(&client.address, now)
        .await
        .map_err(|error: TooManyAttempts| SignInError::TooMany(error))?;
    let person = check_first_factor(auth, answer)
        .await
        .map_err(FactorError::from)?;
    auth.attempts.succeeded(attempt, now).await;
    let proven = Proven {
        tenant,
        person,
        method: SignInMethod::Passkey,
        second_factor: true,
        provider: None,
    };
    Ok(admit(auth, proven, client, replaces).await?)
}
