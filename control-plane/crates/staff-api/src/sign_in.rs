//! Sign-in of staff: password, then a code of their authenticator, always.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::StaffId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First step of signing in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffSignIn {
    /// The account's e-mail address.
    #[garde(length(min = 1, max = 254))]
    pub email: String,
    /// Its password.
    #[garde(length(min = 1, max = 1024))]
    pub password: String,
}

/// Second step of signing in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// The six digits.
    #[garde(length(min = 6, max = 8))]
    pub code: String,
}

/// What a step of signing in leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum StaffSignInAnswer {
    /// A code is due; the cookie is good for that only.
    SecondFactorRequired {
        /// The ways to give it: `totp`.
        methods: Vec<String>,
    },
    /// Signed in.
    SignedIn {
        /// Who.
        staff: StaffMemberView,
    },
}

/// The present session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffSessionView {
    /// Whose it is.
    pub staff: StaffMemberView,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffMemberView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: StaffId,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// What they may do.
    pub role: StaffRole,
}

/// What a member of staff may do, by least privilege.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Looks.
    Support,
    /// Runs the fleet.
    Operator,
    /// Looks, and reads the audit log.
    Security,
    /// Everything.
    Owner,
}
