//! From the host of people into a tenant, without giving the password again.
//!
//! 1. The tenant's host gives the browser a cookie and sends it to the host of people with the
//!    cookie's hash ([`begin`]).
//! 2. The host of people, where the person is signed in, makes a code that is bound to the tenant
//!    and to that hash ([`issue`]) and sends the browser back with it.
//! 3. The tenant's host takes code and cookie together ([`redeem`]): once, within 30 s, in this
//!    browser only. Then the tenant's own policy decides, as at any sign-in.

use chrono::TimeDelta;
use cp_domain::{SignInMethod, TokenHash};
use cp_store::{
    Account, AccountStore, HandedOver, HandoffCode, HandoffCodeStore, PersonAccess, StoreError,
};
use kernel::{MemberId, SessionId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Auth, Client,
    admission::{Admission, AdmissionError, Proven, admit_since},
    secrets::{Minted, hash_opaque, mint_opaque},
};

/// How long a code is good.
const LIFE: TimeDelta = TimeDelta::seconds(30);

/// What the tenant's host gives the browser.
#[derive(Debug)]
pub struct Begun {
    /// The value of the cookie.
    pub cookie: SecretString,
    /// Its hash, for the host of people.
    pub challenge: TokenHash,
}

/// A code with the tenant that it leads to.
#[derive(Debug)]
pub struct IssuedHandoff {
    /// The code.
    pub code: SecretString,
    /// Where it leads.
    pub account: Account,
}

/// Why somebody is not handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandoffError {
    /// The person is no active member of such a tenant.
    #[error("no such tenant for this person")]
    NoAccount,
    /// The code is unknown, used, too old, of another host or of another browser.
    #[error("the code is not good here")]
    Refused,
    /// The tenant does not admit them.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A new cookie for a browser that wants to be handed over.
#[must_use]
pub fn begin() -> Begun {
    let Minted { secret, hash } = mint_opaque();
    Begun {
        cookie: secret,
        challenge: hash,
    }
}

/// The cookie that a browser has already, when it can be one of ours.
#[must_use]
pub fn resume(cookie: &str) -> Option<Begun> {
    let challenge = hash_opaque(cookie)?;
    Some(Begun {
        cookie: SecretString::from(cookie),
        challenge,
    })
}

/// Makes a code by which a person who is signed in here comes into the tenant of this slug.
///
/// # Errors
/// When they are no member of it or the database fails.
pub async fn issue(
    auth: &Auth,
    person: &PersonAccess,
    slug: &str,
    challenge: TokenHash,
) -> Result<IssuedHandoff, HandoffError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let account = AccountStore::find(conn, person.person, slug).await?;
    let account = account.ok_or(HandoffError::NoAccount)?;
    let Minted { secret, hash } = mint_opaque();
    let code = HandoffCode {
        code_hash: hash,
        session: person.id,
        tenant: account.tenant,
        challenge,
        created_at: now,
        expires_at: now + LIFE,
    };
    HandoffCodeStore::insert(conn, &code).await?;
    HandoffCodeStore::forget(conn, now).await?;
    Ok(IssuedHandoff {
        code: secret,
        account,
    })
}

/// Somebody comes back to a tenant's host with a code.
#[derive(Debug)]
pub struct Handoff<'a> {
    /// The tenant whose host it is.
    pub tenant: TenantId,
    /// The code.
    pub code: &'a str,
    /// The cookie that the browser has for it.
    pub cookie: &'a SecretString,
    /// The client.
    pub client: &'a Client,
    /// The session that the request came with: it ends.
    pub replaces: Option<(MemberId, SessionId)>,
}

/// Takes a code, and lets the tenant's policy decide about the person.
///
/// # Errors
/// When the code is not good, the tenant does not admit them, or the database fails.
pub async fn redeem(auth: &Auth, handoff: Handoff<'_>) -> Result<Admission, HandoffError> {
    let over = take(auth, &handoff).await?;
    let proven = Proven {
        tenant: handoff.tenant,
        person: over.person,
        method: SignInMethod::Handoff,
        second_factor: over.second_factor,
        provider: None,
    };
    let (since, client) = (over.confirmed_at, handoff.client);
    Ok(admit_since(auth, proven, since, client, handoff.replaces).await?)
}

async fn take(auth: &Auth, handoff: &Handoff<'_>) -> Result<HandedOver, HandoffError> {
    let (conn, now) = (auth.central.conn(), auth.clock.now());
    let code = hash_opaque(handoff.code).ok_or(HandoffError::Refused)?;
    let challenge = hash_opaque(handoff.cookie.expose_secret()).ok_or(HandoffError::Refused)?;
    if !HandoffCodeStore::take(conn, &code, handoff.tenant, &challenge, now).await? {
        return Err(HandoffError::Refused);
    }
    let owner = HandoffCodeStore::find_owner(conn, &code, now).await?;
    owner.ok_or(HandoffError::Refused)
}
