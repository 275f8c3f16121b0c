//! The page behind an invitation's link.
//!
//! The link's token goes into a cookie at once and the browser to an address without it, so that
//! it stays in no history, bookmark or referrer. Looking uses nothing up: mail scanners look too.

mod pages;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    get,
    http::{StatusCode, header::LOCATION},
    middleware::from_fn,
    post,
    web::{Data, Form},
};
use cp_app::{
    Auth,
    invitations::{AcceptInvitation, InvitationError, accept_invitation, find_invitation},
    sessions::hash_link_token,
};
use cp_domain::LocalPath;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use web::{ApiError, Path, ProblemCode, RequestIdExt};

use super::{
    come_in::come_in,
    context::{ClientInfo, Visitor},
    cookies::{cookie, ended, invite_cookie_name},
    pages::as_pages,
    problems,
};
use pages::{Faults, Host, Invited};

const PAGE: &str = "/invite";
/// How long the form may be left open.
const COOKIE_LIFE: Duration = Duration::minutes(30);

#[get("/invite/{token}", wrap = "from_fn(as_pages)")]
pub(super) async fn open(
    auth: Data<Auth>,
    tenant: Host,
    Path(token): Path<String>,
) -> Result<HttpResponse, ApiError> {
    if hash_link_token(&token).is_none() {
        return pages::refused(&tenant, &InvitationError::Unknown);
    }
    let insecure = auth.settings.insecure_cookies;
    let token = SecretString::from(token);
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, PAGE))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("referrer-policy", "no-referrer"))
        .cookie(cookie(
            invite_cookie_name(insecure),
            &token,
            COOKIE_LIFE,
            insecure,
        ))
        .finish())
}

#[get("/invite", wrap = "from_fn(as_pages)")]
pub(super) async fn show(
    request: HttpRequest,
    auth: Data<Auth>,
    tenant: Host,
    visitor: Visitor,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = carried(&request, &auth) else {
        return match visitor.session() {
            Some(_) => pages::welcome(&tenant),
            None => pages::refused(&tenant, &InvitationError::Unknown),
        };
    };
    match find_invitation(&auth, tenant.tenant_id, token.expose_secret()).await {
        Ok(invitation) => {
            let invited = Invited::new(&invitation, &token);
            pages::form(&tenant, &invited, &Faults::default(), StatusCode::OK)
        }
        Err(InvitationError::Spent(_)) if visitor.session().is_some() => pages::welcome(&tenant),
        Err(error) => refuse(&tenant, error),
    }
}

/// The form's fields.
#[derive(Deserialize)]
pub(super) struct Submitted {
    form_token: String,
    #[serde(default)]
    name: String,
    password: SecretString,
}

#[post("/invite", wrap = "from_fn(as_pages)")]
pub(super) async fn submit(
    request: HttpRequest,
    auth: Data<Auth>,
    tenant: Host,
    visitor: Visitor,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    form: Form<Submitted>,
) -> Result<HttpResponse, ApiError> {
    web::csrf::guard_cookie(&request)?;
    let Some(token) = carried(&request, &auth) else {
        return pages::refused(&tenant, &InvitationError::Unknown);
    };
    let Submitted {
        form_token,
        name,
        password,
    } = form.into_inner();
    if !pages::is_form_token(&form_token, &token) {
        return Err(ApiError::new(ProblemCode::CrossSiteRefused));
    }
    let invitation = match find_invitation(&auth, tenant.tenant_id, token.expose_secret()).await {
        Ok(invitation) => invitation,
        Err(error) => return refuse(&tenant, error),
    };
    let mut invited = Invited::new(&invitation, &token);
    let preferred = match preferred_name(&invited, &name) {
        Ok(preferred) => preferred,
        Err(faults) => {
            return pages::form(&tenant, &invited, &faults, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    if let Some(name) = &preferred {
        invited.name.clone_from(name);
    }
    let command = AcceptInvitation {
        tenant: &tenant,
        token: token.expose_secret(),
        name: preferred,
        password,
        client,
        replaces: visitor.replaced(),
        request_id: request_id.to_string(),
    };
    match accept_invitation(&auth, command).await {
        Ok(admission) => {
            let insecure = auth.settings.insecure_cookies;
            Ok(come_in(&auth, &admission, &LocalPath::or_home(Some(PAGE)))
                .cookie(ended(invite_cookie_name(insecure), insecure))
                .finish())
        }
        Err(error) => answer_fault(&tenant, &invited, error),
    }
}

fn carried(request: &HttpRequest, auth: &Auth) -> Option<SecretString> {
    let cookie = request.cookie(invite_cookie_name(auth.settings.insecure_cookies))?;
    Some(SecretString::from(cookie.value().to_owned()))
}

fn preferred_name(invited: &Invited, name: &str) -> Result<Option<String>, Faults> {
    let name = name.trim();
    if invited.has_password {
        return Ok(None);
    }
    let fault = if name.is_empty() {
        "Enter your name."
    } else if name.chars().count() > 200 {
        "A name has at most 200 characters."
    } else if name.chars().any(char::is_control) {
        "A name is one line."
    } else {
        return Ok(Some(name.to_owned()));
    };
    Err(Faults::field("name", fault))
}

/// The form again when somebody can do better, the reason when nobody can.
fn answer_fault(
    tenant: &Host,
    invited: &Invited,
    error: InvitationError,
) -> Result<HttpResponse, ApiError> {
    let (status, faults) = match error {
        InvitationError::Weak(weak) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Faults::field("password", weak.to_string()),
        ),
        InvitationError::WrongPassword => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Faults::field(
                "password",
                "This is not the password that you sign in with.",
            ),
        ),
        InvitationError::TooMany(wait) => (
            StatusCode::TOO_MANY_REQUESTS,
            Faults::field(
                "",
                format!("Too many attempts. Try again in {} s.", wait.retry_after),
            ),
        ),
        other => return refuse(tenant, other),
    };
    pages::form(tenant, invited, &faults, status)
}

fn refuse(tenant: &Host, error: InvitationError) -> Result<HttpResponse, ApiError> {
    match error {
        InvitationError::Unknown | InvitationError::Spent(_) => pages::refused(tenant, &error),
        other => Err(problems::invitation(other)),
    }
}
