//! Where a browser goes after a step of signing in.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, LOCATION},
};
use cp_app::{Auth, admission::Admission, sign_in::SignedIn};
use cp_domain::LocalPath;

use super::cookies::{pending_cookie, signed_in_cookies};

/// The page that asks for the second factor.
pub(crate) const CODE_PAGE: &str = "/sign-in/code";
/// The page on which a second factor is set up that the tenant wants.
pub(crate) const ENROL_PAGE: &str = "/sign-in/second-factor";

/// To the next step, or where they wanted to go, with the cookies.
pub(crate) fn come_in(
    auth: &Auth,
    admission: &Admission,
    return_to: &LocalPath,
) -> HttpResponseBuilder {
    let (page, pending) = match admission {
        Admission::SignedIn(signed_in) => return signed_in_to(auth, signed_in, return_to),
        Admission::SecondFactorDue(pending) => (CODE_PAGE, pending),
        Admission::EnrolmentDue(pending) => (ENROL_PAGE, pending),
    };
    let mut answer = see_other(&with_return(page, return_to));
    answer.cookie(pending_cookie(auth, pending));
    answer
}

/// Where they wanted to go, signed in.
pub(crate) fn signed_in_to(
    auth: &Auth,
    signed_in: &SignedIn,
    return_to: &LocalPath,
) -> HttpResponseBuilder {
    let mut answer = see_other(return_to.as_str());
    for cookie in signed_in_cookies(auth, signed_in) {
        answer.cookie(cookie);
    }
    answer
}

/// A page's address that remembers where to go after it.
pub(crate) fn with_return(page: &str, return_to: &LocalPath) -> String {
    if return_to.as_str() == "/" {
        return page.to_owned();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to.as_str());
    format!("{page}?{}", query.finish())
}

fn see_other(location: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"));
    answer
}
