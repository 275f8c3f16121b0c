//! The page that asks for the second factor: a code of the authenticator, or a recovery code.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use askama::Template;
use cp_app::factors::FactorProof;
use cp_domain::LocalPath;
use ui::{ErrorSummary, Field, Page};
use web::ApiError;

use super::{
    arrival::{MaybeWaiting, Waiting},
    browser::{Asked, Browser, Fields},
    passkeys::PasskeyButton,
    place::Frame,
    prove::{Refusal, by_factor},
    refused,
};
use crate::auth::{
    context::ClientInfo,
    pages::{Faults, local_target, see_other},
};

/// Which code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Authenticator,
    Recovery,
}

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Self::Authenticator => "/sign-in/code",
            Self::Recovery => "/sign-in/recovery-code",
        }
    }

    fn field(self) -> Field {
        match self {
            Self::Authenticator => Field::one_time_code("code", "Code")
                .hint("The six digits that your authenticator app shows now."),
            Self::Recovery => Field {
                autocomplete: "off",
                ..Field::text("code", "Recovery code")
            }
            .hint("One of the codes that you kept when you set up your second factor. Each is good once."),
        }
    }
}

#[derive(Template)]
#[template(path = "auth/entrance/code.html")]
struct Code {
    page: Page,
    summary: ErrorSummary,
    action: &'static str,
    form_token: String,
    return_to: LocalPath,
    code: Option<Field>,
    passkey: Option<PasskeyButton>,
    other: Option<(String, &'static str)>,
    restart: String,
}

pub(super) async fn show_code(
    frame: Frame,
    MaybeWaiting(waiting): MaybeWaiting,
    browser: Browser,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    show(
        &frame,
        waiting.as_ref(),
        &browser,
        &asked,
        Kind::Authenticator,
    )
}

pub(super) async fn show_recovery(
    frame: Frame,
    MaybeWaiting(waiting): MaybeWaiting,
    browser: Browser,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    show(&frame, waiting.as_ref(), &browser, &asked, Kind::Recovery)
}

fn show(
    frame: &Frame,
    waiting: Option<&Waiting>,
    browser: &Browser,
    asked: &Asked,
    kind: Kind,
) -> Result<HttpResponse, ApiError> {
    let return_to = asked.return_to();
    let Some(waiting) = waiting else {
        return Ok(see_other(local_target("/sign-in", return_to.as_str())));
    };
    if waiting.is_enrolment() {
        let page = local_target("/sign-in/second-factor", return_to.as_str());
        return Ok(see_other(page));
    }
    let page = page(
        frame,
        browser,
        waiting,
        kind,
        return_to,
        &Faults::default(),
        StatusCode::OK,
    )?;
    browser.with(page)
}

fn page(
    frame: &Frame,
    browser: &Browser,
    waiting: &Waiting,
    kind: Kind,
    return_to: LocalPath,
    faults: &Faults,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let has = waiting.factors();
    let passkey = (kind == Kind::Authenticator && has.passkeys > 0)
        .then(|| PasskeyButton::second_factor(frame, &return_to));
    let mut page = frame.page("Confirm that it is you");
    page.failed = !faults.is_empty();
    page.passkeys = passkey.is_some();
    let typed = kind == Kind::Recovery || has.totp;
    let other = |kind: Kind| local_target(kind.path(), return_to.as_str());
    let template = Code {
        page,
        summary: faults.summary(),
        action: kind.path(),
        form_token: browser.form_token(),
        code: typed.then(|| kind.field().error(faults.of("code"))),
        passkey,
        other: match kind {
            Kind::Authenticator if has.recovery_codes > 0 => {
                Some((other(Kind::Recovery), "Use a recovery code"))
            }
            Kind::Authenticator => None,
            Kind::Recovery => Some((other(Kind::Authenticator), "Use another second factor")),
        },
        restart: local_target("/sign-in", return_to.as_str()),
        return_to,
    };
    frame.render(&template, status)
}

pub(super) async fn submit_code(
    request: HttpRequest,
    frame: Frame,
    waiting: MaybeWaiting,
    browser: Browser,
    client: ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    submit(
        &request,
        &frame,
        waiting,
        &browser,
        client,
        &fields,
        Kind::Authenticator,
    )
    .await
}

pub(super) async fn submit_recovery(
    request: HttpRequest,
    frame: Frame,
    waiting: MaybeWaiting,
    browser: Browser,
    client: ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    submit(
        &request,
        &frame,
        waiting,
        &browser,
        client,
        &fields,
        Kind::Recovery,
    )
    .await
}

async fn submit(
    request: &HttpRequest,
    frame: &Frame,
    MaybeWaiting(waiting): MaybeWaiting,
    browser: &Browser,
    ClientInfo(client): ClientInfo,
    fields: &Fields,
    kind: Kind,
) -> Result<HttpResponse, ApiError> {
    let return_to = fields.return_to();
    let expired = |return_to: &LocalPath| {
        let page = local_target("/sign-in", return_to.as_str());
        Ok(see_other(format!("{page}&notice=expired")))
    };
    let Some(waiting) = waiting else {
        return expired(&return_to);
    };
    let proof = match kind {
        Kind::Authenticator => FactorProof::Totp(fields.text("code")),
        Kind::Recovery => FactorProof::Recovery(fields.text("code")),
    };
    let (fault, status, wait) = match by_factor(frame, &waiting, proof, &client).await {
        Ok(outcome) => return outcome.onwards(request, frame, &return_to),
        Err(Refusal::Wrong) => (
            "This code is wrong, or it was used.".to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
            None,
        ),
        Err(Refusal::Closed) => (
            "Too many wrong codes: the authenticator is closed. Use a recovery code or a passkey, \
             or ask for your second factor to be reset."
                .to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
            None,
        ),
        Err(Refusal::TooMany(wait)) => (
            format!("Too many attempts. Try again in {wait} s."),
            StatusCode::TOO_MANY_REQUESTS,
            Some(wait),
        ),
        Err(Refusal::Over | Refusal::SsoOnly) => return expired(&return_to),
        Err(Refusal::Policy(rule)) => return Ok(see_other(refused::path(rule))),
        Err(Refusal::Fault(error)) => return Err(error),
    };
    let faults = Faults::field("code", fault);
    let mut answer = page(frame, browser, &waiting, kind, return_to, &faults, status)?;
    if let Some(wait) = wait {
        answer.headers_mut().insert(RETRY_AFTER, wait.into());
    }
    Ok(answer)
}
