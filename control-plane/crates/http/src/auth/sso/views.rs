//! What goes in and out of the API of single sign-on.

use chrono::{DateTime, Utc};
use cp_app::{
    Auth,
    sessions::TenantHost,
    sso::{self, ClaimedDomain, ConnectionView as Found, Identity, Security, TestResult},
};
use cp_domain::{ConnectionState, GroupRole, MailDomain, Standing, domain_record};
use garde::Validate;
use kernel::{ConnectionId, DomainId, MemberId, Role};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A field of a PATCH that is there; `null` clears it.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// What members of a group of the provider are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRoleView {
    /// The group, as the provider writes it.
    pub group: String,
    /// `architect`, `builder` or `user`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Whether they are external.
    #[serde(default)]
    pub external: bool,
}

impl From<&GroupRole> for GroupRoleView {
    fn from(entry: &GroupRole) -> Self {
        Self {
            group: entry.group.clone(),
            role: entry.standing.role,
            external: entry.standing.external,
        }
    }
}

impl From<GroupRoleView> for GroupRole {
    fn from(view: GroupRoleView) -> Self {
        Self {
            group: view.group,
            standing: Standing {
                role: view.role,
                external: view.external,
            },
        }
    }
}

/// A connection, or what changes of one; what is left out stays, or is the default.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The provider's issuer: an https address, compared letter by letter.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Who we are to it.
    #[serde(default)]
    pub client_id: Option<String>,
    /// How we prove that; null for a public client.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Password)]
    pub client_secret: Option<Option<SecretString>>,
    /// When the secret ends.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub secret_expires_at: Option<Option<DateTime<Utc>>>,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// The signatures of ID tokens that are taken.
    #[serde(default)]
    pub algorithms: Option<Vec<String>>,
    /// The claim that lists groups.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub group_claim: Option<Option<String>>,
    /// What groups give; all of them.
    #[serde(default)]
    pub group_roles: Option<Vec<GroupRoleView>>,
    /// Whether whoever comes in becomes a member.
    #[serde(default)]
    pub provisions: Option<bool>,
    /// What they are when no group says more.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub default_role: Option<Role>,
    /// Whether they are external then.
    #[serde(default)]
    pub default_external: Option<bool>,
    /// Whether the provider asks for a second factor.
    #[serde(default)]
    pub proves_second_factor: Option<bool>,
    /// `enabled` or `disabled`.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub state: Option<ConnectionState>,
}

/// A connection. Its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionAnswer {
    /// The connection.
    #[schema(value_type = String, format = Uuid)]
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The provider's issuer.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Whether we have a secret there.
    pub has_client_secret: bool,
    /// When it ends, as far as is known.
    #[schema(required = true)]
    pub secret_expires_at: Option<DateTime<Utc>>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The signatures that are taken.
    pub algorithms: Vec<String>,
    /// The claim that lists groups.
    #[schema(required = true)]
    pub group_claim: Option<String>,
    /// What groups give.
    pub group_roles: Vec<GroupRoleView>,
    /// Whether whoever comes in becomes a member.
    pub provisions: bool,
    /// What they are when no group says more.
    #[schema(value_type = String)]
    pub default_role: Role,
    /// Whether they are external then.
    pub default_external: bool,
    /// Whether the provider asks for a second factor.
    pub proves_second_factor: bool,
    /// `enabled` or `disabled`.
    #[schema(value_type = String)]
    pub state: ConnectionState,
    /// What to enter at the provider as redirect URI.
    pub redirect_uri: String,
    /// What to enter at the provider as back-channel logout URI.
    pub backchannel_logout_uri: String,
    /// When somebody last came in by it.
    #[schema(required = true)]
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When somebody last did not.
    #[schema(required = true)]
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Why.
    #[schema(required = true)]
    pub last_failure: Option<String>,
    /// When an architect last tested it with success.
    #[schema(required = true)]
    pub tested_at: Option<DateTime<Utc>>,
    /// Counts the changes; the `ETag`.
    pub revision: u32,
}

impl ConnectionAnswer {
    pub(super) fn new(auth: &Auth, tenant: &TenantHost, found: &Found) -> Self {
        let connection = &found.connection;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let failure = connection.last_failure.as_ref();
        Self {
            id: connection.id,
            name: connection.name.clone(),
            issuer: connection.issuer.clone(),
            client_id: connection.client_id.clone(),
            has_client_secret: connection.client_secret.is_some(),
            secret_expires_at: connection.secret_expires_at,
            scopes: words(&connection.scopes),
            algorithms: words(&connection.algorithms),
            group_claim: connection.group_claim.clone(),
            group_roles: found.group_roles.iter().map(GroupRoleView::from).collect(),
            provisions: connection.provisions,
            default_role: connection.default.role,
            default_external: connection.default.external,
            proves_second_factor: connection.proves_second_factor,
            state: connection.state,
            redirect_uri: sso::redirect_uri(auth, &tenant.slug, connection.id),
            backchannel_logout_uri: sso::logout_uri(auth, &tenant.slug, connection.id),
            last_sign_in_at: connection.last_sign_in_at,
            last_failure_at: failure.map(|(at, _)| *at),
            last_failure: failure.map(|(_, why)| why.clone()),
            tested_at: connection.tested.map(|(at, _, _)| at),
            revision: connection.revision,
        }
    }
}

/// Where a browser goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Departure {
    /// The provider's address. The answer also sets the cookie by which the browser is known.
    pub authorization_url: String,
}

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestAnswer {
    /// When.
    pub at: DateTime<Utc>,
    /// The request, by which the log knows it.
    pub request_id: String,
    /// Why somebody like this would not come in.
    #[schema(required = true)]
    pub problem: Option<String>,
    /// The claims that were received.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Whether it is who made the test.
    pub is_you: bool,
    /// The role that they would have.
    #[schema(value_type = Option<String>, required = true)]
    pub role: Option<Role>,
    /// Whether they would be external.
    #[schema(required = true)]
    pub external: Option<bool>,
}

impl From<TestResult> for TestAnswer {
    fn from(result: TestResult) -> Self {
        Self {
            at: result.at,
            request_id: result.request_id,
            problem: result.problem,
            claims: result.claims,
            is_you: result.is_you,
            role: result.role,
            external: result.external,
        }
    }
}

/// A domain to be claimed.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DomainClaim {
    /// The domain.
    #[garde(length(max = 253))]
    pub domain: String,
}

/// A domain that the tenant claims.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainView {
    /// The claim.
    #[schema(value_type = String, format = Uuid)]
    pub id: DomainId,
    /// The domain.
    pub domain: String,
    /// The name of the TXT record that proves it.
    pub record_name: String,
    /// What the record has to say.
    pub record_value: String,
    /// When it was proven.
    #[schema(required = true)]
    pub verified_at: Option<DateTime<Utc>>,
    /// When somebody last looked.
    #[schema(required = true)]
    pub checked_at: Option<DateTime<Utc>>,
}

impl From<&ClaimedDomain> for DomainView {
    fn from(claim: &ClaimedDomain) -> Self {
        let domain = MailDomain::parse(&claim.domain);
        Self {
            id: claim.id,
            domain: claim.domain.clone(),
            record_name: domain
                .map(|domain| domain.record_name())
                .unwrap_or_default(),
            record_value: domain_record(&claim.challenge),
            verified_at: claim.verified_at,
            checked_at: claim.checked_at,
        }
    }
}

/// What changes of a tenant's decisions; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct SecurityPatch {
    /// Members come in through a provider only.
    #[serde(default)]
    pub sso_enforced: Option<bool>,
    /// Architects who may still use their password then.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    #[serde(default)]
    pub break_glass_owners: Option<Vec<MemberId>>,
    /// Whoever signs in gives a second factor.
    #[serde(default)]
    pub second_factor_required: Option<bool>,
    /// Minutes after which an unused session ends; null for the platform's limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub idle_minutes: Option<Option<u32>>,
    /// Minutes after which any session ends; null for the platform's limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    pub absolute_minutes: Option<Option<u32>>,
    /// Whom one who is refused may ask.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub contact: Option<Option<String>>,
    /// The tenant's colour, as `#rrggbb`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub colour: Option<Option<String>>,
}

/// A tenant's decisions about signing in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecurityView {
    /// Members come in through a provider only.
    pub sso_enforced: bool,
    /// Architects who may still use their password then.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub break_glass_owners: Vec<MemberId>,
    /// Whoever signs in gives a second factor.
    pub second_factor_required: bool,
    /// Minutes after which an unused session ends.
    #[schema(required = true)]
    pub idle_minutes: Option<u32>,
    /// Minutes after which any session ends.
    #[schema(required = true)]
    pub absolute_minutes: Option<u32>,
    /// Whom one who is refused may ask.
    #[schema(required = true)]
    pub contact: Option<String>,
    /// The tenant's colour.
    #[schema(required = true)]
    pub colour: Option<String>,
    /// Counts the changes; the `ETag`.
    pub revision: u32,
}

impl From<&Security> for SecurityView {
    fn from(security: &Security) -> Self {
        let decisions = &security.decisions;
        Self {
            sso_enforced: decisions.sso_enforced,
            break_glass_owners: security.owners.clone(),
            second_factor_required: decisions.second_factor_required,
            idle_minutes: decisions.idle_minutes,
            absolute_minutes: decisions.absolute_minutes,
            contact: decisions.contact.clone(),
            colour: decisions.colour.clone(),
            revision: decisions.revision,
        }
    }
}

/// A provider's user that is one's own way in.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityView {
    /// The connection.
    #[schema(value_type = String, format = Uuid)]
    pub connection_id: ConnectionId,
    /// What people call it.
    pub connection: String,
    /// Who one is to the provider.
    pub subject: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When one last came in so.
    #[schema(required = true)]
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            connection_id: identity.connection,
            connection: identity.connection_name,
            subject: identity.subject,
            created_at: identity.created_at,
            last_sign_in_at: identity.last_sign_in_at,
        }
    }
}

/// A provider's user to become one's own way in.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct IdentityLink {
    /// The connection.
    #[schema(value_type = String, format = Uuid)]
    pub connection_id: ConnectionId,
}
