//! What goes in and out of the auth API.

use chrono::{DateTime, Utc};
use cp_app::{AccessToken, Member, sessions::OwnSession, sessions::TenantHost};
use cp_domain::{Factor, MemberState};
use garde::Validate;
use kernel::{MemberId, Role, Scope, Scopes, SessionId, TenantId, TokenId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// E-mail and password.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct SignInRequest {
    /// The address.
    #[garde(length(max = 254))]
    pub email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    #[garde(skip)]
    pub password: SecretString,
}

/// An invitation's token and a password.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct InvitationAccept {
    /// The token in the invitation's link.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub token: SecretString,
    /// A new password, or the present one of a person who has one.
    #[schema(value_type = String, format = Password)]
    #[garde(skip)]
    pub password: SecretString,
    /// The name they prefer.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 200), custom(is_name)))]
    pub name: Option<String>,
}

/// A personal access token to be made.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct TokenCreateRequest {
    /// What its owner calls it.
    #[garde(length(chars, min = 1, max = 100), custom(is_name))]
    pub name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<String>, example = json!(["work_items:read"]))]
    #[garde(skip)]
    pub scopes: Vec<Scope>,
    /// When it ends: in the future, at most a year from now.
    #[garde(skip)]
    pub expires_at: DateTime<Utc>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct MemberInvite {
    /// The name, for a person who is not known yet.
    #[garde(length(chars, min = 1, max = 200), custom(is_name))]
    pub name: String,
    /// The address that the invitation goes to.
    #[garde(length(max = 254))]
    pub email: String,
    /// `architect`, `builder` or `user`.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub role: Role,
    /// Whether they are external.
    #[serde(default)]
    #[garde(skip)]
    pub external: bool,
}

/// What changes of a member; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
pub struct MemberPatch {
    /// `architect`, `builder` or `user`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub role: Option<Role>,
    /// Whether they are external.
    #[serde(default)]
    #[garde(skip)]
    pub external: Option<bool>,
}

/// A name is one line with something in it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "garde gives the context by reference"
)]
pub(super) fn is_name(name: &str, _context: &()) -> garde::Result {
    if name.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    if name.chars().any(char::is_control) {
        return Err(garde::Error::new(
            "must be one line without control characters",
        ));
    }
    Ok(())
}

/// How a sign-in ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SignInAnswer {
    /// Signed in; the answer sets the cookie.
    SignedIn {
        /// Who.
        member: MemberBrief,
        /// Where.
        tenant: TenantView,
    },
    /// The second factor is due; the answer sets a cookie that is good for giving it.
    SecondFactorRequired {
        /// What the person has. Recovery codes are always taken.
        #[schema(value_type = Vec<String>, example = json!(["totp"]))]
        methods: Vec<Factor>,
    },
    /// The tenant wants a second factor and the person has none; the answer sets a cookie that is
    /// good for setting one up.
    EnrolmentRequired {
        /// What can be set up.
        #[schema(value_type = Vec<String>, example = json!(["totp", "passkey"]))]
        methods: Vec<Factor>,
    },
}

/// The present session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAnswer {
    /// Who is signed in.
    pub member: MemberBrief,
    /// Where.
    pub tenant: TenantView,
    /// When the session ends at the latest.
    pub expires_at: DateTime<Utc>,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberBrief {
    /// The member.
    #[schema(value_type = String, format = Uuid)]
    pub id: MemberId,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// `architect`, `builder` or `user`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
}

impl From<&Member> for MemberBrief {
    fn from(member: &Member) -> Self {
        Self {
            id: member.membership.member,
            name: member.person.name.clone(),
            email: member.person.email.to_string(),
            role: member.membership.standing.role,
            external: member.membership.standing.external,
        }
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantView {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub id: TenantId,
    /// The first label of its host name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

impl From<&TenantHost> for TenantView {
    fn from(host: &TenantHost) -> Self {
        Self {
            id: host.tenant_id,
            slug: host.slug.to_string(),
            name: host.name.to_string(),
        }
    }
}

/// A member of the tenant, as the runtime shows them too.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    /// The member.
    #[schema(value_type = String, format = Uuid)]
    pub id: MemberId,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// `architect`, `builder` or `user`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// `invited`, `active` or `archived`.
    #[schema(value_type = String)]
    pub state: MemberState,
    /// Counts the changes; the `ETag`.
    pub revision: u32,
    /// When they became a member.
    pub created_at: DateTime<Utc>,
}

impl From<&Member> for MemberView {
    fn from(member: &Member) -> Self {
        Self {
            id: member.membership.member,
            name: member.person.name.clone(),
            email: member.person.email.to_string(),
            role: member.membership.standing.role,
            external: member.membership.standing.external,
            state: member.membership.state,
            revision: member.membership.version,
            created_at: member.created_at,
        }
    }
}

/// A list that is never long.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T: ToSchema> {
    /// The entries.
    pub data: Vec<T>,
}

/// One of one's own sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// The session.
    #[schema(value_type = String, format = Uuid)]
    pub id: SessionId,
    /// Whether it is the one that this was asked with.
    pub current: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// The client's address when it began.
    pub address: String,
    /// The country of the address, when known.
    #[schema(required = true)]
    pub country: Option<String>,
    /// A short name of the device.
    pub device: String,
}

impl From<OwnSession> for SessionView {
    fn from(own: OwnSession) -> Self {
        let session = own.session;
        Self {
            id: session.id,
            current: own.current,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            address: session.address,
            country: session.country,
            device: session.device,
        }
    }
}

/// One of one's own tokens; its text is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// The token.
    #[schema(value_type = String, format = Uuid)]
    pub id: TokenId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<String>)]
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    #[schema(required = true)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<AccessToken> for TokenView {
    fn from(token: AccessToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A new token: the only time that its text is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenCreated {
    /// The token.
    #[schema(value_type = String, format = Uuid)]
    pub id: TokenId,
    /// Its text.
    pub token: String,
}
