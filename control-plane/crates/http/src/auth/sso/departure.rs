//! Sending a browser to a provider.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
    },
    web::Data,
};
use askama::Template;
use cp_app::{
    Auth,
    sessions::{CachedSession, TenantHost, hash_link_token, new_browser_secret},
    sso::{self, FlowRequest, Initiator},
};
use cp_domain::{Email, FlowPurpose, LocalPath};
use kernel::ConnectionId;
use secrecy::{ExposeSecret as _, SecretString};
use ui::{Nonce, Page};
use web::{ApiError, Path, ProblemCode, RequestIdExt};

use super::failures;
use crate::auth::{
    context::{Tenant, Visitor},
    cookies::{cookie, flow_cookie_name},
    pages::{Submission, render},
};

/// How long a browser may be away.
const LIFE: Duration = Duration::minutes(10);

/// Somebody who is to be sent to a provider.
pub(in crate::auth) struct Trip<'a> {
    /// The request that asked for it.
    pub(in crate::auth) request: &'a HttpRequest,
    /// The parts.
    pub(in crate::auth) auth: &'a Auth,
    /// The tenant whose host it is.
    pub(in crate::auth) tenant: &'a TenantHost,
    /// The connection.
    pub(in crate::auth) connection: ConnectionId,
    /// What for.
    pub(in crate::auth) purpose: FlowPurpose,
    /// Who is signed in.
    pub(in crate::auth) visitor: Option<&'a CachedSession>,
    /// Where they go in the end.
    pub(in crate::auth) return_to: LocalPath,
}

impl Trip<'_> {
    /// Begins it: where the browser goes, and the cookie by which it is known when it is back.
    pub(super) async fn begin(
        self,
        login_hint: Option<Email>,
        initiator: Option<Initiator>,
    ) -> Result<(String, SecretString), sso::SsoError> {
        let browser = carried(self.request, self.auth).unwrap_or_else(new_browser_secret);
        let hash = hash_link_token(browser.expose_secret()).ok_or(sso::SsoError::UnknownFlow)?;
        let request = FlowRequest {
            tenant: self.tenant,
            connection: self.connection,
            purpose: self.purpose,
            browser: hash,
            visitor: self.visitor,
            return_to: self.return_to,
            login_hint,
            initiator,
        };
        let url = sso::begin(self.auth, request).await?;
        Ok((url.into(), browser))
    }
}

/// The browser's cookie, when it has one of ours.
pub(super) fn carried(request: &HttpRequest, auth: &Auth) -> Option<SecretString> {
    let cookie = request.cookie(flow_cookie_name(auth.settings.insecure_cookies))?;
    hash_link_token(cookie.value())?;
    Some(SecretString::from(cookie.value().to_owned()))
}

pub(super) fn flow_cookie(
    auth: &Auth,
    browser: &SecretString,
) -> actix_web::cookie::Cookie<'static> {
    let insecure = auth.settings.insecure_cookies;
    cookie(flow_cookie_name(insecure), browser, LIFE, insecure)
}

/// Sends a browser off that asks for it, or that somebody else sends (third-party-initiated).
pub(super) async fn start(
    request: HttpRequest,
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    Path(connection): Path<ConnectionId>,
    RequestIdExt(request_id): RequestIdExt,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(request.query_string(), &auth.links.tenant(&tenant.slug))?;
    let trip = Trip {
        request: &request,
        auth: &auth,
        tenant: &tenant,
        connection,
        purpose: asked.purpose,
        visitor: visitor.0.as_deref(),
        return_to: asked.return_to,
    };
    match trip.begin(asked.login_hint, asked.initiator).await {
        Ok((url, browser)) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, url))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .cookie(flow_cookie(&auth, &browser))
            .finish()),
        Err(error) => failures::page(
            &tenant,
            connection,
            Some(asked.purpose),
            &error,
            &request_id,
        ),
    }
}

/// What the address of a start says.
struct Asked {
    purpose: FlowPurpose,
    return_to: LocalPath,
    login_hint: Option<Email>,
    initiator: Option<Initiator>,
}

impl Asked {
    /// `return_to` is ours; `iss`, `login_hint` and `target_link_uri` are of OpenID Connect Core §4.
    fn of(query: &str, origin: &str) -> Result<Self, ApiError> {
        let pairs = super::callback::single_pairs(query)
            .ok_or_else(|| ApiError::new(ProblemCode::InvalidQuery))?;
        let of = |name: &str| pairs.get(name).map(String::as_str);
        let target = of("target_link_uri").and_then(|target| target.strip_prefix(origin));
        let purpose = match of("purpose") {
            None => FlowPurpose::SignIn,
            // What makes somebody a way in, or shows what is secret, is begun by a form of ours.
            Some("step_up") => FlowPurpose::StepUp,
            Some(_) => return Err(ApiError::new(ProblemCode::InvalidQuery)),
        };
        Ok(Self {
            purpose,
            return_to: LocalPath::or_home(of("return_to").or(target)),
            login_hint: of("login_hint").and_then(|hint| Email::parse(hint).ok()),
            initiator: of("iss").map(|iss| Initiator {
                iss: iss.to_owned(),
            }),
        })
    }
}

#[derive(Template)]
#[template(path = "auth/entrance/onwards.html")]
struct Onwards<'a> {
    page: Page,
    href: String,
    to: &'a str,
}

/// A page that leads on to the provider by itself: a form's policy would stop a redirect to
/// another host.
///
/// # Errors
/// When the trip cannot begin.
pub(in crate::auth) async fn depart(trip: Trip<'_>) -> Result<HttpResponse, ApiError> {
    let (auth, tenant) = (trip.auth, trip.tenant);
    let begun = trip.begin(None, None).await;
    let (href, browser) = begun.map_err(failures::problem)?;
    let nonce = Nonce::new();
    let mut page = Page::new("On to your provider", tenant.name.to_string(), &nonce);
    page.narrow = true;
    let template = Onwards {
        page,
        href,
        to: "your provider",
    };
    let mut answer = render(&template, StatusCode::OK, &nonce)?;
    answer
        .add_cookie(&flow_cookie(auth, &browser))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}

/// Begins to make the provider's user a way in of the account that is signed in.
pub(super) async fn link(
    request: HttpRequest,
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    Path(connection): Path<ConnectionId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    depart(Trip {
        request: &request,
        auth: &auth,
        tenant: &tenant,
        connection,
        purpose: FlowPurpose::Link,
        visitor: visitor.0.as_deref(),
        return_to: LocalPath::or_home(Some("/security")),
    })
    .await
}
