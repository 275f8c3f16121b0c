//! Cookies: `__Host-` over https, so that no other host of the base domain can set them.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use cp_app::Auth;
use secrecy::{ExposeSecret as _, SecretString};

/// The name of the session's cookie; over plain http, which a setting allows on loopback, without
/// the prefix.
#[must_use]
pub const fn cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis"
    } else {
        "__Host-trellis"
    }
}

/// The name of the cookie that holds an invitation's token between its pages.
pub(super) const fn invite_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-invite"
    } else {
        "__Host-trellis-invite"
    }
}

/// The name of the staff session's cookie.
pub(crate) const fn staff_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-staff"
    } else {
        "__Host-trellis-staff"
    }
}

/// The cookie of a new session.
pub(super) fn session_cookie(auth: &Auth, value: &SecretString) -> Cookie<'static> {
    let insecure = auth.settings.insecure_cookies;
    let life = Duration::hours(i64::from(auth.settings.session_hours));
    cookie(cookie_name(insecure), value, life, insecure)
}

/// The session's cookie, ended.
#[must_use]
pub fn expired_session_cookie(insecure: bool) -> Cookie<'static> {
    ended(cookie_name(insecure), insecure)
}

/// A cookie of ours.
pub(crate) fn cookie(
    name: &'static str,
    value: &SecretString,
    life: Duration,
    insecure: bool,
) -> Cookie<'static> {
    Cookie::build(name, value.expose_secret().to_owned())
        .path("/")
        .http_only(true)
        .secure(!insecure)
        .same_site(SameSite::Lax)
        .max_age(life)
        .finish()
}

/// A cookie of ours, ended.
pub(crate) fn ended(name: &'static str, insecure: bool) -> Cookie<'static> {
    let mut cookie = cookie(name, &SecretString::from(""), Duration::ZERO, insecure);
    cookie.make_removal();
    cookie
}
