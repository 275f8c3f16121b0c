//! Accounts of staff, from the types of the domain to those of the API.

use cp_app::staff::{ListedStaffSession, OpenedLink, StaffAccount, StaffLink};
use cp_domain::StaffRole;
use cp_staff_api as api;
use kernel::StaffSessionId;
use secrecy::ExposeSecret as _;

pub(super) const fn role_of(role: api::StaffRole) -> StaffRole {
    match role {
        api::StaffRole::Support => StaffRole::Support,
        api::StaffRole::Operator => StaffRole::Operator,
        api::StaffRole::Security => StaffRole::Security,
        api::StaffRole::Owner => StaffRole::Owner,
    }
}

const fn role(role: StaffRole) -> api::StaffRole {
    match role {
        StaffRole::Support => api::StaffRole::Support,
        StaffRole::Operator => api::StaffRole::Operator,
        StaffRole::Security => api::StaffRole::Security,
        StaffRole::Owner => api::StaffRole::Owner,
    }
}

pub(super) fn account(account: StaffAccount) -> api::StaffAccountView {
    api::StaffAccountView {
        id: account.id,
        email: account.email.to_string(),
        name: account.name,
        role: role(account.role),
        second_factor_closed: account.second_factor_closed,
        created_at: account.created_at,
        disabled_at: account.disabled_at,
        last_sign_in_at: account.last_sign_in_at,
    }
}

pub(super) fn session(
    session: ListedStaffSession,
    current: StaffSessionId,
) -> api::ListedSessionView {
    api::ListedSessionView {
        id: session.id,
        current: session.id == current,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        address: session.address,
        device: session.device,
    }
}

pub(super) fn link(link: StaffLink) -> api::StaffLinkView {
    api::StaffLinkView {
        id: link.id.to_string(),
        staff_id: link.staff,
        email: link.email.to_string(),
        name: link.name,
        role: role(link.role),
        created_by: link.created_by,
        created_at: link.created_at,
        expires_at: link.expires_at,
    }
}

pub(super) fn opened(opened: &OpenedLink) -> api::OpenedStaffLink {
    let (link, factor) = (&opened.link, &opened.second_factor);
    api::OpenedStaffLink {
        email: link.email.to_string(),
        name: link.name.clone(),
        role: role(link.role),
        anew: link.staff.is_some(),
        totp_secret: factor.secret_base32.expose_secret().to_owned(),
        otpauth_url: factor.otpauth_url.expose_secret().to_owned(),
        expires_at: link.expires_at,
    }
}
