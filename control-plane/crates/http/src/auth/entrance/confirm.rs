//! Confirming that it is still the same person, before something dangerous.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use askama::Template;
use cp_app::{
    factors::{FactorError, FactorProof},
    sessions::CachedSession,
    step_up::{Confirmation, ConfirmationError, ConfirmationMethods, confirm, methods},
};
use cp_domain::{Factor, LocalPath};
use ui::{ErrorSummary, Field, Page};
use web::{ApiError, ProblemCode};

use super::{browser::Asked, passkeys::PasskeyButton, place::Frame};
use crate::auth::{
    come_in::signed_in_to,
    context::ClientInfo,
    pages::{Faults, Seat, Submission, local_target},
    problems,
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    Password,
    Code,
    RecoveryCode,
}

impl With {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::RecoveryCode => "recovery-code",
        }
    }

    /// What of it a person has; what they ask for when they have it.
    fn choose(methods: &ConfirmationMethods, wish: Option<&str>) -> Option<Self> {
        if methods.password {
            return Some(Self::Password);
        }
        if methods.factors.is_empty() {
            return None;
        }
        if wish == Some(Self::RecoveryCode.as_str()) {
            return Some(Self::RecoveryCode);
        }
        methods
            .factors
            .contains(&Factor::Totp)
            .then_some(Self::Code)
    }

    fn field(self) -> Field {
        match self {
            Self::Password => Field::password("proof", "Password", "current-password"),
            Self::Code => Field::one_time_code("proof", "Code")
                .hint("The six digits that your authenticator app shows now."),
            Self::RecoveryCode => Field {
                autocomplete: "off",
                ..Field::text("proof", "Recovery code")
            }
            .hint("It is good once."),
        }
    }
}

#[derive(Template)]
#[template(path = "auth/entrance/confirm.html")]
struct Confirm {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    return_to: LocalPath,
    with: &'static str,
    email: String,
    field: Option<Field>,
    passkey: Option<PasskeyButton>,
    provider: Option<String>,
    other: Option<(String, &'static str)>,
}

pub(super) async fn show(frame: Frame, seat: Seat, asked: Asked) -> Result<HttpResponse, ApiError> {
    let methods = methods_of(&frame, &seat.session).await?;
    let with = With::choose(&methods, asked.get("with"));
    let (faults, status) = (Faults::default(), StatusCode::OK);
    page(
        &frame,
        &seat,
        &methods,
        with,
        asked.return_to(),
        &faults,
        status,
    )
}

async fn methods_of(
    frame: &Frame,
    session: &Arc<CachedSession>,
) -> Result<ConfirmationMethods, ApiError> {
    methods(&frame.auth, session)
        .await
        .map_err(|error| problems::store(&error))
}

fn page(
    frame: &Frame,
    seat: &Seat,
    methods: &ConfirmationMethods,
    with: Option<With>,
    return_to: LocalPath,
    faults: &Faults,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let passkey = methods.factors.contains(&Factor::Passkey) && with != Some(With::RecoveryCode);
    let mut page = frame.page("Confirm that it is you");
    page.failed = !faults.is_empty();
    page.passkeys = passkey;
    let here = local_target("/confirm-identity", return_to.as_str());
    let other = match with {
        Some(With::RecoveryCode) => Some((here, "Use another second factor")),
        _ if methods.factors.is_empty() => None,
        _ => Some((format!("{here}&with=recovery-code"), "Use a recovery code")),
    };
    let template = Confirm {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        with: with.map_or("", With::as_str),
        email: seat.member.person.email.to_string(),
        field: with.map(|with| with.field().error(faults.of("proof"))),
        passkey: passkey.then(|| PasskeyButton::confirm(&return_to)),
        provider: methods.provider.map(|connection| {
            let start = format!("/auth/sso/{connection}/start");
            format!(
                "{}&purpose=step_up",
                local_target(&start, return_to.as_str())
            )
        }),
        other,
        return_to,
    };
    frame.render(&template, status)
}

pub(super) async fn submit(
    _request: HttpRequest,
    frame: Frame,
    seat: Seat,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let return_to = LocalPath::or_home(form.given("return_to"));
    let methods = methods_of(&frame, &seat.session).await?;
    let with = With::choose(&methods, form.given("with"));
    let password = form.secret("proof");
    let confirmation = match with {
        Some(With::Password) => Confirmation::Password(&password),
        Some(With::Code) => Confirmation::Factor(FactorProof::Totp(form.text("proof"))),
        Some(With::RecoveryCode) => Confirmation::Factor(FactorProof::Recovery(form.text("proof"))),
        None => return Err(ApiError::new(ProblemCode::StepUpRequired)),
    };
    match confirm(&frame.auth, &seat.session, confirmation, &client).await {
        Ok(signed_in) => Ok(signed_in_to(&frame.auth, &signed_in, &return_to).finish()),
        Err(error) => {
            let (fault, status, wait) = refused(error)?;
            let faults = Faults::field("proof", fault);
            let mut page = page(&frame, &seat, &methods, with, return_to, &faults, status)?;
            if let Some(wait) = wait {
                page.headers_mut().insert(RETRY_AFTER, wait.into());
            }
            Ok(page)
        }
    }
}

/// What is said when the proof does not hold.
fn refused(error: ConfirmationError) -> Result<(String, StatusCode, Option<u32>), ApiError> {
    let again = StatusCode::UNPROCESSABLE_ENTITY;
    match error {
        ConfirmationError::WrongPassword => Ok(("The password is wrong.".to_owned(), again, None)),
        ConfirmationError::Factor(FactorError::Wrong) => {
            let fault = "This code is wrong, or it was used.";
            Ok((fault.to_owned(), again, None))
        }
        ConfirmationError::Factor(FactorError::Closed) => {
            let fault = "Too many wrong codes: the authenticator is closed. Use a recovery code.";
            Ok((fault.to_owned(), again, None))
        }
        ConfirmationError::TooMany(wait)
        | ConfirmationError::Factor(FactorError::TooMany(wait)) => {
            let wait = wait.retry_after;
            let fault = format!("Too many attempts. Try again in {wait} s.");
            Ok((fault, StatusCode::TOO_MANY_REQUESTS, Some(wait)))
        }
        ConfirmationError::NoSession => Err(ApiError::new(ProblemCode::Unauthenticated)),
        ConfirmationError::FactorNeeded => Err(ApiError::new(ProblemCode::StepUpRequired)),
        ConfirmationError::Password(error) => Err(problems::password(&error)),
        ConfirmationError::Store(error) => Err(problems::store(&error)),
        error @ ConfirmationError::Factor(_) => Err(ApiError::internal(&error)),
    }
}
