//! What is said when single sign-on did not work: plainly, with the number by which the log knows
//! it, with other ways in, and with nothing that a provider wrote.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use cp_app::{
    admission::AdmissionError,
    sessions::TenantHost,
    sso::{SsoAdminError, SsoError},
};
use cp_domain::FlowPurpose;
use cp_oidc::OidcError;
use kernel::{ConnectionId, RequestId};
use ui::{Nonce, Page};
use web::{ApiError, ProblemCode};

use crate::auth::{
    pages::{render, see_other},
    problems,
};

#[derive(Template)]
#[template(path = "auth/sso_failed.html")]
struct Failed<'a> {
    page: Page,
    what: &'static str,
    reference: &'a RequestId,
    signed_in: bool,
}

/// The page. Who wanted to sign in is led to the page on which they can try again, which also
/// takes the provider's answer out of the address.
pub(super) fn page(
    tenant: &TenantHost,
    connection: ConnectionId,
    purpose: Option<FlowPurpose>,
    error: &SsoError,
    reference: &RequestId,
) -> Result<HttpResponse, ApiError> {
    tracing::info!(%connection, reason = %error, "single sign-on did not work");
    match error {
        SsoError::NotFound => return Err(ApiError::new(ProblemCode::NotFound)),
        SsoError::StepUp(_) => return Err(ApiError::new(ProblemCode::StepUpRequired)),
        SsoError::Store(error) => return Err(problems::store(error)),
        SsoError::Seal(_) | SsoError::Tenant(_) => return Err(ApiError::internal(error)),
        SsoError::Admission(AdmissionError::Refused(refusal)) => {
            let rule = refusal.rule.as_str();
            return Ok(see_other(format!("/access-refused?rule={rule}")));
        }
        _ => {}
    }
    let (word, what) = words(error);
    let signs_in = matches!(purpose, None | Some(FlowPurpose::SignIn));
    if signs_in && !matches!(error, SsoError::Disabled) {
        return Ok(see_other(format!(
            "/sign-in/sso/{connection}?failure={word}&reference={reference}"
        )));
    }
    let nonce = Nonce::new();
    let mut page = Page::new("That did not work", tenant.name.to_string(), &nonce);
    (page.narrow, page.failed) = (true, true);
    let template = Failed {
        page,
        what,
        reference,
        signed_in: !signs_in,
    };
    render(&template, status(error), &nonce)
}

/// A word for the address of the page, and a sentence.
const fn words(error: &SsoError) -> (&'static str, &'static str) {
    match error {
        SsoError::Disabled => ("off", "This way in is switched off."),
        SsoError::Provider(OidcError::Refused(_)) => {
            ("denied", "Your provider did not let you in.")
        }
        SsoError::Provider(_) => (
            "away",
            "Your provider could not be reached, or did not answer as it should.",
        ),
        SsoError::UnknownFlow | SsoError::AnotherSession => (
            "expired",
            "That took too long, the answer was used before, or it was begun in another browser.",
        ),
        SsoError::NoEmail | SsoError::UnverifiedEmail | SsoError::ForeignDomain => (
            "address",
            "Your provider gave no address that it may speak for.",
        ),
        SsoError::AnotherSubject => (
            "not-admitted",
            "Your account belongs to another user of this provider.",
        ),
        SsoError::AnotherPerson => (
            "not-admitted",
            "The provider's user belongs to another account.",
        ),
        SsoError::NotProvisioned | SsoError::Archived | SsoError::Admission(_) => (
            "not-admitted",
            "Your provider knows you, but you are no member here.",
        ),
        _ => ("failed", "Signing in with your provider did not work."),
    }
}

const fn status(error: &SsoError) -> StatusCode {
    match error {
        SsoError::Provider(OidcError::Callback(_))
        | SsoError::UnknownFlow
        | SsoError::AnotherSession
        | SsoError::ForeignInitiator => StatusCode::BAD_REQUEST,
        SsoError::Provider(OidcError::Refused(_)) => StatusCode::FORBIDDEN,
        SsoError::Provider(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::FORBIDDEN,
    }
}

/// The problem for a client of the API.
pub(super) fn problem(error: SsoError) -> ApiError {
    let said = |code, error: &SsoError| ApiError::new(code).detail(error.to_string());
    match error {
        SsoError::NotFound => ApiError::new(ProblemCode::NotFound),
        SsoError::Disabled => said(ProblemCode::InvalidState, &error),
        SsoError::StepUp(error) => problems::step_up(error),
        SsoError::Provider(ref cause) => {
            ApiError::new(ProblemCode::ProviderFailed).detail(cause.to_string())
        }
        SsoError::Admission(error) => problems::admission(error),
        SsoError::Store(error) => problems::store(&error),
        SsoError::Seal(_) | SsoError::Tenant(_) => ApiError::internal(&error),
        SsoError::UnknownFlow | SsoError::AnotherSession | SsoError::ForeignInitiator => {
            said(ProblemCode::BadRequest, &error)
        }
        _ => said(ProblemCode::Forbidden, &error),
    }
}

/// The problem for an architect.
pub(in crate::auth) fn admin(error: SsoAdminError) -> ApiError {
    let field = |pointer: &str, error: &SsoAdminError| {
        ApiError::invalid(pointer, "invalid", error.to_string())
    };
    match error {
        SsoAdminError::NotFound => ApiError::new(ProblemCode::NotFound),
        SsoAdminError::Forbidden => ApiError::new(ProblemCode::Forbidden)
            .detail("Only architects administer how people sign in."),
        SsoAdminError::StepUp(error) => problems::step_up(error),
        SsoAdminError::PreconditionRequired => ApiError::new(ProblemCode::PreconditionRequired),
        SsoAdminError::PreconditionFailed(_) => ApiError::new(ProblemCode::PreconditionFailed),
        SsoAdminError::Rule(rule) => {
            ApiError::invalid(pointer_of(rule), "invalid", rule.to_string())
        }
        SsoAdminError::Provider(cp_oidc::ProviderRuleError::Issuer) | SsoAdminError::Address(_) => {
            field("/issuer", &error)
        }
        SsoAdminError::Provider(_) => field("/algorithms", &error),
        SsoAdminError::Standing(_) => field("/default_role", &error),
        SsoAdminError::Domain(_) => field("/domain", &error),
        SsoAdminError::ClaimedAlready | SsoAdminError::TakenElsewhere => {
            ApiError::new(ProblemCode::AlreadyExists).detail(error.to_string())
        }
        SsoAdminError::NotProven
        | SsoAdminError::Enforcement(_)
        | SsoAdminError::LastConnection => {
            ApiError::new(ProblemCode::RuleBroken).detail(error.to_string())
        }
        SsoAdminError::Lookup(error) => ApiError::new(ProblemCode::Unavailable)
            .detail("Name servers cannot be asked now.")
            .retry_after(10)
            .because(&error),
        SsoAdminError::Owners => field("/break_glass_owners", &error),
        SsoAdminError::Limit => field("/idle_minutes", &error),
        SsoAdminError::Colour => field("/colour", &error),
        SsoAdminError::Contact => field("/contact", &error),
        SsoAdminError::Seal(error) => ApiError::internal(&error),
        SsoAdminError::Store(error) => problems::store(&error),
    }
}

const fn pointer_of(rule: cp_domain::ConnectionRuleError) -> &'static str {
    use cp_domain::ConnectionRuleError as Rule;
    match rule {
        Rule::Name => "/name",
        Rule::ClientId => "/client_id",
        Rule::Scopes => "/scopes",
        Rule::GroupClaim => "/group_claim",
        Rule::Groups | Rule::Standing(_) => "/group_roles",
    }
}
