//! Cookies: `__Host-` over https, so that no other host of the base domain can set them.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use cp_app::{Auth, admission::Pending, sign_in::SignedIn};
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

/// The name of the cookie by which a browser is known in which somebody signed in before.
pub(super) const fn device_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-device"
    } else {
        "__Host-trellis-device"
    }
}

/// The cookie by which a browser is known from now on.
pub(crate) fn device_cookie(device: &SecretString, insecure: bool) -> Cookie<'static> {
    let life = Duration::days(365);
    cookie(device_cookie_name(insecure), device, life, insecure)
}

/// The cookies of somebody who is signed in: the session's, and the device's when it is new.
pub(crate) fn signed_in_cookies(auth: &Auth, signed_in: &SignedIn) -> Vec<Cookie<'static>> {
    let insecure = auth.settings.insecure_cookies;
    let device = signed_in.device.as_ref();
    let device = device.map(|device| device_cookie(device, insecure));
    let session = session_cookie(auth, &signed_in.cookie);
    std::iter::once(session).chain(device).collect()
}

/// The cookie of a sign-in whose second factor is due.
pub(crate) fn pending_cookie(auth: &Auth, pending: &Pending) -> Cookie<'static> {
    let insecure = auth.settings.insecure_cookies;
    cookie(
        cookie_name(insecure),
        &pending.cookie,
        Duration::minutes(10),
        insecure,
    )
}

/// The name of the cookie by which a browser is known that was sent to a provider.
pub(super) const fn flow_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-flow"
    } else {
        "__Host-trellis-flow"
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
