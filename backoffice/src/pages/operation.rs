//! One operation, live: the stream only says that something changed, the page then asks for the part.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Bytes, Data, Form},
};
use askama::Template;
use cp_staff_api::{OperationState, OperationView};
use futures_util::{StreamExt as _, stream};
use kernel::{OperationId, TenantId};
use serde::Deserialize;
use ui::{Moment, Nonce, Page, Status, duration};

use super::{home::is_slow, tenant::id, words};
use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame, see_other},
    session,
};

#[derive(Template)]
#[template(path = "operation.html")]
struct OperationPage {
    page: Page,
    id: OperationId,
    tenant_id: TenantId,
    tenant: String,
    state: Status,
    live: bool,
    slow: bool,
    succeeded: bool,
    took: String,
    usual: Option<String>,
    created: Moment,
    done: usize,
    steps: Vec<StepRow>,
    can_retry: bool,
    can_cancel: bool,
    form_token: String,
}

struct StepRow {
    name: String,
    state: &'static str,
    when: String,
    attempts: u16,
    error: Option<String>,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let operation = signed_in.calls.operation(id(&request)?).await?;
    let nonce = Nonce::new();
    let title = format!(
        "{} {}",
        words::operation_kind(operation.kind),
        operation.tenant.slug
    );
    let way = [("Operations", "/operations")];
    let frame = frame(&title, "/operations", &way, &signed_in, &nonce);
    let page = page_of(&operation, frame, &office, signed_in.form_token);
    answer(StatusCode::OK, &nonce, &page)
}

fn page_of(
    operation: &OperationView,
    frame: Page,
    office: &Office,
    form_token: String,
) -> OperationPage {
    let now = office.clock.now();
    let live = !operation.state.is_at_rest();
    let steps = operation.steps.iter().map(|step| StepRow {
        name: words::step_name(&step.name),
        state: words::step_state(step.state),
        when: step
            .started_at
            .map(|start| duration(step.finished_at.unwrap_or(now) - start))
            .unwrap_or_default(),
        attempts: step.attempts,
        error: step.error.clone(),
    });
    OperationPage {
        page: Page { live, ..frame },
        id: operation.id,
        tenant_id: operation.tenant.id,
        tenant: operation.tenant.name.clone(),
        state: words::operation_state(operation.state),
        live,
        slow: is_slow(operation, now),
        succeeded: operation.state == OperationState::Succeeded,
        took: words::run_time(operation, now),
        usual: operation
            .usual_seconds
            .map(|seconds| format!("{seconds:.1} s")),
        created: Moment {
            at: operation.created_at,
            now,
        },
        done: operation.steps_done(),
        steps: steps.collect(),
        can_retry: operation.can_retry,
        can_cancel: operation.can_cancel,
        form_token,
    }
}

/// One `changed` a change, `ended` when the operation has come to rest.
pub(crate) async fn events(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let changes = signed_in.calls.operation_events(id(&request)?).await?;
    let signals = changes.map(|change| match change {
        Ok(operation) if operation.state.is_at_rest() => "event: ended\ndata: 1\n\n",
        Ok(_) => "event: changed\ndata: 1\n\n",
        Err(error) => {
            tracing::warn!(%error, "the events of an operation ended early");
            ": interrupted\n\n"
        }
    });
    let body = stream::iter([": open\n\n"]).chain(signals);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body.map(|text| Ok::<_, Failure>(Bytes::from_static(text.as_bytes())))))
}

#[derive(Deserialize)]
pub(crate) struct Verb {
    form_token: String,
}

pub(crate) async fn retry(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<Verb>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let signed_in = session::signed_in(&request, &office).await?;
    session::own_form(&signed_in, &form.form_token)?;
    let operation = signed_in.calls.retry_operation(id(&request)?).await?;
    Ok(see_other(format!("/operations/{}", operation.id)))
}

pub(crate) async fn cancel(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<Verb>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let signed_in = session::signed_in(&request, &office).await?;
    session::own_form(&signed_in, &form.form_token)?;
    let operation = signed_in.calls.cancel_operation(id(&request)?).await?;
    Ok(see_other(format!("/operations/{}", operation.id)))
}
