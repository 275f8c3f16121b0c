//! Changing the password that one knows. Every other session of the person ends with it.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::{
    credentials::{ChangePassword, PasswordChangeError, change_password},
    mail::QueueError,
};
use ui::{ErrorSummary, Field, Nonce, Page};
use web::{ApiError, ProblemCode};

use super::{WAY, factors::with_cookies};
use crate::auth::{
    context::ClientInfo,
    pages::{Faults, Seat, Section, Submission, render, see_other},
    problems,
};

#[derive(Template)]
#[template(path = "auth/security/password.html")]
struct Password {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    email: String,
    /// None for who has no password: who came in through a provider, say.
    fields: Option<[Field; 2]>,
}

fn page(seat: &Seat, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("Change your password", Section::Own, WAY, &nonce);
    page.failed = !faults.is_empty();
    let known = seat.member.person.password_hash.is_some();
    let template = Password {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        email: seat.member.person.email.to_string(),
        fields: known.then(|| {
            [
                Field::password("current", "Your present password", "current-password")
                    .error(faults.of("current")),
                Field::password("password", "New password", "new-password")
                    .hint(
                        "At least 15 characters, or 8 while you have a second factor. Several \
                         unrelated words are good and easy to keep.",
                    )
                    .error(faults.of("password")),
            ]
        }),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/password")]
pub(super) async fn show(seat: Seat) -> Result<HttpResponse, ApiError> {
    page(&seat, &Faults::default())
}

#[post("/password")]
pub(super) async fn change(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let command = ChangePassword {
        session: &seat.session,
        current: form.secret("current"),
        new: form.secret("password"),
        client,
    };
    let faults = match change_password(&seat.auth, command).await {
        Ok(signed_in) => {
            return with_cookies(&seat, &signed_in, see_other("/security?done=password"));
        }
        Err(PasswordChangeError::WrongPassword) => {
            Faults::field("current", "This is not your present password.")
        }
        Err(PasswordChangeError::Weak(weak)) => Faults::field("password", weak.to_string()),
        Err(PasswordChangeError::NoSession) => {
            return Err(ApiError::new(ProblemCode::Unauthenticated));
        }
        Err(PasswordChangeError::TooMany(error)) => return Err(problems::too_many(error)),
        Err(PasswordChangeError::Password(error)) => return Err(problems::password(&error)),
        Err(
            PasswordChangeError::Mail(QueueError::Store(error)) | PasswordChangeError::Store(error),
        ) => return Err(problems::store(&error)),
        Err(PasswordChangeError::Mail(error)) => return Err(ApiError::internal(&error)),
    };
    page(&seat, &faults)
}
