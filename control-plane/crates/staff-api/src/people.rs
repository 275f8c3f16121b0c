//! People, as staff who help them see them.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit, MemberId, PersonId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Filters of the list of people.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleQuery {
    /// Beginning of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only who belongs to this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, format = Uuid)]
    pub tenant_id: Option<TenantId>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonSummary {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: PersonId,
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// When they were first known.
    pub created_at: DateTime<Utc>,
}

/// A tenant that a person belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BelongingView {
    /// The tenant.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// The first label of its host.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The membership.
    #[schema(value_type = String, format = Uuid)]
    pub member_id: MemberId,
    /// `architect`, `builder` or `user`.
    pub role: String,
    /// Whether they are external there.
    pub external: bool,
    /// `invited`, `active` or `archived`.
    pub state: String,
}

/// A person's second factors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonFactors {
    /// Whether there is a password.
    pub password: bool,
    /// Since when there is an authenticator.
    #[schema(required = true)]
    pub totp_since: Option<DateTime<Utc>>,
    /// Whether too many wrong codes closed it.
    pub totp_closed: bool,
    /// How many passkeys there are.
    pub passkeys: u32,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingView {
    /// Failures that count, at the address where they are most.
    pub failures: u32,
    /// When the next try is allowed, where the wait is longest; null when at once.
    #[schema(required = true)]
    pub until: Option<DateTime<Utc>>,
}

/// Why a person may have to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LockoutView {
    /// For their password.
    pub password: WaitingView,
    /// For their second factor.
    pub second_factor: WaitingView,
}

/// A person's own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: PersonId,
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// When they were first known.
    pub created_at: DateTime<Utc>,
    /// Where they belong.
    pub tenants: Vec<BelongingView>,
    /// What they sign in with.
    pub factors: PersonFactors,
    /// Why they may have to wait; null when it cannot be said now.
    #[schema(required = true)]
    pub lockout: Option<LockoutView>,
}

/// A session of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonSessionView {
    /// The id.
    #[schema(format = Uuid)]
    pub id: String,
    /// The tenant; null on the host of people.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub tenant_id: Option<TenantId>,
    /// How they came in: `password`, `passkey`, `sso`, `invitation` or `handoff`.
    pub method: String,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// Its country.
    #[schema(required = true)]
    pub country: Option<String>,
    /// A short name of the device.
    pub device: String,
}

/// Why something is done, for the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why.
    #[garde(length(min = 1, max = 500))]
    pub reason: String,
}
