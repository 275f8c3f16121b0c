//! Accounts of staff: lists, invitations, roles, sessions.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit, StaffId, StaffSessionId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::StaffRole;

/// Filters of the list of staff.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StaffQuery {
    /// Beginning of the address or of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// Which page of a list without filters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows of a page: 1 to 200, 50 unless given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 200)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// An account of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffAccountView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: StaffId,
    /// The address to sign in with.
    pub email: String,
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Whether the second factor is closed until it is set anew.
    pub second_factor_closed: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// Since when they may not sign in.
    #[schema(required = true)]
    pub disabled_at: Option<DateTime<Utc>>,
    /// When they last signed in.
    #[schema(required = true)]
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

/// Somebody is to become a member of staff.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffInvite {
    /// The address to sign in with.
    #[garde(length(min = 1, max = 254))]
    pub email: String,
    /// What they are called.
    #[garde(length(min = 1, max = 200))]
    pub name: String,
    /// What they may do.
    #[garde(skip)]
    pub role: StaffRole,
}

/// Another role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StaffRoleChange {
    /// What they may do from now on.
    #[garde(skip)]
    pub role: StaffRole,
}

/// A link that was sent to staff and may still be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffLinkView {
    /// The id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Whose factors it sets anew; null for a new account.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub staff_id: Option<StaffId>,
    /// The address it was sent to.
    pub email: String,
    /// The name of the account.
    pub name: String,
    /// The role of the account.
    pub role: StaffRole,
    /// Who made it; null for a command on the server.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub created_by: Option<StaffId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// The secret of a link.
#[derive(Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// The last part of the link's address.
    #[garde(length(min = 1, max = 128))]
    pub token: String,
}

/// What a link is for, with the secret of the second factor that it brings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedStaffLink {
    /// The address to sign in with.
    pub email: String,
    /// The name of the account.
    pub name: String,
    /// The role of the account.
    pub role: StaffRole,
    /// Whether the account exists and gets new factors.
    pub anew: bool,
    /// The secret for the authenticator, in base 32.
    pub totp_secret: String,
    /// The same as an address behind a QR code.
    pub otpauth_url: String,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
}

/// What is given to a link.
#[derive(Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UseStaffLink {
    /// The last part of the link's address.
    #[garde(length(min = 1, max = 128))]
    pub token: String,
    /// The password from now on.
    #[garde(length(min = 1, max = 1024))]
    pub password: String,
    /// A code of the authenticator that has the link's secret.
    #[garde(length(min = 6, max = 8))]
    pub code: String,
}

/// A session of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedSessionView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: StaffSessionId,
    /// Whether the request came with it.
    pub current: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// A short name of the device.
    pub device: String,
}

macro_rules! hide_secrets {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
hide_secrets!(LinkToken, OpenedStaffLink, UseStaffLink);
