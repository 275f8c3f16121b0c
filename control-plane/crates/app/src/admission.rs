//! The one door to a tenant: whoever has proven who they are, however they did, comes in here or
//! not at all. The tenant's decisions are read fresh, in the transaction that opens the session.

mod break_glass;
mod complete;
mod pending;

pub use complete::{CompletionError, complete_second_factor};
pub(crate) use complete::{activate, successor};
pub use pending::{Pending, PendingSession, find_pending};

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::{Factors, MemberState, SessionStage, SignInMethod, access_policy::Refusal};
use cp_store::{
    FactorStore, IdentityStore, KnownDeviceStore, Member, MembershipStore, Session, SessionStore,
    StoreError, TenantSecurity, TenantSecurityStore,
    seal::{Purpose, SealError},
};
use kernel::{ConnectionId, MemberId, PersonId, SessionId, TenantId};
use sea_orm::DatabaseTransaction;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Auth, Client,
    mail::QueueError,
    policies::{self, CheckError},
    secrets::{Minted, mint_opaque},
    sign_in::SignedIn,
};

/// How long the second factor, or getting one, may take.
pub(crate) const PENDING_LIFE: TimeDelta = TimeDelta::minutes(10);

/// How somebody proved who they are.
#[derive(Debug)]
pub struct Proven {
    /// The tenant they want to enter.
    pub tenant: TenantId,
    /// Who they are.
    pub person: PersonId,
    /// How they proved it.
    pub method: SignInMethod,
    /// Whether a second factor was given with it: a passkey with the user verified, a provider
    /// that proves one, a session of the host of people that has one.
    pub second_factor: bool,
    /// The identity provider, for single sign-on.
    pub provider: Option<ProviderSession>,
}

/// What an identity provider said of its own session.
#[derive(Debug)]
pub struct ProviderSession {
    /// The tenant's connection.
    pub connection: ConnectionId,
    /// The provider's session (`sid`).
    pub session: Option<String>,
    /// The ID token, a hint for signing out there.
    pub id_token: Option<SecretString>,
}

/// How far somebody came in.
#[derive(Debug)]
pub enum Admission {
    /// All the way.
    SignedIn(SignedIn),
    /// The second factor is due.
    SecondFactorDue(Pending),
    /// The tenant wants a second factor and the person has none.
    EnrolmentDue(Pending),
}

/// Why somebody does not come in.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The person is no active member: to be answered like wrong credentials.
    #[error("no active member of this tenant")]
    NotAdmitted,
    /// The tenant wants everybody to come through its identity provider.
    #[error("single sign-on is enforced")]
    SsoEnforced,
    /// An access policy refuses the client.
    #[error("an access policy refuses: {0:?}")]
    Refused(Refusal),
    /// The provider's token cannot be kept.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets somebody in who has proven who they are, as far as they may come. The session that the
/// request came with ends.
///
/// # Errors
/// When they may not come in, or something failed; nothing has changed then.
pub async fn admit(
    auth: &Auth,
    proven: Proven,
    client: &Client,
    replaces: Option<(MemberId, SessionId)>,
) -> Result<Admission, AdmissionError> {
    let now = auth.clock.now();
    admit_since(auth, proven, now, client, replaces).await
}

/// As [`admit`], for a proof that was given earlier: it counts as no younger than it is.
///
/// # Errors
/// As there.
pub(crate) async fn admit_since(
    auth: &Auth,
    proven: Proven,
    confirmed_at: DateTime<Utc>,
    client: &Client,
    replaces: Option<(MemberId, SessionId)>,
) -> Result<Admission, AdmissionError> {
    check_client(auth, &proven, client).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    // An archiving that runs now either comes before and is seen, or comes after and sees the row.
    let member = MembershipStore::find_person_shared(&tx, proven.tenant, proven.person)
        .await?
        .filter(|member| member.membership.state == MemberState::Active)
        .ok_or(AdmissionError::NotAdmitted)?;
    if let Some(provider) = &proven.provider {
        // Likewise an unlinking.
        let linked = IdentityStore::has_any_shared(&tx, provider.connection, proven.person);
        if !linked.await? {
            return Err(AdmissionError::NotAdmitted);
        }
    }
    let security = TenantSecurityStore::get_shared(&tx, proven.tenant).await?;
    let alarms = check_method(&tx, auth, &proven, &security, &member, client).await?;
    let factors = FactorStore::get(&tx, proven.person).await?.factors;
    let stage = stage_of(&proven, &security, factors);
    let (session, cookie) = new_session(auth, &member, &security, &proven, stage, client)?;
    let session = Session {
        confirmed_at,
        ..session
    };
    SessionStore::insert(&tx, &session).await?;
    let device = match stage {
        SessionStage::Active => remember_device(&tx, auth, proven.person, client).await?,
        SessionStage::SecondFactor | SessionStage::Enrolment => None,
    };
    tx.commit().await.map_err(StoreError::from)?;
    if alarms {
        auth.mail_nudge.notify_one();
    }
    end_replaced(auth, replaces).await;
    let pending = |member, session, cookie| Pending {
        cookie,
        session: PendingSession {
            session,
            member,
            factors,
        },
    };
    Ok(match stage {
        SessionStage::Active => Admission::SignedIn(SignedIn {
            member,
            cookie,
            session,
            device,
        }),
        SessionStage::SecondFactor => Admission::SecondFactorDue(pending(member, session, cookie)),
        SessionStage::Enrolment => Admission::EnrolmentDue(pending(member, session, cookie)),
    })
}

/// While single sign-on is enforced, no other way leads in, but for those named for emergencies;
/// everybody who could act on it is told. Answers whether mail was queued.
async fn check_method(
    tx: &DatabaseTransaction,
    auth: &Auth,
    proven: &Proven,
    security: &TenantSecurity,
    member: &Member,
    client: &Client,
) -> Result<bool, AdmissionError> {
    if !security.sso_enforced || proven.method == SignInMethod::Sso {
        return Ok(false);
    }
    let own = matches!(
        proven.method,
        SignInMethod::Password | SignInMethod::Passkey
    );
    let (tenant, id) = (proven.tenant, member.membership.member);
    if !own || !TenantSecurityStore::is_break_glass_owner(tx, tenant, id).await? {
        return Err(AdmissionError::SsoEnforced);
    }
    break_glass::alert(tx, auth, member, proven.method, client).await?;
    Ok(true)
}

/// What the platform's and the tenant's access policies say of the client. Asked before the
/// transaction begins: it uses connections of its own.
async fn check_client(auth: &Auth, proven: &Proven, client: &Client) -> Result<(), AdmissionError> {
    let conn = auth.central.conn();
    let member = MembershipStore::find_by_person(conn, proven.tenant, proven.person)
        .await?
        .filter(|member| member.membership.state == MemberState::Active)
        .ok_or(AdmissionError::NotAdmitted)?;
    match policies::check_sign_in(auth, &member.membership, client).await {
        Ok(()) => Ok(()),
        Err(CheckError::Refused(refusal)) => Err(AdmissionError::Refused(refusal)),
        Err(CheckError::Store(error)) => Err(error.into()),
    }
}

/// What is still due.
fn stage_of(proven: &Proven, security: &TenantSecurity, factors: Factors) -> SessionStage {
    // A provider that proved nothing of a second factor is asked for one only where the tenant
    // wants one: its sign-in is the tenant's own business.
    let asked = proven.method != SignInMethod::Sso || security.second_factor_required;
    if proven.second_factor || !asked {
        SessionStage::Active
    } else if factors.any() {
        SessionStage::SecondFactor
    } else if security.second_factor_required {
        SessionStage::Enrolment
    } else {
        SessionStage::Active
    }
}

/// A session with a new secret.
fn new_session(
    auth: &Auth,
    member: &Member,
    security: &TenantSecurity,
    proven: &Proven,
    stage: SessionStage,
    client: &Client,
) -> Result<(Session, SecretString), AdmissionError> {
    let now = auth.clock.now();
    let Minted { secret, hash } = mint_opaque();
    let provider = proven.provider.as_ref();
    let provider_token = provider
        .and_then(|provider| provider.id_token.as_ref())
        .map(|token| {
            let token = token.expose_secret().as_bytes();
            auth.sealer
                .seal(Purpose::ProviderToken, proven.person, token)
        })
        .transpose()?
        // A hint that is too long is left out: it is one.
        .filter(|sealed| sealed.len() <= 8192);
    let session = Session {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: member.membership.tenant,
        member: member.membership.member,
        person: member.person.id,
        created_at: now,
        last_seen_at: now,
        expires_at: match stage {
            SessionStage::Active => absolute_end(auth, security, now),
            SessionStage::SecondFactor | SessionStage::Enrolment => now + PENDING_LIFE,
        },
        revoked_at: None,
        address: client.address.clone(),
        country: client.country.map(|country| country.to_string()),
        device: client.device.clone(),
        stage,
        method: proven.method,
        connection: provider.map(|provider| provider.connection),
        provider_session: provider.and_then(|provider| provider.session.clone()),
        provider_token,
        second_factor: proven.second_factor,
        confirmed_at: now,
    };
    Ok((session, secret))
}

/// When a session that begins now ends, used or not.
fn absolute_end(auth: &Auth, security: &TenantSecurity, now: DateTime<Utc>) -> DateTime<Utc> {
    let platform = TimeDelta::hours(i64::from(auth.settings.session_hours));
    let tenant = security
        .absolute_minutes
        .map_or(platform, |minutes| TimeDelta::minutes(i64::from(minutes)));
    now + platform.min(tenant)
}

/// Knows the browser from now on; answers the device cookie, when it has to be a new one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn remember_device(
    tx: &DatabaseTransaction,
    auth: &Auth,
    person: PersonId,
    client: &Client,
) -> Result<Option<SecretString>, StoreError> {
    let now = auth.clock.now();
    if let Some(device) = &client.known_device
        && KnownDeviceStore::touch(tx, person, device, now).await?
    {
        return Ok(None);
    }
    // Another person's, or one that somebody planted: a new one, so that nobody else knows it.
    let Minted { secret, hash } = mint_opaque();
    KnownDeviceStore::insert(tx, person, &hash, now).await?;
    Ok(Some(secret))
}

/// Ends the session in whose place a sign-in put another.
pub(crate) async fn end_replaced(auth: &Auth, replaces: Option<(MemberId, SessionId)>) {
    if let Some((member, session)) = replaces
        && crate::sessions::sign_out(auth, member, session)
            .await
            .is_err()
    {
        tracing::warn!("the session that a sign-in replaces could not be ended");
    }
}
