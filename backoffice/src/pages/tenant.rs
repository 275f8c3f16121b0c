//! A tenant's own page: health, placement, versions, people, operations.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use cp_staff_api::TenantDetail;
use kernel::TenantId;
use ui::{Moment, Nonce, Page, Status};

use super::{operations::Row, words};
use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame},
    session,
};

#[derive(Template)]
#[template(path = "tenant.html")]
struct TenantPage {
    page: Page,
    tenant: TenantDetail,
    state: Status,
    created: Moment,
    rows: Vec<Row>,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let tenant = signed_in.calls.tenant(id::<TenantId>(&request)?).await?;
    let now = office.clock.now();
    let nonce = Nonce::new();
    let page = TenantPage {
        page: frame(
            &tenant.name,
            "/tenants",
            &[("Tenants", "/tenants")],
            &signed_in,
            &nonce,
        ),
        state: words::tenant_state(tenant.state),
        created: Moment {
            at: tenant.created_at,
            now,
        },
        rows: tenant
            .operations
            .iter()
            .map(|operation| Row::new(operation, now))
            .collect(),
        tenant,
    };
    answer(StatusCode::OK, &nonce, &page)
}

/// The id in the address; what is none has no page.
pub(crate) fn id<I: std::str::FromStr>(request: &HttpRequest) -> Result<I, Failure> {
    request
        .match_info()
        .query("id")
        .parse()
        .map_err(|_| Failure::NotFound)
}
