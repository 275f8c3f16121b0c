//! Moving to another e-mail address: asked for here, made by the link that the new address gets.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::{
    credentials::{EmailChangeError, request_email_change},
    mail::QueueError,
};
use cp_domain::Email;
use ui::{ErrorSummary, Field, Nonce, Page};
use web::{ApiError, ProblemCode};

use super::WAY;
use crate::auth::{
    context::ClientInfo,
    pages::{Faults, Seat, Section, Submission, render, see_other},
    problems,
};

#[derive(Template)]
#[template(path = "auth/security/email.html")]
struct EmailPage {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    email: String,
    field: Field,
}

fn page(seat: &Seat, typed: &str, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("Change your e-mail address", Section::Own, WAY, &nonce);
    page.failed = !faults.is_empty();
    let template = EmailPage {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        email: seat.member.person.email.to_string(),
        field: Field {
            autocomplete: "email",
            ..Field::email("email", "New e-mail address")
        }
        .hint("A link is sent there. Your address changes when you follow it.")
        .value(typed)
        .error(faults.of("email")),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/email")]
pub(super) async fn show(seat: Seat) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    page(&seat, "", &Faults::default())
}

#[post("/email")]
pub(super) async fn request(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let typed = form.text("email");
    let Ok(email) = Email::parse(typed) else {
        let fault = "Enter an e-mail address, such as name@example.com.";
        return page(&seat, typed, &Faults::field("email", fault));
    };
    match request_email_change(&seat.auth, &seat.session, email, &client).await {
        Ok(()) => Ok(see_other("/security?done=email")),
        Err(EmailChangeError::Same) => {
            let fault = "This is your present address.";
            page(&seat, typed, &Faults::field("email", fault))
        }
        Err(EmailChangeError::StepUp(error)) => Err(problems::step_up(error)),
        Err(EmailChangeError::ByProvider(error)) => Err(problems::by_provider(error)),
        Err(EmailChangeError::Spent) => Err(ApiError::new(ProblemCode::NotFound)),
        Err(EmailChangeError::TooMany(error)) => Err(problems::too_many(error)),
        Err(EmailChangeError::Mail(QueueError::Store(error)) | EmailChangeError::Store(error)) => {
            Err(problems::store(&error))
        }
        Err(EmailChangeError::Mail(error)) => Err(ApiError::internal(&error)),
    }
}
