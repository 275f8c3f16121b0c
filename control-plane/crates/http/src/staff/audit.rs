//! The audit log.

use actix_web::{get, web::Data};
use cp_app::fleet::{self, AuditEntry, Fleet};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page};
use web::{ApiError, Json, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, problems};

/// What staff and member administration did, the newest first.
#[utoipa::path(
    tag = "Audit",
    operation_id = "listAudit",
    params(api::AuditQuery),
    responses((status = 200, description = "A page of entries.", body = PageOf<api::AuditEntryView>)),
)]
#[get("/staff/v1/audit")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
    query: Query<api::AuditQuery>,
) -> Result<Json<Page<api::AuditEntryView>>, ApiError> {
    staff.may(FleetPermission::Audit)?;
    let query = query.into_inner();
    let before = query.cursor.as_ref().map(Cursor::decode).transpose();
    let before = before.map_err(|_| ApiError::new(ProblemCode::InvalidCursor))?;
    let entries = fleet::list_audit(&fleet, query.tenant_id, before, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(entries, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(view)))
}

fn view(entry: AuditEntry) -> api::AuditEntryView {
    api::AuditEntryView {
        id: entry.id.to_string(),
        occurred_at: entry.occurred_at,
        actor_kind: entry.actor_kind,
        actor_id: entry.actor_id.map(|id| id.to_string()),
        action: entry.action,
        tenant_id: entry.tenant_id.map(Into::into),
        object_id: entry.object_id.map(|id| id.to_string()),
        detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        request_id: entry.request_id,
    }
}
