//! A new tenant: one form, then the answers to check, then it is asked for, once.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form},
};
use askama::Template;
use cp_staff_api::{ArchitectCreate, ProblemBody, TenantCreate};
use serde::Deserialize;
use ui::{ErrorSummary, Field, Nonce, Page};

use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame, see_other},
    session::{self, SignedIn},
};

/// What the form sends. `step` is `check` from the form and `create` from the checked answers;
/// `change` goes back.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Answers {
    form_token: String,
    key: String,
    step: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    placement_group: String,
    #[serde(default)]
    architect_name: String,
    #[serde(default)]
    architect_email: String,
}

#[derive(Template)]
#[template(path = "new_tenant.html")]
struct FormPage {
    page: Page,
    summary: ErrorSummary,
    identity: Vec<Field>,
    owner: Vec<Field>,
    groups: Vec<String>,
    answers: Answers,
}

#[derive(Template)]
#[template(path = "check_tenant.html")]
struct CheckPage {
    page: Page,
    answers: Answers,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let answers = Answers {
        form_token: signed_in.form_token.clone(),
        key: office.clock.new_uuid().to_string(),
        ..Answers::default()
    };
    form_page(&signed_in, answers, Vec::new()).await
}

pub(crate) async fn submit(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<Answers>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let signed_in = session::signed_in(&request, &office).await?;
    let answers = form.into_inner().tidied();
    session::own_form(&signed_in, &answers.form_token)?;
    let missing = answers.missing();
    match answers.step.as_str() {
        _ if !missing.is_empty() => form_page(&signed_in, answers, missing).await,
        "create" => create(&signed_in, answers).await,
        "change" => form_page(&signed_in, answers, Vec::new()).await,
        _ => check_page(&signed_in, answers),
    }
}

async fn create(signed_in: &SignedIn, answers: Answers) -> Result<HttpResponse, Failure> {
    match signed_in
        .calls
        .create_tenant(&answers.as_request(), Some(&answers.key))
        .await
    {
        Ok(accepted) => Ok(see_other(format!("/operations/{}", accepted.operation_id))),
        Err(error) => match error.problem().filter(|p| matches!(p.status, 409 | 422)) {
            Some(problem) => {
                let errors = field_errors(problem);
                form_page(signed_in, answers, errors).await
            }
            None => Err(Failure::Api(error)),
        },
    }
}

impl Answers {
    fn tidied(mut self) -> Self {
        for text in [&mut self.slug, &mut self.name, &mut self.architect_name] {
            *text = text.trim().to_owned();
        }
        self.slug = self.slug.to_lowercase();
        self.architect_email = self.architect_email.trim().to_owned();
        self
    }

    fn missing(&self) -> Vec<(String, String)> {
        let asked = [
            ("name", &self.name, "Enter the tenant's name"),
            ("slug", &self.slug, "Enter the first part of its address"),
            (
                "architect_name",
                &self.architect_name,
                "Enter the first architect's name",
            ),
            (
                "architect_email",
                &self.architect_email,
                "Enter the first architect's e-mail",
            ),
        ];
        let empty = asked.into_iter().filter(|(_, given, _)| given.is_empty());
        empty
            .map(|(field, _, message)| (field.to_owned(), message.to_owned()))
            .collect()
    }

    fn as_request(&self) -> TenantCreate {
        let group = &self.placement_group;
        TenantCreate {
            slug: self.slug.clone(),
            name: self.name.clone(),
            placement_group: (!group.is_empty()).then(|| group.clone()),
            plan: None,
            architect: ArchitectCreate {
                name: self.architect_name.clone(),
                email: self.architect_email.clone(),
            },
        }
    }
}

/// The staff API's field errors under the names of our form.
fn field_errors(problem: &ProblemBody) -> Vec<(String, String)> {
    if problem.errors.is_empty() {
        let message = problem
            .detail
            .clone()
            .unwrap_or_else(|| problem.title.clone());
        let field = if problem.status == 409 { "slug" } else { "" };
        return vec![(field.to_owned(), message)];
    }
    let named = problem.errors.iter().map(|error| {
        let field = error.pointer.trim_start_matches('/').replace('/', "_");
        (field, error.detail.clone())
    });
    named.collect()
}

async fn form_page(
    signed_in: &SignedIn,
    answers: Answers,
    errors: Vec<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let groups = signed_in.calls.placement_groups().await?;
    let nonce = Nonce::new();
    let failed = !errors.is_empty();
    let summary = ErrorSummary {
        title: "The tenant was not created".to_owned(),
        errors,
    };
    let frame = frame(
        "New tenant",
        "/tenants",
        &[("Tenants", "/tenants")],
        signed_in,
        &nonce,
    );
    let email = Field::email("architect_email", "E-mail")
        .hint("An invitation goes there. It is good for seven days.")
        .value(answers.architect_email.clone())
        .error(summary.of("architect_email"));
    let page = FormPage {
        page: Page { failed, ..frame },
        identity: vec![
            Field::text("name", "Name")
                .value(answers.name.clone())
                .error(summary.of("name")),
            Field::text("slug", "Address")
                .hint("First part of the host name: 2 to 40 small letters, digits and hyphens.")
                .value(answers.slug.clone())
                .error(summary.of("slug")),
        ],
        owner: vec![
            Field::text("architect_name", "Name")
                .value(answers.architect_name.clone())
                .error(summary.of("architect_name")),
            Field {
                autocomplete: "off",
                ..email
            },
        ],
        groups: groups.data.into_iter().map(|group| group.name).collect(),
        summary,
        answers,
    };
    let status = if failed {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    answer(status, &nonce, &page)
}

fn check_page(signed_in: &SignedIn, answers: Answers) -> Result<HttpResponse, Failure> {
    let nonce = Nonce::new();
    let way = [("Tenants", "/tenants"), ("New tenant", "/tenants/new")];
    let page = CheckPage {
        page: frame("Check answers", "/tenants", &way, signed_in, &nonce),
        answers,
    };
    answer(StatusCode::OK, &nonce, &page)
}
