//! What the server is (RFC 7644 §4).

use actix_web::{HttpResponse, web::Path};
use cp_scim::list_response;
use serde_json::Value;

use super::{answer::document, caller::Caller, refusal::Refusal};

pub(super) async fn service_provider(caller: Caller) -> HttpResponse {
    document(&cp_scim::service_provider_config(&caller.directory.base))
}

pub(super) async fn resource_types(caller: Caller) -> HttpResponse {
    all(&cp_scim::resource_types(&caller.directory.base))
}

pub(super) async fn resource_type(
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Refusal> {
    one(cp_scim::resource_type(&caller.directory.base, &id))
}

pub(super) async fn schemas(caller: Caller) -> HttpResponse {
    all(&cp_scim::schema_list(&caller.directory.base))
}

pub(super) async fn schema(caller: Caller, id: Path<String>) -> Result<HttpResponse, Refusal> {
    one(cp_scim::schema(&caller.directory.base, &id))
}

fn all(documents: &[Value]) -> HttpResponse {
    let total = u64::try_from(documents.len()).unwrap_or_default();
    document(&list_response(total, 1, documents))
}

fn one(found: Option<Value>) -> Result<HttpResponse, Refusal> {
    found
        .map(|found| document(&found))
        .ok_or_else(Refusal::not_found)
}
