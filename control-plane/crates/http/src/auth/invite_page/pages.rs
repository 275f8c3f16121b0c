//! What the invitation's page looks like.

use std::{future::Future, ops::Deref, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode, web::Data,
};
use askama::Template;
use cp_app::{
    Auth, Invitation,
    invitations::InvitationError,
    people::look_of,
    sessions::{TenantHost, form_token},
};
use secrecy::SecretString;
use ui::{Colour, ErrorSummary, Field, Nonce, Page};
use web::{ApiError, ProblemCode};

use crate::auth::context::Tenant;

/// The tenant whose page it is, with its colour.
pub(super) struct Host {
    tenant: TenantHost,
    colour: Option<Colour>,
}

impl Deref for Host {
    type Target = TenantHost;

    fn deref(&self) -> &TenantHost {
        &self.tenant
    }
}

impl FromRequest for Host {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Tenant(tenant) = Tenant::extract(&request).await?;
            let auth = request.app_data::<Data<Auth>>();
            let auth = auth.ok_or(ProblemCode::Internal)?;
            let look = look_of(auth, tenant.tenant_id).await;
            Ok(Self {
                tenant,
                colour: look.colour.as_deref().and_then(Colour::parse),
            })
        })
    }
}

/// Whom the page speaks to.
pub(super) struct Invited {
    pub(super) name: String,
    email: String,
    pub(super) has_password: bool,
    form_token: String,
}

impl Invited {
    pub(super) fn new(invitation: &Invitation, token: &SecretString) -> Self {
        Self {
            name: invitation.name.clone(),
            email: invitation.email.clone(),
            has_password: invitation.password_hash.is_some(),
            form_token: form_token(token),
        }
    }
}

/// Whether the form came from the page that the cookie's owner saw.
pub(super) fn is_form_token(given: &str, token: &SecretString) -> bool {
    given == form_token(token)
}

/// What is wrong with the form.
#[derive(Default)]
pub(super) struct Faults(Vec<(String, String)>);

impl Faults {
    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        Self(vec![(name.to_owned(), message.into())])
    }

    fn of(&self, field: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, message)| message.clone())
    }
}

#[derive(Template)]
#[template(path = "auth/invite.html")]
struct Form<'a> {
    page: Page,
    tenant: &'a str,
    invited: &'a Invited,
    summary: ErrorSummary,
    email: Field,
    name: Field,
    password: Field,
}

#[derive(Template)]
#[template(path = "auth/invite_refused.html")]
struct Refused<'a> {
    page: Page,
    tenant: &'a str,
    reason: String,
}

#[derive(Template)]
#[template(path = "auth/invite_welcome.html")]
struct Welcome<'a> {
    page: Page,
    tenant: &'a str,
}

/// The form.
pub(super) fn form(
    tenant: &Host,
    invited: &Invited,
    faults: &Faults,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = page(&format!("Join {}", tenant.name), tenant, &nonce);
    page.failed = !faults.0.is_empty();
    let password = if invited.has_password {
        Field::password("password", "Your password", "current-password")
            .hint("You have a Trellis account. Enter the password that you sign in with.")
    } else {
        Field::password("password", "Choose a password", "new-password")
            .hint("At least 15 characters. Several unrelated words are good and easy to keep.")
    };
    let template = Form {
        page,
        tenant: &tenant.name,
        invited,
        summary: ErrorSummary {
            title: "There is a problem".to_owned(),
            errors: faults.0.clone(),
        },
        email: Field {
            readonly: true,
            ..Field::email("email", "E-mail").value(&invited.email)
        },
        name: Field {
            autocomplete: "name",
            ..Field::text("name", "Your name")
        }
        .value(&invited.name)
        .error(faults.of("name")),
        password: password.error(faults.of("password")),
    };
    render(&template, status, &nonce)
}

/// Why the link does not work.
pub(super) fn refused(tenant: &Host, error: &InvitationError) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let (status, reason) = match error {
        InvitationError::Spent(spent) => (StatusCode::GONE, spent.to_string()),
        _ => (
            StatusCode::NOT_FOUND,
            "Open the link in your invitation again, or ask for a new invitation.".to_owned(),
        ),
    };
    let page = page("This invitation cannot be used", tenant, &nonce);
    render(
        &Refused {
            page,
            tenant: &tenant.name,
            reason,
        },
        status,
        &nonce,
    )
}

/// Somebody is in.
pub(super) fn welcome(tenant: &Host) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let page = page("You are in", tenant, &nonce);
    render(
        &Welcome {
            page,
            tenant: &tenant.name,
        },
        StatusCode::OK,
        &nonce,
    )
}

fn page(title: &str, tenant: &Host, nonce: &Nonce) -> Page {
    let mut page = Page::new(title, tenant.name.to_string(), nonce);
    page.narrow = true;
    page.colour = tenant.colour;
    page
}

fn render(
    template: &impl Template,
    status: StatusCode,
    nonce: &Nonce,
) -> Result<HttpResponse, ApiError> {
    let body = template
        .render()
        .map_err(|error| ApiError::internal(&error))?;
    let mut answer = ui::html(status, nonce).body(body);
    // An error page is meant as it is; the edge would write a problem over it.
    answer.extensions_mut().insert(web::AsIs);
    Ok(answer)
}
