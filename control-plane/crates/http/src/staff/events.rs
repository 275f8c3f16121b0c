//! An operation's progress as server-sent events.

use actix_web::{HttpResponse, get, web::Data};
use cp_app::fleet::{self, Fleet, OperationWatch};
use cp_domain::FleetPermission;
use futures_util::{Stream, StreamExt as _};
use kernel::OperationId;
use web::{ApiError, Path, Problem, ProblemCode, sse};

use super::{caller::Staff, problems, views};

/// The operation now and after each change: events `operation` with the whole of it. The stream
/// ends once the operation is at rest.
#[utoipa::path(
    tag = "Operations",
    operation_id = "watchOperation",
    params(("id" = String, Path, format = Uuid, description = "The operation.")),
    responses(
        (status = 200, description = "Events `operation`; their data is an operation as JSON.", body = String, content_type = "text/event-stream"),
        (status = 404, description = "There is no such operation.", body = Problem),
    ),
)]
#[get("/staff/v1/operations/{id}/events")]
pub(super) async fn watch(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<OperationId>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::Read)?;
    let id = id.into_inner();
    let found = fleet::find_operation(&fleet, id)
        .await
        .map_err(|error| problems::store(&error))?;
    let (_, usual) = found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    let events = events(fleet::watch_operation(&fleet, id), usual);
    Ok(sse::stream(
        Box::pin(events).take_until(Box::pin(web::stopping())),
    ))
}

fn events(mut watched: OperationWatch, usual: Option<f64>) -> impl Stream<Item = sse::Event> {
    async_stream::stream! {
        loop {
            match watched.next().await {
                Ok(Some(listed)) => {
                    let view = views::operation(&listed, usual);
                    let data = serde_json::to_string(&view).unwrap_or_default();
                    yield sse::Event::new("operation", data);
                }
                Ok(None) => break,
                // The client connects again and asks anew.
                Err(error) => {
                    tracing::warn!(%error, "an operation cannot be watched");
                    break;
                }
            }
        }
    }
}
