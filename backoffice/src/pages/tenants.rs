//! The list of tenants, with search and states; everything is in the URL.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use askama::Template;
use cp_staff_api::{OperationState, TenantQuery, TenantSummary};
use kernel::{Cursor, TenantId};
use serde::{Deserialize, de::DeserializeOwned, de::value::Error, de::value::StrDeserializer};
use ui::{Nonce, Page, Status};
use url::form_urlencoded::Serializer;

use super::words;
use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame},
    session,
};

#[derive(Deserialize)]
pub(crate) struct Filter {
    q: Option<String>,
    state: Option<String>,
    cursor: Option<Cursor>,
}

#[derive(Template)]
#[template(path = "tenants.html")]
struct TenantsPage {
    page: Page,
    rows: Vec<Row>,
    q: String,
    chosen: String,
    states: [(&'static str, &'static str); 8],
    next: Option<String>,
    first: bool,
}

struct Row {
    id: TenantId,
    name: String,
    slug: String,
    state: Status,
    health: &'static str,
    server: String,
    group: String,
    schema: String,
}

const STATES: [(&str, &str); 8] = [
    ("requested", "Requested"),
    ("provisioning", "Provisioning"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("archived", "Archived"),
    ("deleted", "Deleted"),
    ("purged", "Purged"),
    ("quarantined", "Quarantined"),
];

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
    filter: Query<Filter>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let Filter { q, state, cursor } = filter.into_inner();
    let (q, chosen) = (
        q.unwrap_or_default().trim().to_owned(),
        state.unwrap_or_default(),
    );
    let first = cursor.is_none();
    let query = TenantQuery {
        q: (!q.is_empty()).then(|| q.clone()),
        state: word(&chosen),
        cursor,
        ..TenantQuery::default()
    };
    let found = signed_in.calls.tenants(&query).await?;
    let nonce = Nonce::new();
    let page = TenantsPage {
        page: frame("Tenants", "/tenants", &[], &signed_in, &nonce),
        rows: found.data.into_iter().map(Row::new).collect(),
        next: next_link(
            "/tenants",
            &[("q", &q), ("state", &chosen)],
            found.next_cursor.as_ref(),
        ),
        states: STATES,
        q,
        chosen,
        first,
    };
    answer(StatusCode::OK, &nonce, &page)
}

impl Row {
    fn new(tenant: TenantSummary) -> Self {
        let open = tenant
            .open_operation
            .as_ref()
            .map(|operation| operation.state);
        Self {
            id: tenant.id,
            state: words::tenant_state(tenant.state),
            health: match open {
                Some(OperationState::Failed) => "An operation failed",
                Some(_) => "An operation is running",
                None if tenant.schema_current => "Healthy",
                None if tenant.schema_version.is_none() => "No database yet",
                None => "Older schema",
            },
            server: tenant
                .server
                .map_or_else(|| "–".to_owned(), |server| server.name),
            group: tenant.placement_group.name,
            schema: tenant
                .schema_version
                .map_or_else(|| "–".to_owned(), |v| v.to_string()),
            name: tenant.name,
            slug: tenant.slug,
        }
    }
}

/// The value that a filter's word stands for; none for a word that stands for nothing.
pub(crate) fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<'_, Error>::new(word)).ok()
}

/// The address of the page after `cursor` with the same filters.
pub(crate) fn next_link(
    path: &str,
    filters: &[(&str, &str)],
    cursor: Option<&Cursor>,
) -> Option<String> {
    let cursor = cursor?;
    let mut query = Serializer::new(String::new());
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    query.append_pair("cursor", cursor.as_str());
    Some(format!("{path}?{}", query.finish()))
}
