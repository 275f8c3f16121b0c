//! The browser in front of a page before there is a session: a cookie that forms are tied to, the
//! fields of such a form, and where it wants to go.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, time::Duration},
    dev::Payload,
    web::{Data, Form},
};
use cp_app::{
    Auth,
    sessions::{form_token, hash_link_token, new_browser_secret},
};
use cp_domain::LocalPath;
use secrecy::SecretString;
use web::{ApiError, ProblemCode};

use crate::auth::cookies::cookie;

/// How long a form may stay open.
const LIFE: Duration = Duration::hours(12);

/// The name of the cookie that forms are tied to.
pub(super) const fn form_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-form"
    } else {
        "__Host-trellis-form"
    }
}

fn is_insecure(request: &HttpRequest) -> bool {
    request
        .app_data::<Data<Auth>>()
        .is_some_and(|auth| auth.settings.insecure_cookies)
}

fn kept(request: &HttpRequest) -> Option<SecretString> {
    let cookie = request.cookie(form_cookie_name(is_insecure(request)))?;
    hash_link_token(cookie.value())?;
    Some(SecretString::from(cookie.value().to_owned()))
}

/// A browser that gets a page with a form.
pub(super) struct Browser {
    secret: SecretString,
    fresh: bool,
    insecure: bool,
}

impl Browser {
    /// What its forms carry.
    pub(super) fn form_token(&self) -> String {
        form_token(&self.secret)
    }

    /// The page, with the cookie that its form is tied to.
    pub(super) fn with(&self, mut page: HttpResponse) -> Result<HttpResponse, ApiError> {
        if self.fresh {
            let name = form_cookie_name(self.insecure);
            let cookie = cookie(name, &self.secret, LIFE, self.insecure);
            page.add_cookie(&cookie)
                .map_err(|error| ApiError::internal(&error))?;
        }
        Ok(page)
    }
}

impl FromRequest for Browser {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let known = kept(request);
        ready(Ok(Self {
            fresh: known.is_none(),
            secret: known.unwrap_or_else(new_browser_secret),
            insecure: is_insecure(request),
        }))
    }
}

/// The fields of a form that this browser got from a page of this host.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    async fn of(request: HttpRequest, mut payload: Payload) -> Result<Self, ApiError> {
        web::csrf::guard_cookie(&request)?;
        let form = Form::<Vec<(String, String)>>::from_request(&request, &mut payload);
        let fields = form.await.map_err(|error| {
            let code = ProblemCode::of_status(error.as_response_error().status_code());
            ApiError::new(code).because(&error)
        })?;
        let fields = Self(fields.into_inner());
        let secret = kept(&request).ok_or(ProblemCode::CrossSiteRefused)?;
        if fields.raw("form_token") == form_token(&secret) {
            Ok(fields)
        } else {
            Err(ApiError::new(ProblemCode::CrossSiteRefused))
        }
    }

    /// The text of a field, without space around it; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A secret, as it was typed.
    pub(super) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.raw(name).to_owned())
    }

    /// Where the browser wants to go afterwards.
    pub(super) fn return_to(&self) -> LocalPath {
        LocalPath::or_home(Some(self.raw("return_to")))
    }

    fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

impl FromRequest for Fields {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone(), payload.take()))
    }
}

/// What the address of a page says.
pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    /// A parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Where the browser wants to go afterwards: a path of this host, whatever was written.
    pub(super) fn return_to(&self) -> LocalPath {
        LocalPath::or_home(self.get("return_to"))
    }
}

impl FromRequest for Asked {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        ready(Ok(Self(query.into_owned().collect())))
    }
}

/// The name of the cookie that remembers the address between the first and the second page.
pub(super) const fn email_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-email"
    } else {
        "__Host-trellis-email"
    }
}

/// The cookie that remembers the address.
pub(super) fn email_cookie(email: &cp_domain::Email, insecure: bool) -> Cookie<'static> {
    let value = SecretString::from(email.as_str().to_owned());
    let name = email_cookie_name(insecure);
    cookie(name, &value, Duration::minutes(30), insecure)
}

/// The address that the cookie remembers.
pub(super) fn remembered_email(request: &HttpRequest) -> Option<cp_domain::Email> {
    let cookie = request.cookie(email_cookie_name(is_insecure(request)))?;
    cp_domain::Email::parse(cookie.value()).ok()
}

/// The value of a cookie of ours.
pub(super) fn cookie_value(request: &HttpRequest, name: &str) -> Option<SecretString> {
    let cookie = request.cookie(name)?;
    Some(SecretString::from(cookie.value().to_owned()))
}
