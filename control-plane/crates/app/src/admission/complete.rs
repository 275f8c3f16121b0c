//! From a session that waits to one that signs in: the proof is used up, the waiting session ends
//! and another takes its place, in one transaction. Of several that try with one proof or one
//! session, one succeeds.

use cp_domain::{MemberState, SessionStage};
use cp_store::{MembershipStore, Session, SessionStore, StoreError, TenantSecurityStore};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;

use super::{PendingSession, absolute_end, remember_device};
use crate::{
    Auth, Client,
    factors::{FactorError, FactorProof, check_factor},
    secrets::{Minted, mint_opaque},
    sign_in::SignedIn,
};

/// Why a waiting session does not sign in.
#[derive(Debug, thiserror::Error)]
pub enum CompletionError {
    /// It has ended, or nothing of the kind is due.
    #[error("no sign-in waits for this")]
    NotPending,
    /// The proof is refused.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the second factor and signs in, with a new cookie.
///
/// # Errors
/// When the proof is wrong or used, the session has ended, or something failed.
pub async fn complete_second_factor(
    auth: &Auth,
    pending: &PendingSession,
    proof: FactorProof<'_>,
    client: &Client,
) -> Result<SignedIn, CompletionError> {
    let now = auth.clock.now();
    if pending.session.stage != SessionStage::SecondFactor
        || !SessionStore::count_factor(auth.central.conn(), pending.session.id, now).await?
    {
        return Err(CompletionError::NotPending);
    }
    let checked = check_factor(auth, pending.session.person, proof, client).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    checked.use_up(&tx, auth).await?;
    let signed_in = activate(&tx, auth, pending, client).await?;
    tx.commit().await.map_err(StoreError::from)?;
    checked.succeeded(auth).await;
    Ok(signed_in)
}

/// Puts an active session of both factors in the place of the waiting one.
pub(crate) async fn activate(
    tx: &DatabaseTransaction,
    auth: &Auth,
    pending: &PendingSession,
    client: &Client,
) -> Result<SignedIn, CompletionError> {
    let now = auth.clock.now();
    let (tenant, person) = (pending.session.tenant, pending.session.person);
    if !SessionStore::replace(tx, pending.session.id, now).await? {
        return Err(CompletionError::NotPending);
    }
    let member = MembershipStore::find_person_shared(tx, tenant, person)
        .await?
        .filter(|member| member.membership.state == MemberState::Active)
        .ok_or(CompletionError::NotPending)?;
    let security = TenantSecurityStore::get(tx, tenant).await?;
    let (session, cookie) = successor(auth, &pending.session, client);
    let session = Session {
        created_at: now,
        expires_at: absolute_end(auth, &security, now),
        ..session
    };
    SessionStore::insert(tx, &session).await?;
    let device = remember_device(tx, auth, person, client).await?;
    Ok(SignedIn {
        member,
        cookie,
        session,
        device,
    })
}

/// The session that takes another's place: active, confirmed now, with a new secret and id.
pub(crate) fn successor(auth: &Auth, before: &Session, client: &Client) -> (Session, SecretString) {
    let now = auth.clock.now();
    let Minted { secret, hash } = mint_opaque();
    let session = Session {
        id: auth.clock.new_id(),
        token_hash: hash,
        last_seen_at: now,
        stage: SessionStage::Active,
        address: client.address.clone(),
        country: client.country.map(|country| country.to_string()),
        device: client.device.clone(),
        second_factor: true,
        confirmed_at: now,
        ..before.clone()
    };
    (session, secret)
}
