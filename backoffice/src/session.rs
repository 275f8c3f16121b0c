//! Who is at the browser: the staff session in a cookie of this host, and the token in every form.
//!
//! The cookie's value is the control plane's session; this host only carries it. Forms carry a
//! token derived from it, which another site cannot know, and browsers must say that an unsafe
//! request comes from this very origin.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{self, HeaderMap},
    web::Data,
};
use cp_staff_api::{Caller, StaffCalls, StaffMemberView};
use sha2::{Digest as _, Sha256};

use crate::{Office, failure::Failure};

const SECURE_NAME: &str = "__Host-trellis-backoffice";
const PLAIN_NAME: &str = "trellis-backoffice";

/// The name of the cookie.
pub(crate) fn cookie_name(office: &Office) -> &'static str {
    if office.insecure_cookies {
        PLAIN_NAME
    } else {
        SECURE_NAME
    }
}

/// A cookie that holds the session; an empty value removes it.
pub(crate) fn cookie(office: &Office, value: String) -> Cookie<'static> {
    let gone = value.is_empty();
    let mut cookie = Cookie::build(cookie_name(office), value)
        .path("/")
        .http_only(true)
        .secure(!office.insecure_cookies)
        .same_site(SameSite::Strict);
    if gone {
        cookie = cookie.max_age(Duration::ZERO);
    }
    cookie.finish()
}

/// The session that the browser brought, if any.
pub(crate) fn session_of(request: &HttpRequest, office: &Office) -> Option<String> {
    let cookie = request.cookie(cookie_name(office))?;
    let value = cookie.value();
    let good = (1..=128).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    good.then(|| value.to_owned())
}

/// Calls of the staff API on behalf of whoever sent the request.
pub(crate) fn calls(request: &HttpRequest, office: &Office, session: Option<String>) -> StaffCalls {
    let header =
        |name: header::HeaderName| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    office.api.calls(Caller {
        session,
        request_id: header(header::HeaderName::from_static("x-request-id")),
        address: request.peer_addr().map(|address| address.ip().to_string()),
        user_agent: header(header::USER_AGENT),
    })
}

/// A member of staff who has passed both factors.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) staff: StaffMemberView,
    pub(crate) calls: StaffCalls,
    pub(crate) form_token: String,
}

/// Whoever sent the request, when signed in.
///
/// # Errors
/// [`Failure::SignInNeeded`], or what the staff API says.
pub(crate) async fn signed_in(
    request: &HttpRequest,
    office: &Data<Office>,
) -> Result<SignedIn, Failure> {
    let session = session_of(request, office).ok_or(Failure::SignInNeeded)?;
    let form_token = form_token(&session);
    let calls = calls(request, office, Some(session));
    let view = calls.session().await?;
    Ok(SignedIn {
        staff: view.staff,
        calls,
        form_token,
    })
}

/// The token of forms of this session.
pub(crate) fn form_token(session: &str) -> String {
    hex::encode(
        Sha256::new()
            .chain_update("backoffice form ")
            .chain_update(session)
            .finalize(),
    )
}

/// Refuses an unsafe request that another origin caused.
///
/// # Errors
/// [`Failure::Foreign`].
pub(crate) fn same_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let good = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => true,
    };
    if good { Ok(()) } else { Err(Failure::Foreign) }
}

/// Refuses a form that was not made for this session.
///
/// # Errors
/// [`Failure::Foreign`].
pub(crate) fn own_form(signed_in: &SignedIn, token: &str) -> Result<(), Failure> {
    // Both sides are digests of a secret: the time of comparing tells nothing of use.
    if token == signed_in.form_token {
        Ok(())
    } else {
        Err(Failure::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn verdict(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect();
        same_origin(&headers).is_ok()
    }

    #[test]
    fn only_this_origin_may_change_things() {
        let host = ("host", "backoffice.example");
        assert!(verdict(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!verdict(&[host, ("sec-fetch-site", "same-site")]));
        assert!(!verdict(&[host, ("sec-fetch-site", "none")]));
        assert!(verdict(&[host, ("origin", "https://backoffice.example")]));
        assert!(!verdict(&[host, ("origin", "https://other.example")]));
        assert!(!verdict(&[host, ("origin", "null")]));
        assert!(verdict(&[host]));
    }
}
