//! Accounts, memberships, sessions, tenants, placements, operations: pure.

pub mod access_policy;
mod access_tokens;
mod attempts;
mod client_address;
mod country;
mod device;
mod email;
mod factors;
mod fleet;
mod identity_keys;
mod invitations;
mod local_path;
mod mail_domains;
mod memberships;
mod nodes;
mod operations;
mod password;
mod ring;
mod routes;
mod sessions;
mod sso;
mod staff;
mod support;

pub use access_tokens::{
    MAX_TOKEN_DAYS, SecretKind, TOKEN_PREFIX, TokenRuleError, check_token_terms, format_secret,
    format_token, is_whole_secret, is_whole_token, scopes_from_words, scopes_to_words,
};
pub use attempts::{AttemptCounter, DelayPolicy};
pub use client_address::{ForwardedHeader, TrustedProxies};
pub use country::{Country, CountrySet, InvalidCountry};
pub use device::device_name;
pub use email::{Email, InvalidEmail};
pub use factors::{
    Factor, Factors, PENDING_FAILURES, RECOVERY_ALPHABET, RECOVERY_CODE_LETTERS, RECOVERY_CODES,
    recovery_code_letters,
};
pub use invitations::{INVITATION_LIFE, InvitationTerms, SpentInvitation};
pub use local_path::LocalPath;
pub use mail_domains::{MailDomain, MailDomainError, domain_record};
pub use memberships::{MemberState, Membership, MembershipError, Standing};
pub use password::{
    MAX_PASSWORD_BYTES, MIN_STRENGTH, PasswordUse, WeakPassword, check_length, check_strength,
};
pub use sessions::{SessionStage, SessionState, SignInMethod, StaffSessionState, TokenHash};
pub use sso::{
    ConnectionRuleError, ConnectionState, EnforcementError, EnforcementGround, FlowPurpose,
    GroupRole, MAX_BREAK_GLASS_OWNERS, MAX_GROUP_ROLES, check_connection_texts, check_group_roles,
    standing_of,
};
pub use staff::{
    StaffRole, TOTP_HARD_STOP, TOTP_STEP_SECONDS, UnknownStaffRole, accepted_totp_steps,
    totp_digits,
};
pub use support::{
    MAX_SUPPORT_MINUTES, MIN_SUPPORT_MINUTES, SUPPORT_REQUEST_LIFE, SupportState, support_scopes,
};

pub use fleet::{
    DatabaseNames, InvalidSlug, NoRoom, OpaqueName, ServerLoad, Slug, Tenant, TenantState,
    UnknownTenantState, choose_server, opaque_name, sweep_user,
};
pub use identity_keys::{DueKey, KEY_LIFE, KEY_NOTICE, KEY_TAIL, KeyTerm, due_key, signing_key};
pub use nodes::{
    BEAT_SECONDS, NODE_LEASE, Node, NodeRuleError, check_node_address, check_node_name,
};
pub use operations::{
    FleetPermission, Next, Operation, OperationKind, OperationRuleError, OperationState, Step,
    StepName, StepRun, StepState, UnknownOperationWord,
};
pub use ring::{Ring, UnknownRing};
pub use routes::{API_LABEL, HostName, ID_LABEL, Route, RouteAccess, Service};
