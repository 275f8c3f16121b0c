//! What a tenant used, as the runtime counted it.

use actix_web::HttpResponse;
use chrono::NaiveDate;
use cp_app::usage::{self, UsageDay};
use cp_node_api::TenantUsage;
use kernel::TenantId;
use web::ApiError;

use super::{caller::Caller, problems::problem};

pub(super) async fn report(
    caller: Caller,
    path: web::Path<(TenantId, NaiveDate)>,
    body: actix_web::web::Json<TenantUsage>,
) -> Result<HttpResponse, ApiError> {
    let (tenant, day) = path.into_inner();
    let counted = UsageDay {
        day,
        members: body.members,
        items: body.items,
        storage_bytes: body.storage_bytes,
        events: body.events,
        collected_at: body.collected_at,
    };
    usage::report(&caller.nodes, &caller.node, tenant, &counted)
        .await
        .map_err(problem)?;
    Ok(HttpResponse::NoContent().finish())
}
