//! `/members`, read: the control plane writes them.

use actix_web::get;
use kernel::{Cursor, Limit, MemberId, Page};
use serde::Deserialize;
use tr_app::{
    members::{self as app, MemberFilter},
    views::{MemberState, MemberView},
};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Json, Path as Id, Query, openapi::PageOf};

use crate::{
    caller::{Caller, ReadMembers},
    failure::Failure,
    schema,
};

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list).service(get);
}

/// Which members.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct MemberQuery {
    /// Only members with this text in their name or address.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only members in this state.
    #[param(value_type = Option<schema::MemberStateWord>, inline)]
    state: Option<MemberState>,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Lists the members whom the caller may know, by name.
///
/// Externals know themselves and the people who share content with them.
#[utoipa::path(
    tag = "Members",
    operation_id = "listMembers",
    responses((status = 200, description = "A page of members.", body = PageOf<MemberView>)),
    security(("session" = []), ("token" = ["members:read"])),
)]
#[get("/api/v1/members")]
async fn list(
    caller: Caller<ReadMembers>,
    query: Query<MemberQuery>,
) -> Result<Json<Page<MemberView>>, Failure> {
    let MemberQuery {
        q,
        state,
        limit,
        cursor,
    } = query.0;
    let db = caller.db().await?;
    let filter = MemberFilter {
        q,
        state,
        limit,
        cursor,
    };
    let page = app::list_members(&caller.context, &db, filter).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a member.
#[utoipa::path(
    tag = "Members",
    operation_id = "getMember",
    params(("id" = Uuid, Path, description = "The member.")),
    responses((status = 200, description = "The member.", body = MemberView)),
    security(("session" = []), ("token" = ["members:read"])),
)]
#[get("/api/v1/members/{id}")]
async fn get(caller: Caller<ReadMembers>, id: Id<MemberId>) -> Result<Json<MemberView>, Failure> {
    let db = caller.db().await?;
    Ok(Json(app::get_member(&caller.context, &db, id.0).await?))
}
