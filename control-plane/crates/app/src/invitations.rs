//! Invitations: made in the transaction of the membership they are for, accepted once.

use chrono::{DateTime, Utc};
use cp_domain::{
    Email, INVITATION_LIFE, MembershipError, PasswordUse, SignInMethod, SpentInvitation,
    WeakPassword,
};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Invitation, InvitationStore, MembershipStore,
    NewInvitation, PersonStore, StoreError,
};
use kernel::{InvitationId, MemberId, SessionId, TenantId};
use sea_orm::ConnectionTrait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    Auth, Client,
    admission::{Admission, AdmissionError, Proven, admit},
    attempts::TooManyAttempts,
    mail::{self, QueueError},
    passwords::PasswordError,
    projections::project_soon,
    secrets::{Minted, hash_opaque, mint_opaque},
    sessions::TenantHost,
};

/// Whom an invitation is for.
#[derive(Debug, Clone)]
pub struct Invitee<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Its slug, for the link.
    pub slug: &'a str,
    /// Its name, for the mail.
    pub tenant_name: &'a str,
    /// The invited member.
    pub member: MemberId,
    /// Their address.
    pub email: &'a Email,
    /// Their name.
    pub name: &'a str,
}

/// An invitation was made.
#[derive(Debug, Clone, Copy)]
pub struct Issued {
    /// The invitation.
    pub id: InvitationId,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Makes an invitation and queues its mail, in the caller's transaction; an open one that was sent
/// before ends. After the commit, wake the mail worker with `auth.mail_nudge`.
///
/// # Errors
/// When the mail cannot be composed or the database fails.
pub async fn issue_invitation(
    tx: &impl ConnectionTrait,
    auth: &Auth,
    invitee: &Invitee<'_>,
) -> Result<Issued, QueueError> {
    let now = auth.clock.now();
    InvitationStore::revoke_open(tx, invitee.member, now).await?;
    let Minted { secret, hash } = mint_opaque();
    let invitation = NewInvitation {
        id: auth.clock.new_id(),
        token_hash: hash,
        tenant: invitee.tenant,
        member: invitee.member,
        created_at: now,
        expires_at: now + INVITATION_LIFE,
    };
    InvitationStore::insert(tx, &invitation).await?;
    let mail_id = auth.clock.new_uuid();
    let mail = mailer::Invitation {
        tenant: invitee.tenant_name.to_owned(),
        name: invitee.name.to_owned(),
        link: auth.links.invitation(invitee.slug, secret.expose_secret()),
        expires_at: invitation.expires_at,
    };
    let message_id = format!("{mail_id}@{}", auth.links.base_domain());
    let mail = mail.mail(invitee.email.as_str(), message_id)?;
    mail::queue(tx, auth, mail_id, "invitation", mail).await?;
    Ok(Issued {
        id: invitation.id,
        expires_at: invitation.expires_at,
    })
}

/// Why an invitation cannot be used, or was not.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// No invitation to this tenant has this token.
    #[error("no such invitation")]
    Unknown,
    /// It was used, has expired or was withdrawn.
    #[error(transparent)]
    Spent(#[from] SpentInvitation),
    /// The new password is refused.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The person has a password already, and this is not it.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// It was accepted, and does not lead in.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// Passwords cannot be worked on now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The invitation of a link's token, when it can be accepted.
///
/// # Errors
/// When it cannot.
pub async fn find_invitation(
    auth: &Auth,
    tenant: TenantId,
    token: &str,
) -> Result<Invitation, InvitationError> {
    let hash = hash_opaque(token).ok_or(InvitationError::Unknown)?;
    let found = InvitationStore::find(auth.central.conn(), tenant, &hash).await?;
    let invitation = found.ok_or(InvitationError::Unknown)?;
    invitation.terms.check(auth.clock.now())?;
    Ok(invitation)
}

/// Somebody comes with an invitation.
#[derive(Debug)]
pub struct AcceptInvitation<'a> {
    /// The tenant whose host it is.
    pub tenant: &'a TenantHost,
    /// The link's token.
    pub token: &'a str,
    /// The name they prefer; counts only for somebody who had no account.
    pub name: Option<String>,
    /// The password: a new one, or the one they have.
    pub password: SecretString,
    /// The client.
    pub client: Client,
    /// The session that the request came with: it ends.
    pub replaces: Option<(MemberId, SessionId)>,
    /// The request, for the audit log.
    pub request_id: String,
}

/// Accepts an invitation and signs in, as far as a password leads. Of several that try at once, one succeeds.
///
/// # Errors
/// When it cannot be accepted; nothing has changed then.
pub async fn accept_invitation(
    auth: &Auth,
    command: AcceptInvitation<'_>,
) -> Result<Admission, InvitationError> {
    let now = auth.clock.now();
    let attempt = auth.attempts.link(&command.client.address, now).await?;
    let tenant = command.tenant.tenant_id;
    let invitation = find_invitation(auth, tenant, command.token).await?;
    auth.attempts.succeeded(attempt, now).await;
    let new_hash = prove(auth, &invitation, &command).await?;
    activate(auth, &invitation, &command, new_hash.as_deref()).await?;
    project_soon(auth, tenant, invitation.member).await;
    let proven = Proven {
        tenant,
        person: invitation.person,
        method: SignInMethod::Invitation,
        second_factor: false,
        provider: None,
    };
    match admit(auth, proven, &command.client, command.replaces).await {
        // Archived within these milliseconds.
        Err(AdmissionError::NotAdmitted) => Err(SpentInvitation::Withdrawn.into()),
        Err(AdmissionError::Store(error)) => Err(error.into()),
        Err(other) => Err(other.into()),
        Ok(admission) => Ok(admission),
    }
}

/// Checks the password of who has one; hashes the new one of who has none.
async fn prove(
    auth: &Auth,
    invitation: &Invitation,
    command: &AcceptInvitation<'_>,
) -> Result<Option<String>, InvitationError> {
    let password = &command.password;
    if let Some(kept) = &invitation.password_hash {
        let now = auth.clock.now();
        let email =
            Email::parse(&invitation.email).map_err(|_| StoreError::corrupt("people", "email"))?;
        let address = &command.client.address;
        let attempt = auth
            .attempts
            .password("person", &email, address, now)
            .await?;
        if !auth
            .check_password(&attempt, password, Some(kept))
            .await?
            .matches
        {
            return Err(InvitationError::WrongPassword);
        }
        auth.attempts.succeeded(attempt, now).await;
        return Ok(None);
    }
    let mut about = vec![invitation.email.clone(), invitation.name.clone()];
    about.extend(command.name.clone());
    about.extend([
        command.tenant.name.to_string(),
        command.tenant.slug.to_string(),
    ]);
    auth.passwords
        .assess(password, PasswordUse::Alone, about)
        .await??;
    Ok(Some(auth.passwords.hash(password).await?))
}

async fn activate(
    auth: &Auth,
    invitation: &Invitation,
    command: &AcceptInvitation<'_>,
    new_hash: Option<&str>,
) -> Result<(), InvitationError> {
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    MembershipStore::lock_tenant(&tx, invitation.tenant).await?;
    if !InvitationStore::accept(&tx, invitation.id, now).await? {
        return Err(SpentInvitation::Used.into());
    }
    let name = command.name.as_deref().unwrap_or(&invitation.name);
    if let Some(hash) = new_hash
        && !PersonStore::set_first_password(&tx, invitation.person, hash, Some(name), now).await?
    {
        // They accepted another tenant's invitation meanwhile: that password counts.
        return Err(InvitationError::WrongPassword);
    }
    let member = MembershipStore::find(&tx, invitation.tenant, invitation.member).await?;
    let membership = member.ok_or(SpentInvitation::Withdrawn)?.membership;
    let membership = membership.activated().map_err(|error| match error {
        MembershipError::NotInvited => SpentInvitation::Used,
        _ => SpentInvitation::Withdrawn,
    })?;
    if !MembershipStore::update(&tx, &membership, now).await? {
        return Err(SpentInvitation::Withdrawn.into());
    }
    InvitationStore::revoke_open(&tx, invitation.member, now).await?;
    let event = AuditEvent {
        actor: AuditActor::Member(invitation.member),
        action: "member.accept_invitation",
        tenant: Some(invitation.tenant),
        object: Some(invitation.member.as_uuid()),
        detail: serde_json::json!({ "invitation": invitation.id }),
        request_id: Some(command.request_id.clone()),
    };
    AuditStore::insert(&tx, auth.clock.new_uuid(), event, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
