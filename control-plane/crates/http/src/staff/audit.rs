//! The audit log.

use actix_web::{get, web::Data};
use cp_app::{
    audit::{self, AuditFilter, ChainHead},
    fleet::{AuditEntry, Fleet},
};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page};
use uuid::Uuid;
use web::{ApiError, Json, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, problems};

/// What staff, members and programs did, the newest first.
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
    let limit = query.limit;
    let filter = filter_of(query)?;
    let entries = audit::list_audit(fleet.central.conn(), &filter, limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(entries, limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(view)))
}

/// The end of the chain of hashes, to be compared with what was written down outside.
#[utoipa::path(
    tag = "Audit",
    operation_id = "getAuditHead",
    responses((status = 200, description = "The last link.", body = api::AuditHeadView)),
)]
#[get("/staff/v1/audit/head")]
pub(super) async fn head(
    staff: Staff,
    fleet: Data<Fleet>,
) -> Result<Json<api::AuditHeadView>, ApiError> {
    staff.may(FleetPermission::Audit)?;
    let ChainHead { link, waiting } = audit::chain_head(fleet.central.conn())
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(api::AuditHeadView {
        position: link.as_ref().map_or(0, |link| link.position),
        hash: link.as_ref().map(|link| hex::encode(link.hash)),
        chained_at: link.as_ref().map(|link| link.chained_at),
        waiting: waiting as u64,
    }))
}

fn filter_of(query: api::AuditQuery) -> Result<AuditFilter, ApiError> {
    let before = query.cursor.as_ref().map(Cursor::decode).transpose();
    let id = |name: &'static str, text: Option<&String>| {
        let read = text.map(|text| Uuid::parse_str(text)).transpose();
        read.map_err(|_| {
            ApiError::new(ProblemCode::InvalidQuery).field(name, "invalid", "This is not a UUID.")
        })
    };
    Ok(AuditFilter {
        actor: id("/actor_id", query.actor_id.as_ref())?,
        object: id("/object_id", query.object_id.as_ref())?,
        tenant: query.tenant_id,
        actor_kind: query.actor_kind,
        action: query.action,
        since: query.since,
        until: query.until,
        before: before.map_err(|_| ApiError::new(ProblemCode::InvalidCursor))?,
    })
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
