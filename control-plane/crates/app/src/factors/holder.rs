//! Who sets up and takes away second factors: somebody who is signed in and confirmed a moment
//! ago who they are, or somebody whose tenant wants a factor before it lets them in.

use cp_domain::{Factor, Factors, SessionStage, SignInMethod};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, FactorStore, MembershipStore, Person, PersonStore, Session,
    SessionStore, StoreError, TenantSecurityStore, seal::SealError,
};
use kernel::{MemberId, PersonId, TenantId};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;

use super::{FactorError, PasskeyError, recovery};
use crate::{
    Auth, Client,
    admission::{CompletionError, PendingSession, activate, successor},
    mail::{self, QueueError},
    passwords::PasswordError,
    sessions::CachedSession,
    sign_in::SignedIn,
    step_up::{self, CameByProvider, StepUpRequired},
};

/// Whose second factors change, and by which session.
#[derive(Debug, Clone, Copy)]
pub enum FactorHolder<'a> {
    /// Somebody who is signed in.
    SignedIn(&'a CachedSession),
    /// Somebody who has to set up a second factor before they are let in.
    Enrolling(&'a PendingSession),
}

/// A second factor was set up.
#[derive(Debug)]
pub struct Enrolled {
    /// The recovery codes, when there were none before: the only time that they are shown.
    pub recovery_codes: Option<Vec<SecretString>>,
    /// The session with another cookie: a second factor was given with it now.
    pub signed_in: SignedIn,
}

/// Why second factors do not change.
#[derive(Debug, thiserror::Error)]
pub enum FactorChangeError {
    /// The person has to confirm who they are first.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// The session came through a provider, which has no say in this.
    #[error(transparent)]
    ByProvider(#[from] CameByProvider),
    /// The sign-in that waited has ended, or a session.
    #[error("no session that can do this")]
    NoSession,
    /// There is nothing of the kind.
    #[error("no such second factor")]
    NotFound,
    /// A tenant of the person wants a second factor, and this is the only one.
    #[error("a tenant requires a second factor, and this is the only one")]
    Required,
    /// Without a second factor the password has to stand alone: it is wanted here.
    #[error("the password is needed to remove the last second factor")]
    PasswordNeeded,
    /// The password is too short to stand alone.
    #[error("the password is too short without a second factor")]
    PasswordTooShort,
    /// There are as many passkeys as anybody may have.
    #[error("too many passkeys")]
    TooManyPasskeys,
    /// The code is refused.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// The passkey is refused.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// Passwords cannot be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A secret cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FactorHolder<'_> {
    /// The person.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        match self {
            Self::SignedIn(session) => session.person_id,
            Self::Enrolling(pending) => pending.session.person,
        }
    }

    const fn tenant(&self) -> TenantId {
        match self {
            Self::SignedIn(session) => session.tenant_id,
            Self::Enrolling(pending) => pending.session.tenant,
        }
    }

    const fn member(&self) -> MemberId {
        match self {
            Self::SignedIn(session) => session.member_id,
            Self::Enrolling(pending) => pending.session.member,
        }
    }

    /// Checks that they may begin.
    pub(super) fn check(&self, auth: &Auth) -> Result<(), FactorChangeError> {
        match self {
            Self::SignedIn(session) => {
                step_up::refuse_provider(session)?;
                Ok(step_up::require(auth, session)?)
            }
            Self::Enrolling(pending) if pending.session.stage == SessionStage::Enrolment => Ok(()),
            Self::Enrolling(_) => Err(FactorChangeError::NoSession),
        }
    }

    /// Checks that they may begin to add what signs in by itself. Who came through a provider
    /// never does: it would be good in other tenants too.
    pub(super) fn check_passkey(&self, auth: &Auth) -> Result<(), FactorChangeError> {
        match self {
            Self::Enrolling(pending) if pending.session.method == SignInMethod::Sso => {
                Err(CameByProvider.into())
            }
            _ => self.check(auth),
        }
    }

    /// Who came through a provider sets up a second factor that its tenant wants only while they
    /// have nothing of their own, and belong nowhere else.
    async fn check_enrolment(
        &self,
        tx: &DatabaseTransaction,
        person: &Person,
    ) -> Result<(), FactorChangeError> {
        let Self::Enrolling(pending) = self else {
            return Ok(());
        };
        if pending.session.method != SignInMethod::Sso {
            return Ok(());
        }
        let members = MembershipStore::list_of_person(tx, person.id).await?;
        if person.password_hash.is_some() || members.len() > 1 {
            return Err(CameByProvider.into());
        }
        Ok(())
    }

    /// The person and what they have, kept as it is until the transaction ends. Who enrols has
    /// nothing yet: with the password alone nobody adds a second factor to an account that has
    /// one.
    pub(super) async fn lock(
        &self,
        tx: &DatabaseTransaction,
    ) -> Result<(Person, Factors), FactorChangeError> {
        let person = PersonStore::lock(tx, self.person()).await?;
        let factors = FactorStore::get(tx, self.person()).await?.factors;
        if matches!(self, Self::Enrolling(_)) && factors.any() {
            return Err(FactorChangeError::NoSession);
        }
        self.check_enrolment(tx, &person).await?;
        Ok((person, factors))
    }

    /// What follows when a factor was added: recovery codes for who has none, another cookie, a
    /// line in the audit log and a mail.
    pub(super) async fn added(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        (person, before): (&Person, Factors),
        factor: Factor,
        client: &Client,
    ) -> Result<Enrolled, FactorChangeError> {
        let now = auth.clock.now();
        let recovery_codes = if before.recovery_codes == 0 {
            let (codes, hashes) = recovery::new_codes(person.id);
            FactorStore::replace_recovery_codes(tx, person.id, &hashes, now).await?;
            Some(codes)
        } else {
            None
        };
        let signed_in = match self {
            Self::Enrolling(pending) => activate(tx, auth, pending, client).await?,
            Self::SignedIn(session) => rotate(tx, auth, session, true, client).await?,
        };
        self.audit(tx, auth, "factor.add", factor).await?;
        let what = describe(factor);
        let happened = format!("{what} was added to your account as a second factor.");
        self.tell(
            tx,
            auth,
            person,
            "A second factor was added",
            happened,
            client,
        )
        .await?;
        Ok(Enrolled {
            recovery_codes,
            signed_in,
        })
    }

    /// What follows when a factor was taken away.
    pub(super) async fn removed(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        (person, before): (&Person, Factors),
        factor: Factor,
        client: &Client,
    ) -> Result<(), FactorChangeError> {
        if before.only(factor) {
            FactorStore::replace_recovery_codes(tx, person.id, &[], auth.clock.now()).await?;
        }
        self.audit(tx, auth, "factor.remove", factor).await?;
        let what = describe(factor);
        let happened = format!("{what} was removed from your account.");
        self.tell(
            tx,
            auth,
            person,
            "A second factor was removed",
            happened,
            client,
        )
        .await
    }

    /// Whether a tenant of the person wants a second factor.
    pub(super) async fn check_not_required(
        &self,
        tx: &DatabaseTransaction,
    ) -> Result<(), FactorChangeError> {
        if TenantSecurityStore::requires_second_factor(tx, self.person()).await? {
            return Err(FactorChangeError::Required);
        }
        Ok(())
    }

    pub(super) async fn audit(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        action: &'static str,
        factor: Factor,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            actor: AuditActor::Member(self.member()),
            action,
            tenant: Some(self.tenant()),
            object: Some(self.person().as_uuid()),
            detail: serde_json::json!({ "factor": factor }),
            request_id: None,
        };
        AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
    }

    pub(super) async fn tell(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        person: &Person,
        subject: &str,
        happened: String,
        client: &Client,
    ) -> Result<(), FactorChangeError> {
        let notice = mailer::SecurityNotice {
            name: person.name.clone(),
            subject: subject.to_owned(),
            happened,
            at: auth.clock.now(),
            address: client.address.clone(),
            device: client.device.clone(),
            advice: "If it was not you, reset your password and tell your administrator."
                .to_owned(),
        };
        Ok(mail::queue_notice(tx, auth, person, notice).await?)
    }
}

const fn describe(factor: Factor) -> &'static str {
    match factor {
        Factor::Totp => "An authenticator app",
        Factor::Passkey => "A passkey",
        Factor::RecoveryCode => "A set of recovery codes",
    }
}

/// Puts another session in the place of a signed-in one, with a new secret; its person proved a
/// moment ago who they are. The end of the old one is to be told after the commit.
pub(crate) async fn rotate(
    tx: &DatabaseTransaction,
    auth: &Auth,
    session: &CachedSession,
    second_factor: bool,
    client: &Client,
) -> Result<SignedIn, FactorChangeError> {
    let id = session.session_id().ok_or(FactorChangeError::NoSession)?;
    let before = SessionStore::find(tx, id).await?;
    let before = before.ok_or(FactorChangeError::NoSession)?;
    if !SessionStore::replace(tx, id, auth.clock.now()).await? {
        return Err(FactorChangeError::NoSession);
    }
    let (after, cookie) = successor(auth, &before, client);
    let after = Session {
        second_factor: second_factor || before.second_factor,
        ..after
    };
    SessionStore::insert(tx, &after).await?;
    let member = cp_store::MembershipStore::find(tx, session.tenant_id, session.member_id).await?;
    Ok(SignedIn {
        member: member.ok_or(FactorChangeError::NoSession)?,
        cookie,
        session: after,
        device: None,
    })
}

impl From<CompletionError> for FactorChangeError {
    fn from(error: CompletionError) -> Self {
        match error {
            CompletionError::NotPending => Self::NoSession,
            CompletionError::Factor(error) => Self::Factor(error),
            CompletionError::Store(error) => Self::Store(error),
        }
    }
}

/// Tells everybody of sessions that were replaced, after the commit.
pub(super) async fn settle(auth: &Auth, holder: FactorHolder<'_>) {
    auth.mail_nudge.notify_one();
    auth.directory.member_changed(holder.member()).await;
}
