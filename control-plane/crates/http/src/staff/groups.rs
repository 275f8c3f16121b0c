//! Placement groups.

use actix_web::{get, post, web::Data};
use cp_app::fleet::{self, Fleet};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::Page;
use web::{ApiError, Created, Json, Problem, openapi::PageOf};

use super::{caller::Staff, problems, views};

/// Every placement group, by name.
#[utoipa::path(
    tag = "Placement groups",
    operation_id = "listPlacementGroups",
    responses((status = 200, description = "The groups.", body = PageOf<api::PlacementGroupView>)),
)]
#[get("/staff/v1/placement-groups")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
) -> Result<Json<Page<api::PlacementGroupView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let groups = fleet::list_groups(&fleet)
        .await
        .map_err(|error| problems::store(&error))?;
    let data = groups.iter().map(views::group).collect();
    Ok(Json(Page {
        data,
        next_cursor: None,
    }))
}

/// Adds a placement group.
#[utoipa::path(
    tag = "Placement groups",
    operation_id = "createPlacementGroup",
    request_body = api::PlacementGroupCreate,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    responses(
        (status = 201, description = "The group.", body = api::PlacementGroupView),
        (status = 409, description = "The name is taken.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/staff/v1/placement-groups")]
pub(super) async fn create(
    staff: Staff,
    fleet: Data<Fleet>,
    body: Json<api::PlacementGroupCreate>,
) -> Result<Created<api::PlacementGroupView>, ApiError> {
    staff.may(FleetPermission::Extend)?;
    let body = body.into_inner();
    let (requester, keyed) = (staff.requester(), staff.keyed(&body));
    let ring = views::ring_of(body.ring);
    let added = fleet::add_group(&fleet, &requester, &body.name, ring, keyed.as_ref())
        .await
        .map_err(|error| problems::add_group(&error))?;
    Ok(Created {
        location: format!("/staff/v1/placement-groups/{}", added.group.id),
        etag: None,
        body: views::group(&added),
    })
}
